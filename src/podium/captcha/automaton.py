"""Deterministic automata over characters: which texts a decoder may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

State = TypeVar("State")


class Language(Protocol[State]):
    """A set of texts, as an automaton whose states are hashable and may be made on demand."""

    @property
    def start(self) -> State:
        """Where every text begins."""

    def ways(self, state: State) -> Mapping[str, State]:
        """The characters that may follow, and where they lead."""

    def to_go(self, state: State) -> int:
        """The fewest characters to the end of a text; 0 where a text may end."""

    def accepts(self, text: str) -> bool:
        """Whether `text` leads from the start to where a text may end."""
        state = self.start
        for character in text:
            ways = self.ways(state)
            if character not in ways:
                return False
            state = ways[character]
        return not self.to_go(state)


@dataclass(frozen=True)
class Automaton(Language[int]):
    """States 0 (the start), 1, 2, ...

    Attributes:
        steps: for each state, character -> next state.
        final: states in which a text may end.
        distance: for each state, the fewest characters to a final one; set by the class.
    """

    steps: Sequence[Mapping[str, int]]
    final: frozenset[int]
    distance: list[int] = field(init=False)

    def __post_init__(self) -> None:
        unknown = len(self.steps) + 1
        distance = [0 if state in self.final else unknown for state in range(len(self.steps))]
        for _ in self.steps:  # a shortest way passes each state once
            for state, ways in enumerate(self.steps):
                nearest = min((distance[way] for way in ways.values()), default=unknown)
                distance[state] = min(distance[state], nearest + 1)
        object.__setattr__(self, "distance", distance)

    @property
    def start(self) -> int:
        """State 0."""
        return 0

    def ways(self, state: int) -> Mapping[str, int]:
        """The steps from `state`."""
        return self.steps[state]

    def to_go(self, state: int) -> int:
        """The distance of `state`; more than there are states where none is final ahead."""
        return self.distance[state]


def from_templates(templates: Sequence[str], classes: Mapping[str, str]) -> Automaton:
    """The automaton of all texts that fit one of `templates`.

    Args:
        templates: texts in which a key of `classes` stands for any of its characters; such
            characters must not occur in the templates themselves: `d+d`, {`d`: `0123456789`}.
        classes: letter -> the characters it stands for; disjoint.
    """
    steps: list[dict[str, int]] = [{}]
    final = set()
    for template in templates:
        state = 0
        for symbol in template:
            options = classes.get(symbol, symbol)
            if options[0] not in steps[state]:
                steps.append({})
                steps[state].update(dict.fromkeys(options, len(steps) - 1))
            state = steps[state][options[0]]
        final.add(state)
    return Automaton(steps, frozenset(final))
