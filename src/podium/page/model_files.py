"""The model files of a competition, and what each says of itself."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from podium.page.run_facts import RunFacts
from podium.training.model_file import read_description


def model_paths(facts: RunFacts) -> list[Path]:
    """Return the model files of a competition that are there."""
    task = facts.competition.task
    readers = [f"{name}.keras" for name in facts.competition.readers(facts.settings)]
    names = readers if task else [f"{facts.competition.name}.keras"]
    if facts.competition.files.networks:
        names += [f"photos-{name}.keras" for name in
                  facts.competition.entries(facts.settings, "photo_networks")]  # fmt: skip
    return [path for name in names if (path := facts.root / "models" / name).is_file()]


def explained_model(facts: RunFacts) -> Path | None:
    """Return the model file that mistakes are explained by: of readers the best one's."""
    paths = [path for path in model_paths(facts) if "left_out" not in model_says(path)]
    best = facts.blend.get("single", {}).get("model")
    return next((path for path in paths if path.stem == best), paths[0] if paths else None)


def model_says(path: Path) -> dict[str, Any]:
    """Return what a model file says of itself; of a reader that was left out, `left_out`."""
    if zipfile.is_zipfile(path):
        return read_description(path)
    return dict(json.loads(path.read_text(encoding="utf-8")))
