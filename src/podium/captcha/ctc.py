"""From time steps to texts and back: the only file that knows the blank, class 0.

Logits are (N, T, C): pictures, time steps, classes; class 0 is the blank, class k >= 1 the label
k of a charset. Graves et al. 2006, "Connectionist temporal classification".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.captcha.automaton import Language
from podium.captcha.charset import Charset
from podium.core.errors import PodiumError
from podium.evaluation.predictions import Reading

BLANK = 0
Floats = NDArray[np.float64]
Label = tuple[int, ...]


def n_classes(charset: Charset) -> int:
    """Classes C of a reader: one per character, and the blank."""
    return len(charset) + 1


def steps_needed(label: Sequence[int]) -> int:
    """The fewest time steps that can say `label`: a blank must part equal neighbours."""
    return len(label) + sum(left == right for left, right in pairwise(label))


def check_label(text: str, label: Sequence[int], n_steps: int) -> None:
    """Refuse a label that CTC cannot learn.

    Raises:
        PodiumError: the label is empty, or needs more than `n_steps` time steps.
    """
    if not label:
        raise PodiumError("an empty label cannot be learned: every picture must say something")
    needed = steps_needed(label)
    if needed > n_steps:
        raise PodiumError(
            f"label {text[:40]!r} needs {needed} time steps ({len(label)} characters and "
            f"{needed - len(label)} equal neighbours), the reader has {n_steps}\n"
            "remedy: pool less across the picture's width, or use wider pictures"
        )


def log_softmax(logits: NDArray[np.floating]) -> Floats:
    """Log-probabilities (N, T, C) of logits (N, T, C)."""
    shifted = logits - logits.max(-1, keepdims=True).astype(np.float64)
    out: Floats = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return out


def collapse(path: Sequence[int]) -> list[int]:
    """The label that a path of classes says: repeats merged, blanks dropped. 0110 2 -> 1, 2."""
    merged = [path[0], *(now for before, now in pairwise(path) if now != before)] if path else []
    return [one for one in merged if one != BLANK]


def greedy(logits: NDArray[np.floating], charset: Charset) -> list[Reading]:
    """The texts (N,) of the likeliest path through each of logits (N, T, C)."""
    log_probs = _checked(logits, charset)
    labels = [collapse(path) for path in log_probs.argmax(-1).tolist()]
    scores = label_log_probs(log_probs, labels).tolist()
    texts = [charset.decode(label) for label in labels]
    return [Reading(text, score) for text, score in zip(texts, scores, strict=True)]


def label_log_probs(log_probs: Floats, labels: Sequence[Sequence[int]]) -> Floats:
    """Log-probabilities (N,) of N labels given log-probabilities (N, T, C), over all their paths.

    The forward variables of Graves et al. 2006, section 4.1, in logarithms.
    """
    lengths = np.array([len(label) for label in labels], dtype=np.int64)
    states = np.full((len(labels), 2 * int(lengths.max(initial=0)) + 1), BLANK)
    for row, label in enumerate(labels):
        states[row, 1 : 2 * len(label) : 2] = label
    barred = np.where((states[:, 2:] == BLANK) | (states[:, 2:] == states[:, :-2]), -np.inf, 0.0)
    forward = np.full(states.shape, -np.inf)
    forward[:, 0] = 0.0
    for step in range(log_probs.shape[1]):
        before = forward
        forward = before.copy()
        forward[:, 1:] = np.logaddexp(forward[:, 1:], before[:, :-1])
        forward[:, 2:] = np.logaddexp(forward[:, 2:], before[:, :-2] + barred)
        forward += np.take_along_axis(log_probs[:, step], states, axis=1)
    rows = np.arange(len(labels))
    last = np.where(lengths > 0, forward[rows, 2 * lengths - 1], -np.inf)
    return np.asarray(np.logaddexp(forward[rows, 2 * lengths], last), dtype=np.float64)


def beam(
    logits: NDArray[np.floating],
    charset: Charset,
    width: int,
    language: Language[Any] | None = None,
) -> list[Reading]:
    """The likeliest texts (N,) that prefix beam search finds in logits (N, T, C).

    Hannun et al. 2014, "First-pass large vocabulary continuous speech recognition using
    bi-directional recurrent DNNs", algorithm 1, without a language model.

    Args:
        logits: of N pictures.
        charset: what the classes mean.
        width: prefixes kept at each step, and characters tried after each.
        language: only texts that it accepts are given; None allows every text.

    Raises:
        PodiumError: no text that the language accepts fits into T time steps.
    """
    ways = _ways(charset, language)
    log_probs = _checked(logits, charset)
    return [_beam(steps, charset, width, ways) for steps in log_probs]


State = Hashable
Value = TypeVar("Value")


class _Memo(dict[State, Value]):
    """What a function says of states, asked once for each."""

    def __init__(self, function: Callable[[Any], Value]) -> None:
        self.function = function

    def __missing__(self, state: State) -> Value:
        value = self[state] = self.function(state)
        return value


@dataclass(frozen=True)
class _Ways:
    """A language over labels: for each state, label -> next state and characters to go."""

    start: State
    steps: Mapping[State, Mapping[int, State]]
    to_go: Mapping[State, int]


def _ways(charset: Charset, language: Language[Any] | None) -> _Ways:
    if language is None:
        return _Ways(0, {0: dict.fromkeys(range(1, n_classes(charset)), 0)}, {0: 0})
    known = {one: label for label, one in enumerate(charset.characters, start=1)}

    def steps(state: State) -> dict[int, State]:
        return {known[one]: way for one, way in language.ways(state).items() if one in known}

    return _Ways(language.start, _Memo(steps), _Memo(language.to_go))


@dataclass
class _Prefix:
    """Log-probability of a prefix whose paths end in a blank, and in its last character."""

    state: State
    blank: float = -math.inf
    last: float = -math.inf

    @property
    def both(self) -> float:
        return _log_add(self.blank, self.last)


def _beam(steps: Floats, charset: Charset, width: int, ways: _Ways) -> Reading:
    """The likeliest text of one picture, log-probabilities (T, C)."""
    beams: dict[Label, _Prefix] = {(): _Prefix(ways.start, blank=0.0)}
    for left, scores in zip(range(len(steps) - 1, -1, -1), steps.tolist(), strict=True):
        grown = _grow(beams, scores, width, ways, left)
        beams = dict(sorted(grown.items(), key=lambda item: -item[1].both)[:width])
    if not beams:
        raise PodiumError(f"no text that the grammar allows fits into {len(steps)} time steps")
    labels = list(beams)
    scores = label_log_probs(np.broadcast_to(steps, (len(labels), *steps.shape)), labels)
    best = int(scores.argmax())
    return Reading(charset.decode(labels[best]), float(scores[best]))


def _grow(
    beams: dict[Label, _Prefix], scores: list[float], width: int, ways: _Ways, left: int
) -> dict[Label, _Prefix]:
    """The prefixes after one more time step with log-probabilities `scores` (C,).

    None that needs more than the `left` steps after this one.
    """
    order = sorted(range(len(scores)), key=lambda one: -scores[one])
    grown: dict[Label, _Prefix] = {}
    to_go = ways.to_go
    for label, old in beams.items():
        if to_go[old.state] <= left:
            stays = grown.setdefault(label, _Prefix(old.state))
            stays.blank = _log_add(stays.blank, old.both + scores[BLANK])
            if label:
                stays.last = _log_add(stays.last, old.last + scores[label[-1]])
        options = ways.steps[old.state]
        for one in [one for one in order if one in options and to_go[options[one]] <= left][:width]:
            longer = grown.setdefault((*label, one), _Prefix(options[one]))
            before = old.blank if label[-1:] == (one,) else old.both
            longer.last = _log_add(longer.last, before + scores[one])
    return grown


def _log_add(left: float, right: float) -> float:
    low, high = sorted((left, right))
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def _checked(logits: NDArray[np.floating], charset: Charset) -> Floats:
    if logits.ndim != 3 or logits.shape[2] != n_classes(charset) or not logits.shape[1]:
        raise PodiumError(
            f"logits of shape {logits.shape} do not fit: they must be (pictures, time steps, "
            f"{n_classes(charset)}), the blank and {len(charset)} characters"
        )
    if not np.isfinite(logits).all():
        raise PodiumError("the reader gave logits that are not finite")
    return log_softmax(logits)
