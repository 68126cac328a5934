"""Equations from a finder to a submission, and `podium predict` on whole pictures."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from ruamel.yaml import YAML
from typer.testing import CliRunner

from house import ROOT
from lines import dark_finder, dark_lines
from podium.captcha import fonts
from podium.captcha.dataset import read_captchas, read_facts, read_unreadable
from podium.captcha.equations import typeset
from podium.captcha.equations.answers import value_of
from podium.captcha.equations.render import render, render_strip
from podium.captcha.equations.rules import EquationRules
from podium.captcha.equations.sheet_rules import SheetRules
from podium.captcha.equations.strips import lay_out
from podium.captcha.reader import CaptchaReader
from podium.cli import app
from podium.stages import (
    blend,
    generate_equations,
    submit,
    train_captcha_reader,
    train_line_finder,
)
from podium.training import artefact

pytestmark = pytest.mark.slow

NAME = "equations-crnn"
SIZE = (576, 48)  # of a strip, (w, h)


class Equations:
    """The paths of dvc.yaml, and the stages' command lines."""

    def __init__(self, root: Path, source: str = "standin") -> None:
        self.root, self.params = root, root / "params.yaml"
        self.raw = root / "data/raw/captcha/equations"
        self.finder, self.model = root / "models/lines.keras", root / f"models/{NAME}.keras"
        self.captchas, self.plots = root / "data/captcha/equations.h5", root / "plots"
        self.tables, self.out = root / "tables", root / "submissions/captcha-equations.csv"
        settings = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
        settings["captcha"]["equations"]["source"] = source
        settings["generate_equations"] |= {"n_train": 3, "n_validation": 4, "n_test": 3}
        tiny = {"width": 4, "epochs": 1, "epoch_size": 16, "batch_size": 8}
        self.reader = settings["train_captcha_reader"][NAME]
        self.reader |= tiny | {"on_the_fly": source == "standin"}
        self.settings = settings
        self.write()
        artefact.save(dark_finder(), self.finder)

    def write(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        with self.params.open("w") as file:
            YAML().dump(self.settings, file)

    def run(self, stage, **paths: object) -> None:
        words = [word for key, value in paths.items() for word in (f"--{key}", str(value))]
        stage.main([*words, "--params", str(self.params)])

    def generate(self) -> None:
        paths = {"source": self.raw, "finder": self.finder, "out": self.captchas}
        paths |= {"metrics": self.root / "metrics/generate_equations.json"}
        self.run(generate_equations, **paths, quarantine=self.captchas.with_suffix(".csv"))

    def train(self, name: str = NAME) -> None:
        self.run(
            train_captcha_reader,
            reader=name,
            captchas=self.captchas,
            model=self.root / f"models/{name}.keras",
            table=self.tables / f"{name}.csv",
            metrics=self.root / f"metrics/{name}.json",
            plots=self.plots,
        )

    def submit(self) -> None:
        metrics = self.root / "metrics/submit.json"
        table, scores = self.root / "blend.csv", self.root / "metrics/blend.json"
        name = "captcha-equations"
        self.run(
            blend,
            competition=name,
            tables=self.tables,
            out=table,
            fitted=self.root / "models/blend.h5",
            metrics=scores,
        )
        paths = {"root": self.root, "table": table, "blend": scores, "out": self.out}
        paths |= {"headline": self.root / f"metrics/{name}.json"}
        self.run(submit, competition=name, metrics=metrics, **paths)

    def rows(self, name: str = NAME) -> pd.DataFrame:
        return pd.read_csv(self.tables / f"{name}.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory):
    root = tmp_path_factory.mktemp("equations")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.sched_getaffinity", lambda _: {0})
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        one = Equations(root)
        one.generate()
        one.train()
        one.submit()
    return one


def saved(folder: Path, pixels: np.ndarray, name: str = "one.png", mode: str = "RGB") -> Path:
    path = folder / name
    Image.fromarray(pixels).convert(mode).save(path)
    return path


def predicted(model: Path, *pictures: Path):
    return CliRunner().invoke(app, ["predict", "--model", str(model), *map(str, pictures)])


# ---- from seeds to a submission


def test_the_file_of_strips(finished):
    facts = read_facts(finished.captchas)
    assert facts.size == SIZE
    assert facts.finder == finished.finder.read_bytes()
    learn = read_captchas(finished.captchas, "train")
    np.testing.assert_array_equal(learn.pixels[2], render_strip(1, 2, SIZE)[0])
    test = read_captchas(finished.captchas, "test")
    assert test.texts == [render(3, index)[1] for index in range(3)]
    assert not any(np.array_equal(test.pixels[k], render_strip(3, k, SIZE)[0]) for k in range(3))


def test_from_strips_to_a_checked_submission(finished):
    found = json.loads((finished.root / f"metrics/{NAME}.json").read_text())
    assert found["validation"]["decoded"]["sequence"]["n"] == 4
    assert found["learnt_from"] == {"pictures_seen": 16, "seed": 1, "first": 0, "last": 15}
    rows = pd.read_csv(finished.out, dtype=str, keep_default_na=False)
    assert rows["id"].tolist() == ["0", "1", "2"]
    assert list(rows) == ["id", "expression", "value"]
    assert all(map(EquationRules().accepts, rows["expression"]))
    lines = finished.out.with_suffix(".txt").read_text().splitlines()
    assert [line.rsplit(" ", 1) for line in lines] == rows.iloc[:, 1:].values.tolist()
    groups = pd.read_csv(finished.plots / "breakdown.csv")
    assert set(groups["by"]) == {"template", "lines", "length", "canvas", "contrast"}
    assert groups.groupby("by")["n"].sum().tolist() == [4] * 5
    for name in ("readings.png", "breakdown.png", "mistakes.png", "curves.png"):
        with Image.open(finished.plots / name) as picture:
            assert picture.size[0] > 300


def test_the_artefact_sees_pictures_as_the_stage_did(finished):
    reader = CaptchaReader(finished.model)
    pictures = [render(3, index)[0] for index in range(3)]
    strips = np.stack([lay_out(pixels, reader.finder.find(pixels), SIZE) for pixels in pictures])
    np.testing.assert_array_equal(strips, read_captchas(finished.captchas, "test").pixels)
    table = finished.rows().query("split == 'test'")
    assert [one.text for one in reader.read(strips)] == table["text"].tolist()


def test_predict_gives_text_and_value(finished, tmp_path):
    done = predicted(finished.model, saved(tmp_path, dark_lines(3)))
    head, row = (line.split(",") for line in done.output.splitlines())
    assert head == ["path", "expression", "value", "probability"]
    assert EquationRules().accepts(row[1])
    assert abs(value_of(row[1]) - Fraction(row[2])) <= Fraction(1, 100)


def test_several_readers_vote(finished, tmp_path):
    one = Equations(tmp_path)
    shutil.copytree(finished.root / "data", tmp_path / "data")
    one.tables = finished.tables
    one.settings["train_captcha_reader"]["other"] = one.reader | {"seed": 1}
    one.settings["blend"]["captcha-equations"] |= {"readers": ["other", NAME]}
    one.settings["blend"]["captcha-equations"] |= {"method": "confidence"}
    one.write()
    table = finished.rows()
    table["text"], table["log_prob"], table["model"] = "君=2;君/3-4*5-6", "-0.001", "other"
    table.to_csv(one.tables / "other.csv", index=False)
    one.submit()
    manifest = json.loads(one.out.with_suffix(".json").read_text())
    assert manifest["scores"]["blend"]["method"] == "confidence"
    assert list(manifest["scores"])[:2] == ["blend", "held_out"]
    assert one.out.read_text().splitlines()[1] == "0,君=2;君/3-4*5-6,-25.33"


# ---- pictures that are not as they should be


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (0, "no line of text found"),
        (5, "5 lines of text found"),
    ],
)
def test_pictures_without_lines_or_with_too_many(n, words, finished, tmp_path):
    done = predicted(finished.model, saved(tmp_path, dark_lines(n)))
    assert done.exit_code == 1
    assert f"one.png: {words}, sheets of equations have 1 to 4; remedy: give a" in done.stderr


