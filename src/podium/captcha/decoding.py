"""What a reader of either kind means by its logits."""

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
from podium.captcha.charset import Charset
from podium.captcha.equations.rules import EquationRules
from podium.captcha.grammar import ARITHMETIC
from podium.core.errors import PodiumError
from podium.evaluation.predictions import Reading

Logits = NDArray[np.floating]
_HALF = math.log(0.5)
LANGUAGES: Mapping[str, Language[Any]] = {"equations": EquationRules()}


@dataclass(frozen=True)
class Rules:
    """Which texts there are: templates, and what their letters stand for; none: any text.

    `language` is the name of texts that no templates could list. Unknown ones raise PodiumError.
    """

    templates: Sequence[str] = ()
    classes: Mapping[str, str] | None = None
    language: str = ""

    def __post_init__(self) -> None:
        if self.language and self.language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise PodiumError(f"rules {self.language!r} are unknown; known are {known}")

    @cached_property
    def automaton(self) -> Language[Any] | None:
        """The automaton of exactly these texts."""
        if self.language:
            return LANGUAGES[self.language]
        return from_templates(self.templates, self.classes or {}) if self.templates else None

    def as_dict(self) -> dict[str, Any]:
        """The rules as JSON values."""
        named = {"language": self.language} if self.language else {}
        return {"templates": list(self.templates), "classes": dict(self.classes or {}), **named}


def rules_of(task: str, charset: Charset, texts: Sequence[str]) -> Rules:
    """The narrowest rules that all of `texts` keep.

    Arithmetic and equations: the competition's forms. Text of one length: that many characters.
    """
    if task in ("arithmetic", *LANGUAGES):
        rules = Rules(*ARITHMETIC) if task == "arithmetic" else Rules(language=task)
        automaton = rules.automaton
        return rules if automaton and all(map(automaton.accepts, texts)) else Rules()
    lengths = {len(text) for text in texts}
    return (
        Rules(("c" * lengths.pop(),), {"c": charset.characters}) if len(lengths) == 1 else Rules()
    )


@dataclass(frozen=True)
class Decoder:
    """Turns logits (N, T, C) into texts.

    Attributes:
        kind: crnn, whose steps are time steps; or cnn, whose steps are characters.
        charset: what the classes mean.
        rules: which texts there are.
        beam_width: prefixes kept at each step of the search.
    """

    kind: str
    charset: Charset
    rules: Rules
    beam_width: int

    def greedy(self, logits: Logits) -> list[Reading]:
        """The texts (N,) of the likeliest class at each step."""
        if self.kind == "cnn":
            return by_position(logits, self.charset)
        return ctc.greedy(logits, self.charset)

    def best(self, logits: Logits) -> list[Reading]:
        """The likeliest texts (N,) that the rules allow.

        A text with more than half of the probability is the likeliest there is; only the others
        are searched for.
        """
        readings = self.greedy(logits)
        if self.kind == "cnn":
            return readings
        automaton = self.rules.automaton
        for row, reading in enumerate(readings):
            allowed = automaton is None or automaton.accepts(reading.text)
            if not allowed or reading.log_prob <= _HALF:
                found = ctc.beam(logits[row : row + 1], self.charset, self.beam_width, automaton)
                known = [*found, reading] if allowed else found
                readings[row] = max(known, key=lambda one: one.log_prob)
        return readings


def by_position(logits: Logits, charset: Charset) -> list[Reading]:
    """The texts (N,) of logits (N, T, C) whose steps are characters; the blank is never meant."""
    log_probs = ctc.log_softmax(logits[:, :, 1:])
    labels = (log_probs.argmax(-1) + 1).tolist()
    scores = log_probs.max(-1).sum(-1).tolist()
    return [
        Reading(charset.decode(label), score) for label, score in zip(labels, scores, strict=True)
    ]
