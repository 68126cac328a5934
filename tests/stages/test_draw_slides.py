"""The stage that draws stand-in slides."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from podium.slides.annotations import raster
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.load import load
from podium.slides.reader import Slide
from podium.stages import draw_slides
from slide_networks import PARAMS


def words(folder) -> list[str]:
    return ["--out", str(folder / "slides"), "--metrics", str(folder / "metrics/draw_slides.json")]


def _settings(monkeypatch, **changes):
    plain = {"n_train": 2, "n_test": 1, "side": 512, "seed": 3, "three_classes": False}
    section = SimpleNamespace(**plain | changes)
    params = SimpleNamespace(draw_slides=section, slides=SimpleNamespace(source="standin"))
    monkeypatch.setattr(draw_slides, "load_params", lambda path: params)


def test_the_stage_writes_what_its_section_asks_for(tmp_path, monkeypatch, capsys):
    _settings(monkeypatch)
    monkeypatch.setattr(
        "podium.core.hardware.cores", lambda: 1
    )  # no pool: its processes start slowly
    draw_slides.main(words(tmp_path))
    table = pd.read_csv(tmp_path / "slides" / "slides.csv")
    assert table["slide"].tolist() == ["train-001", "train-002", "test-001"]
    found = sorted(path.name for path in (tmp_path / "slides" / "images").iterdir())
    assert found == ["test-001.tif", "train-001.tif", "train-002.tif"]
    assert "2 train and 1 test slides" in capsys.readouterr().out


def test_numbers_that_cannot_be_met_end_in_one_line(tmp_path, monkeypatch, capsys):
    _settings(monkeypatch, side=100)
    with pytest.raises(SystemExit) as stop:
        draw_slides.main(words(tmp_path))
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("error: cannot draw 2 train and 1 test slides of 100 px")
    assert message.count("\n") == 1


def test_three_classes_have_masks_that_are_read_again(tmp_path, monkeypatch):
    _settings(monkeypatch, three_classes=True, n_train=1, n_test=0)
    monkeypatch.setattr("podium.core.hardware.cores", lambda: 1)
    draw_slides.main(words(tmp_path))
    folder = tmp_path / "slides"
    size = Slide.open(folder / "images/train-001.tif").size
    classes = {"tumour": ["1"], "follicle": ["2"], "mucosa": ["3"]}
    plan = ClassPlan.of(PARAMS.slides.model_copy(update={"classes": classes}))
    annotation = load(folder / "annotations/train-001.png", size, plan)
    labels = raster.mask(annotation.regions, (0.0, 0.0, size[0] // 8, size[1] // 8), 8.0)
    with Image.open(folder / "annotations/train-001.png") as mask:
        drawn = np.asarray(mask)[: size[1] // 8, : size[0] // 8]
    assert np.array_equal(labels, drawn)
    assert len(np.unique(drawn)) > 2
    assert pd.read_csv(folder / "slides.csv")["label"].isna().all()