@pytest.mark.parametrize("n", [1, 4])
def test_sheets_outside_of_the_rule_are_read(n, finished, tmp_path):
    paths = [saved(tmp_path, dark_lines(m), f"{m}.png") for m in (2, n, 3)]
    reader = CaptchaReader(finished.model)
    texts = [text for text, _ in reader.answer_files(paths)]
    assert [text.count(";") for text in texts] == [1, n - 1, 2]
    assert SheetRules(n, n).accepts(texts[1])
    assert not EquationRules().accepts(texts[1])
    assert [texts[0], texts[2]] == [reading.text for reading in reader.read_files(paths[::2])]


@pytest.mark.parametrize("mode", ["L", "RGBA", "I;16"])
def test_pictures_in_other_modes_read_alike(mode, finished, tmp_path):
    path = saved(tmp_path, dark_lines(3))
    if mode == "I;16":
        deep = Image.fromarray(dark_lines(3)[..., 0].astype(np.uint16) * 257)
        deep.save(tmp_path / "other.png")
        other = tmp_path / "other.png"
    else:
        other = saved(tmp_path, dark_lines(3), "other.png", mode)
    reader = CaptchaReader(finished.model)
    first, second = reader.read_files([path, other])
    assert EquationRules().accepts(first.text)
    assert first == second


