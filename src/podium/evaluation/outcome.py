"""Scores as stages leave them in metrics and manifests, read back to be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.core.errors import PodiumError

_NAMES = ("log_loss", "whole_string", "sequence", "score")  # sequence: the text of equations


def score_name(blend: Mapping[str, Any]) -> str:
    """What a blend is scored by: log_loss (down is better) or whole_string (up)."""
    return "log_loss" if "log_loss" in blend["single"] else "whole_string"


def value(score: Any) -> float:
    """The number of a score that may have company, as stages leave them.

    {"log_loss": 0.2, "accuracy": 0.9} -> 0.2; {"whole_string": {"score": 0.8, "n": 60}} -> 0.8
    """
    while isinstance(score, Mapping):
        name = next((name for name in _NAMES if name in score), None)
        if name is None:
            raise PodiumError(
                f"no score among {', '.join(score)}\nremedy: run dvc repro: made by another version"
            )
        score = score[name]
    return float(score)


def method_lines(head: str, scored_by: str, methods: Mapping[str, Any]) -> list[str]:
    """The naive and nested score of each method under a heading, as lines of text."""
    return [
        f"{head:<12} {'naive':>8} {'nested':>8}   {scored_by}",
        *(f"{name:<12} {one['naive']:8.4f} {one['nested']:8.4f}" for name, one in methods.items()),
    ]


def against_single(metrics: Mapping[str, Any]) -> str:
    """How a blend's nested score differs from that of the best single model, in words."""
    gap = metrics["difference"]
    interval = f"95 %: {gap['low']:+.4f} to {gap['high']:+.4f}"
    return f"against the single one {gap['mean']:+.4f} ({interval})"


def read(path: Path) -> dict[str, Any]:
    """Method, metric, naive and nested score of the blend whose metrics lie at `path`."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return {
        "method": found["method"],
        "metric": score_name(found),
        "naive": value(found["naive"]),
        "nested": value(found["nested"]),
    }
