"""Deterministic automata over characters: which texts a decoder may return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

State = TypeVar("State")


class Language(Protocol[State]):
    """A set of texts, described by an automaton with hashable states, which may be made lazily."""

    @property
    def start(self) -> State:
        """The state before the first character."""

    def transitions(self, state: State) -> Mapping[str, State]:
        """The characters that may follow `state`, each with the next state."""

    def min_remaining(self, state: State) -> int:
        """The fewest characters from `state` to the end of a text; 0 where a text may end."""

    def accepts(self, text: str) -> bool:
        """Whether `text` is one of the texts."""
        state = self.start
        for character in text:
            transitions = self.transitions(state)
            if character not in transitions:
                return False
            state = transitions[character]
        return not self.min_remaining(state)


@dataclass(frozen=True)
class Automaton(Language[int]):
    """A finite automaton with states 0 (the start), 1, 2, ...

    Attributes:
        steps: for each state, character -> next state.
        final: states in which a text may end.
        distance: for each state, the fewest characters to a final one; computed.
    """

    steps: Sequence[Mapping[str, int]]
    final: frozenset[int]
    distance: list[int] = field(init=False)

    def __post_init__(self) -> None:
        far = len(self.steps) + 1
        distance = [0 if state in self.final else far for state in range(len(self.steps))]
        for _ in self.steps:  # a shortest way passes each state once
            for state, targets in enumerate(self.steps):
                nearest = min((distance[target] for target in targets.values()), default=far)
                distance[state] = min(distance[state], nearest + 1)
        object.__setattr__(self, "distance", distance)

    @property
    def start(self) -> int:
        """State 0."""
        return 0

    def transitions(self, state: int) -> Mapping[str, int]:
        """The steps from `state`."""
        return self.steps[state]

    def min_remaining(self, state: int) -> int:
        """The distance of `state`; above the number of states if no final one can be reached."""
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
