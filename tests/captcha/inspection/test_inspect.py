"""`podium inspect captcha`: what it finds, and the settings that it chooses."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from house import ROOT
from podium.captcha.inspection import choices
from podium.captcha.inspection.choices import Budget, choose, settings_of
from podium.captcha.inspection.propose import raw_settings
from podium.captcha.raw_captchas import read_raw
from podium.cli import app
from podium.core.errors import SettingsError
from podium.core.params import Params, load_params

PARAMS = load_params(ROOT / "params.yaml")
TWO_CORES = Budget(6.0, 2, False)


def drop(path: Path, number: int, size: tuple[int, int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.random.default_rng(number).integers(0, 255, (8, 8), dtype=np.uint8)
    Image.fromarray(grey).resize(size).save(path)


def folder(root: Path, texts: list[str], sizes: list[tuple[int, int]]) -> Path:
    for number, text in enumerate(texts):
        drop(root / f"train/{text}_{number}.png", number, sizes[number % len(sizes)])
    drop(root / "test/1.png", 99, sizes[0])
    return root


def chosen(raw: Path, task: str = "text", budget: Budget = TWO_CORES) -> dict[str, object]:
    params = raw_settings(PARAMS, task, "")
    rows = choose(read_raw(raw, task, params), task, params, budget)
    return {choice.key: choice.value for choice in rows}


@pytest.fixture
def many_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "FEW_LABELS", 1)
    monkeypatch.setattr(choices, "VERY_FEW_LABELS", 1)


@pytest.mark.usefixtures("many_labels")
@pytest.mark.parametrize(
    ("texts", "sizes", "settings"),
    [
        (["7XK2", "ABCD"], [(160, 60)], {"width": 160, "height": 60, "step": 8}),
        (["7XK2", "ABCD"], [(640, 320)], {"width": 128, "height": 64, "fit": "pad", "step": 8}),
        (["7XK2QQ", "ABCDEF"], [(90, 30)], {"width": 90, "height": 30, "step": 4}),
        (["7XK2", "ABCD"], [(60, 10)], {"width": 192, "height": 32, "step": 8}),
        (["7X", "ABCD"], [(60, 30), (120, 30)], {"width": 128, "height": 32, "fit": "pad"}),
        (["7XK2QQA", "AAAAAA"], [(24, 24)], {"width": 48, "height": 48, "step": 4}),
    ],
)
def test_size_and_step_fit_the_pictures(
    tmp_path: Path, texts: list[str], sizes: list[tuple[int, int]], settings: dict[str, object]
) -> None:
    found = chosen(folder(tmp_path, texts * 2, sizes))
    assert found.items() >= settings.items()
    assert found.items() >= {"source": "raw", "model": "crnn", "on_the_fly": False}.items()


@pytest.mark.usefixtures("many_labels")
def test_minutes_say_how_long(tmp_path: Path) -> None:
    raw = folder(tmp_path, ["7XK2", "ABCD"], [(160, 60)])
    short, long = chosen(raw, budget=Budget(1, 2, False)), chosen(raw, budget=Budget(60, 2, False))
    assert short["epochs"] == long["epochs"] == 16
    assert short["epoch_size"] * 16 == pytest.approx(60 * 2 * 1.3e6 / 9600, rel=0.05)
    assert long["epoch_size"] == 2976  # 48,000 pictures are enough
    gpu = chosen(raw, budget=Budget(1, 2, True))
    assert gpu["epoch_size"] > short["epoch_size"]


def test_fewer_labels_are_varied_more(tmp_path: Path) -> None:
    assert chosen(folder(tmp_path, ["7XK2", "ABCD"], [(160, 60)]))["augment"] == 0.1


def test_few_labels_take_a_finer_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked
) -> None:
    raw = folder(tmp_path / "raw", ["7XK2", "ABCD", "QQQQ"], [(160, 60)])
    n = 2  # to learn from
    for fewest, step in ((n, 8), (n + 1, 4)):
        monkeypatch.setattr(choices, "FEW_LABELS", fewest)
        assert chosen(raw)["step"] == step
    assert f"40 px of width for each character, and fewer than {n + 1} labels" in asked()


def test_very_few_labels_take_no_recurrence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, n = folder(tmp_path, ["7XK2", "ABCD", "QQQQ"], [(160, 60)]), 2  # to learn from
    for fewest, model in ((n, "crnn"), (n + 1, "ctc")):
        monkeypatch.setattr(choices, "VERY_FEW_LABELS", fewest)
        found = chosen(raw, budget=Budget(60, 2, False))
        assert found["model"] == model
        assert 16 * found["epoch_size"] == (512 if model == "ctc" else 47_616)


@pytest.mark.usefixtures("many_labels")
def test_sums_and_equations(tmp_path: Path) -> None:
    sums = chosen(folder(tmp_path / "a", ["12+3=", "4-1="], [(130, 42)]), "arithmetic")
    assert sums.items() >= {"readers": ["arithmetic-crnn"], "step": 8, "model": "crnn"}.items()
    raw = folder(tmp_path / "e", ["x", "y"], [(400, 200)])
    (raw / "labels.csv").write_text("id,text\nx_0,流=6;1-流*5*2\ny_1,君=3;君*2+1-4\n")
    lines = chosen(raw, "equations")
    assert lines.items() >= {"recombine": 0.5, "on_the_fly": False, "step": 4}.items()
    assert "width" not in lines


def test_readers_of_other_tasks_stay() -> None:
    from podium.core.choice import Choice

    rows = [Choice("train_captcha_reader.text-crnn", "task", "text", "")]
    found = settings_of(rows, PARAMS)["train_captcha_reader"]
    assert found == {"arithmetic-crnn": {}, "equations-crnn": {}, "text-crnn": {"task": "text"}}
    readers = {"mine": PARAMS.train_captcha_reader["text-cnn"]}
    other = PARAMS.model_copy(update={"train_captcha_reader": readers})
    assert isinstance(other, Params)
    made = settings_of(rows, other)["train_captcha_reader"]
    assert made["text-crnn"]["batch_size"] == 32  # of the reader that it takes the place of


@pytest.fixture
def asked(tmp_path: Path):
    shutil.copy(ROOT / "params.yaml", tmp_path)

    def ask(*more: str, task: str = "text") -> str:
        words = ["inspect", "captcha", task, "--source", str(tmp_path / "raw"), "--sheet"]
        words += [str(tmp_path / "sheet.png"), "--params", str(tmp_path / "params.yaml"), *more]
        told = CliRunner().invoke(app, words)
        return told.output + (told.stderr if told.exit_code else "")

    return ask


def test_what_is_found_is_said(asked, tmp_path: Path) -> None:
    raw = folder(tmp_path / "raw", ["7XK2", "ABCD", "QQQQ", "ZZZZ", "K7K7Z"], [(160, 60)])
    shutil.copy(raw / "train/7XK2_0.png", raw / "train/OTHR_7.png")
    (raw / "train/bad_9.png").write_bytes(b"x")
    told = asked()
    for line in (
        "train       4 labelled pictures; 1 of them for validation",
        "texts       before the first _ (7)",
        "            ABCD_1 says ABCD",
        "characters  8: 7ABCDKQZ",
        "lengths     4 (3), 5 (1)",
        "rare        8 characters in fewer than 6 pictures, hardly learnt: 7ABCDKQZ",
        "odd         texts of a length of their own: K7K7Z",
        "sizes       160x60 px (5)",
        "left out    2 x a copy of another picture under another text, e.g. train/OTHR_7.png",
        "left out    1 x not a JPEG",
        "nothing is written; --write puts these settings into params.yaml",
    ):
        assert line in told
    assert (tmp_path / "params.yaml").read_bytes() == (ROOT / "params.yaml").read_bytes()
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 4 * 168


def test_settings_are_written_once(asked, tmp_path: Path) -> None:
    folder(tmp_path / "raw", ["7XK2", "ABC"], [(160, 60), (90, 30)])
    told = asked("--write")
    assert "+    source: raw" in told
    assert told.endswith("next: dvc repro submit@captcha-text\n")
    params = load_params(tmp_path / "params.yaml")
    raw = params.captcha.text.raw
    assert (raw.fit, raw.width, raw.height) == ("stretch", 127, 45)
    assert "text-cnn" not in params.train_captcha_reader
    assert "already has these settings" in asked("--write")


def test_a_pattern_is_written(asked, tmp_path: Path) -> None:
    for number, text in enumerate(("AB", "CD", "EF")):
        drop(tmp_path / f"raw/train/no{text}x{number}.png", number, (64, 32))
    assert "noABx0 says AB" in asked("--pattern", "no([A-Z]+)x", "--write")
    assert load_params(tmp_path / "params.yaml").captcha.text.raw.pattern == "no([A-Z]+)x"
    assert "does not fit the name" in asked("--pattern", "q(.)")


def test_an_unknown_task(asked) -> None:
    assert "'voice' is unknown" in asked(task="voice")


def test_labels_that_a_chosen_grammar_does_not_have(tmp_path: Path) -> None:
    raw = folder(tmp_path, ["3+5=", "8-2=", "3x5"], [(60, 20)])
    params = PARAMS.model_copy(deep=True)
    params.captcha.arithmetic.raw.grammar[:] = ["3+5=", "8-2="]
    params = raw_settings(params, "arithmetic", "")
    words = r"grammar: the label '3x5' has none of its forms, as 1 of 3 labels.*\nremedy: add a sum"
    with pytest.raises(SettingsError, match=words):
        read_raw(raw, "arithmetic", params)
    params.captcha.arithmetic.raw.grammar.append("3x5")
    assert len(read_raw(raw, "arithmetic", params).texts) == 3
