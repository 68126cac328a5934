"""From the logits of a reader, CRNN or CNN, to texts that the task's rules allow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.captcha import ctc
from podium.captcha.automaton import Language, from_templates
from podium.captcha.beam_search import beam_search
from podium.captcha.charset import Charset
from podium.captcha.equations.rules import EquationRules
from podium.captcha.equations.sheet_rules import MOST_LINES, SheetRules
from podium.captcha.forms import templates_of
from podium.captcha.grammar import ARITHMETIC
from podium.captcha.grammar_total import total_log_probs
from podium.core.errors import SettingsError, unknown
from podium.evaluation.predictions import Reading

Logits = NDArray[np.floating]
_HALF = math.log(0.5)
LANGUAGES: Mapping[str, Language[Any]] = {
    "equations": EquationRules(),
    "sheets": SheetRules(),
    **{f"sheet-{n}": SheetRules(n, n) for n in range(1, MOST_LINES + 1)},
}


@dataclass(frozen=True)
class Rules:
    """Which texts are allowed. Without templates and language, any text is.

    Attributes:
        templates: forms of the texts, as `automaton.from_templates` takes them.
        classes: letter of the templates -> the characters it stands for.
        language: a name in LANGUAGES, for texts that templates cannot list; PodiumError for others.
    """

    templates: Sequence[str] = ()
    classes: Mapping[str, str] | None = None
    language: str = ""

    def __post_init__(self) -> None:
        if self.language and self.language not in LANGUAGES:
            raise unknown("language", self.language, LANGUAGES)

    @cached_property
    def automaton(self) -> Language[Any] | None:
        """The automaton of exactly the allowed texts; None if any text is allowed."""
        if self.language:
            return LANGUAGES[self.language]
        return from_templates(self.templates, self.classes or {}) if self.templates else None

    def as_dict(self) -> dict[str, Any]:
        """The rules as JSON values."""
        named = {"language": self.language} if self.language else {}
        return {"templates": list(self.templates), "classes": dict(self.classes or {}), **named}


def rules_for(task: str, charset: Charset, texts: Sequence[str]) -> Rules:
    """The narrowest rules that allow all of `texts`.

    For arithmetic and equations the competition's forms; for other sums the forms of `texts`, for
    other equations sheets of one line to four; for texts as many characters of the charset as the
    shortest to the longest has; else any text.

    Args:
        task: text, arithmetic or equations.
        charset: the characters of the texts.
        texts: of the train pictures.
    """
    if task == "arithmetic":
        rules = Rules(*ARITHMETIC)
        return rules if _allow(rules, texts) else Rules(*templates_of(texts))
    if task == "equations":
        choices = [Rules(language="equations"), Rules(language="sheets")]
        return next((rules for rules in choices if _allow(rules, texts)), Rules())
    lengths = [len(text) for text in texts] or [0]
    if not min(lengths):
        return Rules()
    templates = tuple("c" * n for n in range(min(lengths), max(lengths) + 1))
    return Rules(templates, {"c": charset.characters})


def _allow(rules: Rules, texts: Sequence[str]) -> bool:
    automaton = rules.automaton
    return automaton is None or all(map(automaton.accepts, texts))


def refuse_other_forms(rules: Rules, texts: Sequence[str]) -> None:
    """Raise a SettingsError for the first text that the rules of a chosen grammar do not allow."""
    automaton = rules.automaton
    odd = [text for text in texts if automaton and not automaton.accepts(text)]
    if odd:
        raise SettingsError(
            f"captcha.arithmetic.raw.grammar: the label {odd[0]!r} has none of its forms, as "
            f"{len(odd)} of {len(texts)} labels, and would never be read\n"
            "remedy: add a sum of that form, or set it to [] for the forms of all labels"
        )


@dataclass(frozen=True)
class Decoder:
    """Turns logits (N, T, C) into texts.

    Attributes:
        kind: crnn or ctc, whose steps are time steps of CTC; or cnn, whose steps are characters.
        charset: what the classes mean.
        rules: which texts are allowed.
        beam_width: prefixes kept at each step of the beam search.
    """

    kind: str
    charset: Charset
    rules: Rules
    beam_width: int

    def greedy(self, logits: Logits) -> list[Reading]:
        """The texts (N,) of the likeliest class at each step of logits (N, T, C)."""
        if self.kind == "cnn":
            return decode_by_position(logits, self.charset)
        return ctc.greedy(logits, self.charset)

    def best(self, logits: Logits) -> list[Reading]:
        """The likeliest texts (N,) of logits (N, T, C) that the rules allow.

        An allowed greedy text with more than half of the probability is the likeliest there is;
        the beam search runs for the other pictures only.
        """
        readings = self.greedy(logits)
        if self.kind == "cnn":
            return readings
        automaton = self.rules.automaton
        for row, reading in enumerate(readings):
            allowed = automaton is None or automaton.accepts(reading.text)
            if not allowed or reading.log_prob <= _HALF:
                best = beam_search(logits[row : row + 1], self.charset, self.beam_width, automaton)
                best += [reading] if allowed else []
                readings[row] = max(best, key=lambda candidate: candidate.log_prob)
        return readings


def grammar_log_probs(
    decoder: Decoder, logits: Logits, readings: Sequence[Reading]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The log-probabilities (N,) of readings among all texts that the rules allow, and of these.

    The second (N,) is the probability, as a logarithm, of all allowed texts together.

    Args:
        decoder: that gave the readings.
        logits: (N, T, C).
        readings: (N,) the best texts.
    """
    logs = np.array([reading.log_prob for reading in readings], dtype=np.float64)
    if decoder.kind == "cnn":
        return logs, np.zeros(len(logs))
    automaton, width = decoder.rules.automaton, decoder.beam_width
    masses = total_log_probs(logits, decoder.charset, width, automaton)
    return np.minimum(logs - masses, 0.0), masses


def decode_by_position(logits: Logits, charset: Charset) -> list[Reading]:
    """The texts (N,) of logits (N, T, C) with one step for each character; the blank is ignored."""
    log_probs = ctc.log_softmax(logits[:, :, ctc.BLANK + 1 :])
    labels = (log_probs.argmax(-1) + 1).tolist()
    scores = log_probs.max(-1).sum(-1).tolist()
    return [
        Reading(charset.decode(label), score) for label, score in zip(labels, scores, strict=True)
    ]
