"""A tiny project with origin, remote and a runner's tools: three stages without TensorFlow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from house import ROOT

TOOLS = Path(sys.executable).parent

PIPELINE = """
stages:
  first:
    cmd: python stage.py first
    params: [first]
    deps: [stage.py]
    outs: [data/first.txt]
  second:
    cmd: python stage.py second
    params: [second]
    deps: [stage.py, data/first.txt]
    outs: [plots/second.png]
    metrics:
      - metrics/second.json:
          cache: false
  third:
    cmd: python stage.py third
    deps: [stage.py, metrics/second.json]
    outs: [data/third.txt]
plots:
  - plots/second.png
"""

STAGE = '''
"""Logs its name outside the project, then writes what dvc.yaml promises."""
import json, os, re, signal, sys
from pathlib import Path

name, scratch = sys.argv[1], Path(os.environ["PODIUM_SCRATCH"])
for mishap in ("power-cut", "fault"):
    if (scratch / f"{mishap}-{name}").exists():
        (scratch / f"{mishap}-{name}").unlink()
        sys.exit("error: a fault") if mishap == "fault" else os.killpg(0, signal.SIGKILL)
with (scratch / "ran").open("a") as log:
    log.write(name + "\\n")
settings = dict(re.findall(r"(\\w+): (\\d+)", Path("params.yaml").read_text()))
for folder in ("data", "plots", "metrics"):
    Path(folder).mkdir(exist_ok=True)
if name == "first":
    Path("data/first.txt").write_text("x" * int(settings["length"]))
elif name == "second":
    score = len(Path("data/first.txt").read_text()) * int(settings["factor"])
    Path("metrics/second.json").write_text(json.dumps({"score": score}))
    Path("plots/second.png").write_bytes(b"\\x89PNG" + bytes([score]))
else:
    Path("data/third.txt").write_text(Path("metrics/second.json").read_text())
'''

FILES = {
    "dvc.yaml": PIPELINE,
    "stage.py": STAGE,
    "params.yaml": "first:\n  length: 3\nsecond:\n  factor: 2\n",
    "profiles/long.yaml": "first:\n  length: 5\nsecond:\n  factor: 2\n",
    ".gitignore": "/data/\n/plots/\n/.venv/\n",
}

# $NOTES collects what the stand-ins were asked
STAND_INS = {
    "make": 'echo "make $*" >> "$NOTES"; mkdir -p .venv/bin; cp "$BIN/pip" .venv/bin/pip',
    "pip": 'echo "pip $*" >> "$NOTES"',
    "nvidia-smi": 'echo "GPU 0: stand-in"',
    "podium": 'echo "podium $*" >> "$NOTES"; [ $1 = doctor ] || cp "profiles/$2.yaml" params.yaml',
    "gh": 'echo "gh $*" >> "$NOTES"; while [ $# -gt 1 ]; do shift; done; cp "$1" "$NOTES.comment"',
}


class Bench:
    """A folder with origin.git, a remote store, the runner's state and its tools.

    Attributes:
        root: where everything lies.
        state: what outlives a run on the runner: DVC's cache and scratch.
        environment: of everything that runs here: no identity, no settings of a person.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.state = root, root / "state"
        (root / "home").mkdir(parents=True)
        (root / "bin").mkdir()
        for name, body in STAND_INS.items():
            (root / f"bin/{name}").write_text(f"#!/usr/bin/env bash\n{body}\n")
            (root / f"bin/{name}").chmod(0o755)
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        self.environment = kept | {
            "PATH": f"{root}/bin:{TOOLS}:{os.environ['PATH']}",
            "HOME": str(root / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "NOTES": str(root / "notes"),
            "BIN": str(root / "bin"),
            "PODIUM_SCRATCH": str(self.state / "scratch"),
            "PYTHONPATH": str(ROOT / "src"),
        }

    def run(self, folder: str, *words: str) -> str:
        """What `words` printed in `folder`; fails the test if they fail."""
        done = subprocess.run(
            words, cwd=self.root / folder, env=self.environment, text=True, capture_output=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def git(self, folder: str, *words: str) -> str:
        return self.run(folder, "git", "-c", "user.name=t", "-c", "user.email=t@e.org", *words)

    def ran(self) -> list[str]:
        log = self.state / "scratch/ran"
        return log.read_text().split() if log.exists() else []

    def notes(self) -> list[str]:
        return (self.root / "notes").read_text().splitlines()

    def clone(self, name: str, rev: str = "origin/main") -> Path:
        """A fresh clone, as actions/checkout leaves it: at a commit, on no branch."""
        self.run(".", "git", "clone", "-q", f"{self.root}/origin.git", name)
        self.run(name, "git", "checkout", "-q", "--detach", rev)
        return self.root / name


def make_bench(root: Path) -> Bench:
    """A bench whose origin has `main` with the tiny project, run once; its outputs are pushed."""
    bench = Bench(root)
    bench.run(".", "git", "init", "-q", "--bare", "-b", "main", "origin.git")
    bench.run(".", "git", "clone", "-q", f"{root}/origin.git", "first")
    first = root / "first"
    for name, text in FILES.items():
        (first / name).parent.mkdir(exist_ok=True)
        (first / name).write_text(text)
    for name in (".dvc/config", ".dvc/.gitignore"):
        (first / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, first / name)
    shutil.copytree(ROOT / ".github", first / ".github")
    (bench.state / "scratch").mkdir(parents=True)
    bench.run("first", "dvc", "remote", "add", "-q", "--local", "-d", "store", f"{root}/store")
    bench.run("first", "dvc", "repro", "-q")
    bench.run("first", "dvc", "push", "-q", "--run-cache")
    bench.git("first", "add", "-A")
    bench.git("first", "commit", "-qm", "state")
    bench.git("first", "push", "-q", "origin", "HEAD:main")
    shutil.rmtree(bench.state)
    return bench
