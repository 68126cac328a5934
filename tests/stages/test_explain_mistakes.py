"""The stage that explains mistakes, on a run written by hand and with a model that looks left."""

from __future__ import annotations

import json
import re
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from page_project import write_project
from podium.captcha import network
from podium.captcha.charset import Charset
from podium.captcha.dataset import SPLITS, Facts, Split, write_captchas
from podium.captcha.decoding import Decoder, Rules
from podium.captcha.reader import CaptchaReader, artefact_metadata
from podium.competitions import COMPETITIONS
from podium.core.errors import PodiumError, SettingsError
from podium.core.files import write_table
from podium.core.params import load_params
from podium.page.run_facts import read_facts
from podium.page.sections import section
from podium.stages import explain_mistakes as stage
from podium.training import artefact
from podium.training.runtime import keras


class Left:
    """Looks at the left half, which becomes red; remembers what it was asked."""

    asked: ClassVar[list] = []

    def __init__(self, path, weights_dir):
        self.asked.append(path.name)

    def at(self, picture, name):
        self.asked.append((picture.shape, name))
        drawn = np.array(picture)
        drawn[:, : picture.shape[1] // 2] = (255, 0, 0)
        return drawn, name


@pytest.fixture
def root(tmp_path):
    root = write_project(tmp_path / "run")
    (root / "models").mkdir()
    (root / "models/photos.keras").write_text("{}")
    return root


def run(root):
    words = {"out": root / "plots/explain_mistakes", "weights-dir": root / "weights", "root": root,
             "metrics": root / "metrics/explain_mistakes.json",
             "params": root / "params.yaml"}  # fmt: skip
    stage.main([word for name, path in words.items() for word in (f"--{name}", str(path))])
    return {path.stem: json.loads(path.read_text()) for path in words["out"].iterdir()}


def test_each_mistake_with_a_picture_gets_one_of_where_the_model_looks(root, monkeypatch):
    monkeypatch.setattr(stage, "Looking", Left)
    Left.asked.clear()
    explained = run(root)
    assert set(explained) == {"photos", "captcha-text", "captcha-arithmetic", "captcha-equations"}
    assert explained["photos"]["model"] == "models/photos.keras"
    assert list(explained["photos"]["pictures"]) == ["cat.2", "cat.5"]  # the surest first
    assert explained["photos"]["shown"] == {"cat.2": "cat", "cat.5": "cat"}
    assert Left.asked == ["photos.keras", ((48, 64, 3), "cat"), ((48, 64, 3), "cat")]
    counts = json.loads((root / "metrics/explain_mistakes.json").read_text())
    assert counts["photos"] == 2
    assert explained["captcha-text"] == {"model": "", "pictures": {}, "shown": {},
                                         "failed": {}, "why": "no model is there"}  # fmt: skip


def test_why_a_model_is_not_explained_is_kept_for_the_page(root, monkeypatch):
    def crops(path, weights_dir):
        raise SettingsError("it averages ten crops\nremedy: plain views")

    monkeypatch.setattr(stage, "Looking", crops)
    photos = run(root)["photos"]
    assert (photos["pictures"], photos["why"]) == ({}, "it averages ten crops")


def test_a_picture_that_cannot_be_explained_is_named_and_the_others_go_on(
    root, monkeypatch, capsys
):
    class Blind(Left):
        def at(self, picture, name):
            if len(self.asked) < 2:
                self.asked.append(name)
                raise PodiumError("no character is read\nremedy: give another picture")
            return super().at(picture, name)

    monkeypatch.setattr(stage, "Looking", Blind)
    Left.asked.clear()
    photos = run(root)["photos"]
    assert photos["failed"] == {"cat.2": "no character is read"}
    assert list(photos["pictures"]) == ["cat.5"]
    assert "photos: cat.2 is not explained: no character is read" in capsys.readouterr().out
    settings = load_params(root / "params.yaml").model_dump()
    html = section(read_facts(root, COMPETITIONS["photos"], settings))
    assert "% sure; where the model looks is not shown: no character is read<" in html
    assert html.count("where the model looks on ") == 1


def test_of_a_captcha_the_page_says_what_its_reader_reads_step_by_step(root):
    """The text that was predicted comes from a search or a vote, and may be another one."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (2, 32, 64, 3), dtype=np.uint8)
    decoder = Decoder("cnn", Charset("AB"), Rules(["cc"], {"c": "AB"}), 3)
    keras.utils.set_random_seed(0)
    reader = network.build("cnn", (64, 32), 3, 2, 4, artefact_metadata("text", decoder, 16.0))
    artefact.save(reader, root / "models/text-cnn.keras")
    reader = CaptchaReader(root / "models/text-cnn.keras")
    plain = [reading.text for reading in reader.decoder.greedy(reader.logits(pixels))]
    facts, splits = Facts((64, 32), Charset("AB"), {}), map(Split, SPLITS, [["0", "1"]] * 3)
    write_captchas(root / "data/captcha/text.h5", facts, list(splits), [(pixels, ["AA", "AA"])] * 3)
    others = ["BA" if text == "AB" else "AB" for text in plain]
    table = pd.DataFrame({"id": ["0", "1"], "split": "holdout", "fold": -1, "seed": 0,
                          "model": "text", "params": "", "group": [0, 1], "truth": "AA",
                          "text": others, "log_prob": [-0.1, -0.2]})  # fmt: skip
    (root / "predictions/blends/captcha").mkdir()
    write_table(root / "predictions/blends/captcha/text.csv", table)
    explained = run(root)["captcha-text"]
    assert (explained["model"], explained["why"]) == ("models/text-cnn.keras", "")
    assert explained["shown"] == {"0": plain[0], "1": plain[1]}
    settings = load_params(root / "params.yaml").model_dump()
    html = section(read_facts(root, COMPETITIONS["captcha-text"], settings))
    for text, other in zip(plain, others, strict=True):
        assert re.search(
            rf"true AA, predicted {other}, [0-9.]+ % sure; read step by step: {text}<", html
        )
