"""The scores of a run that count for a competition, read from its metrics files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.evaluation.competition import Competition, Settings, value_at
from podium.evaluation.scores import Score, score_from


@dataclass(frozen=True)
class Headline:
    """The few numbers by which a run is known.

    Attributes:
        competition: which.
        metric: key of the score that counts; '' before the first run.
        score: of that metric, of rows that no model was fitted on.
        others: the competition's other metrics, by key.
        test: score of the submission against the answer key.
    """

    competition: Competition
    metric: str = ""
    score: Score | None = None
    others: Mapping[str, Score] = field(default_factory=dict)
    test: Score | None = None

    def numbers(self) -> dict[str, dict[str, float]]:
        """Return what `dvc exp show` gets to see, for a metrics file."""
        values = {self.metric: self.score, "test": self.test, **self.others}
        numbers = {name: score.value for name, score in values.items() if score}
        if self.score and self.score.se is not None:
            numbers["se"] = self.score.se
        return {self.competition.name: dict(sorted(numbers.items()))}


def read_headline(folder: Path, competition: Competition, settings: Settings) -> Headline:
    """Return the scores that the metrics in a folder say of a competition.

    Args:
        folder: of metrics.
        competition: which.
        settings: of params.yaml: they say which extractors and readers count.
    """
    blend = read_metrics(folder / f"blend_{competition.name}.json")
    if not blend:
        return _from_git(folder, competition)
    place = competition.score or f"blend_{competition.name}:nested.{blend['metric']}"
    metric, nested = place.rpartition(".")[2], blend["nested"]
    others = {each.key: score_from(nested.get(each.key)) for each in competition.metrics}
    return Headline(
        competition,
        metric,
        score_at(folder, competition, settings, place),
        {name: score for name, score in others.items() if score and name != metric},
        score_at(folder, competition, settings, f"submit_{competition.name}:test.{metric}"),
    )


def _from_git(folder: Path, competition: Competition) -> Headline:
    """What is in git, where the rest is not: on a fresh clone."""
    values = read_metrics(folder / f"{competition.name}.json").get(competition.name, {})
    keys = [metric.key for metric in competition.metrics if metric.key in values]
    if not keys:
        return Headline(competition)
    test = Score(values["test"]) if "test" in values else None
    return Headline(competition, keys[0], Score(values[keys[0]], values.get("se")), test=test)


def score_at(
    folder: Path, competition: Competition, settings: Settings, place: str
) -> Score | None:
    """Return the score at `file:dotted.name`, in the first file of that kind that has it.

    Args:
        folder: of metrics.
        competition: whose files are read.
        settings: of params.yaml.
        place: where it stands.
    """
    file, _, dotted = place.partition(":")
    for name in competition.names(settings, file):
        value = value_at(read_metrics(folder / f"{name}.json"), dotted)
        if score := score_from(value if isinstance(value, Mapping) else {"value": value}):
            return score
    return None


def read_metrics(path: Path) -> dict[str, Any]:
    """Return what a metrics file holds; nothing if it is missing or damaged."""
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return metrics if isinstance(metrics, dict) else {}
