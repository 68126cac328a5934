"""The manifest beside a submission: checked, and told to people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from podium.core.errors import PodiumError
from podium.evaluation.scores import score_from


def show(name: str, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Print the first rows of a submission, its scores, and its row of the ledger.

    Args:
        name: of the competition.
        folder: where submissions lie.
        manifest: of this one, checked.
    """
    from podium.submission import ledger

    path = folder / f"{name}.csv"
    head = path.read_text(encoding="utf-8").splitlines()[:4]
    print(f"would send {path}: {manifest['rows']} rows, sha256 {manifest['sha256'][:16]}")
    print("\n".join(f"  {line[:97]}{'...' * (len(line) > 97)}" for line in [*head, "..."]))
    print("\n".join(score_lines(manifest["scores"])))
    if filled := manifest.get("filled"):
        print(f"  {len(filled)} rows were filled, they could not be predicted")
    if empty := manifest.get("not_computable"):
        print(f"  {len(empty)} rows have no value, their expressions cannot be computed")
    if entry := ledger.find(ledger.read(folder / "ledger.csv"), name, manifest["sha256"]):
        print("in the ledger already:")
        print("\n".join(f"  {line}" for line in ledger.as_text([entry]).splitlines()))


def checked_manifest(name: str, folder: Path) -> dict[str, Any]:
    """Return the manifest of a submission in `folder`.

    Raises:
        PodiumError: it or the submission is not there, they do not belong together, or there is
            nothing to hand in.
    """
    from podium.core.files import file_sha256

    path = folder / f"{name}.csv"
    manifest_path, stage = path.with_suffix(".json"), f"submit@{name}"
    for needed in (path, manifest_path):
        if not needed.is_file():
            raise PodiumError(f"{needed}: no such file\nremedy: run dvc repro {stage}")
    try:
        manifest: dict[str, Any] = dict(json.loads(manifest_path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise PodiumError(f"{manifest_path}: no manifest\nremedy: run dvc repro {stage}") from None
    if manifest.get("sha256") != file_sha256(path):
        raise PodiumError(
            f"{path}: changed since it was checked (sha256 differs from {manifest_path.name})\n"
            f"remedy: run dvc repro {stage}"
        )
    if "note" in manifest:
        raise PodiumError(f"{path}: nothing to hand in, {manifest['note']}")
    return manifest


def score_lines(scores: Mapping[str, Any], group: str = "") -> Iterator[str]:
    """Yield a line for each score of a manifest, after the name of its group."""
    for name, value in scores.items():
        label = f"{group} {name}".strip()
        if (score := score_from(value)) is not None:
            yield f"  {label:<30} {score.in_words()}"
        elif isinstance(value, Mapping):
            yield from score_lines(value, label)
        else:
            yield f"  {label:<30} {value}"
