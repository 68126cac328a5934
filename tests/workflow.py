"""A job of a GitHub workflow without GitHub: its expressions, and its `run:` blocks in order."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

WORDS = re.compile(r"'[^']*'|&&|\|\||==|!=|!|\(|\)|,|[\w.*-]+")
Context = Mapping[str, Any]


class Expression:
    """What stands between ${{ and }}: paths, strings, == != && || !, contains() and always()."""

    def __init__(self, text: str, context: Context) -> None:
        self._words, self._context = WORDS.findall(text), context
        assert "".join(self._words) == re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text), text

    def value(self) -> Any:
        found = self._any()
        assert not self._words, f"left over: {self._words}"
        return found

    def _takes(self, word: str) -> bool:
        if self._words[:1] != [word]:
            return False
        self._words.pop(0)
        return True

    def _any(self) -> Any:
        found = self._all()
        while self._takes("||"):
            other = self._all()
            found = found or other
        return found

    def _all(self) -> Any:
        found = self._equal()
        while self._takes("&&"):
            other = self._equal()
            found = found and other
        return found

    def _equal(self) -> Any:
        found = self._one()
        if self._takes("=="):
            return found == self._one()
        if self._takes("!="):
            return found != self._one()
        return found

    def _one(self) -> Any:
        if self._takes("!"):
            return not self._one()
        if self._takes("("):
            found = self._any()
            assert self._takes(")")
            return found
        word = self._words.pop(0)
        if self._takes("("):
            return self._call(word)
        return word[1:-1] if word[0] == "'" else _looked_up(self._context, word.split("."))

    def _call(self, name: str) -> bool:
        given = []
        while not self._takes(")"):
            given.append(self._any())
            self._takes(",")
        if name == "contains":
            return given[1] in (given[0] or [])
        assert name == "always"
        return True


def _looked_up(context: Any, path: list[str]) -> Any:
    for at, name in enumerate(path):
        if name == "*":
            return [_looked_up(one, path[at + 1 :]) for one in context or []]
        context = context.get(name) if isinstance(context, Mapping) else None
    return context


def filled(text: object, context: Context) -> str:
    """`text` with every ${{ }} replaced by its value; nothing is ''."""

    def value(found: re.Match[str]) -> str:
        one = Expression(found[1].strip(), context).value()
        return "" if one is None else str(one)

    return re.sub(r"\$\{\{(.*?)\}\}", value, str(text))


def read(path: Path) -> dict[str, Any]:
    return YAML(typ="safe").load(path.read_text())


class Job:
    """One job, run in a folder that is checked out already.

    Attributes:
        ran: the `run:` blocks that ran so far, by their names.
        printed: what they printed.
        summary: the file behind the run's page.
    """

    def __init__(self, workflow: dict, job: str, context: dict[str, Any], root: Path) -> None:
        self._body, self._context, self._root = workflow["jobs"][job], context, root
        self._shell = "bash --noprofile --norc -eo pipefail {}"
        self._temp = root.parent / f"{root.name}-temp"
        self._temp.mkdir()
        self.summary = self._temp / "summary.md"
        self.ran: list[str] = []
        self.printed = ""
        self.failed = ""

    def wanted(self) -> bool:
        return bool(Expression(self._body["if"], self._context).value())

    def run(self, environment: dict[str, str]) -> None:
        """Run the steps, as far as they get; `failed` names the first that fails."""
        steps = self._context.setdefault("steps", {})
        own = {key: filled(value, self._context) for key, value in self._body["env"].items()}
        files = {name: self._temp / name.lower() for name in ("GITHUB_ENV", "GITHUB_PATH")}
        given = environment | own | {name: str(path) for name, path in files.items()}
        given |= {"RUNNER_TEMP": str(self._temp), "GITHUB_STEP_SUMMARY": str(self.summary)}
        for path in files.values():
            path.touch()
        for step in self._body["steps"]:
            if "run" not in step or not self._due(step.get("if")):
                continue
            code = self._step(step, given, files)
            steps[step.get("id")] = {"outcome": "failure" if code else "success"}
            if code and not self.failed:
                self.failed = step["name"]
            if code < 0:  # the machine went away
                return

    def _due(self, condition: str | None) -> bool:
        if condition is None:
            return not self.failed
        holds = bool(Expression(condition, self._context).value())
        return holds and ("always()" in condition or not self.failed)

    def _step(self, step: dict, given: dict[str, str], files: dict[str, Path]) -> int:
        lines = files["GITHUB_ENV"].read_text().splitlines()
        more = dict(line.split("=", 1) for line in lines)
        paths = reversed(files["GITHUB_PATH"].read_text().splitlines())
        own = {key: filled(value, self._context) for key, value in step.get("env", {}).items()}
        own["PATH"] = ":".join([*paths, given["PATH"]])
        script = self._temp / "step.sh"
        script.write_text(step["run"])
        done = subprocess.run(
            self._shell.format(script).split(), cwd=self._root, env=given | more | own,
            capture_output=True, text=True, start_new_session=True, check=False,
        )  # fmt: skip
        self.ran.append(step["name"])
        self.printed += done.stdout + done.stderr
        return done.returncode


def dispatched(**inputs: str) -> dict[str, Any]:
    """The context of a run started by hand."""
    return {"github": {"event_name": "workflow_dispatch"}, "inputs": inputs}


def pull_request(action: str, *labels: str, label: str = "", fork: bool = False) -> dict[str, Any]:
    """The context of a run that a pull request of the branch `better` starts."""
    event = {
        "action": action,
        "label": {"name": label},
        "pull_request": {
            "number": 7,
            "head": {"repo": {"full_name": "them/podium" if fork else "us/podium"}},
            "labels": [{"name": one} for one in labels],
        },
    }
    github = {"event_name": "pull_request", "event": event, "repository": "us/podium"}
    return {"github": github | {"head_ref": "better"}}
