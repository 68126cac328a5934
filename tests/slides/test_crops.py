"""Crops of slides: what is marked on a picture, the same as on a flat slide."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from podium.core.errors import PodiumError
from podium.core.files import file_sha256, write_json
from podium.slides import crops
from podium.slides.heat import heat_map, tiles_to_predict
from podium.slides.predict_files import InferenceConfig
from podium.slides.reader import Slide
from podium.slides.segmenter import Segmenter, assemble, describe
from podium.slides.stain import Stain
from podium.slides.stitch import heat_bands
from podium.training import artefact
from podium.training.runtime import keras
from slide_fixtures import stained
from slide_networks import PARAMS, TILES


class Redness:
    """A segmenter that takes red for tumour."""

    def __init__(self, path, engine="tensorflow"):
        self.tiles, self.classes = TILES, ("tumour",)
        self.engine = {}

    def heat(self, pixels, fold, turns):
        assert (fold, turns) == (-1, 1)
        assert len(pixels) == 4  # full batches, so that a tile's heat depends on it alone
        return (pixels[..., 0].astype(np.float32) - pixels[..., 1]).clip(0, 255) / 255


@pytest.fixture
def reader(monkeypatch, tmp_path):
    config = InferenceConfig("", 128, 1.0, 0.0, 16, 4, 0.5, 0.5)
    monkeypatch.setattr(crops, "Segmenter", Redness)
    monkeypatch.setattr(crops, "config_of", lambda _: config)
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    return crops.CropReader(tmp_path / "slides.keras")


def crop(path, size=(100, 80)):
    """White, on the left half pink tissue, red in its upper half."""
    w, h = size
    pixels = np.full((h, w, 3), 255, np.uint8)
    pixels[:, : w // 2] = (200, 120, 180)
    pixels[: h // 2, : w // 2] = (240, 20, 60)
    Image.fromarray(pixels).save(path)
    return path


def test_shares_of_tissue_and_of_what_is_marked(reader, tmp_path):
    read = reader.read(crop(tmp_path / "a.png"))
    assert read.heat.shape == (1, 80, 100)
    assert read.labels[:40, :50].all()
    assert read.labels.sum() == 40 * 50
    tissue, tumour = read.shares()
    assert tissue == pytest.approx(0.5, abs=0.02)
    assert tumour == 0.25


@pytest.mark.parametrize("size", [(20, 9), (33, 100)])
def test_a_crop_smaller_than_a_tile_is_read_too(reader, tmp_path, size):
    read = reader.read(crop(tmp_path / "a.png", size))
    assert read.heat.shape[1:] == read.pixels.shape[:2] == size[::-1]


def test_blank_glass_has_no_tissue(reader, tmp_path):
    Image.new("RGB", (64, 64), "white").save(tmp_path / "a.png")
    assert reader.read(tmp_path / "a.png").shares() == [0.0, 0.0]


def test_answers_go_on_after_a_file_that_is_no_picture(reader, tmp_path):
    (tmp_path / "b.png").write_bytes(b"II*\0 no slide")
    columns, answers = crops.answers(
        tmp_path / "slides.keras", [tmp_path / "b.png", crop(tmp_path / "a.png")], None
    )
    broken, sound = answers
    assert columns == ["tissue", "tumour"]
    assert "damaged" in broken.fault
    assert sound.cells[1] == 0.25


def test_a_crop_too_large_is_refused_from_its_header(reader, tmp_path):
    Image.new("L", (5000, 4000)).save(tmp_path / "a.png")
    with pytest.raises(PodiumError, match="over the limit of 16 megapixels"):
        reader.read(tmp_path / "a.png")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The file of an untrained segmenter of two folds."""
    path, folds = tmp_path_factory.mktemp("models") / "slides.keras", {}
    keras.utils.set_random_seed(1)
    for fold in range(2):
        pixels = keras.Input((None, None, 3))
        folds[fold] = keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(pixels / 255))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(path.parent / "scratch"))
        artefact.save(assemble(folds, describe(PARAMS.slides, TILES)), path)
    return path


def test_a_crop_is_seen_from_the_views_that_slides_are(model, tmp_path, monkeypatch):
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    path, heats = tmp_path / "a.png", []
    Image.fromarray(stained(96, 80) - np.arange(96, dtype=np.uint8)[:, None]).save(path)
    tiles = tiles_to_predict(Slide.open(path), TILES, 16)
    reference = asdict(Stain((0.5, 0.9, 0.4), (0.06, 0.12, 0.05)))
    for turns, stain in ((1, None), (4, None), (1, reference), (4, reference)):
        about = file_sha256(model), 128, 1.0, 0.0, 16, 4, 0.5, 0.5, turns, stain
        config = InferenceConfig(*about)
        write_json(model.with_suffix(".json"), asdict(config))
        file = heat_map(tiles, Segmenter(model), -1, 4, "k", 0.0, views=config.views)
        heats.append(np.concatenate([band for _, band in heat_bands(file)]))
        read = crops.CropReader(model).read(path)
        np.testing.assert_allclose(read.heat[0], heats[-1], atol=1e-6)
    assert all(np.abs(heat - heats[0]).max() > 0.01 for heat in heats[1:])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": "0" * 64}, "belongs to another slides.keras"),
        ({"turns": 3}, "not the thresholds of a slide model"),
        ({"stain": {"mean": [0.1] * 3}}, "not the thresholds of a slide model"),
    ],
    ids=["model", "turns", "stain"],
)
def test_settings_that_do_not_fit_are_refused(model, changes, reason):
    config = InferenceConfig(file_sha256(model), 128, 1.0, 0.0, 16, 4, 0.5, 0.5)
    write_json(model.with_suffix(".json"), asdict(config) | changes)
    with pytest.raises(PodiumError, match=rf"slides\.json: {reason}\nremedy: "):
        crops.CropReader(model)
