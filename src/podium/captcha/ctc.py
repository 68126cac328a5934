"""Connectionist temporal classification (CTC): the blank, labels, and the greedy decoder.

BLANK, class 0, is defined here and used by all others from here. Class k >= 1 is the label k of a
charset. Logits are (N, T, C): pictures, time steps, classes. Graves et al. 2006, "Connectionist
temporal classification".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from podium.captcha.charset import Charset
from podium.core.errors import PodiumError
from podium.evaluation.predictions import Reading

BLANK = 0  # the class that stands for no character; it also pads labels
Floats = NDArray[np.float64]


def n_classes(charset: Charset) -> int:
    """The number of classes C of a reader: one for each character, and the blank."""
    return len(charset) + 1


def padded_labels(
    texts: Sequence[str], charset: Charset, longest: int | None = None
) -> NDArray[np.int32]:
    """The labels (N, K) of N texts, padded with the blank.

    Args:
        texts: (N,).
        charset: gives the label of each character.
        longest: K, not less than the characters of any text; None for those of the longest one.
    """
    n_columns = longest or max((len(text) for text in texts), default=1)
    labels = np.full((len(texts), n_columns), BLANK, dtype=np.int32)
    for row, text in enumerate(texts):
        labels[row, : len(text)] = charset.encode(text)
    return labels


def steps_needed(label: Sequence[int]) -> int:
    """The fewest time steps that can spell `label`: a blank must part equal neighbours."""
    return len(label) + sum(left == right for left, right in pairwise(label))


def log_softmax(logits: NDArray[np.floating]) -> Floats:
    """Log-probabilities (N, T, C) float64 of logits (N, T, C)."""
    return np.asarray(special.log_softmax(logits.astype(np.float64), axis=-1))


def checked_log_probs(logits: NDArray[np.floating], charset: Charset) -> Floats:
    """Log-probabilities (N, T, C) of logits (N, T, C).

    Raises:
        PodiumError: the shape does not match the charset, or a logit is not finite.
    """
    if logits.ndim != 3 or logits.shape[2] != n_classes(charset) or not logits.shape[1]:
        raise PodiumError(
            f"logits of shape {logits.shape} do not fit: they must be (pictures, time steps, "
            f"{n_classes(charset)}), the blank and {len(charset)} characters"
        )
    if not np.isfinite(logits).all():
        raise PodiumError("the reader gave logits that are not finite")
    return log_softmax(logits)


def collapse(path: Sequence[int]) -> list[int]:
    """The label that a path of classes spells: repeats merged, blanks dropped. 01102 -> 1, 2."""
    merged = [path[0], *(new for old, new in pairwise(path) if new != old)] if path else []
    return [label for label in merged if label != BLANK]


def greedy(logits: NDArray[np.floating], charset: Charset) -> list[Reading]:
    """The texts (N,) of the likeliest path through each of logits (N, T, C)."""
    log_probs = checked_log_probs(logits, charset)
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
