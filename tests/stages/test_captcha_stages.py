"""The three captcha stages on pictures of 64x32, and `podium predict` on what they made."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont
from ruamel.yaml import YAML
from typer.testing import CliRunner

from house import ROOT, encoded
from podium.captcha.dataset import read_captchas, read_texts
from podium.captcha.reader import CaptchaReader
from podium.cli import app
from podium.core.errors import PodiumError
from podium.stages import blend, generate_captcha, submit, train_captcha_reader

pytestmark = pytest.mark.slow

TINY = {"width": 4, "epochs": 2, "epoch_size": 16, "batch_size": 8}


class Captchas:
    """The paths of dvc.yaml for one task, and its stages' command lines."""

    def __init__(self, root: Path, task: str) -> None:
        self.root, self.task = root, task
        self.yaml, self.params = YAML(), root / "params.yaml"
        settings = self.yaml.load((ROOT / "params.yaml").read_text())
        settings["generate_captcha"] |= {"n_train": 24, "n_validation": 6, "n_test": 5}
        settings["captcha"]["text"] |= {"width": 64, "height": 32, "alphabet": "0O12", "length": 2}
        for reader in settings["train_captcha_reader"].values():
            reader |= TINY
        settings["blend"]["captcha-text"]["readers"] = ["text-crnn"]
        self.write(settings)
        self.captchas = root / f"data/captcha/{task}.h5"
        self.quarantine = root / f"data/captcha/{task}-quarantine.csv"
        self.source = root / f"data/raw/captcha/{task}"
        self.out = root / f"submissions/captcha-{task}.csv"

    def write(self, settings: dict) -> None:
        with self.params.open("w") as file:
            self.yaml.dump(settings, file)

    def change(self, **changes: object) -> None:
        """Change settings: section__key=value; `-` in a key is written `_0_`."""
        settings = self.yaml.load(self.params.read_text())
        for key, value in changes.items():
            *parents, last = key.replace("_0_", "-").split("__")
            section = settings
            for parent in parents:
                section = section[parent]
            section[last] = value
        self.write(settings)

    def run(self, stage, *words: object) -> None:
        stage.main([*map(str, words), "--params", str(self.params)])

    def generate(self) -> None:
        words = ("--task", self.task, "--source", self.source, "--out", self.captchas)
        metrics = self.root / f"metrics/generate_captcha-{self.task}.json"
        words += ("--metrics", metrics, "--quarantine", self.quarantine)
        self.run(generate_captcha, *words)

    def model(self, reader: str) -> Path:
        return self.root / f"models/{reader}.keras"

    def table(self, reader: str) -> Path:
        return self.root / f"predictions/tables/captcha/{self.task}/{reader}.csv"

    def train(self, reader: str) -> None:
        stage = f"train_captcha_reader-{reader}"
        self.run(
            train_captcha_reader,
            *("--reader", reader, "--captchas", self.captchas, "--model", self.model(reader)),
            *("--table", self.table(reader), "--metrics", self.root / f"metrics/{stage}.json"),
            *("--plots", self.root / f"plots/{stage}"),
        )

    def blend(self) -> None:
        self.run(
            blend,
            *("--competition", f"captcha-{self.task}", "--tables", self.table("any").parent),
            *("--out", self.root / f"predictions/blends/captcha/{self.task}.csv"),
            *("--fitted", self.root / "models/blend.h5"),
            *("--metrics", self.root / f"metrics/blend_captcha-{self.task}.json"),
        )

    def submit(self) -> None:
        self.blend()
        self.run(
            submit,
            *("--competition", f"captcha-{self.task}", "--root", self.root, "--out", self.out),
            *("--table", self.root / f"predictions/blends/captcha/{self.task}.csv"),
            *("--blend", self.root / f"metrics/blend_captcha-{self.task}.json"),
            *("--metrics", self.root / f"metrics/submit_captcha-{self.task}.json"),
            *("--headline", self.root / f"metrics/captcha-{self.task}.json"),
        )

    def metrics(self, stage: str) -> dict:
        return json.loads((self.root / f"metrics/{stage}.json").read_text())


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})


