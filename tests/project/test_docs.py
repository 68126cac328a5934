"""README and docs: links, sizes, and that whatever they tell people to type exists."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from PIL import Image

from doc_blocks import BLOCKS, COMMANDS, DOCS, FRONT, PAGES, ROOT, SHELL, Block
from podium import competitions
from podium.cli import app
from podium.core.params import read_yaml

NEEDS = {"gpu", "kaggle", "remote", "raw", "example"}  # raw: your files; example: names to fill in
KIB = 1024
PARAMS = read_yaml(ROOT / "params.yaml")
COMPETITIONS = list(competitions.COMPETITIONS)
BY_NAME = {  # stages that dvc.yaml has once for each name
    "blend": COMPETITIONS,
    "submit": COMPETITIONS,
    "extract_features": list(PARAMS["extractors"]),
    "generate_captcha": ["text", "arithmetic"],
    "train_captcha_reader": list(PARAMS["train_captcha_reader"]),
}
STAGES = {path.stem for path in (ROOT / "src/podium/stages").glob("*.py")} | {"report"}
MAKE = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M))
NO_SETTING = re.compile(r"\.(csv|json|md|keras|h5|png|zip|yaml|py|sha256|html)$")


def _ids(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else ""


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in headings}


def test_there_is_something_to_look_at() -> None:
    assert len(DOCS) > 15
    assert len(COMMANDS) > 80
    assert sum(words[0] == "podium" for _, words in COMMANDS) > 30


@pytest.mark.parametrize("page", FRONT, ids=_ids)
def test_front_page_is_short(page: Path) -> None:
    assert page.stat().st_size <= 12 * KIB


@pytest.mark.parametrize("page", DOCS, ids=_ids)
def test_page_is_one_sitting_long_and_says_what_it_is_for(page: Path) -> None:
    assert page.stat().st_size <= 15 * KIB
    heading, first = page.read_text(encoding="utf-8").split("\n\n")[:2]
    assert heading.startswith("# ")
    assert first.startswith(("This page ", "这一页"))


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_links_and_pictures_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    missing = [
        page for page in DOCS if f"({page.relative_to(ROOT / 'docs').as_posix()})" not in index
    ]
    assert [page.name for page in missing] == ["README.md"]


def test_every_picture_is_shown_somewhere() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    pictures = [path for path in (ROOT / "docs").rglob("*.png")]
    assert pictures
    assert [path.name for path in pictures if f"pictures/{path.name}" not in text] == []
    assert all(path.stat().st_size <= 150 * KIB for path in pictures)


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that `podium ...` calls, and the words after its name."""
    command: Any = typer.main.get_command(app)
    rest = words[1:]
    while isinstance(command, click.Group) or hasattr(command, "commands"):
        if not rest or rest[0].startswith("-"):
            break
        assert rest[0] in command.commands, f"podium has no {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def _check_podium(words: list[str]) -> None:
    command, rest = command_of(words)
    options = {name for option in command.params for name in option.opts}
    unknown = [word for word in rest if word.startswith("--") and word not in {*options, "--help"}]
    assert unknown == [], " ".join(words)
    if words[1:2] == ["profile"] and rest:
        assert (ROOT / f"profiles/{words[2]}.yaml").is_file(), " ".join(words)
    if "--competition" in rest[:-1]:
        assert rest[rest.index("--competition") + 1] in COMPETITIONS, " ".join(words)
    if words[1:2] == ["compare"] and rest:
        assert rest[0] in COMPETITIONS, " ".join(words)


def test_commands_of_podium_exist() -> None:
    for _, words in COMMANDS:
        if words[0] == "podium":
            _check_podium(words)


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_commands_of_podium_in_sentences_exist(page: Path) -> None:
    for text in re.findall(r"`(podium [^`]+)`", prose(page)):
        words = [word for word in shlex.split(text, comments=True) if not word.isupper()]
        if not re.search(r"[<\[]|\.\.\.", text):
            _check_podium(words)


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_targets_of_make_exist(page: Path) -> None:
    named = set(re.findall(r"`make ([a-z]+)", prose(page)))
    named |= {words[1] for block, words in COMMANDS if block.page == page and words[0] == "make"}
    assert named <= MAKE | {"repro", "test"}


def targets(words: list[str]) -> list[str]:
    """The stages that `dvc repro` and `dvc exp run` are asked for."""
    rest = words[2:] if words[:2] == ["dvc", "repro"] else words[3:]
    takes_value = {"-S", "--set-param", "-n", "--name"}
    named = [
        word for before, word in zip(["", *rest], rest, strict=False) if before not in takes_value
    ]
    return [word for word in named if not word.startswith("-")]


