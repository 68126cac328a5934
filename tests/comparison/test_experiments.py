"""A small project of Git and DVC with experiments, read back; nothing of it changes."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from podium.cli import app
from podium.comparison.experiments import listed, read_all
from podium.competitions import COMPETITIONS
from podium.core.errors import PodiumError, SettingsError
from podium.evaluation.metric_terms import by_id, pooled_score

PHOTOS = COMPETITIONS["photos"]
MAKE = """import json, pathlib, re
text = pathlib.Path("params.yaml").read_text()
p = float(re.search("dropout: (.+)", text).group(1))
lines = ["id,split,fold,seed,model,params,group,truth,p_cat,p_dog"]
for k, truth in enumerate(["cat", "dog"] * 3):
    cat = 1 - p if truth == "cat" else p
    lines.append(f"i{k},oof,{k % 2},0,dense,x,g{k // 2},{truth},{cat!r},{1 - cat!r}")
folder = pathlib.Path("predictions/tables/photos")
folder.mkdir(parents=True, exist_ok=True)
(folder / "dense.csv").write_text("\\n".join(lines) + "\\n")
seconds = json.dumps({"seconds": 600 * p})
pathlib.Path("metrics/train_photo_classifier.json").write_text(seconds)
"""
PIPELINE = f"""stages:
  train:
    cmd: {sys.executable} make.py
    params: [train_photo_classifier]
    outs: [predictions/tables/photos]
    metrics:
      - metrics/train_photo_classifier.json:
          cache: false
"""


def run(folder: Path, *words: str) -> str:
    quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(
        words, cwd=folder, env=os.environ | quiet, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def dvc(folder: Path, *words: str) -> str:
    return run(folder, sys.executable, "-m", "dvc", *words)


def commit(folder: Path, message: str) -> None:
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", message)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A commit `old` (dropout 0.4), HEAD (0.3) and the experiments better (0.2), worse (0.5)."""
    root = tmp_path_factory.mktemp("made") / "project"
    (root / "metrics").mkdir(parents=True)
    run(root, "git", "init", "-q", "-b", "trunk")
    run(root, "git", "config", "user.name", "t")
    run(root, "git", "config", "user.email", "t@example.org")
    dvc(root, "init", "-q")
    run(root, "git", "config", "gc.auto", "0")
    (root / "make.py").write_text(MAKE)
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / ".gitignore").write_text("/predictions/\n")
    settings = "train_photo_classifier:\n  head: dense\n  dropout: {}\nextractors: {{}}\n"
    for dropout, message in ((0.4, "old"), (0.3, "now")):
        (root / "params.yaml").write_text(settings.format(dropout))
        dvc(root, "repro", "-q")
        commit(root, message)
        if message == "old":
            run(root, "git", "tag", "old")
    for name, dropout in (("better", 0.2), ("worse", 0.5)):
        change = f"train_photo_classifier.dropout={dropout}"
        dvc(root, "exp", "run", "-q", "-n", name, "-S", change)
    run(root, "git", "checkout", "-q", ".")
    dvc(root, "checkout", "-q")
    return root


@pytest.fixture
def project(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "project", symlinks=True)
    return tmp_path / "project"


def losses(revisions):
    rows = {one.name: one.models.get("dense", {}).get("log loss") for one in revisions}
    return {name: None if one is None else pooled_score(by_id(one)) for name, one in rows.items()}


def test_all_experiments_of_head(project):
    before = run(project, "git", "status", "--short")
    found, notes = read_all(project, PHOTOS)
    # HEAD says what the workspace says: once is enough. -ln .7, -ln .8, -ln .5
    wanted = {"workspace": 0.3566749, "better": 0.2231436, "worse": 0.6931472}
    assert losses(found) == pytest.approx(wanted, abs=1e-6)
    assert notes == []
    assert {one.name: one.seconds for one in found} == pytest.approx(
        {"workspace": 180, "better": 120, "worse": 300}
    )
    dropouts = {one.name: one.settings["train_photo_classifier.dropout"] for one in found}
    assert dropouts == {"workspace": 0.3, "better": 0.2, "worse": 0.5}
    assert run(project, "git", "status", "--short") == before
    assert list((project.parent / "scratch/compare").iterdir()) == []


def test_head_beside_a_changed_workspace(project):
    text = (project / "params.yaml").read_text().replace("0.3", "0.1")
    (project / "params.yaml").write_text(text)
    dvc(project, "repro", "-q")
    found, _ = read_all(project, PHOTOS)
    assert [one.name for one in found][:2] == ["workspace", "trunk"]
    assert losses(found)["workspace"] == pytest.approx(0.1053605)
    assert losses(found)["trunk"] == pytest.approx(0.3566749)


def test_named_revisions_only(project):
    commit_ = run(project, "git", "rev-parse", "--short", "HEAD~1").strip()
    found, _ = read_all(project, PHOTOS, ["old", "worse", commit_], "better")
    assert [one.name for one in found] == ["workspace", "better", "old", "worse", commit_]
    assert losses(found)["old"] == losses(found)[commit_] == pytest.approx(0.5108256)
    with pytest.raises(SettingsError, match="nix: no such experiment, branch, tag or commit"):
        read_all(project, PHOTOS, ["nix"])


