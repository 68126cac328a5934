"""What a person reads after the photo models were trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podium.evaluation.scores import Metric
from podium.photos.crossval import TrainRows

TRIVIAL = {"prior": "which has not looked at the pictures"}


def summary_lines(found: dict[str, Any], metrics: Sequence[Metric]) -> Sequence[str]:
    """Return the scores as lines of text, best first, counts, and warnings last.

    Args:
        found: as `PhotoModels.metrics` gives it.
        metrics: those scored; models are sorted by the first.
    """
    main = metrics[0]
    sign = 1 if main.lower_is_better else -1
    ranked = sorted(found["oof"].items(), key=lambda pair: sign * pair[1][main.key]["value"])
    lines = [f"{name:<20} {_in_words(scores, metrics)}" for name, scores in ranked]
    for key, score in found.get("gain_by_columns", {}).items():
        lines.append(
            f"columns beside the pictures: {key} of {found['head']} falls by {score['value']:.4f} "
            f"(95 %: {score['low']:.4f} to {score['high']:.4f})"
        )
    if counts := found.get("pseudo_labels"):
        last = "pseudo: {fewest} to {most} of {test_pictures} test pictures joined a head"
        lines.append(last.format(**counts))
    return [*lines, *(_lost_line(name, found, main) for name in found["not_better_than"])]


def sample_lines(data: TrainRows, most: int) -> list[str]:
    """Return what a person should know of scikit-learn's models: that they learn from a sample.

    Args:
        data: the rows and their splits.
        most: rows that such a model learns, at most.
    """
    n_rows = max(int((~split.held_out).sum()) for split in data.splits)
    if n_rows <= most:
        return []
    return [
        f"note: linear models and boosting learn {most:,} of the {n_rows:,} train rows of a split "
        "(train_photo_classifier.sample)"
    ]


def _in_words(scores: dict[str, Any], metrics: Sequence[Metric]) -> str:
    main, *others = metrics
    first = f"{main.name} {scores[main.key]['value']:.4f} +- {scores[main.key]['se']:.4f}"
    return "   ".join([first, *(f"{each.name} {scores[each.key]['value']:.4f}" for each in others)])


def _lost_line(baseline: str, found: dict[str, Any], main: Metric) -> str:
    head = found["head"]
    value, other = (found["oof"][name][main.key]["value"] for name in (head, baseline))
    return (
        f"warning: {head} ({main.name} {value:.4f}) is not better than {baseline} ({other:.4f}), "
        f"{TRIVIAL.get(baseline, 'a classical baseline')}. Are the labels right? Try more "
        "train_photo_classifier.epochs, another learning_rate, another network in extractors, or "
        "more pictures; see plots/train_photo_classifier/mistakes.png"
    )
