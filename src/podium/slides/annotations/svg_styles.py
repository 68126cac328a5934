"""The style sheets of an SVG, as far as they say what is drawn: CSS 2, simple selectors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.xml_events import Attributes

_RELEVANT = ("display", "visibility", "fill-rule", "transform")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_SIMPLE = re.compile(r"([A-Za-z][\w-]*|\*)?((?:[.#][\w-]+)*)")
_MOST_RULES = 10_000


class Rule(NamedTuple):
    """What a style sheet says of the elements that a selector chooses.

    Attributes:
        element: its name, or '' for any.
        id: its id, or ''.
        classes: that it has.
        declared: names and values.
    """

    element: str
    id: str
    classes: frozenset[str]
    declared: Attributes

    def applies(self, name: str, attributes: Attributes) -> bool:
        """Return whether it is about an element."""
        own = attributes.get("class", "").split()
        return (
            self.element in ("", name)
            and self.id in ("", attributes.get("id", ""))
            and self.classes.issubset(own)
        )

    @property
    def weight(self) -> tuple[int, int, int]:
        """Return how much it counts against others: by ids, classes, elements."""
        return bool(self.id), len(self.classes), bool(self.element)


def declarations(text: str) -> Attributes:
    """The names and values of declarations such as `display: none; fill: red`."""
    parts = (part.partition(":") for part in text.split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip() for name, _, value in parts
    }


def rules_of(sheets: Iterable[str]) -> list[Rule]:
    """The rules of style sheets that say what is drawn, those that count most last.

    Raises:
        Unusable: one of them chooses by more than element, class and id, or there are too many.
    """
    rules: list[Rule] = []
    for sheet in sheets:
        for match in _RULE.finditer(_COMMENT.sub("", sheet)):
            declared = {k: v for k, v in declarations(match[2]).items() if k in _RELEVANT}
            rules += _rules(match[1], declared) if declared else []
        if len(rules) > _MOST_RULES:
            raise Unusable(f"its style sheet has more than {_MOST_RULES:,} rules")
    return sorted(rules, key=lambda rule: rule.weight)


def _rules(selectors: str, declared: Attributes) -> Iterator[Rule]:
    for selector in map(str.strip, selectors.split(",")):
        match = _SIMPLE.fullmatch(selector)
        if match is None or not selector:
            raise Unusable(
                f"its style sheet hides or moves what {selector[:30]!r} chooses, which is not read",
                "save it as a plain SVG, with styles as attributes",
            )
        names = re.findall(r"[.#][\w-]+", match[2])
        ids = [name[1:] for name in names if name[0] == "#"]
        classes = frozenset(name[1:] for name in names if name[0] == ".")
        element = "" if match[1] in (None, "*") else match[1]
        yield Rule(element, ids[-1] if ids else "", classes, declared)


def styled(name: str, attributes: Attributes, rules: Iterable[Rule]) -> Attributes:
    """Presentation attributes, overruled by style sheets, overruled by a `style` attribute.

    Args:
        name: of the element.
        attributes: of the element.
        rules: those that count most last.

    Raises:
        Unusable: a style moves it.
    """
    declared: Attributes = {}
    for rule in rules:
        if rule.applies(name, attributes):
            declared |= rule.declared
    declared |= declarations(attributes.get("style", ""))
    if "transform" in declared:
        raise Unusable("a transform in a style is not read", "save it as a plain SVG")
    return attributes | declared
