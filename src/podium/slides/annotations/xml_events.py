"""XML read as events or as a small tree: no entities, nothing fetched."""

from __future__ import annotations

from typing import Protocol
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from podium.core.errors import first_line
from podium.slides.annotations.limits import MAX_DEPTH, MAX_ELEMENTS, Budget, Unusable

Attributes = dict[str, str]


class Handler(Protocol):
    """What is called for each element, with names without their namespace."""

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """It ends."""


class TextHandler(Handler, Protocol):
    """A handler that is told of texts, too."""

    def text(self, words: str) -> None:
        """Part of a text."""


class _Target:
    """Calls a handler, as far as `MAX_DEPTH`."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.depth = 0

    def start(self, tag: str, attributes: Attributes) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unusable(f"its elements are nested deeper than {MAX_DEPTH}")
        self.handler.start(tag.rpartition("}")[2], attributes)

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.handler.end(tag.rpartition("}")[2])


class _TextTarget(_Target):
    """Tells the handler of texts, too."""

    handler: TextHandler

    def data(self, words: str) -> None:
        self.handler.text(words)


def parse_events(data: bytes, handler: Handler, *, texts: bool = False) -> None:
    """Call `handler` for every element in `data`, in order.

    The bytes are fed whole: older versions of expat take quadratic time over a long attribute fed
    in pieces.

    Args:
        data: the bytes of the file.
        handler: a `TextHandler` where `texts` is set.
        texts: whether it is told of them.

    Raises:
        Unusable: it is not well-formed XML, declares entities, or is nested too deep.
    """
    target = (_TextTarget if texts else _Target)(handler)
    parser = DefusedXMLParser(target=target, forbid_entities=True, forbid_external=True)
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException:
        raise Unusable(
            "it declares XML entities",
            "save it again as plain XML; from Illustrator by File > Export, not by Save as",
        ) from None
    except (ParseError, ValueError, LookupError) as error:  # the last two: unknown encodings
        raise Unusable(f"not well-formed XML ({first_line(error)})") from None


class _Tree:
    """Builds the elements of `parse_tree`; of texts only those of style sheets are kept."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.builder, self.budget = TreeBuilder(), Budget(MAX_ELEMENTS, "elements")
        self.is_style = False

    def start(self, name: str, attributes: Attributes) -> None:
        if self.budget.left == MAX_ELEMENTS and name != self.root:
            raise Unusable(f"its root element is <{name[:40]}>, not <{self.root}>")
        self.budget.spend(1)
        self.is_style = name == "style"
        self.builder.start(name, attributes)

    def text(self, words: str) -> None:
        if self.is_style:
            self.builder.data(words)

    def end(self, name: str) -> None:
        self.is_style = False
        self.builder.end(name)


def parse_tree(data: bytes, root: str) -> Element:
    """The root element of `data`, names without their namespace, texts only of style sheets.

    Raises:
        Unusable: as `parse_events`; it has too many elements, or its root is not called `root`.
    """
    handler = _Tree(root)
    parse_events(data, handler, texts=True)
    return handler.builder.close()