@pytest.fixture
def make(tmp_path: Path):
    return lambda task: Captchas(tmp_path, task)


def refused(run, capsys) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        run()
    assert caught.value.code in (1, 2)
    text = capsys.readouterr().err
    assert text.startswith("error: ")
    assert text.count("\n") <= 3
    return text


def raw_text(folder: Path, n_train: int = 12, n_test: int = 3) -> None:
    """Pictures named after their texts, four grey levels of two characters."""
    for part, first, n in (("train", 0, n_train), ("test", 100, n_test)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + n):
            rng = np.random.default_rng(number)
            pixels = rng.integers(0, 255, (32, 64), dtype=np.uint8)
            text = "".join(rng.choice(list("abx"), 2))
            name = f"{text}_{number}" if part == "train" else str(number)
            (folder / part / f"{name}.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory):
    """The two tasks from seeds to submissions, once for all tests that only look."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.sched_getaffinity", lambda _: {0})
        made = {}
        for task, reader in (("text", "text-cnn"), ("arithmetic", "arithmetic-crnn")):
            root = tmp_path_factory.mktemp(task)
            patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
            made[task] = Captchas(root, task)
            made[task].change(**{f"blend__captcha-{task}__readers": [reader]})
            made[task].generate()
            made[task].train(reader)
            made[task].submit()
        return made


@pytest.mark.parametrize(
    ("task", "reader", "columns"),
    [
        ("text", "text-cnn", ["id", "text"]),
        ("arithmetic", "arithmetic-crnn", ["id", "expression", "value"]),
    ],
)
def test_from_seeds_to_a_checked_submission(task, reader, columns, finished):
    one = finished[task]
    found = one.metrics(f"train_captcha_reader-{reader}")
    assert found["validation"]["greedy"]["whole_string"]["n"] == 6
    assert found["learnt_from"] == {"pictures_seen": 32, "pictures": 24}
    plots = one.root / f"plots/train_captcha_reader-{reader}"
    assert pd.read_csv(plots / "learning_curve.csv")["pictures"].tolist() == [16, 32]
    for name in ("curves.png", "mistakes.png", "reliability.png"):
        with Image.open(plots / name) as picture:
            assert picture.size[0] > 300
    table = pd.read_csv(one.table(reader), dtype=str, keep_default_na=False)
    assert table["split"].tolist() == ["holdout"] * 6 + ["test"] * 5
    assert set(table["fold"]) == {"-1"}
    rows = pd.read_csv(one.out, dtype=str, keep_default_na=False)
    assert rows["id"].tolist() == ["0", "1", "2", "3", "4"]
    assert list(rows) == columns
    manifest = json.loads(one.out.with_suffix(".json").read_text())
    blend = manifest["scores"].pop("blend")
    assert (blend["method"], blend["metric"]) == ("confidence", "whole_string")
    assert manifest["scores"]["test"]["whole_string"]["n"] == 5
    assert one.metrics(f"submit_captcha-{task}") == manifest["scores"]
    assert not list((one.root / "scratch/captcha-readers").glob("*.npz"))
    assert manifest["chance"]["held_out"]["n"] == found["chance"]["n"] == 6
    assert manifest["chance"]["least_sure"].keys() == {"0", "1", "2", "3", "4"}
    assert 0 <= manifest["chance"]["mean"] <= 1


def test_constrained_decoding_gives_expressions_only(finished):
    found = finished["arithmetic"].metrics("train_captcha_reader-arithmetic-crnn")["validation"]
    assert found["decoded"]["computable"]["value"] == 1.0  # of a reader that knows nothing yet
    assert found["greedy"]["computable"]["value"] < 1.0


def test_the_artefact_reads_as_the_stage_did(finished):
    one = finished["arithmetic"]
    reader = CaptchaReader(one.model("arithmetic-crnn"))
    table = pd.read_csv(one.table("arithmetic-crnn"), dtype=str).query("split == 'test'")
    found = reader.read(read_captchas(one.captchas, "test").pixels)
    assert [reading.text for reading in found] == table["text"].tolist()
    told = [reading.log_prob for reading in found]
    np.testing.assert_allclose(told, table["log_prob"].astype(float), rtol=1e-4)


def test_predict_takes_other_sizes_and_refuses_what_is_no_picture(finished, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")
    reader = CaptchaReader(finished["text"].model("text-cnn"))
    with pytest.raises(PodiumError, match=r"broken\.png: not a JPEG"):
        reader.read_files([broken])
    pixels = read_captchas(finished["text"].captchas, "test", 1).pixels[0]
    paths = []
    for number, size in enumerate(((64, 32), (128, 64), (2000, 9), (3, 300))):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST).save(paths[-1])
    readings = reader.read_files(paths)
    assert readings[0].text == readings[1].text
    assert all(len(reading.text) == 2 for reading in readings)


def test_predict_gives_the_value_of_an_expression(finished, tmp_path):
    one = finished["arithmetic"]
    picture = tmp_path / "one.png"
    pixels = read_captchas(one.captchas, "test", 1).pixels[0]
    picture.write_bytes(encoded(Image.fromarray(pixels), "PNG"))
    words = ["predict", "--model", str(one.model("arithmetic-crnn")), str(picture)]
    told = CliRunner().invoke(app, words).output.splitlines()
    row = one.out.read_text().splitlines()[1].split(",")
    assert told[0] == "path,expression,value,probability"
    assert told[1].split(",")[1:3] == row[1:]


def test_predict_goes_on_after_a_broken_picture(finished, tmp_path):
    pixels = read_captchas(finished["text"].captchas, "test", 3).pixels
    for number, picture in enumerate(pixels):
        (tmp_path / f"{number}.png").write_bytes(encoded(Image.fromarray(picture), "PNG"))
    words = ["predict", "--model", str(finished["text"].model("text-cnn")), str(tmp_path)]
    alone = CliRunner().invoke(app, words).stdout.splitlines()
    (tmp_path / "0a.png").write_bytes(b"nothing")
    (tmp_path / "1a.png").write_bytes(b"GIF89a")
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 1
    assert len(alone) == 4
    for row, before in zip(told.stdout.splitlines(), alone, strict=True):
        assert (
            row.rpartition(",")[0] == before.rpartition(",")[0]
        )  # batches differ in the last bits
    assert "2 of 5 files have no answer" in told.stderr


def test_drawn_on_the_fly(make):
    one = make("text")
    one.change(
        train_captcha_reader__text_0_crnn__on_the_fly=True,
        train_captcha_reader__text_0_crnn__emphasis="0O",
    )
    one.generate()
    one.train("text-crnn")
    found = one.metrics("train_captcha_reader-text-crnn")["learnt_from"]
    assert found == {"pictures_seen": 32, "seed": 1, "first": 0, "last": 31}


def test_a_reader_without_recurrence(make):
    one = make("text")
    one.change(captcha__text__source="raw", train_captcha_reader__text_0_crnn__model="ctc")
    raw_text(one.source)
    one.generate()
    one.train("text-crnn")
    one.submit()
    assert one.metrics("train_captcha_reader-text-crnn")["validation"].keys() >= {
        "greedy",
        "decoded",
    }
    model, picture = one.model("text-crnn"), str(one.source / "test/100.png")
    told = CliRunner().invoke(app, ["predict", "--model", str(model), picture])
    assert told.exit_code == 0
    says = dict(pd.read_csv(one.out, dtype=str).to_numpy())
    assert told.output.splitlines()[1].split(",")[1] == says["100"]


def test_raw_pictures_from_folder_to_prediction(make, capsys):
    one = make("text")
    one.change(captcha__text__source="raw")
    raw_text(one.source)
    (one.source / "sample_submission.csv").write_text("id,text\n102,a\n100,a\n101,a\n")
    one.generate()
    printed = capsys.readouterr().out
    assert "12 labelled pictures of 64x32 px, texts of 2 characters out of 3: abx" in printed
    assert "11 to learn from, 1 for validation, 3 in test" in printed
    one.train("text-crnn")
    one.submit()
    rows = pd.read_csv(one.out, dtype=str)
    assert rows["id"].tolist() == ["102", "100", "101"]
    assert set("".join(rows["text"])) <= set("abx")
    assert "test" not in one.metrics("submit_captcha-text")
    shown = CliRunner().invoke(app, ["submit", "captcha-text", "--folder", str(one.out.parent)])
    assert shown.exit_code == 0
    assert "held_out whole_string" in shown.output

    model = one.model("text-crnn")
    pictures = [str(one.source / f"test/{number}.png") for number in (102, 100, 101)]
    told = CliRunner().invoke(app, ["predict", "--model", str(model), *pictures])
    assert told.exit_code == 0
    lines = [line.split(",") for line in told.output.splitlines()]
    assert lines[0] == ["path", "text", "probability"]
    assert [line[1] for line in lines[1:]] == rows["text"].tolist()
    assert all(0 < float(line[2]) <= 1 for line in lines[1:])


def test_no_test_pictures_gives_metrics_only(make, capsys):
    one = make("text")
    one.change(captcha__text__source="raw")
    raw_text(one.source, n_test=0)
    one.generate()
    one.train("text-cnn")
    one.change(blend__captcha_0_text__readers=["text-cnn"])
    one.submit()
    assert "metrics only" in capsys.readouterr().out
    assert one.out.read_text() == "id\n"
    assert one.out.with_suffix(".txt").read_text() == ""


@pytest.mark.parametrize(
    ("text", "reader", "reasons"),
    [
        ("aabbaabb", "text-crnn", ("'aabbaabb' needs 12 time steps", "the reader has 8")),
    ],
)
def test_a_label_that_the_reader_cannot_learn(text, reader, reasons, make, capsys):
    one = make("text")
    one.change(captcha__text__source="raw")
    raw_text(one.source)
    (one.source / f"train/{text}_1.png").write_bytes(encoded(Image.new("L", (64, 32)), "PNG"))
    told = refused(one.generate, capsys)  # by the first stage
    assert all(reason in told for reason in (f"train_captcha_reader.{reader}: ", *reasons))
    assert not one.captchas.exists()


def test_a_reader_that_cannot_learn_is_left_out(make, capsys):
    one = make("text")
    one.change(captcha__text__source="raw")
    one.change(blend__captcha_0_text__readers=["text-crnn", "text-cnn"])
    raw_text(one.source)
    (one.source / "train/abx_1.png").write_bytes(encoded(Image.new("L", (64, 32)), "PNG"))
    one.generate()
    told = (
        "reader text-cnn is left out: train_captcha_reader.text-cnn: texts have 2 to 3 characters"
    )
    assert told in capsys.readouterr().out  # by the first stage
    assert any(told in line for line in one.metrics("generate_captcha-text")["warnings"])
    one.train("text-cnn")
    assert told in capsys.readouterr().out
    assert any(told in line for line in one.metrics("train_captcha_reader-text-cnn")["warnings"])
    one.train("text-crnn")
    one.submit()
    assert pd.read_csv(one.out, dtype=str)["id"].tolist() == ["100", "101", "102"]
    one.change(blend__captcha_0_text__readers=["text-cnn"])
    assert "2 to 3 characters" in refused(one.generate, capsys)  # none serves
    told = CliRunner().invoke(app, ["predict", "--model", str(one.model("text-cnn")), "x.png"])
    assert told.exit_code == 1


def draw_text(text: str, size: tuple[int, int]) -> Image.Image:
    picture = Image.new("L", (20 + 14 * len(text), 30), 230)
    ImageDraw.Draw(picture).text((10, 4), text, 20, ImageFont.load_default(20))
    return picture.resize(size)


NAMINGS = ("{text}_{n}", "{text}-0", "{md5}-{text}", "{text} ({n})")


def test_sixty_sizes_and_four_namings_without_a_setting_by_hand(make, capsys, monkeypatch):
    monkeypatch.setattr("podium.captcha.inspection.choices.FEWEST", 64)
    one, rng = make("text"), np.random.default_rng(5)
    sizes = set()
    for n in range(80):
        text = "".join(rng.choice(list("ABX7"), rng.integers(3, 6)))
        size = 40 + 3 * n, int(rng.integers(12, 60))
        sizes |= {size}
        form = NAMINGS[n % 4] if n < 68 else "{n}"
        name = form.format(text=text, n=n, md5=hashlib.md5(bytes([n])).hexdigest())
        place = one.source / ("train" if n < 68 else "test") / f"{name}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        draw_text(text, size).save(place)
    assert len(sizes) >= 60
    words = ["inspect", "captcha", "text", "--source", str(one.source), "--minutes", "0.1"]
    words += ["--params", str(one.params), "--sheet", str(one.root / "sheet.png"), "--write"]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    assert "texts       the whole name (17)" in told.output
    assert "next: dvc repro submit@captcha-text" in told.output
    with Image.open(one.root / "sheet.png") as sheet:
        assert sheet.width > 300
    one.generate()
    one.train("text-crnn")
    one.submit()
    rows = pd.read_csv(one.out, dtype=str, keep_default_na=False)
    assert rows["id"].tolist() == [str(n) for n in range(68, 80)]
    assert rows["text"].map(len).between(3, 5).all()
    picture = one.root / "tiny.gif"
    draw_text("AB", (30, 9)).save(picture)
    model = str(one.model("text-crnn"))
    assert CliRunner().invoke(app, ["predict", "--model", model, str(picture)]).exit_code == 0


def test_settings_that_cannot_be(make, capsys):
    one = make("text")
    one.generate()
    assert "remedy: one of text-crnn" in refused(lambda: one.train("voice"), capsys)
    one.change(train_captcha_reader__text_0_cnn__recombine=0.5)
    assert "has no assignments" in refused(lambda: one.train("text-cnn"), capsys)
    assert "has no assignments" in refused(one.generate, capsys)
    one.change(train_captcha_reader__text_0_cnn__recombine=0.0)
    one.change(blend__captcha_0_text__readers=["arithmetic-crnn"])
    one.table("x").parent.mkdir(parents=True)
    assert "does not read text" in refused(lambda: one.submit(), capsys)
    assert "'arithmetic-crnn' does not read text" in refused(one.generate, capsys)
    one.change(blend__captcha_0_text__readers=["text-crnn", "text-crnn"])
    assert "'text-crnn' is named twice" in refused(one.generate, capsys)
    one.change(blend__captcha_0_text__readers=["text-crnn"])
    one.change(captcha__text__source="raw")
    assert "no pictures" in refused(one.generate, capsys)
    one.change(train_captcha_reader__text_0_crnn__on_the_fly=True)
    assert "raw pictures cannot be drawn" in refused(one.generate, capsys)
    assert read_texts(one.captchas, "test")[0] == ["0", "1", "2", "3", "4"]  # nothing lost
    raw_text(one.source)
    one.change(train_captcha_reader__text_0_crnn__on_the_fly=False)
    one.generate()
    one.change(train_captcha_reader__text_0_crnn__on_the_fly=True)
    assert "raw pictures cannot be drawn" in refused(lambda: one.train("text-crnn"), capsys)


def test_settings_of_drawn_pictures_are_looked_at_before_any_is_drawn(make, capsys, monkeypatch):
    monkeypatch.setattr("podium.captcha.ingest.generate", None)
    one = make("text")
    changes = [
        ({"captcha__text__length": 9}, "9 characters and 3 equal neighbours), the reader has 8"),
        ({"captcha__text__alphabet": "AAB"}, "holds A twice"),
        ({"train_captcha_reader__text_0_crnn__on_the_fly": True,
          "train_captcha_reader__text_0_crnn__emphasis": "Z"},
         "train_captcha_reader.text-crnn: captcha emphasis holds Z"),
        ({"train_captcha_reader__arithmetic_0_crnn__task": "text",
          "train_captcha_reader__arithmetic_0_crnn__recombine": 0.1}, "has no assignments"),
    ]  # fmt: skip
    kept = one.params.read_text()
    for change, reason in changes:
        one.change(**change)
        assert reason in refused(one.generate, capsys)
        one.params.write_text(kept)
    arithmetic = Captchas(one.root, "arithmetic")
    arithmetic.change(train_captcha_reader__arithmetic_0_crnn__model="cnn")
    assert "texts have 5 to 7 characters, but a cnn" in refused(arithmetic.generate, capsys)


# ---- raw folders with more than pictures


def test_test_pictures_that_cannot_be_read_keep_their_rows(make, capsys):
    one = make("text")
    one.change(captcha__text__source="raw")
    raw_text(one.source)
    (one.source / "test/7.png").symlink_to("nowhere")
    (one.source / "test/8.gif").write_bytes(b"GIF89a")
    one.generate()
    told = capsys.readouterr().out
    assert "WARNING: 2 test pictures cannot be read" in told
    assert "text: 7, 8\n" in told
    table = pd.read_csv(one.quarantine, dtype=str, keep_default_na=False)
    assert table["path"].tolist() == ["test/7.png", "test/8.gif"]
    one.train("text-crnn")
    one.submit()
    texts = read_texts(one.captchas, "train")[1]
    most = max(sorted(set(texts)), key=texts.count)
    rows = pd.read_csv(one.out, dtype=str).set_index("id")["text"]
    assert sorted(rows.index) == ["100", "101", "102", "7", "8"]
    assert rows["7"] == rows["8"] == most


def test_a_reader_no_better_than_one_text_says_so(finished, make, capsys):
    one = make("text")
    one.change(captcha__text__source="raw")
    raw_text(one.source)
    one.generate()
    one.train("text-crnn")
    told = capsys.readouterr().out
    assert "WARNING: this reader gets 0.0000 of 1 validation texts right, no more than the" in told
    assert told.splitlines()[-1].startswith("What to try: more epochs")


def write_readings(one: Captchas, text: str, n_test: int = 5) -> None:
    """A prediction table that reads `text` everywhere."""
    one.table("text-crnn").parent.mkdir(parents=True, exist_ok=True)
    ids = [("holdout", number) for number in range(6)]
    ids += [("test", number) for number in range(n_test)]
    truth = {"holdout": "0O", "test": ""}
    rows = "".join(f"{n},{split},-1,0,{truth[split]},{text},-0.5\n" for split, n in ids)
    one.table("text-crnn").write_text("id,split,fold,seed,truth,text,log_prob\n" + rows)


def test_where_nothing_is_read_stands_the_most_frequent_text(make, capsys):
    one = make("text")
    one.generate()
    write_readings(one, "")
    one.submit()
    texts = read_texts(one.captchas, "train")[1]
    rows = pd.read_csv(one.out, dtype=str, keep_default_na=False)
    assert set(rows["text"]) == {min(texts, key=lambda text: (-texts.count(text), text))}
    assert json.loads(one.out.with_suffix(".json").read_text())["filled"] == rows["id"].tolist()
    assert "5 rows could not be predicted and were filled" in capsys.readouterr().out


def test_a_refused_submission_leaves_the_last_one(make, capsys):
    one = make("text")
    one.generate()
    write_readings(one, "0O")
    one.submit()
    kept = one.out.read_bytes()
    write_readings(one, "0O", n_test=4)
    assert "1 ids are missing" in refused(lambda: one.submit(), capsys)
    write_readings(one, "§§")
    assert "with characters that no train picture has" in refused(lambda: one.submit(), capsys)
    assert one.out.read_bytes() == kept