def test_text_that_touches_the_border(finished, tmp_path):
    for size in ((281, 196), (800, 400)):
        pixels = dark_lines(3, size, at=0)
        boxes = CaptchaReader(finished.model).finder.find(pixels)
        assert [(x0, y0) for x0, y0, _, _ in boxes] == [(0, 0), (0, 80), (0, 160)]
        assert predicted(finished.model, saved(tmp_path, pixels)).exit_code == 0


def test_a_picture_of_a_hundred_megapixels(finished, tmp_path):
    Image.new("1", (10_000, 10_000)).save(tmp_path / "vast.png")
    done = predicted(finished.model, tmp_path / "vast.png")
    assert done.exit_code == 1
    assert "vast.png: too large: 10000x10000 px is over the limit of 16 megapixels" in done.stderr


# ---- raw pictures


def drop(one: Equations, *labels: str) -> None:
    """Pictures of two and three lines, in turn, of two sizes."""
    for part, n in (("train", len(labels)), ("test", 2)):
        (one.raw / part).mkdir(parents=True, exist_ok=True)
        for number in range(n):
            size = (800, 400) if number % 3 else (1600, 500)
            saved(one.raw / part, dark_lines(2 + number % 2, size), f"{number}.png")
    (one.raw / "train/labels.txt").write_text("".join(f"{label}\n" for label in labels))


