"""Which metric fits which kind of target."""

from __future__ import annotations

from podium.core.errors import SettingsError
from podium.evaluation.scores import AUC, METRICS, Metric


def why_not_fitting(metric: Metric, kind: str, ordered: bool = False, n_names: int = 2) -> str:
    """Return why a metric does not fit a target, in words; '' if it does.

    Args:
        metric: the score.
        kind: of the target: classes, labels or number.
        ordered: its classes are grades.
        n_names: how many classes or labels there are.
    """
    if kind not in metric.kinds:
        return f"{metric.key} is for {' or '.join(metric.kinds)}, the target is {kind}"
    if metric.ordered and not ordered:
        return f"{metric.key} is for ordered classes, and these have no order"
    if metric.key == AUC.key and n_names > (2 if kind == "classes" else 1):
        return f"auc is for two classes or one label, not {n_names} {kind}: mean_auc is"
    return ""


def refuse_unfitting(
    where: str, metric: Metric, kind: str, ordered: bool = False, n_names: int = 2
) -> None:
    """Check that a metric fits a target.

    Args:
        where: the setting or file that says the metric.
        metric: the score.
        kind: of the target: classes, labels or number.
        ordered: its classes are grades.
        n_names: how many classes or labels there are.

    Raises:
        SettingsError: it does not; names those that do.
    """
    if why := why_not_fitting(metric, kind, ordered, n_names):
        fitting = [name for name in METRICS if fits(METRICS[name], kind, ordered, n_names)]
        raise SettingsError(
            f"{where}: {why}\nremedy: choose one of {', '.join(fitting)} at photos.metric, or "
            "another photos.target"
        )


def fits(metric: Metric, kind: str, ordered: bool = False, n_names: int = 2) -> bool:
    """Return whether a metric fits a target.

    Args:
        metric: the score.
        kind: of the target: classes, labels or number.
        ordered: its classes are grades.
        n_names: how many classes or labels there are.
    """
    return not why_not_fitting(metric, kind, ordered, n_names)
