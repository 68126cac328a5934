"""A Dockerfile's steps without Docker: what is copied where, and the lines it runs, in a folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from house import ROOT

Instruction = tuple[str, str]
GLOBS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}  # the longest first


def instructions(text: str) -> list[Instruction]:
    """(word, what follows it) of each instruction, continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = [line.partition(" ") for line in joined.splitlines() if line]
    return [(word, rest) for word, _, rest in pairs]


class Context:
    """What a build may copy: a folder without what .dockerignore keeps out.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path, rules: str) -> None:
        self.root = root
        lines = [line.strip() for line in rules.splitlines()]
        self._rules = [
            (not line.startswith("!"), _pattern(line.lstrip("!")))
            for line in lines
            if line and not line.startswith("#")
        ]

    def keeps(self, path: str) -> bool:
        """Whether `path`, relative to the root, is sent: the last rule that fits tells."""
        parts = path.split("/")
        ways = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        kept = True
        for drops, pattern in self._rules:
            if any(pattern.fullmatch(way) for way in ways):
                kept = not drops
        return kept

    def files(self, source: str) -> Iterator[str]:
        """The files under `source` that reach the build."""
        start = self.root / source
        found = [start] if start.is_file() else sorted(start.rglob("*"))
        for path in found:
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and self.keeps(name):
                yield name


def _pattern(rule: str) -> re.Pattern[str]:
    """Docker's glob as a regular expression: ** takes any number of folders."""
    expression = re.escape(rule.strip("/"))
    for glob, meaning in GLOBS.items():
        expression = expression.replace(re.escape(glob), meaning)
    return re.compile(expression)


class Build:
    """A Dockerfile carried out in `folder`, where the image would have /podium and /scratch.

    What needs root or the distribution's packages is left out and listed in `left_out`.
    """

    def __init__(self, context: Context, folder: Path, arguments: dict[str, str]) -> None:
        self.context, self.folder, self.arguments = context, folder, arguments
        self.environment = dict(os.environ)
        self.ran: list[str] = []
        self.left_out: list[str] = []
        (folder / "podium").mkdir(parents=True)

    def run(self, steps: list[Instruction]) -> None:
        for word, rest in steps:
            if word == "ARG":
                name, _, default = rest.partition("=")
                self.environment[name] = self.arguments.get(name, default)
            elif word == "ENV":
                for setting in shlex.split(rest):
                    name, _, value = setting.partition("=")
                    self.environment[name] = self._here(self._filled(value))
            elif word == "COPY":
                self._copy([one for one in rest.split() if not one.startswith("--")])
            elif word == "RUN":
                self._execute(rest)

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """What came of `line`, run where the image's working folder would be."""
        return subprocess.run(
            ["sh", "-c", line], cwd=self.folder / "podium", env=self.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def _execute(self, line: str) -> None:
        if re.match(r"(apt-get|useradd)\b", line):
            self.left_out.append(line)
            return
        self.ran.append(line)
        done = self.shell(self._here(line))
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"

    def _copy(self, words: list[str]) -> None:
        *sources, target = words
        for source in sources:
            names = list(self.context.files(source))
            assert names, f"COPY {source}: nothing there"
            for name in names:
                whole = source == "." or (ROOT / source).is_dir()
                inner = os.path.relpath(name, source) if whole else Path(name).name
                place = self.folder / "podium" / target / inner
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.context.root / name, place)

    def _filled(self, value: str) -> str:
        return re.sub(r"\$\{(\w+)\}", lambda found: self.environment.get(found[1], ""), value)

    def _here(self, text: str) -> str:
        return re.sub(r"(?<![\w./])/(podium|scratch)\b", rf"{self.folder}/\1", text)
