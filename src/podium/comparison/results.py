"""The results of a run at a glance: for each competition its score, what is trivial, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.comparison.run_results import seconds_of
from podium.evaluation.competition import Competition, Settings
from podium.evaluation.headline import Headline, read_headline, read_metrics, score_at
from podium.evaluation.scores import Score

# what a count above zero says, of metrics of any stage
COUNTS = {
    "n_unreadable_train": "train pictures cannot be read",
    "n_unreadable_test": "test pictures cannot be read: their rows are filled",
    "n_failed": "slides cannot be used",
    "n_left_out": "slides cannot be read any more: left out",
    "n_unreadable": "tiles cannot be read",
}


@dataclass(frozen=True)
class Result(Headline):
    """What a run says of one competition.

    Attributes:
        trivial: score of what needs no training.
        seconds: that its stages took.
        warnings: of its stages, each after the stage's name.
    """

    trivial: Score | None = None
    seconds: float | None = None
    warnings: Sequence[str] = ()

    @property
    def metric_name(self) -> str:
        """The metric as people call it."""
        names = {metric.key: metric.name for metric in self.competition.metrics}
        return names.get(self.metric, self.metric)


def read_result(folder: Path, competition: Competition, settings: Settings) -> Result:
    """Return what the metrics in a folder say of a competition.

    Args:
        folder: of metrics.
        competition: which.
        settings: of params.yaml: they say which extractors and readers count.
    """
    scores = vars(read_headline(folder, competition, settings))
    blend = read_metrics(folder / f"blend_{competition.name}.json")
    if not blend:
        return Result(**scores)
    names = competition.timed_metrics(settings)
    trivial = competition.trivial.replace("{metric}", str(blend["metric"]))
    files = {name: read_metrics(folder / f"{name}.json") for name in names}
    return Result(
        **scores,
        trivial=score_at(folder, competition, settings, trivial),
        seconds=seconds_of(folder, names),
        warnings=[f"{name}: {line}" for name in names for line in _warnings(files[name])],
    )


def _warnings(metrics: Mapping[str, Any]) -> list[str]:
    counts = [f"{metrics[name]:,} {words}" for name, words in COUNTS.items() if metrics.get(name)]
    return [*metrics.get("warnings", []), *counts]