def stage_exists(name: str) -> bool:
    """Whether dvc.yaml has, or will have, a stage of that name."""
    stage, at, item = name.partition("@")
    return item in BY_NAME.get(stage, []) if at else stage in STAGES - set(BY_NAME)


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_stages_exist(page: Path) -> None:
    runs = [words for block, words in COMMANDS if block.page == page]
    runs += [shlex.split(text, comments=True) for text in re.findall(r"`(dvc [^`]+)`", prose(page))]
    for words in runs:
        if words[:2] == ["dvc", "repro"] or words[:3] == ["dvc", "exp", "run"]:
            assert [
                name for name in targets(words) if not _left_open(name) and not stage_exists(name)
            ] == []


def _left_open(name: str) -> bool:
    return "<" in name or name.isupper()


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_stages_in_sentences_exist(page: Path) -> None:
    for name in re.findall(
        r"`((?:blend|submit|extract_features|train_captcha_reader|generate_captcha)@[^`]+)`",
        prose(page),
    ):
        assert re.search(r"[<.]", name) or stage_exists(name), name


def setting_exists(name: str) -> bool:
    """Whether params.yaml has the key; sections of competitions are taken on trust."""
    section, _, rest = name.partition(".")
    if section in ("blend", "submit"):
        return rest.split(".")[0] in COMPETITIONS
    place: Any = PARAMS
    for key in name.split("."):
        if not isinstance(place, dict) or key not in place:
            return False
        place = place[key]
    return True


def test_settings_of_experiments_exist() -> None:
    named = [
        after.partition("=")[0]
        for _, words in COMMANDS
        for before, after in pairwise(words)
        if before == "-S"
    ]
    assert len(named) > 30
    assert [name for name in named if not setting_exists(name)] == []


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_settings_in_sentences_exist(page: Path) -> None:
    named = re.findall(r"`([a-z_]+\.[\w.\-]+)(?::[^`]*|=[^`]*)?`", prose(page))
    sections = {*PARAMS, "blend", "submit"}
    settings = [name for name in named if name.split(".")[0] in sections]
    assert [
        name for name in settings if not NO_SETTING.search(name) and not setting_exists(name)
    ] == []


def test_the_table_of_ratios_is_that_of_the_kept_timings() -> None:
    script = [sys.executable, ROOT / "benchmarks/table.py"]
    table = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert table.count("\n") > 10
    assert table in (ROOT / "docs/measured-speed.md").read_text()


def test_benchmarks_that_are_named_exist() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"benchmarks/\w+\.py", text))
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_code_that_is_named_exists() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"`((?:src|tests|requirements|profiles|\.github)/[\w./\-]+)`", text))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("block", SHELL, ids=lambda block: f"{_ids(block.page)}")
def test_block_says_what_it_needs(block: Block) -> None:
    assert block.needs <= NEEDS
    for words in block.commands:
        line = " ".join(words)
        if "source=raw" in line or "data/raw" in line:
            assert block.needs & {"raw", "kaggle"}, line
        if words[0] == "docker" or words == ["make", "full"]:
            assert "gpu" in block.needs, line
        if words[:2] in (["podium", "download"], ["podium", "submit"]) and "--dry-run" not in words:
            assert "kaggle" in block.needs, line
        if words[:2] in (["dvc", "push"], ["dvc", "pull"]):
            assert "remote" in block.needs, line


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_blocks_fit_the_width_of_a_page(page: Path) -> None:
    blocks = [block for block in BLOCKS if block.page == page]
    widest = {"python": 100}  # code as it stands in its file
    long = [
        line
        for block in blocks
        for line in block.lines
        if len(line) > widest.get(block.language, 94)
    ]
    assert long == []


def make_pictures() -> Any:
    """The script docs/make_pictures.py as a module."""
    spec = importlib.util.spec_from_file_location("make_pictures", ROOT / "docs/make_pictures.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_show_what_is_recorded() -> None:
    shown = json.loads((ROOT / "docs/pictures/shown.json").read_text(encoding="utf-8"))
    assert sorted(shown) == sorted(make_pictures().DRAWN)
    for name, answers in shown.items():
        with Image.open(ROOT / f"docs/pictures/{name}.png") as picture:
            picture.load()
            assert json.loads(picture.text["shown"]) == answers  # type: ignore[attr-defined]


def test_pictures_show_what_the_last_run_answers() -> None:
    manifest = ROOT / "submissions/captcha-equations.json"
    if not manifest.is_file() or json.loads(manifest.read_text())["params"] != PARAMS:
        pytest.skip("no finished run of these settings")
    shown = json.loads((ROOT / "docs/pictures/shown.json").read_text(encoding="utf-8"))
    if PARAMS["draw_photos"]["n_train"] != 600:
        pytest.skip("other settings than a fresh clone's")
    assert make_pictures().answers(ROOT) == shown


def test_the_worked_example_is_the_code_that_a_test_runs() -> None:
    page = (ROOT / "docs/add-competition.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    code = [
        (ROOT / f"tests/{name}.py").read_text() for name in ("toy_room", "test_toy_competition")
    ]
    assert len(blocks) == 2
    assert all(any(block in text for text in code) for block in blocks)
