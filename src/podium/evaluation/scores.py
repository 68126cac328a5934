"""Metrics with their direction, and scores: a value with its uncertainty. Imports nothing slow."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pkgutil import resolve_name
from typing import Any


@dataclass(frozen=True)
class Metric:
    """A score of many rows: the sum of their numerators over the sum of their denominators.

    Attributes:
        key: its name in files, for example log_loss.
        name: its name for people.
        lower_is_better: the direction.
        terms: dotted name of the function that gives the numerator (N,) and the denominator (N,)
            of each row from predictions and truth, imported on use; '' where the terms come from
            another file than the prediction table.
        root: the score is the square root of that ratio (RMSE).
    """

    key: str
    name: str
    lower_is_better: bool
    terms: str = ""
    root: bool = False

    def row_terms(self, predictions: Any, truth: Any) -> tuple[Any, Any]:
        """Return the numerator (N,) and the denominator (N,) of each row, float64 both.

        Args:
            predictions: (N, K) probabilities or numbers, or N texts; see `evaluation.predictions`.
            truth: of the same rows.
        """
        function: Callable[[Any, Any], tuple[Any, Any]] = resolve_name(self.terms)
        return function(predictions, truth)

    def is_better(self, value: float, other: float) -> bool:
        """Return whether `value` is better than `other`."""
        return value < other if self.lower_is_better else value > other


@dataclass(frozen=True)
class Score:
    """A score of `n` rows, its standard error and its 95 % interval; None where not known."""

    value: float
    se: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what is known of the score by name, as metrics files hold it."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def in_words(self, digits: int = 4) -> str:
        """Return value and interval with that many digits after the point, and the rows."""
        interval = ""
        if self.low is not None and self.high is not None:
            interval = f"  (95 %: {self.low:.{digits}f} to {self.high:.{digits}f})"
        rows = "" if self.n is None else f"  n = {self.n:,}"
        return f"{self.value:.{digits}f}{interval}{rows}"


def as_dicts(scores: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    """Return scores by name as a metrics file holds them."""
    return {name: score.as_dict() for name, score in scores.items()}


def score_from(value: object) -> Score | None:
    """Return the score that a metrics file holds as `value`; None if that is no score."""
    if not isinstance(value, Mapping) or not _is_number(value.get("value")):
        return None
    names = Score.__dataclass_fields__
    return Score(**{name: value[name] for name in names if _is_number(value.get(name))})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_TERMS = "podium.evaluation.metrics"
LOG_LOSS = Metric("log_loss", "log loss", True, f"{_TERMS}:log_loss_terms")
ACCURACY = Metric("accuracy", "accuracy", False, f"{_TERMS}:accuracy_terms")
LABEL_LOG_LOSS = Metric("log_loss", "log loss of labels", True, f"{_TERMS}:label_log_loss_terms")
MAE = Metric("mae", "mean absolute error", True, f"{_TERMS}:absolute_error_terms")
RMSE = Metric("rmse", "root mean squared error", True, f"{_TERMS}:squared_error_terms", root=True)
WHOLE_STRING = Metric("whole_string", "whole string", False, f"{_TERMS}:whole_string_terms")
SEQUENCE = Metric("sequence", "whole string", False, f"{_TERMS}:whole_string_terms")
TUMOUR_F1 = Metric("tumour_f1", "tumour F1", False)  # its terms are counts of pixels
SLIDE_LOG_LOSS = Metric("log_loss", "log loss of slides", True, f"{_TERMS}:log_loss_terms")
