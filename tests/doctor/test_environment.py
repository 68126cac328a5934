"""What `podium doctor` looks at: each finding in good order and out of it."""

from __future__ import annotations

import fcntl
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podium.cli import app
from podium.doctor import environment

Usage = namedtuple("Usage", "total used free")
PLACE = ".dvc/tmp"


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / PLACE).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("found", "state"),
    [((3, 10), "machine"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "machine")],
)
def test_python(monkeypatch, found, state):
    monkeypatch.setattr(sys, "version_info", (*found, 0))
    assert environment.python().state == state


def test_packages(tmp_path):
    pins = tmp_path / "cpu.txt"
    assert environment.packages(pins).state == "note"
    keras = environment.installed("keras")
    pins.write_text(f"keras=={keras} \\\n    --hash=sha256:0\nkeras==1.0 ; python_version < '3'\n")
    assert environment.packages(pins).state == "ok"
    pins.write_text("keras==1.0 \\\n    --hash=sha256:0\n")
    found = environment.packages(pins)
    assert (found.state, f"keras {keras}, pinned 1.0: run make setup" in found.text) == (
        "machine",
        True,
    )


@pytest.mark.parametrize(("gib", "state"), [(0.5, "machine"), (5, "note"), (50, "ok")])
def test_disk(monkeypatch, tmp_path, gib, state):
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: Usage(0, 0, gib * 2**30))
    found = environment.disk("disk", tmp_path)
    assert (found.state, f"{gib:.1f} GiB free" in found.text) == (state, True)


def test_memory(tmp_path):
    facts = tmp_path / "meminfo"
    assert environment.memory(facts).text == "this system does not tell"
    for free, state in ((1, "note"), (8, "ok")):
        facts.write_text(f"MemTotal: {16 * 2**20} kB\nMemAvailable: {free * 2**20} kB\n")
        found = environment.memory(facts)
        assert (found.state, found.text.startswith(f"{free}.0 of 16.0 GiB free")) == (state, True)


def test_links_to_nothing_among_raw_files_are_named_before_dvc_stops(project, monkeypatch):
    raw = project / "data/raw/photos/train"
    raw.mkdir(parents=True)
    (raw / "1.jpg").write_bytes(b"x")
    (raw / "link.jpg").symlink_to("1.jpg")
    assert environment.raw_links(project).state == "ok"
    (raw / "2\n.jpg").symlink_to("../gone.jpg")
    (project / "data/raw/slides").symlink_to("/nowhere")
    result = environment.raw_links(project)
    assert result.state == "data"
    start = r"2 links to nothing, e.g. data/raw/photos/train/2\n.jpg: dvc repro would stop there; "
    assert result.text.startswith(start)
    monkeypatch.chdir(project)
    printed = CliRunner().invoke(app, ["doctor", "--quick"]).output
    assert f"FAULT  raw files                    {start}fetch" in printed
    (project / ".dvcignore").write_text("data/raw/slides\n")
    assert environment.raw_links(project).text.startswith("1 links to nothing")


def test_locks_in_good_order(project):
    assert environment.locks(project, fix=False).state == "ok"
    (project / PLACE / "rwlock").write_text("{}")
    assert environment.locks(project, fix=True).state == "ok"
    assert (project / PLACE / "rwlock").exists()


def test_a_broken_table_of_locks_is_removed_only_on_request(project):
    path = project / PLACE / "rwlock"
    path.write_text('{"data": ')
    assert environment.locks(project, fix=False).state == "machine"
    assert path.exists()
    assert environment.locks(project, fix=True).state == "ok"
    assert not path.exists()


@pytest.mark.parametrize("name", ["lock", "rwlock.lock"])
def test_it_is_left_alone_while_a_process_holds_the_repository(project, name):
    path = project / PLACE / "rwlock"
    path.write_text("")
    with (project / PLACE / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = environment.locks(project, fix=True)
    assert (found.state, f"holds {name}" in found.text) == ("machine", True)
    assert path.exists()


def test_weights_of_keras_hub_need_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "installed", lambda _: None)
    (found,) = environment.weights({"dinov2-small": "download"}, tmp_path)
    assert (found.state, "requirements/hub.txt" in found.text) == ("machine", True)
    monkeypatch.setattr(environment, "installed", lambda _: "0.32.0")
    assert next(environment.weights({"dinov2-small": "download"}, tmp_path)).state == "note"
    assert next(environment.weights({"dinov2-small": "0" * 64}, tmp_path)).state == "data"


def test_weights(tmp_path):
    (tmp_path / "vgg16.weights.h5").touch()
    sources = {"efficientnet-lite0": "package", "hog": "none", "resnet50": "download"}
    sources |= {
        "vgg16": "0" * 64,
        "xception": "0" * 64,
        "resnet5": "none",
        "convnexttiny": "package",
    }
    found = {
        one.name.removeprefix("weights "): one.state
        for one in environment.weights(sources, tmp_path)
    }
    assert found == {
        "efficientnet-lite0": "ok", "hog": "ok", "resnet50": "note", "vgg16": "ok",
        "xception": "data", "resnet5": "data", "convnexttiny": "machine",
    }  # fmt: skip


def test_the_command_says_what_is_missing(project, monkeypatch):
    monkeypatch.chdir(project)
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: Usage(0, 0, 50 * 2**30))
    done = CliRunner().invoke(app, ["doctor", "--quick"])
    assert done.exit_code == 1
    assert "FAULT  weights" in done.output
    (project / "params.yaml").write_text("extractors:\n  hog:\n    weights: none\n")
    done = CliRunner().invoke(app, ["doctor", "--quick"])
    assert (done.exit_code, "FAULT" in done.output) == (0, False)
    (project / PLACE / "rwlock").write_text("broken")
    done = CliRunner().invoke(app, ["doctor", "--quick"])
    assert (done.exit_code, "run podium doctor --fix" in done.output) == (3, True)
    done = CliRunner().invoke(app, ["doctor", "--quick", "--fix"])
    assert (done.exit_code, "was broken, removed" in done.output) == (0, True)
