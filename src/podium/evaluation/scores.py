"""Metrics with their direction, and scores: a value with its uncertainty. Imports nothing slow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pkgutil import resolve_name
from typing import Any

from podium.core.errors import SettingsError
from podium.evaluation.own_metric import is_lower_better


@dataclass(frozen=True)
class Metric:
    """A score of many rows: what `final` makes of the sums of their terms.

    Attributes:
        key: its name in files, for example log_loss.
        name: its name for people.
        lower_is_better: the direction.
        terms: dotted name of the function that gives the terms of each row, columns (N,), from
            predictions and truth, imported on use; '' where the terms come from another file than
            the prediction table.
        final: dotted name of the function that makes the score, see `evaluation.finals`; the usual
            one divides the first sum by the second.
        by_rank: `final` takes the rows and their weights, not sums.
        kinds: of targets that it fits: classes, labels, number.
        ordered: it is for ordered classes.
        decided: it scores decisions (a class, a set of labels), so that these are fitted.
        weights_by: the metric that weights are fitted by where this one has no slope; None: itself.
        k: map@k: how many names count.
        own: module:function, the name of a function of one's own.
    """

    key: str
    name: str
    lower_is_better: bool
    terms: str = ""
    final: str = "podium.evaluation.finals:ratio"
    by_rank: bool = False
    kinds: tuple[str, ...] = ()
    ordered: bool = False
    decided: bool = False
    weights_by: Metric | None = None
    k: int = 0
    own: str = ""

    @property
    def is_ratio(self) -> bool:
        """Whether it is the first of two sums over the second, or the root of that."""
        return self.final in (RATIO.final, RMSE.final)

    def row_terms(self, predictions: Any, truth: Any) -> tuple[Any, ...]:
        """Return the terms of each row, columns (N,) float64.

        Args:
            predictions: (N, K) probabilities or numbers, or N texts; see `evaluation.predictions`.
            truth: of the same rows.
        """
        function: Callable[..., tuple[Any, ...]] = resolve_name(self.terms)
        return function(predictions, truth, self.k) if self.k else function(predictions, truth)

    def of_sums(self, sums: Any) -> Any:
        """Return the scores (D,) of sums (D, C) of terms."""
        return resolve_name(self.final)(sums)

    def of_rows(self, columns: Any, weights: Any) -> Any:
        """Return the scores (D,) of terms (N, C) of rows with weights (D, N)."""
        named = (self.own,) if self.own else ()
        return resolve_name(self.final)(columns, weights, *named)

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


_TERMS, _FINALS = "podium.evaluation.metrics", "podium.evaluation.finals"
_NAMES = ("classes", "labels")
RATIO = Metric("ratio", "ratio", lower_is_better=False)
LOG_LOSS = Metric("log_loss", "log loss", True, f"{_TERMS}:log_loss_terms", kinds=_NAMES)
AUC = Metric(
    "auc", "area under ROC", False, f"{_TERMS}:area_terms", f"{_FINALS}:mean_area", True, _NAMES
)
MEAN_AUC = replace(AUC, key="mean_auc", name="mean area under ROC")
ACCURACY = Metric(
    "accuracy", "accuracy", False, f"{_TERMS}:accuracy_terms", kinds=("classes",), decided=True,
    weights_by=LOG_LOSS,
)  # fmt: skip
MICRO_F1 = Metric(
    "micro_f1", "micro F1", False, f"{_TERMS}:micro_f1_terms", kinds=_NAMES, decided=True,
    weights_by=LOG_LOSS,
)  # fmt: skip
MACRO_F1 = replace(
    MICRO_F1, key="macro_f1", name="macro F1", terms=f"{_TERMS}:macro_f1_terms",
    final=f"{_FINALS}:mean_of_ratios",
)  # fmt: skip
MAE = Metric(
    "mae", "mean absolute error", True, f"{_TERMS}:absolute_error_terms", kinds=("number",)
)
RMSE = Metric(
    "rmse", "root mean squared error", True, f"{_TERMS}:squared_error_terms",
    f"{_FINALS}:root_of_ratio", kinds=("number",),
)  # fmt: skip
GRADE_RMSE = Metric(
    "grade_rmse", "error of grades", True, f"{_TERMS}:grade_error_terms", RMSE.final,
    kinds=("classes",), ordered=True,
)  # fmt: skip
QUADRATIC_KAPPA = Metric(
    "quadratic_kappa", "quadratic kappa", False, f"{_TERMS}:kappa_terms",
    f"{_FINALS}:quadratic_kappa", kinds=("classes",), ordered=True, decided=True,
    weights_by=GRADE_RMSE,
)  # fmt: skip
MAP_5 = Metric(
    "map@5", "mean average precision at 5", False, f"{_TERMS}:average_precision_terms",
    kinds=_NAMES, weights_by=LOG_LOSS, k=5,
)  # fmt: skip
WHOLE_STRING = Metric("whole_string", "whole string", False, f"{_TERMS}:whole_string_terms")
SEQUENCE = Metric("sequence", "whole string", False, f"{_TERMS}:whole_string_terms")
TUMOUR_F1 = Metric("tumour_f1", "tumour F1", False)  # its terms are counts of pixels
SLIDE_LOG_LOSS = replace(LOG_LOSS, name="log loss of slides")

# Metrics that a competition of pictures may be scored by; map@k for any k from 1 to 99.
METRICS: Mapping[str, Metric] = {
    metric.key: metric
    for metric in (
        LOG_LOSS, AUC, MEAN_AUC, ACCURACY, MACRO_F1, MICRO_F1, QUADRATIC_KAPPA, RMSE, MAE, MAP_5
    )
}  # fmt: skip

USUAL: Mapping[str, tuple[Metric, ...]] = {  # by kind; the first where nobody names one
    "classes": (LOG_LOSS, ACCURACY),
    "labels": (LOG_LOSS, MEAN_AUC),
    "number": (MAE, RMSE),
}


def metric_named(name: str) -> Metric:
    """Return the metric `name`: one of METRICS, map@<k>, or module:function of one's own.

    Raises:
        SettingsError: there is none, or the function cannot be used.
    """
    if name in METRICS:
        return METRICS[name]
    if match := re.fullmatch(r"map@([1-9]\d?)", name):
        k = int(match[1])
        return replace(MAP_5, key=name, name=f"mean average precision at {k}", k=k)
    if ":" in name:
        return _own(name)
    near = get_close_matches(name, METRICS, 1, 0.0)
    raise SettingsError(
        f"{name}: no such metric; did you mean {near[0]}?\n"
        f"remedy: one of {', '.join(METRICS)}, map@<k>, or module:function of your own"
    )


def _own(name: str) -> Metric:
    lower, every = is_lower_better(name), (*_NAMES, "number")
    final, terms = f"{_FINALS}:own_scores", f"{_TERMS}:plain_terms"
    return Metric(name, name, lower, terms, final, by_rank=True, kinds=every, own=name)
