"""Which metric fits which kind of answer."""

from __future__ import annotations

from podium.core.errors import SettingsError
from podium.evaluation.scores import metric_named
from podium.evaluation.target_fit import refuse_unfitting


def best_k(metric: str) -> int:
    """Return k of `map@k`, 0 of any other metric."""
    name, _, k = metric.partition("@")
    return int(k) if name == "map" and k.isdigit() else 0


def wants_decision(metric: str) -> bool:
    """Return whether a metric scores decisions (a class, labels), no probabilities."""
    return ":" not in metric and metric_named(metric).decided


def check_metric(metric: str, n_classes: int, answer: str) -> None:
    """Check that a metric is known and fits.

    Args:
        metric: its name, or `module:function`, which fits anything.
        n_classes: classes or labels; 0 of a number.
        answer: class, labels, ordered or number; '' where it is not known yet.

    Raises:
        SettingsError: it does not; names those that do.
    """
    if ":" in metric:
        return
    try:
        chosen = metric_named(metric)
    except SettingsError as error:
        raise SettingsError(f"photos.metric: {error}") from None
    if not answer:
        return
    kind = {"class": "classes", "ordered": "classes"}.get(answer, answer)
    refuse_unfitting("photos.metric", chosen, kind, answer == "ordered", n_classes)
