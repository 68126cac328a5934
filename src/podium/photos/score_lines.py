"""What a person reads after the photo models were trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def summary_lines(metrics: dict[str, Any]) -> Sequence[str]:
    """Return the scores as lines of text, best first, counts, and warnings last."""
    lines = [
        f"{name:<20} log loss {scores['log_loss']:.4f} +- {scores['log_loss_se']:.4f}"
        f"   accuracy {scores['accuracy']:.4f}"
        for name, scores in sorted(metrics["oof"].items(), key=lambda pair: pair[1]["log_loss"])
    ]
    if counts := metrics.get("pseudo_labels"):
        last = "pseudo: {fewest} to {most} of {test_pictures} test pictures joined a head"
        lines.append(last.format(**counts))
    return [*lines, *(_lost_line(name, metrics) for name in metrics.get("not_better_than", []))]


def _lost_line(baseline: str, metrics: dict[str, Any]) -> str:
    head = metrics["head"]
    loss, other = (metrics["oof"][name]["log_loss"] for name in (head, baseline))
    meaning = {"prior": "the class shares without a look at the pictures"}
    return (
        f"warning: {head} (log loss {loss:.4f}) is not better than {baseline} ({other:.4f}), "
        f"{meaning.get(baseline, 'a classical baseline')}. Are the labels right? Try more "
        "train_photo_classifier.epochs, another learning_rate, another network in extractors, or "
        "more pictures; see plots/train_photo_classifier/mistakes.png"
    )
