"""Which metric fits which kind of answer."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from podium.core.errors import SettingsError
from podium.core.printable import printable

METRIC_NAMES: Mapping[str, tuple[str, ...]] = {
    "log_loss": ("class", "labels"),
    "auc": ("class",),
    "mean_auc": ("class", "labels"),
    "accuracy": ("class", "ordered"),
    "macro_f1": ("class", "ordered", "labels"),
    "micro_f1": ("class", "ordered", "labels"),
    "quadratic_kappa": ("ordered",),
    "rmse": ("number",),
    "mae": ("number",),
    "map@k": ("class", "labels"),
}  # name -> kinds of answers
DECIDED = ("accuracy", "macro_f1", "micro_f1", "quadratic_kappa")  # want a class, no probability


def best_k(metric: str) -> int:
    """Return k of `map@k`, 0 of any other metric."""
    name, _, k = metric.partition("@")
    return int(k) if name == "map" and k.isdigit() else 0


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
    name = "map@k" if best_k(metric) else metric
    if name not in METRIC_NAMES or metric == "map@k":
        near = difflib.get_close_matches(metric, METRIC_NAMES, 1, 0.5)
        hint = f"; perhaps {near[0]}" if near else ""
        raise SettingsError(
            f"photos.metric: unknown metric {printable(metric)!r}{hint}\n"
            f"remedy: choose one of {', '.join(METRIC_NAMES)}, or module:function"
        )
    two_only = metric == "auc" and n_classes > 2
    if answer and (answer not in METRIC_NAMES[name] or two_only):
        target = {"number": "a number", "ordered": "grades"}.get(answer, f"{n_classes} {answer}")
        target = f"{n_classes} classes" if answer == "class" else target
        fitting = [other for other, kinds in METRIC_NAMES.items() if answer in kinds]
        fitting = [other for other in fitting if not (other == "auc" and n_classes > 2)]
        raise SettingsError(
            f"photos.metric: {metric} does not fit the target, which is {target}\n"
            f"remedy: choose one of {', '.join(fitting)}, or another photos.target"
        )
