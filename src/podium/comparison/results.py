"""The results of a run at a glance: for each competition its score, what is trivial, warnings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.comparison.run_results import seconds_of
from podium.evaluation.competition import Competition, Settings, value_at
from podium.evaluation.scores import Score, score_from

# what a count above zero says, of metrics of any stage
COUNTS = {
    "n_unreadable_train": "train pictures cannot be read",
    "n_unreadable_test": "test pictures cannot be read: their rows are filled",
    "n_failed": "slides cannot be used",
    "n_left_out": "slides cannot be read any more: left out",
    "n_unreadable": "tiles cannot be read",
}


@dataclass(frozen=True)
class Result:
    """What a run says of one competition.

    Attributes:
        competition: which.
        metric: key of the score that counts; '' before the first run.
        score: of that metric, of rows that no model was fitted on.
        others: the competition's other metrics, by key.
        trivial: score of what needs no training.
        test: score of the submission against the answer key.
        seconds: that its stages took.
        warnings: of its stages, each after the stage's name.
    """

    competition: Competition
    metric: str = ""
    score: Score | None = None
    others: Mapping[str, Score] = field(default_factory=dict)
    trivial: Score | None = None
    test: Score | None = None
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
    blend = _read(folder / f"blend_{competition.name}.json")
    if not blend:
        return _from_headline(folder, competition)
    key = str(blend["metric"])
    place = competition.score or f"blend_{competition.name}:nested.{key}"
    metric, nested = place.rpartition(".")[2], blend["nested"]
    others = {each.key: score_from(nested.get(each.key)) for each in competition.metrics}
    names = competition.timed_metrics(settings)
    trivial = competition.trivial.replace("{metric}", key)
    return Result(
        competition,
        metric,
        _score_at(folder, competition, settings, place),
        {name: score for name, score in others.items() if score and name != metric},
        _score_at(folder, competition, settings, trivial),
        _score_at(folder, competition, settings, f"submit_{competition.name}:test.{metric}"),
        seconds_of(folder, names),
        [f"{name}: {line}" for name in names for line in _warnings(_read(folder / f"{name}.json"))],
    )


def headline(result: Result) -> dict[str, dict[str, float]]:
    """Return the few numbers that `dvc exp show` gets to see of a result, for a metrics file."""
    values = {result.metric: result.score, "test": result.test, **result.others}
    numbers = {name: score.value for name, score in values.items() if score}
    if result.score and result.score.se is not None:
        numbers["se"] = result.score.se
    return {result.competition.name: dict(sorted(numbers.items()))}


def _from_headline(folder: Path, competition: Competition) -> Result:
    """What is in git, where the rest is not: on a fresh clone."""
    values = _read(folder / f"{competition.name}.json").get(competition.name, {})
    keys = [metric.key for metric in competition.metrics if metric.key in values]
    if not keys:
        return Result(competition)
    test = Score(values["test"]) if "test" in values else None
    return Result(competition, keys[0], Score(values[keys[0]], values.get("se")), test=test)


def _score_at(
    folder: Path, competition: Competition, settings: Settings, place: str
) -> Score | None:
    """The score at `file:dotted.name`, in the first file of that kind that has it."""
    file, _, dotted = place.partition(":")
    for name in competition.names(settings, file):
        value = value_at(_read(folder / f"{name}.json"), dotted)
        if score := score_from(value if isinstance(value, Mapping) else {"value": value}):
            return score
    return None


def _warnings(metrics: Mapping[str, Any]) -> list[str]:
    counts = [f"{metrics[name]:,} {words}" for name, words in COUNTS.items() if metrics.get(name)]
    return [*metrics.get("warnings", []), *counts]


def _read(path: Path) -> dict[str, Any]:
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return metrics if isinstance(metrics, dict) else {}
