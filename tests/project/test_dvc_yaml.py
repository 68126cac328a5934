"""The wiring: each stage names the modules it needs, its params section, and nothing overlaps."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from house import ROOT
from podium.core.params import Params

STAGES = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
BODIES = {name: stage.get("do", stage) for name, stage in STAGES.items()}


def names_imported(path: Path) -> set[str]:
    """The dotted names that `path` imports, at any depth of its functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imported(path: Path) -> set[Path]:
    """The project's files that `path` imports."""
    names = [name for name in names_imported(path) if name.startswith("podium")]
    files = [ROOT / "src" / (name.replace(".", "/") + ".py") for name in names]
    return {file for file in files if file.is_file()}


def needed(stage: str) -> set[str]:
    todo, seen = [ROOT / f"src/podium/stages/{stage}.py"], set()
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += imported(path)
    exempt = ROOT / "src/podium/core/params.py"  # its values are tracked by `params:`
    return {path.relative_to(ROOT).as_posix() for path in seen - {exempt}}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_lists_exactly_the_modules_it_needs(name):
    listed = [dep for dep in BODIES[name]["deps"] if dep.startswith("src/")]
    assert sorted(set(listed)) == sorted(needed(name))
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_runs_the_file_and_reads_the_section_of_its_name_if_there_is_one(name):
    body = BODIES[name]
    assert f"PYTHONPATH=src python -m podium.stages.{name}" in body["cmd"]
    assert (ROOT / f"src/podium/stages/{name}.py").is_file()
    read = {str(key).split(".")[0] for key in body.get("params", [])}
    assert name in read or name not in Params.model_fields


@pytest.mark.parametrize("name", STAGES)
def test_every_path_in_a_command_is_declared(name):
    body = BODIES[name]
    declared = [*body["deps"]]
    for kind in ("outs", "metrics", "plots"):
        declared += [
            entry if isinstance(entry, str) else next(iter(entry)) for entry in body.get(kind, [])
        ]
    for path in re.findall(r"--[a-z-]+ (\S+/\S+|features)(?:\s|$)", body["cmd"]):
        assert path in declared or path == "data/weights"


def test_no_output_lies_inside_another():
    outs = []
    for body in BODIES.values():
        for kind in ("outs", "metrics"):
            outs += [
                entry if isinstance(entry, str) else next(iter(entry))
                for entry in body.get(kind, [])
            ]
    for one in outs:
        assert not [other for other in outs if other != one and other.startswith(one + "/")]


def test_every_section_of_params_is_read_by_some_stage():
    read = {str(key).split(".")[0] for body in BODIES.values() for key in body.get("params", [])}
    assert read == set(Params.model_fields)