def test_raw_pictures_of_any_size(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    one = Equations(tmp_path, "raw")
    drop(
        one,
        "君=2;1+君/4-2*3 -4.50",
        "河=7;流=1;流-河/2*(3+1)",
        "君=2;1+君/4-2*3",
        "河=7;2*河/5-1-1",
    )
    one.reader |= {"recombine": 1.0}
    one.write()
    one.generate()
    told = capsys.readouterr().out
    assert "found 4 labelled pictures of many sizes, texts of 13 to 19 characters" in told
    assert "lines found are not as many as in the text: 1 of 4 pictures" in told
    one.train()
    one.submit()
    rows = pd.read_csv(one.out, dtype=str, keep_default_na=False)
    assert rows["id"].tolist() == ["0", "1"]
    assert set(pd.read_csv(one.plots / "breakdown.csv")["by"]) == {"template", "lines", "length"}


def test_raw_pictures_that_the_finder_cannot_lay_out_are_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    one = Equations(tmp_path, "raw")
    drop(one, *["君=2;1+君/4-2*3"] * 4)
    for number in (0, 2):
        saved(one.raw / "train", dark_lines(3), f"{number}.png")
    saved(one.raw / "test", dark_lines(0), "0.png")
    saved(one.raw / "test", np.full((1, 1, 3), 255, np.uint8), "3.png")
    (one.raw / "test/4.tiff").symlink_to("gone")
    one.generate()
    told = capsys.readouterr().out
    assert "not as many as in the text: 4 of 4 pictures\nWARNING: the line finder misses" in told
    words = "WARNING: not two or three lines of text found on 3 test pictures, look at what is read"
    assert f"{words} there: 0, 3, 4\n" in told
    assert "WARNING: 2 test pictures show one colour and no text: 0, 3" in told
    assert "get the most frequent train text: 4\n" in told
    assert read_unreadable(one.captchas, "test") == [3]
    table = pd.read_csv(one.captchas.with_suffix(".csv"), dtype=str, keep_default_na=False)
    assert table.values.tolist() == [
        ["4", "test", "", "test/4.tiff", "a link to nothing: gone is missing"]
    ]
    one.train()
    one.submit()
    rows = pd.read_csv(one.out, dtype=str).set_index("id")
    assert rows.loc["4", "expression"] == "君=2;1+君/4-2*3"


def test_readers_of_equations_are_looked_at_before_the_finder_is_loaded(tmp_path, capsys):
    one = Equations(tmp_path)
    one.finder.unlink()
    for changes, reason in (
        ({"model": "cnn"}, "but a cnn reads texts of one length"),
        ({"step": 8}, "the reader has 16"),
    ):
        one.settings["captcha"]["equations"]["width"] = 128
        one.settings["train_captcha_reader"][NAME] = one.reader | changes
        one.write()
        with pytest.raises(SystemExit) as caught:
            one.generate()
        assert caught.value.code == 2
        assert reason in capsys.readouterr().err
    one.settings["blend"]["captcha-equations"]["readers"] = ["text-crnn"]
    one.write()
    paths = {word: tmp_path / word for word in ("model", "metrics", "plots")}
    with pytest.raises(SystemExit) as caught:
        one.run(train_line_finder, **paths)
    assert caught.value.code == 2
    assert "does not read equations" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("君=2;1+河/4-2*3", "unknown variable"),
        ("君=2;1+君/0-2*3", "division by zero"),
        ("君=2;1+君/4-2*3 5", "it comes to -9/2"),
        ("君=2;君=3;1+君/4-2*3", "assigns '君' again"),
    ],
)
def test_labels_that_cannot_be_right(label, reason, tmp_path, capsys):
    one = Equations(tmp_path, "raw")
    drop(one, label, "君=2;1+君/4-2*3")
    with pytest.raises(SystemExit) as caught:
        one.generate()
    assert caught.value.code == 1
    told = capsys.readouterr().err
    assert "labels.txt: label" in told
    assert reason in told
    assert told.count("\n") <= 3
    assert not one.captchas.exists()


def test_a_missing_font(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    gone = fonts.FontSource("mplfonts", "fonts/gone.otf", "mplfonts==0.0.11", "none")
    for name in ("noto-sans-sc", "noto-serif-sc", "source-han-mono-sc"):
        monkeypatch.setitem(fonts.FONTS, name, gone)
    for kept in (fonts.load_font, typeset.glyph):
        kept.cache_clear()
    monkeypatch.setattr(
        "podium.captcha.equations.ingest.generate", lambda *_: iter([_in_process()])
    )
    with pytest.raises(SystemExit) as caught:
        Equations(tmp_path).generate()
    assert caught.value.code == 3
    assert "fonts/gone.otf is missing\nremedy: pip install 'mplfonts==" in capsys.readouterr().err


def _in_process():
    """Three strips drawn here, where the fonts are gone."""
    found = [render_strip(9, index) for index in range(3)]
    return np.stack([pixels for pixels, _ in found]), [text for _, text in found]


def test_division_by_zero_and_undeclared_variables_have_no_value():
    assert value_of("君=2;1+君/(2-2)") is None
    assert value_of("君=2;1+河/4") is None
