"""The probability of all texts of a grammar together, given what a reader says.

The forward variables of Graves et al. 2006 over pairs of a grammar's state and the last character.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from podium.captcha.automaton import Automaton, Language
from podium.captcha.beam_search import final_log_probs
from podium.captcha.charset import Charset
from podium.captcha.ctc import BLANK, Floats, checked_log_probs

_MOST = 1 << 22  # numbers in memory for one part


def total_log_probs(
    logits: NDArray[np.floating], charset: Charset, width: int, language: Language[Any] | None
) -> Floats:
    """Log-probabilities (N,) of all allowed texts together, of logits (N, T, C).

    Exact for a finite automaton; else of the texts that a beam search ends with.

    Args:
        logits: (N, T, C) of N pictures.
        charset: what the classes mean.
        width: prefixes kept by the beam search.
        language: the texts that are allowed; None allows every text.
    """
    if language is None or not len(logits):
        return np.zeros(len(logits))
    if not isinstance(language, Automaton):
        finals = final_log_probs(logits, charset, width, language)
        return np.array([special.logsumexp(scores) for scores in finals])
    log_probs = checked_log_probs(logits, charset)
    n = max(1, _MOST // (len(language.steps) * logits.shape[2]))
    parts = [log_probs[start : start + n] for start in range(0, len(logits), n)]
    return np.concatenate([_forward(part, charset, language) for part in parts])


def _forward(log_probs: Floats, charset: Charset, automaton: Automaton) -> Floats:
    """Log-probabilities (n,) of all texts of a finite automaton, of (n, T, C)."""
    n, n_steps, n_classes = log_probs.shape
    before, after, label = _edges(charset, automaton)
    blank = np.zeros((n, len(automaton.steps)))
    last = np.zeros((n, len(automaton.steps), n_classes))
    blank[:, automaton.start] = 1
    scale = np.zeros(n)
    for step in range(n_steps):
        probs = np.exp(log_probs[:, step])
        ended = blank + last.sum(-1)
        grown = last * probs[:, None, :]
        arriving = (ended[:, before] - last[:, before, label]) * probs[:, label]
        for edge, (state, sign) in enumerate(zip(after, label, strict=True)):
            grown[:, state, sign] += arriving[:, edge]
        blank, last = ended * probs[:, BLANK, None], grown
        size = np.maximum(blank.sum(1) + last.sum((1, 2)), np.finfo(float).tiny)
        blank, last, scale = blank / size[:, None], last / size[:, None, None], scale + np.log(size)
    final = sorted(automaton.final)
    with np.errstate(divide="ignore"):
        return scale + np.log((blank + last.sum(-1))[:, final].sum(1))


def _edges(
    charset: Charset, automaton: Automaton
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The state before, the state after and the label of each step of an automaton."""
    labels = {character: label for label, character in enumerate(charset.characters, start=1)}
    rows = [
        (state, target, labels[character])
        for state, steps in enumerate(automaton.steps)
        for character, target in steps.items()
        if character in labels
    ]
    before, after, label = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return before, after, label
