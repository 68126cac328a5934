"""The wiring: each stage names the modules it needs, its params section, and nothing overlaps."""

from __future__ import annotations

import json
import re

import pytest
from ruamel.yaml import YAML

from house import ROOT
from podium.competitions import COMPETITIONS
from podium.core.params import Params
from podium.evaluation.competition import flat
from podium.evaluation.headline import Headline
from podium.evaluation.scores import Score
from podium.stages import fingerprint

PIPELINE = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())
STAGES = PIPELINE["stages"]
BODIES = {name: stage.get("do", stage) for name, stage in STAGES.items()}


@pytest.mark.parametrize("name", [name for name in STAGES if name != "fingerprint"])
def test_a_stage_depends_on_the_fingerprint_of_its_code(name):
    deps = BODIES[name]["deps"]
    assert deps.count(f"fingerprints/{name}") == 1
    assert not [dep for dep in deps if dep.startswith("src")]


def test_the_fingerprints_in_git_are_those_of_the_code():
    kept = {path.name: path.read_text() for path in (ROOT / "fingerprints").iterdir()}
    fresh = {name: f"{text}\n" for name, text in fingerprint.all_fingerprints().items()}
    assert kept == fresh, "remedy: dvc repro fingerprint"


def test_every_fingerprint_that_a_stage_depends_on_is_written():
    names = set(fingerprint.all_fingerprints())
    for body in BODIES.values():
        for dep in body["deps"]:
            path, _, name = dep.partition("fingerprints/")
            assert path or "${" in name or name in names


def test_an_edit_is_seen_once(tmp_path, capsys):
    fingerprint.main(["--out", str(tmp_path / "new")])
    (tmp_path / "new/submit").write_text("an older one\n")
    (tmp_path / "new/a_stage_that_is_gone").write_text("\n")
    capsys.readouterr()
    fingerprint.main(["--out", str(tmp_path / "new")])
    assert capsys.readouterr().out == "code changed: submit\n"
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(
        fingerprint.all_fingerprints()
    )
    fingerprint.main(["--out", str(tmp_path / "new")])
    assert capsys.readouterr().out == "code changed: nothing\n"


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


def flags(entry) -> tuple[str, dict]:
    """An output and its flags: {} where it stands alone."""
    return (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))


def outputs() -> list[tuple[str, dict]]:
    kinds = [body.get(kind, []) for body in BODIES.values() for kind in ("outs", "metrics")]
    return [flags(entry) for entries in kinds for entry in entries]


def test_what_git_tracks_is_not_deleted_before_a_stage_runs():
    """DVC deletes outputs first, and a stage that fails never writes them again."""
    in_git = [path for path, flag in outputs() if flag.get("cache") is False]
    assert in_git == ["fingerprints", "metrics/${key}.json"]
    assert all(flag["persist"] for path, flag in outputs() if path in in_git)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "/metrics/*_*.json" in ignored  # of stages; names of competitions have no underscore
    for path, flag in outputs():
        if path.startswith("metrics/") and path not in in_git:
            assert "_" in path.partition("/")[2].partition("$")[0]
            assert not flag
    assert not [name for name in COMPETITIONS if "_" in name]


def test_dvc_shows_few_columns_of_metrics():
    """`dvc exp show` has one for each number of each file that is declared as metrics."""
    declared = [flags(entry)[0] for body in BODIES.values() for entry in body.get("metrics", [])]
    assert declared == ["metrics/${key}.json"]
    assert list(STAGES["submit"]["foreach"]) == list(COMPETITIONS)
    one = Score(0.5, 0.1, 0.3, 0.7, 9)
    numbers = []
    for competition in COMPETITIONS.values():
        first, *others = competition.metrics
        headline = Headline(
            competition, first.key, one, {each.key: one for each in others}, test=one
        )
        numbers += flat(headline.numbers())
    assert len(numbers) == len(set(numbers)) == 17
    kept = [flat(json.loads((ROOT / f"metrics/{name}.json").read_text())) for name in COMPETITIONS]
    assert sum(map(len, kept)) <= 17
    assert max(map(len, numbers)) <= 31  # captcha-arithmetic.whole_string


def test_plots_name_their_files_so_that_no_folder_is_read():
    """A bare path is looked for in DVC's cache: `dvc exp run` fails where that lacks the folder."""
    outs = [path for path, _ in outputs()]
    for entry in PIPELINE["plots"]:
        ((name, plot),) = entry.items()
        assert isinstance(plot["y"], dict)
        for path in plot["y"]:
            known = {re.sub(r"\$\{key\}.*", "", out) for out in outs}
            assert any(path.startswith(out) for out in known if out.startswith(("plots", "rep")))
            assert path.endswith(".csv") or path == name


def params_of(name: str) -> list[str]:
    """The params of a stage; those that stand in the values of its foreach, too."""
    values = STAGES[name].get("foreach", {})
    keys = [str(key) for key in BODIES[name].get("params", [])]
    named = [key[7:-1] for key in keys if key.startswith("${item.")]
    return [key for key in keys if not key.startswith("${item.")] + [
        each[key] for each in (values.values() if named else ()) for key in named
    ]


def test_every_section_of_params_is_read_by_some_stage():
    read = {key.split(".")[0] for name in STAGES for key in params_of(name)}
    assert read == set(Params.model_fields)
