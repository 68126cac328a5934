"""One state of the project, as its files tell: predictions, settings, seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from podium.competitions import BLEND, Contest
from podium.core.errors import PodiumError
from podium.evaluation.metric_terms import (
    Evidence,
    of_classes,
    of_counts,
    of_texts,
)


@dataclass
class Revision:
    """What is known of one state of the project.

    Attributes:
        name: as people call it.
        settings: that the competition depends on, flat.
        submitted: the models that are handed in, the first one that exists.
        models: what each model's predictions say.
        seconds: that its stages took, None if they did not write it.
        notes: what could not be read, and why.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    submitted: list[str] = field(default_factory=list)
    models: dict[str, Evidence] = field(default_factory=dict)
    seconds: float | None = None
    notes: list[str] = field(default_factory=list)


def read_revision(name: str, root: Path, contest: Contest) -> Revision:
    """What the files in the folder `root` say; what cannot be read becomes a note."""
    found = Revision(name)
    settings = _settings(root / "params.yaml", found.notes)
    found.settings = contest.concerned(settings)
    found.submitted = contest.submitted(settings)
    # runs/ is in no revision; metrics/ of older ones hold the seconds
    seconds = [_seconds(root / folder, contest.timed(settings)) for folder in ("runs", "metrics")]
    found.seconds = seconds[0] or seconds[1]
    for path in _tables(root, contest, settings):
        _take(found, root, path, partial(_of_table, contest=contest, root=root))
    if contest.counts and (root / contest.counts).is_file():
        _take(found, root, root / contest.counts, of_counts)
    _in_order(found, contest)
    return found


def _of_table(path: Path, contest: Contest, root: Path) -> dict[str, Evidence]:
    model = BLEND if path == root / contest.blend else path.stem
    return {model: of_texts(path) if contest.task else of_classes(path, contest.room == "slides")}


def _take(
    found: Revision, root: Path, path: Path, read: Callable[[Path], dict[str, Evidence]]
) -> None:
    try:
        for model, evidence in read(path).items():
            found.models[model] = found.models.get(model, {}) | evidence
    except PodiumError as error:
        found.notes.append(str(error).replace(f"{root}/", "").replace("\n", "; "))


def _in_order(found: Revision, contest: Contest) -> None:
    for model, evidence in found.models.items():
        found.models[model] = {
            name: evidence[name] for name in contest.measures if name in evidence
        }


def _settings(path: Path, notes: list[str]) -> dict[str, Any]:
    try:
        return dict(YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {})
    except (OSError, YAMLError, ValueError):
        notes.append("params.yaml cannot be read")
        return {}


def _tables(root: Path, contest: Contest, settings: dict[str, Any]) -> list[Path]:
    """Prediction tables; of captchas only those of readers that the settings still name."""
    found = sorted((root / contest.tables).glob("*.csv"))
    if contest.task:
        readers = contest.readers(settings)
        found = [path for path in found if path.stem in readers]
    return found + [path for path in [root / contest.blend] if path.is_file()]


def _seconds(folder: Path, names: list[str]) -> float | None:
    total, paths = 0.0, [path for name in names if (path := folder / f"{name}.json").is_file()]
    for path in paths:
        try:
            total += float(json.loads(path.read_text(encoding="utf-8"))["seconds"])
        except (ValueError, KeyError, TypeError):
            return None
    return total if paths else None
