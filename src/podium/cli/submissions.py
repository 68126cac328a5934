"""`podium submit`: what would be handed in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from podium.errors import PodiumError, guarded


@guarded
def submit(
    name: Annotated[str, typer.Argument(help="A submission, e.g. photos.")],
    folder: Annotated[Path, typer.Option(help="Where submissions lie.")] = Path("submissions"),
) -> None:
    """Show what would be handed in for a competition, after checking it against its manifest."""
    from podium.files import file_sha256

    path = folder / f"{name}.csv"
    manifest_path = path.with_suffix(".json")
    for needed in (path, manifest_path):
        if not needed.is_file():
            raise PodiumError(f"{needed}: no such file\nremedy: run dvc repro submit_{name}")
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    if manifest["sha256"] != file_sha256(path):
        raise PodiumError(
            f"{path}: changed since it was checked (sha256 differs from {manifest_path.name})\n"
            f"remedy: run dvc repro submit_{name}"
        )
    if "note" in manifest:
        raise PodiumError(f"{path}: nothing to hand in, {manifest['note']}")
    head = path.read_text(encoding="utf-8").splitlines()[:4]
    print(f"would send {path}: {manifest['rows']} rows, sha256 {manifest['sha256'][:16]}")
    print("\n".join(f"  {line}" for line in [*head, "..."]))
    print("\n".join(_score_lines(manifest["scores"])))
    if filled := manifest.get("filled_with_prior"):
        print(f"  {len(filled)} rows hold the class shares, their pictures cannot be read")
    if empty := manifest.get("not_computable"):
        print(f"  {len(empty)} rows have no value, their expressions cannot be computed")


def _score_lines(scores: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Each score under its name; within a group, one line."""
    if "log_loss" in scores:
        yield f"  {name:<30} log loss {scores['log_loss']:.4f}  accuracy {scores['accuracy']:.4f}"
    elif "score" in scores:
        low, high = scores["low"], scores["high"]
        yield f"  {name:<30} {scores['score']:.4f}  (95 %: {low:.4f} to {high:.4f})"
    else:
        for key, value in scores.items():
            if isinstance(value, Mapping):
                yield from _score_lines(value, f"{name}.{key}".removeprefix("."))
