"""Every error that a person may meet says what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT

KINDS = {"PodiumError", "SettingsError", "EnvironmentFault", "UnreadableRegion"}
# reasons that become part of another message, or that carry a remedy of their own
REASONS = {
    "core/params/__init__.py": "what pydantic says of a key",
    "captcha/ctc.py": "faults of a network",
    "captcha/reader_checks.py": "those of the settings",
    "slides/annotations/load.py": "those of Unusable",
    "slides/annotations/stored.py": "those of Unusable",
    "slides/rle.py": "reasons of `podium validate`",
    "slides/stitch.py": "faults of a caller",
    "slides/tiling.py": "the reason of the first slide",
}
INVARIANTS = (  # of our own code, which no input can break
    "do not add up", "feature rows for", "is not between 1 and", "came for the window",
)  # fmt: skip


def without_remedy(path: Path) -> Iterator[str]:
    """The errors of a module that say not what to do."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            words = ast.unparse(node.exc)
            kind = words.partition("(")[0].rpartition(".")[2]
            marks = ("remedy", "_REMEDY", "_WRITE_AGAIN", "RETRAIN", "_RENAME", *INVARIANTS)
            helps = any(mark in words for mark in marks)
            if kind in KINDS and not helps:
                yield f"line {node.lineno}: {words}"


@pytest.mark.parametrize("package", ["core", "captcha", "ensemble", "evaluation", "slides"])
def test_every_error_says_what_to_do(package: str) -> None:
    house = ROOT / "src/podium"
    paths = {path.relative_to(house).as_posix(): path for path in (house / package).rglob("*.py")}
    faults = {name: errors for name, path in paths.items() if (errors := [*without_remedy(path)])}
    assert {name: errors for name, errors in faults.items() if name not in REASONS} == {}
    assert REASONS.keys() & paths.keys() <= faults.keys()  # else take it off the list
