"""The results of one state of the project, read from its files: predictions, settings, seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from podium.competitions import settings_concerned
from podium.core.errors import PodiumError
from podium.core.run_records import read_run
from podium.evaluation.competition import BLEND, Competition
from podium.evaluation.metric_terms import TermTables, terms_of_counts, terms_of_table
from podium.evaluation.table_files import paths_in


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
    names = competition.timed_metrics(settings)
    results.seconds = seconds_of(root / "metrics", names)
    if results.seconds is None and any((root / f"metrics/{name}.json").is_file() for name in names):
        results.notes.append(
            "minutes unknown: not all of its stages ran with this machine's scratch folder"
        )

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
    paths = paths_in(root / competition.files.tables)
    if competition.task:
        readers = competition.readers(settings)
        paths = [path for path in paths if path.stem in readers]
    others = [*competition.network_tables(settings), competition.files.blend]
    return paths + [path for name in others if (path := root / name).is_file()]


def seconds_of(folder: Path, names: Iterable[str]) -> float | None:
    """Return how long the stages ran that wrote the metrics `names`; None if any is not known.

    Args:
        folder: of metrics.
        names: of files, without suffix; those that are not there count for nothing.
    """
    paths = [path for name in names if (path := folder / f"{name}.json").is_file()]
    seconds = [_number(read_run(path).get("seconds")) for path in paths]
    known = [each for each in seconds if each is not None]
    return sum(known) if paths and len(known) == len(paths) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
