"""A small pipeline of two competitions, rebuilt side by side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import podium
from podium.cli import app

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")  # of DVC's tries
WORK = """import pathlib, sys, time
name, *needs = sys.argv[1:]
missing = [each for each in needs if not pathlib.Path(each).exists()]
assert not missing, missing
started = time.time()
if name.startswith("work") and (name + "-fails") not in map(str, pathlib.Path().iterdir()):
    other = pathlib.Path({"work@a": "started-work@b", "work@b": "started-work@a"}[name])
    pathlib.Path("started-" + name).touch()
    while not other.exists() and time.time() - started < 20:  # side by side: both have started
        time.sleep(0.05)
    met = other.exists()
elif name.startswith("work"):
    sys.exit(f"{name} cannot")
else:
    met = None
pathlib.Path(name).write_text(f"{met}")
"""


SLOW = """import os, pathlib, sys, time
name = sys.argv[1]
if name.startswith("work"):
    pathlib.Path("started-" + name).write_text(str(os.getpid()))
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(1)
        pathlib.Path("saved-" + name).touch()
        sys.exit(130)
pathlib.Path(name).touch()
"""
SRC = Path(podium.__file__).parents[1]


def stage(name: str, *needs: str) -> dict[str, object]:
    words = " ".join([name, *needs])
    return {"cmd": f"{sys.executable} work.py {words}", "deps": [*needs], "outs": [name]}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    bin_folder = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([bin_folder, os.environ["PATH"]]))
    for name, value in quiet.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    subprocess.run(["dvc", "init", "-q", "--no-scm"], check=True)
    Path("work.py").write_text(WORK)
    stages: dict[str, dict[str, object]] = {"fingerprint": stage("fingerprint")}
    for each in "ab":
        stages[f"work-{each}"] = stage(f"work@{each}", "fingerprint")
    stages["submit"] = {
        "foreach": ["a", "b"],
        "do": stage("submit-${item}", "fingerprint", "work@${item}"),
    }
    stages["report"] = stage("report", "submit-a", "submit-b")
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    return tmp_path


def test_two_competitions_run_at_once_and_the_last_stage_after_both(project):
    done = CliRunner().invoke(app, ["repro"])
    assert done.exit_code == 0, done.output
    assert [Path(f"work@{each}").read_text() for each in "ab"] == ["True", "True"]
    assert Path("report").exists()
    again = subprocess.run(["dvc", "repro"], capture_output=True, text=True, check=True)
    assert "up to date" in again.stdout
    locked = yaml.safe_load(Path("dvc.lock").read_text())["stages"]
    assert set(locked) == {"fingerprint", "work-a", "work-b", "submit@a", "submit@b", "report"}


def test_a_competition_that_fails_does_not_stop_the_others(project):
    Path("work@a-fails").touch()
    Path("started-work@a").touch()
    done = CliRunner().invoke(app, ["repro"])
    assert done.exit_code == 1
    assert "submit@a failed, the other competitions are done" in done.output
    assert Path("submit-b").exists()
    assert not Path("submit-a").exists()


@pytest.mark.parametrize(("jobs", "signal_"), [("1", signal.SIGINT), ("2", signal.SIGTERM)])
def test_what_stops_it_lets_stages_save_their_work(project, jobs, signal_):
    Path("work.py").write_text(SLOW)
    words = [sys.executable, "-m", "podium.cli", "repro", "--jobs", jobs]
    running = subprocess.Popen(words, env=os.environ | {"PYTHONPATH": str(SRC)})
    started = time.time()
    while not list(Path().glob("started-*")) and time.time() - started < 60:
        time.sleep(0.1)
    running.send_signal(signal_)
    assert running.wait(timeout=60) == 128 + signal_
    names = {path.name.removeprefix("started-") for path in Path().glob("started-*")}
    assert names
    assert names == {path.name.removeprefix("saved-") for path in Path().glob("saved-*")}
    for each in names:
        with pytest.raises(ProcessLookupError):
            os.kill(int(Path(f"started-{each}").read_text()), 0)
