"""Every block of README and docs that can run here, word for word, in a finished run at smoke size.

The project must hold such a run: `podium profile smoke`, `make repro`. Blocks that need a GPU,
Kaggle, a remote or names to fill in are not run. For blocks of raw files the drawn ones are put
into data/raw. Of a sweep the first value is run, and of long trainings one short epoch.
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
}
SHORT = {
    r"(epochs=)\d+": r"\g<1>1",
    r"(epoch_size=)\d+": r"\g<1>32",
    r"(podium inspect slides --write)": r"\1 --minutes 0.1; "
    "sed -i 's/epoch_size: 128 /epoch_size: 16 /' params.yaml",
    r"('[\w.]+=[^,']+),[^']*'": r"\1'",
}
N_CAPTCHAS = {"train": 40, "test": 8}


def runnable() -> dict[Path, list[Block]]:
    """The blocks that can run here, by page; equal ones once."""
    blocks: dict[str, Block] = {}
    for block in SHELL:
        if not block.needs & NOT_HERE and block.page in FRONT + DOCS:
            blocks.setdefault("\n".join(lines_of(block)), block)
    pages: dict[Path, list[Block]] = {}
    for text, block in blocks.items():
        if text:
            pages.setdefault(block.page, []).append(block)
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
    """A copy of the project with its run, in which commands are typed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        ignored = shutil.ignore_patterns(".venv", "__pycache__", ".*_cache", "tmp")
        shutil.copytree(ROOT, root, symlinks=True, ignore=ignored)
        (root / ".venv").symlink_to(Path(sys.executable).parents[1])
        for name in ("photos", "slides"):
            shutil.copytree(
                ROOT / "data/standin" / name, root / "data/raw" / name, dirs_exist_ok=True
            )
        for task in ("text", "arithmetic", "equations"):
            draw_captchas(root / "data/raw/captcha" / task, task)
        self.type("git add -A && git -c user.name=a -c user.email=a@b commit -qm 'a finished run'")

    def type(self, line: str) -> str:
        """What a line of a shell printed; the test fails if it fails."""
        path = f"{self.root / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "PYTHONPATH": "src"}
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
def test_blocks_run(page: Path, tmp_path: Path) -> None:
    copy = Copy(tmp_path / "podium")
    for block in runnable()[page]:
        for line in lines_of(block):
            print(line, copy.type(line), sep="\n")
