"""The pages of README and docs, their fenced blocks, and the commands in these."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FRONT = [ROOT / "README.md", ROOT / "README.zh.md"]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
FOLDERS = [
    *ROOT.glob("data/*/README.md"),
    ROOT / "features/README.md",
    ROOT / "submissions/README.md",
]
PAGES = [*FRONT, *DOCS, *FOLDERS]


class Block(NamedTuple):
    """A fenced block: its page, language, what it needs, and its lines."""

    page: Path
    language: str
    needs: set[str]
    lines: list[str]

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command; continued lines joined, comments and VAR=value left out."""
        text = "\n".join(self.lines).replace("\\\n", " ")
        commands = [shlex.split(line, comments=True) for line in text.splitlines()]
        parts = [part for words in commands for part in _split(words)]
        return [_bare(words) for words in parts if _bare(words)]


def _split(words: list[str]) -> Iterator[list[str]]:
    """The commands of a line that are parted by `;`."""
    part: list[str] = []
    for word in words:
        part.append(word.rstrip(";"))
        if word.endswith(";"):
            yield part
            part = []
    yield part


def _bare(words: list[str]) -> list[str]:
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    return words


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = None
    for number, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = number
            continue
        mark = re.fullmatch(r"<!-- needs: (.+) -->", lines[start - 1])
        needs = set(mark[1].split(", ")) if mark else set()
        yield Block(page, lines[start][3:], needs, lines[start + 1 : number])
        start = None
    assert start is None, f"{page}: a block does not end"


BLOCKS = [block for page in PAGES for block in blocks(page)]
SHELL = [block for block in BLOCKS if block.language == "" and "dvc.yaml  " not in block.lines[0]]
COMMANDS = [(block, words) for block in SHELL for words in block.commands]
