"""Scores as stages leave them in metrics and manifests, read back to be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.errors import PodiumError

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


def read(path: Path) -> dict[str, Any]:
    """Method, metric, naive and nested score of the blend whose metrics lie at `path`."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return {
        "method": found["method"],
        "metric": score_name(found),
        "naive": value(found["naive"]),
        "nested": value(found["nested"]),
    }
