"""How a stage's run went: its seconds, device and throughput, kept apart from its results.

Equal runs write equal metrics, and clocks are never equal. So the record of the last run lies in
runs/, which neither git nor DVC compares, and the record of every run in the scratch folder, under
the hash of the metrics it wrote: that is how an experiment's minutes are found again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.core.files import file_sha256, scratch_dir, write_json


def run_path(metrics: Path) -> Path:
    """Return the file of the last run's record: metrics/x.json and x.json -> runs/x.json."""
    folder = metrics.parent
    return (folder.with_name("runs") if folder.name else folder / "runs") / metrics.name


def write_run(metrics: Path, record: Mapping[str, Any]) -> None:
    """Keep the record of the run that has written the file `metrics`.

    Of several runs with the same metrics the scratch folder keeps the longest: the others took
    work in progress from an earlier one.
    """
    record = {**record, "metrics": file_sha256(metrics)}
    write_json(run_path(metrics), record)
    kept = _kept_path(metrics)
    if record["seconds"] > _read(kept).get("seconds", 0.0):
        write_json(kept, record)


def read_run(metrics: Path) -> dict[str, Any]:
    """Return the record of the run that wrote the file `metrics`; {} if none is known."""
    if not metrics.is_file():
        return {}
    last = _read(run_path(metrics))
    if last.get("metrics") == file_sha256(metrics):
        return last
    return _read(_kept_path(metrics)) or _read(metrics)  # metrics of older revisions hold seconds


def _kept_path(metrics: Path) -> Path:
    return scratch_dir("runs") / f"{metrics.stem}-{file_sha256(metrics)[:20]}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
