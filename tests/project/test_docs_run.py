"""Every block of README and docs that can run here, word for word, in a finished run at smoke size.

The project must hold such a run: `podium profile smoke`, `make repro`. Blocks that need a GPU,
Kaggle, a remote or names to fill in are not run. For blocks of raw files the drawn ones are put
into data/raw. Of a sweep the first value is run, and of long trainings one short epoch. What only
shows a finished run is typed once, and stages that ran for one page come from DVC's cache for
another.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image

from doc_blocks import DOCS, FRONT, ROOT, SHELL, Block
from house import encoded, finished_at_smoke_size
from podium.captcha.equations.render import render as equation
from podium.captcha.generator import render

pytestmark = [pytest.mark.weights, pytest.mark.slow, pytest.mark.timeout(900)]
NOT_HERE = {"gpu", "kaggle", "remote", "example"}
ELSEWHERE = {  # commands that run otherwise, and what runs them
    "make repro": "the run that this test starts from",
    "make test": "this test is part of it",
    "dvc repro": "up to date: the run that this test starts from",
    "dvc queue start": "test_a_queued_experiment_runs_the_code_it_was_queued_with",
}


def one_epoch(section: str) -> str:
    """The command that shortens the trainings of a section of params.yaml."""
    edits = "s/ epochs: [a-z0-9]+/ epochs: 1/; s/ epoch_size: [0-9]+/ epoch_size: 32/"
    return f"sed -Ei '/^{section}:/,/^[a-z]/ {{{edits}}}' params.yaml"


ONCE = {"podium doctor", "podium results", "cat reports/blends.md", "dvc metrics diff"}  # it shows
SHORT = {
    r"(epochs=)\d+": r"\g<1>1",
    r"(epoch_size=)\d+": r"\g<1>32",
    r"(podium inspect slides --write)": r"\1 --minutes 0.1; " + one_epoch("train_segmenter"),
    r"(podium inspect captcha text --write)": r"\1; " + one_epoch("train_captcha_reader"),
    r"(podium profile finetune)": r"\1; " + one_epoch("photo_networks"),
    r"('[\w.]+=[^,']+),[^']*'": r"\1'",
}
N_CAPTCHAS = {"train": 40, "test": 8}


def runnable() -> dict[Path, list[str]]:
    """The commands that can run here, by page; equal blocks once."""
    blocks: dict[str, Block] = {}
    for block in SHELL:
        if not block.needs & NOT_HERE and block.page in FRONT + DOCS:
            blocks.setdefault("\n".join(lines_of(block)), block)
    pages: dict[Path, list[str]] = {}
    typed: set[str] = set()
    for block in blocks.values():
        lines = [line for line in lines_of(block) if line not in ONCE & typed]
        typed.update(lines)
        if lines:
            pages.setdefault(block.page, []).extend(lines)
    return pages


def draw_captchas(folder: Path, task: str) -> None:
    """Put drawn captchas into a folder as people have them: PNG files, and a table of labels."""
    for seed, (split, n_pictures) in enumerate(N_CAPTCHAS.items()):
        (folder / split).mkdir(parents=True)
        labels = [("id", "text")]
        for index in range(n_pictures):
            drawn = equation if task == "equations" else partial(render, task)
            pixels, text = drawn(seed, index)
            labels.append((f"{index}", text))
            (folder / split / f"{index}.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))
        if split == "train":
            with (folder / "train/labels.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(labels)


class Copy:
    """A copy of the project with its run, in which commands are typed.

    `shared` holds what all copies start from, DVC's cache, and a scratch folder of each test
    process, since two programs cannot write one file of it at a time.
    """

    def __init__(self, root: Path, shared: Path) -> None:
        self.root = shared / "finished"
        self.scratch = shared / f"scratch-{os.environ.get('PYTEST_XDIST_WORKER', 'one')}"
        with FileLock(shared / "finished.lock"):
            if not (shared / "finished.done").is_file():
                self._prepare(shared / "cache")
                (shared / "finished.done").touch()
        self.root = root
        shutil.copytree(shared / "finished", root, symlinks=True)

    def _prepare(self, cache: Path) -> None:
        """Copy the project, let `cache` be DVC's, put raw files there, and commit all."""
        for half in (self.root, cache):  # of a try that failed
            shutil.rmtree(half, ignore_errors=True)
        ignored = shutil.ignore_patterns(".venv", "__pycache__", ".*_cache", "tmp", "cache")
        shutil.copytree(ROOT, self.root, symlinks=True, ignore=ignored)
        shutil.copytree(ROOT / ".dvc/cache", cache, symlinks=True)
        (self.root / ".dvc/config.local").write_text(f"[cache]\n    dir = {cache}\n")
        (self.root / ".venv").symlink_to(Path(sys.executable).parents[1])
        raw = self.root / "data/raw"
        for name in ("photos", "slides"):
            shutil.copytree(ROOT / "data/standin" / name, raw / name, dirs_exist_ok=True)
        for task in ("text", "arithmetic", "equations"):
            draw_captchas(raw / "captcha" / task, task)
        self.type("git add -A && git -c user.name=a -c user.email=a@b commit -qm 'a finished run'")

    def type(self, line: str) -> str:
        """What a line of a shell printed; the test fails if it fails."""
        path = f"{self.root / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "PYTHONPATH": "src"}
        environment["PODIUM_SCRATCH"] = str(self.scratch)
        done = subprocess.run(
            ["bash", "-ec", line], cwd=self.root, env=environment, text=True, check=False,
            capture_output=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout + done.stderr


def lines_of(block: Block) -> list[str]:
    """The commands of a block as they are typed, made short."""
    text = "\n".join(block.lines).replace("\\\n", " ")
    for long, short in SHORT.items():
        text = re.sub(long, short, text)
    lines = [re.sub(r"\s+# .*", "", line).strip() for line in text.splitlines()]
    return [line for line in lines if line and line not in ELSEWHERE]


@pytest.mark.skipif(not finished_at_smoke_size(), reason="no finished run at smoke size")
@pytest.mark.parametrize("page", runnable(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_blocks_run(page: Path, tmp_path: Path, tmp_path_factory) -> None:
    base = tmp_path_factory.getbasetemp()
    copy = Copy(tmp_path / "podium", base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
    for line in runnable()[page]:
        print(line, copy.type(line), sep="\n")
