"""What people read of every command: its help, its examples, what the shell offers."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from conftest import ROOT
from podium.cli import app

GROUP = typer.main.get_command(app)
COMMANDS = {
    name if each is command else f"{name} {each.name}": each
    for name, command in GROUP.commands.items()
    for each in (command, *getattr(command, "commands", {}).values())
}
LEAVES = {name: command for name, command in COMMANDS.items() if not hasattr(command, "commands")}
NUMBERS = [
    pytest.param(name, option, id=f"{name} {option.opts[0]}")
    for name, command in LEAVES.items()
    for option in command.params
    if option.type_descriptor.annotation in (int, float, tuple[int, int])
]


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words], env={"COLUMNS": "80"})
    return done.exit_code, done.output


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_h_is_help(name):
    assert run(*name.split(), "-h") == run(*name.split(), "--help")
    code, text = run(*name.split(), "-h")
    assert (code, text.startswith(f"Usage: root {name}".rstrip())) == (0, True)
    assert "-h, --help" in text


def test_the_list_of_commands_says_in_one_line_what_each_does():
    text = run("-h")[1].partition("Commands:\n")[2]
    lines = text.splitlines()
    assert [line.split()[0] for line in lines] == list(GROUP.commands)
    for line in lines:
        assert re.fullmatch(r"  [a-z-]+ +[A-Z].{10,}\.", line), line
        assert not line.endswith("..."), line


@pytest.mark.parametrize("name", LEAVES)
def test_help_ends_in_examples_of_what_can_be_typed(name):
    examples = re.findall(rf"^ +podium ({name}\b.*)$", run(*name.split(), "-h")[1], re.M)
    assert examples
    for example in examples:
        words = shlex.split(example)[len(name.split()) :]
        LEAVES[name].make_context(name, words)  # raises for unknown options and wrong values


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_is_explained(name):
    for option in LEAVES[name].params:
        assert (option.help or "").strip().endswith((".", "]")), option.name


@pytest.mark.parametrize("text", ["0_5", "\uff15", "nan", "1e400", "five", ""])
@pytest.mark.parametrize(("name", "option"), NUMBERS)
def test_numbers_are_written_in_plain_digits(name, option, text):
    code, shown = run(*name.split(), option.opts[0], *[text] * option.nargs)
    assert code == 2
    assert f"Invalid value for '{option.opts[0]}'" in shown


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["tile", "--min-tissue", "1.5"], "1.5 is out of range: 0 to 1"),
        (["tile", "--size", "0"], "0 is out of range: 1 or more"),
        (["tile", "--size", "64.5"], "'64.5' is no whole number"),
        (["predict", "--mpp", "-1"], "-1 is out of range: 0.05 to 20"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_numbers_out_of_range(words, fault):
    code, shown = run(*words)
    assert (code, fault in shown) == (2, True)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("predcit", "Did you mean 'predict'?"),
        ("ledger shwo", "Did you mean 'show'?"),
        ("predict a.png --modl b", "--model"),
        ("compare slids", "did you mean slides?"),
        ("compare Photos", "did you mean photos?"),
    ],
)
def test_wrong_words_get_the_nearest_right_one(typed, meant):
    code, shown = run(*typed.split())
    assert (code, meant in shown) == (2, True)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("podium pre", {"predict"}),
        ("podium ledger ", {"add", "show", "plot"}),
        ("podium compare cap", {"captcha-text", "captcha-arithmetic", "captcha-equations"}),
        ("podium validate --competition sl", {"slides"}),
        ("podium profile l", {"laptop", "long"}),
        ("podium predict --ta", {"--table"}),
    ],
)
def test_the_shell_completes(typed, offered):
    words = typed.split(" ")
    asked = {"_PODIUM_COMPLETE": "complete_bash", "COMP_WORDS": typed}
    done = subprocess.run(
        [sys.executable, "-m", "podium.cli"], capture_output=True, text=True, check=False,
        cwd=ROOT, env=os.environ | asked | {"COMP_CWORD": str(len(words) - 1)},
    )  # fmt: skip
    assert set(done.stdout.split()) == offered


def test_the_page_of_commands_is_true():
    page = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `podium ([a-z -]+)` \| (.+) \|$", page, re.M))
    first = {name: " ".join(each.help.split("\n\n")[0].split()) for name, each in LEAVES.items()}
    assert told == first
