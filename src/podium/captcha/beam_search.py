"""Prefix beam search: the likeliest texts of CTC logits, all of them or those of a language.

Hannun et al. 2014, "First-pass large vocabulary continuous speech recognition using bi-directional
recurrent DNNs", algorithm 1, without a language model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.captcha.automaton import Language
from podium.captcha.charset import Charset
from podium.captcha.ctc import BLANK, Floats, checked_log_probs, label_log_probs, n_classes
from podium.core.errors import PodiumError
from podium.evaluation.predictions import Reading

Label = tuple[int, ...]
State = Hashable
Value = TypeVar("Value")


def beam_search(
    logits: NDArray[np.floating],
    charset: Charset,
    width: int,
    language: Language[Any] | None = None,
) -> list[Reading]:
    """The likeliest texts (N,) that the search finds in logits (N, T, C).

    Args:
        logits: (N, T, C) of N pictures.
        charset: what the classes mean.
        width: prefixes kept at each step, and characters tried after each.
        language: the texts that are allowed; None allows every text.

    Raises:
        PodiumError: no text of the language fits into T time steps.
    """
    graph = _label_graph(charset, language)
    return [_search(steps, charset, width, graph) for steps in checked_log_probs(logits, charset)]


def final_log_probs(
    logits: NDArray[np.floating], charset: Charset, width: int, language: Language[Any]
) -> list[Floats]:
    """For each picture the log-probabilities of the texts that the search ends with.

    Args:
        logits: (N, T, C) of N pictures.
        charset: what the classes mean.
        width: prefixes kept at each step.
        language: the texts that are allowed.
    """
    graph = _label_graph(charset, language)
    every = checked_log_probs(logits, charset)
    return [_finals(steps, width, graph)[1] for steps in every]


class _Memo(dict[State, Value]):
    """The values of a function of states, computed once for each state."""

    def __init__(self, function: Callable[[Any], Value]) -> None:
        self.function = function

    def __missing__(self, state: State) -> Value:
        value = self[state] = self.function(state)
        return value


@dataclass(frozen=True)
class _LabelGraph:
    """A language over labels: for each state, label -> next state, and characters to the end."""

    start: State
    steps: Mapping[State, Mapping[int, State]]
    min_remaining: Mapping[State, int]


def _label_graph(charset: Charset, language: Language[Any] | None) -> _LabelGraph:
    if language is None:
        return _LabelGraph(0, {0: dict.fromkeys(range(1, n_classes(charset)), 0)}, {0: 0})
    labels = {character: label for label, character in enumerate(charset.characters, start=1)}

    def steps(state: State) -> dict[int, State]:
        targets = language.transitions(state).items()
        return {labels[char]: target for char, target in targets if char in labels}

    return _LabelGraph(language.start, _Memo(steps), _Memo(language.min_remaining))


@dataclass
class _Prefix:
    """Log-probabilities of the paths that spell a prefix: ending in a blank, and in its last label.

    `state` is where the language stands after the prefix.
    """

    state: State
    blank: float = -math.inf
    last: float = -math.inf

    @property
    def total(self) -> float:
        return _log_add(self.blank, self.last)


def _search(steps: Floats, charset: Charset, width: int, graph: _LabelGraph) -> Reading:
    """The likeliest text of one picture with log-probabilities (T, C)."""
    labels, scores = _finals(steps, width, graph)
    best = int(scores.argmax())
    return Reading(charset.decode(labels[best]), float(scores[best]))


def _finals(steps: Floats, width: int, graph: _LabelGraph) -> tuple[list[Label], Floats]:
    """The labels that the search ends with, K of them, and their log-probabilities (K,)."""
    beams: dict[Label, _Prefix] = {(): _Prefix(graph.start, blank=0.0)}
    for steps_left, scores in zip(range(len(steps) - 1, -1, -1), steps.tolist(), strict=True):
        grown = _grow(beams, scores, width, graph, steps_left)
        beams = dict(sorted(grown.items(), key=lambda item: -item[1].total)[:width])
    if not beams:
        raise PodiumError(
            f"no text that the grammar allows fits into {len(steps)} time steps\n"
            "remedy: give wider pictures, or set the reader's step to 4"
        )
    labels = list(beams)
    return labels, label_log_probs(np.broadcast_to(steps, (len(labels), *steps.shape)), labels)


def _grow(
    beams: dict[Label, _Prefix], scores: list[float], width: int, graph: _LabelGraph, left: int
) -> dict[Label, _Prefix]:
    """The prefixes after one more time step with log-probabilities `scores` (C,).

    Prefixes that need more than the `left` steps after this one are dropped.
    """
    likeliest = sorted(range(len(scores)), key=lambda label: -scores[label])
    grown: dict[Label, _Prefix] = {}
    remaining = graph.min_remaining
    for prefix, old in beams.items():
        if remaining[old.state] <= left:
            same = grown.setdefault(prefix, _Prefix(old.state))
            same.blank = _log_add(same.blank, old.total + scores[BLANK])
            if prefix:
                same.last = _log_add(same.last, old.last + scores[prefix[-1]])
        targets = graph.steps[old.state]
        fitting = [new for new in likeliest if new in targets and remaining[targets[new]] <= left]
        for label in fitting[:width]:
            longer = grown.setdefault((*prefix, label), _Prefix(targets[label]))
            before = old.blank if prefix[-1:] == (label,) else old.total
            longer.last = _log_add(longer.last, before + scores[label])
    return grown


def _log_add(left: float, right: float) -> float:
    low, high = sorted((left, right))
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