def test_a_missing_cache_is_one_note(project):
    shutil.rmtree(project / ".dvc/cache")
    found, _ = read_all(project, PHOTOS, ["better"])
    here, other = found
    assert (here.notes, losses(found)["better"]) == ([], None)
    (note,) = other.notes
    assert note.startswith("not in DVC's cache: predictions/tables/photos")
    assert "dvc fetch" in note
    assert "dvc exp apply" in note


def test_a_missing_file_of_a_folder_is_the_same_note(project):
    for path in (project / ".dvc/cache").rglob("*"):
        if path.is_file() and path.suffix != ".dir":
            path.chmod(0o644)
            path.unlink()
    (_, other), _ = read_all(project, PHOTOS, ["better"])
    assert other.notes[0].startswith("not in DVC's cache: predictions/tables/photos/dense.csv; ")
    assert not other.models


def test_a_commit_that_dvc_refuses_stops_no_other(project):
    run(project, "git", "checkout", "-q", "-b", "broken")
    (project / "dvc.yaml").write_text("stages:\n  train: [1]\n")
    commit(project, "broken")
    run(project, "git", "checkout", "-q", "trunk")
    found, _ = read_all(project, PHOTOS, ["broken", "old"])
    assert losses(found)["old"] == pytest.approx(0.5108256)
    (note,) = found[1].notes
    assert note.startswith("DVC cannot read it: ")


def test_no_pack_stays_open(project):
    run(project, "git", "gc", "-q")
    (project / "more").write_text("x")
    commit(project, "more")
    run(project, "git", "repack", "-q")
    assert len(list((project / ".git/objects/pack").glob("*.pack"))) > 1
    read_all(project, PHOTOS, ["old", "worse"])
    read_all(project, PHOTOS)
    gc.collect()  # a pack left open is a warning, and a warning an error


def test_failed_and_unfinished_experiments_are_told_of():
    def state(name, kind):
        executor = SimpleNamespace(state=kind) if kind else None
        revision = SimpleNamespace(rev=f"{name}-sha", name=name)
        return SimpleNamespace(name=name, executor=executor, revs=[revision])

    each = [state("a", "success"), state("b", "failed"), state("c", "queued"), state("d", None)]
    head = SimpleNamespace(name=None, rev="0123456789", experiments=each)
    repo = SimpleNamespace(experiments=SimpleNamespace(show=lambda **_: [head]))
    found = listed(repo)
    assert found.commits == {"0123456": "0123456789", "a": "a-sha", "d": "d-sha"}
    assert found.notes == ["b: failed; dvc queue logs b says why", "c: queued, not finished"]


def test_no_project_at_all(tmp_path):
    with pytest.raises(PodiumError, match="no project of DVC\nremedy: "):
        read_all(tmp_path, PHOTOS)
    dvc(tmp_path, "init", "-q", "--no-scm")
    with pytest.raises(PodiumError, match="no Git repository"):
        read_all(tmp_path, PHOTOS)


# ---- the command


def command(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["compare", *(str(word) for word in words)])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_prints_and_writes(project, monkeypatch, tmp_path):
    monkeypatch.chdir(project)
    files = ["--md", tmp_path / "out/c.md", "--html", tmp_path / "out/c.html"]
    code, out, err = command("photos", *files, "--draws", 50)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].startswith("revision   model  log loss, mean +- sd")
    assert [line.split()[0] for line in lines[2:5]] == ["better", "workspace", "worse"]
    assert lines[2].split()[-2:] == ["2.0", "dropout=0.2"]
    assert "-0.1335 (-0.1335 to -0.1335)" in lines[2]
    assert "baseline" in lines[3]
    assert "50 bootstrap draws" in out
    assert "| better | dense |" in (tmp_path / "out/c.md").read_text()
    assert "<td" in (tmp_path / "out/c.html").read_text()


def test_the_command_with_another_baseline(project, monkeypatch):
    monkeypatch.chdir(project)
    code, out, err = command("photos", "worse", "--baseline", "old:dense", "--model", "dense")
    assert code == 0, err
    names = [line.split()[0] for line in out.splitlines()[2:5]]
    assert names == ["workspace", "old", "worse"]
    assert "to old:dense" in out


@pytest.mark.parametrize(("words", "message"), [
    (["photo"], "photo: no such competition"),
    (["photos", "nix"], "nix: no such experiment"),
    (["photos", "old", "--model", "nix"], "--model nix: no revision has it"),
    (["photos", "old", "--baseline", "old:"], "--baseline old:: no model"),
    (["photos", "old", "--baseline", "old:nix"], "it has no model 'nix'"),
])  # fmt: skip
def test_what_cannot_be_asked(project, monkeypatch, words, message):
    monkeypatch.chdir(project)
    code, _, err = command(*words)
    assert (code, message in err) == (2, True), err


def test_nothing_to_compare(project, monkeypatch):
    monkeypatch.chdir(project)
    code, _, err = command("slides", "old")
    assert code == 1
    assert "predictions/tables/slides: no revision has a prediction table" in err
