"""A deterministic automaton over characters: which texts a decoder may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Automaton:
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

    def accepts(self, text: str) -> bool:
        """Whether `text` leads from the start to a final state."""
        state = 0
        for character in text:
            if character not in self.steps[state]:
                return False
            state = self.steps[state][character]
        return state in self.final


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
