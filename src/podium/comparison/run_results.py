"""The results of one state of the project, read from its files: predictions, settings, seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from podium.competitions import settings_concerned
from podium.core.errors import PodiumError
from podium.evaluation.competition import BLEND, Competition
from podium.evaluation.metric_terms import TermTables, terms_of_counts, terms_of_table


@dataclass
class RunResults:
    """The results of one state of the project.

    Attributes:
        name: of the state: workspace, or a revision as people call it.
        settings: that the competition depends on, flat.
        submitted: the models that are handed in, the first one that exists.
        models: the terms of each model's metrics, by model.
        seconds: that its stages took, None if they did not write it.
        notes: what could not be read, and why.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    submitted: list[str] = field(default_factory=list)
    models: dict[str, TermTables] = field(default_factory=dict)
    seconds: float | None = None
    notes: list[str] = field(default_factory=list)


def read_results(name: str, root: Path, competition: Competition) -> RunResults:
    """Return the results that the files in a folder hold; what cannot be read becomes a note.

    Args:
        name: of the state.
        root: the folder.
        competition: whose files are read.
    """
    results = RunResults(name)
    settings = _settings(root / "params.yaml", results.notes)
    results.settings = settings_concerned(competition, settings)
    results.submitted = competition.submitted_models(settings)
    # runs/ is in no revision; metrics/ of older ones hold the seconds
    names = competition.timed_metrics(settings)
    results.seconds = _seconds(root / "runs", names) or _seconds(root / "metrics", names)

    def of_table(path: Path) -> dict[str, TermTables]:
        model = BLEND if path == root / competition.files.blend else path.stem
        return {model: terms_of_table(path, competition.table_metrics)}

    for path in _tables(root, competition, settings):
        _add(results, root, path, of_table)
    counts = root / competition.files.counts
    if competition.files.counts and counts.is_file():
        _add(results, root, counts, terms_of_counts)
    for model, tables in results.models.items():
        ordered = [metric.name for metric in competition.metrics if metric.name in tables]
        results.models[model] = {metric: tables[metric] for metric in ordered}
    return results


def _add(
    results: RunResults, root: Path, path: Path, read: Callable[[Path], dict[str, TermTables]]
) -> None:
    try:
        for model, tables in read(path).items():
            results.models[model] = results.models.get(model, {}) | tables
    except PodiumError as error:
        results.notes.append(str(error).replace(f"{root}/", "").replace("\n", "; "))


def _settings(path: Path, notes: list[str]) -> dict[str, Any]:
    try:
        return dict(YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {})
    except (OSError, YAMLError, ValueError):
        notes.append("params.yaml cannot be read")
        return {}


def _tables(root: Path, competition: Competition, settings: dict[str, Any]) -> list[Path]:
    """Prediction tables; of readers only those that the settings still name."""
    paths = sorted((root / competition.files.tables).glob("*.csv"))
    if competition.task:
        readers = competition.readers(settings)
        paths = [path for path in paths if path.stem in readers]
    return paths + [path for path in [root / competition.files.blend] if path.is_file()]


def _seconds(folder: Path, names: list[str]) -> float | None:
    total, paths = 0.0, [path for name in names if (path := folder / f"{name}.json").is_file()]
    for path in paths:
        try:
            total += float(json.loads(path.read_text(encoding="utf-8"))["seconds"])
        except (ValueError, KeyError, TypeError):
            return None
    return total if paths else None
