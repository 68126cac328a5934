"""YAML that would take all time and memory: refused before it is built."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MAX_CHARACTERS = 500_000  # some seconds of reading; params.yaml has some 20,000
MAX_DEPTH = 50
MAX_NODES = 1_000_000  # with every alias written out


def refuse_yaml_bombs(text: str) -> None:
    """Check that a YAML text is neither too long, nor too deep, nor too large once aliases count.

    Raises:
        ValueError: it is.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"longer than {MAX_CHARACTERS} characters")
    if "&" in text or _brackets(text) > MAX_DEPTH or _indentation(text) > MAX_DEPTH:
        _measure(text)


def _measure(text: str) -> None:
    """Go through the nodes of a text one by one, without building them."""
    sizes: dict[str, int] = {}  # anchor -> nodes
    open_nodes: list[tuple[str | None, int]] = []  # anchor, nodes so far
    for event in YAML(typ="safe").parse(text):
        if isinstance(event, MappingStartEvent | SequenceStartEvent):
            open_nodes.append((event.anchor, 1))
            if len(open_nodes) > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
            continue
        anchor, size = _closed(event, open_nodes, sizes)
        if anchor:
            sizes[anchor] = size
        if open_nodes:
            outer, so_far = open_nodes.pop()
            open_nodes.append((outer, so_far + size))
            size += so_far
        if size > MAX_NODES:
            raise ValueError(f"its aliases stand for more than {MAX_NODES} values")


def _closed(
    event: Any, open_nodes: list[tuple[str | None, int]], sizes: dict[str, int]
) -> tuple[str | None, int]:
    """Anchor and size of the node that ends with an event."""
    if isinstance(event, SequenceEndEvent | MappingEndEvent):
        return open_nodes.pop()
    if isinstance(event, AliasEvent):
        if any(anchor == event.anchor for anchor, _ in open_nodes):
            raise ValueError(f"*{event.anchor} refers to itself")
        return None, sizes.get(event.anchor, 1)
    return (event.anchor, 1) if isinstance(event, ScalarEvent) else (None, 0)


def _brackets(text: str) -> int:
    return text.count("[") + text.count("{")


def _indentation(text: str) -> int:
    """The deepest that block style can be nested: by its indentation and its dashes."""
    return max((len(line) - len(line.lstrip(" -?:")) for line in text.split("\n")), default=0)
