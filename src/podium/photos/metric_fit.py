"""Which metric fits which kind of answer."""

from __future__ import annotations

from podium.core.errors import SettingsError
from podium.core.printable import printable
from podium.evaluation.scores import METRICS, fits, metric_named


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
    ordered = answer == "ordered"
    if not fits(chosen, kind, ordered, n_classes):
        target = {"number": "a number", "ordered": "grades", "class": f"{n_classes} classes"}
        fitting = [name for name in METRICS if fits(METRICS[name], kind, ordered, n_classes)]
        raise SettingsError(
            f"photos.metric: {printable(metric)} does not fit the target, which is "
            f"{target.get(answer, f'{n_classes} {answer}')}\n"
            f"remedy: choose one of {', '.join(fitting)}, or another photos.target"
        )
