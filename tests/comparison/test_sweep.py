"""`podium sweep status` on a small project whose queue DVC's own workers have run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from podium.cli import app
from podium.comparison import sweep
from podium.core.errors import PodiumError

MAKE = """import pathlib, re, sys
x = int(re.search("x: (.+)", pathlib.Path("params.yaml").read_text()).group(1))
print(f"x is {x}", flush=True)
if x == 2:
    sys.exit("error: data: x is 2\\nremedy: take another")
pathlib.Path("out").write_text(str(x))
"""
PIPELINE = "stages:\n  train:\n    cmd: python make.py\n    params: [section]\n    outs: [out]\n"


def run(folder: Path, *words: str) -> str:
    env = os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"  # workers call dvc by its name
    with (folder.parent / "said").open("w+") as said:  # no pipe: workers would keep it open
        done = subprocess.run(words, cwd=folder, env=env, stdout=said, stderr=said, check=False)
        said.seek(0)
        text = said.read()
    assert done.returncode == 0, f"{words}\n{text}"
    return text


def until(true, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three experiments by two workers, one of which failed; a fourth is queued afterwards."""
    root = tmp_path_factory.mktemp("swept") / "project"
    root.mkdir()
    run(root, "git", "init", "-q", "-b", "trunk")
    run(root, "git", "config", "user.name", "t")
    run(root, "git", "config", "user.email", "t@example.org")
    run(root, "dvc", "init", "-q")
    (root / "make.py").write_text(MAKE)
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "params.yaml").write_text("section:\n  x: 0\n  y: 7\n")
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "-qm", "a")
    run(root, "dvc", "exp", "run", "-q", "--queue", "-S", "section.x=1,2,3")
    run(root, "dvc", "queue", "start", "-j", "2")
    seen: list[int] = []

    def over() -> bool:
        queue = sweep.read(root)
        seen.append(queue.n_workers)
        return {one.state for one in queue.tasks} == {"done", "failed"}

    try:
        until(over)
    finally:
        run(root, "dvc", "queue", "stop")
    assert max(seen) == 2
    until(lambda: sweep.read(root).n_workers == 0)
    print("SEEN", seen)
    run(root, "dvc", "exp", "run", "-q", "--queue", "-n", "fourth", "-S", "section.x=4")
    return root


def test_what_became_of_each(made):
    queue = sweep.read(made)
    found = [(task.state, task.settings) for task in queue.tasks]
    assert found[0] == ("queued", {"section.x": 4})
    assert sorted(found[1:3], key=str) == [("done", {"section.x": 1}), ("done", {"section.x": 3})]
    assert found[3] == ("failed", {"section.x": 2})
    assert queue.tasks[0].name == "fourth"
    *stage, of_dvc = queue.tasks[3].reason
    assert stage == ["error: data: x is 2", "remedy: take another"]
    assert of_dvc.startswith("ERROR: ")
    assert "failed to reproduce 'train'" in of_dvc
    assert queue.tasks[0].log is None
    for task in queue.tasks[1:]:
        assert f"x is {task.settings['section.x']}\n" in task.log.read_text()


def test_the_command(made, monkeypatch):
    monkeypatch.chdir(made)
    done = CliRunner().invoke(app, ["sweep", "status"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["queued", "fourth", "section.x=4"]
    assert lines[3].split()[::2] == ["failed", "section.x=2"]
    assert lines[4:6] == [f"{'':<9}error: data: x is 2", f"{'':<9}remedy: take another"]
    assert lines[6].strip().startswith("ERROR: ")
    assert lines[7].strip().startswith("log: .dvc/tmp/exps/run/")
    assert (made / lines[7].split()[1]).is_file()
    assert lines[8] == "1 queued, 2 done, 1 failed; workers: 0"
    assert lines[9].startswith("no worker is alive: dvc queue start")
    assert "dvc queue logs NAME" in lines[10]


def test_an_empty_queue_and_no_project(tmp_path):
    with pytest.raises(PodiumError, match="no project of DVC"):
        sweep.report(tmp_path)
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    assert sweep.report(tmp_path) == ["nothing in the queue; docs/sweeps.md says how to fill it"]


# ---- what fell with its machine


def task_of(process, state: str = "running", workers: bool = True) -> str:
    queue = SimpleNamespace(proc={"abc": process} if process else {})
    entry = SimpleNamespace(stash_rev="abc", baseline_rev="def", name="n")

    def gone(_: str) -> None:
        raise FileNotFoundError

    repo = SimpleNamespace(scm=SimpleNamespace(get_fs=gone))
    found = sweep._task(repo, queue, entry, state, workers)
    assert (found.name, found.settings) == ("n", {})
    return found.state


def test_a_task_whose_process_is_gone_is_lost():
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, "abc"]
    with subprocess.Popen(command, stdin=-1, stdout=-1) as process:
        assert process.stdout.readline() == b"up\n"
        alive = SimpleNamespace(pid=process.pid, returncode=None, stdout=None)
        assert task_of(alive) == "running"
        process.communicate(b"")
    assert task_of(alive) == "lost"
    other = SimpleNamespace(pid=os.getpid(), returncode=None, stdout=None)  # a number used again
    assert task_of(other) == "lost"
    ended = SimpleNamespace(pid=process.pid, returncode=0, stdout=None)  # DVC is collecting it
    assert task_of(ended) == "running"
    assert (task_of(None), task_of(None, workers=False)) == ("running", "lost")
    assert task_of(None, "queued", workers=False) == "queued"


@pytest.mark.parametrize(("log", "reason"), [
    ("a\nerror: one\nb\nerror: two\n  more\nremedy: x\nERROR: failed to reproduce\n",
     ["error: two", "  more", "remedy: x", "ERROR: failed to reproduce"]),
    ("Traceback:\n  File a\n  line\n\nValueError: no\nERROR: failed: exited with 1\n",
     ["  File a", "  line", "ValueError: no", "ERROR: failed: exited with 1"]),
    ("Running stage 'a':\n100 rows, checked\nERROR: failed to load directory ('plots', 'a')\n",
     ["Running stage 'a':", "100 rows, checked", "ERROR: failed to load directory ('plots', 'a')"]),
    ("ERROR: failed to pull\n", ["ERROR: failed to pull"]),
    ("", []),
])  # fmt: skip
def test_the_reason_of_a_failure(log, reason):
    assert sweep.why(log) == reason
