"""The artefact: all folds' networks in one file, each asked alone or all together."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.core.files import file_sha256, write_json
from podium.evaluation.competition import PredictOptions
from podium.slides.predict_files import InferenceConfig, answers
from podium.slides.reader import Slide
from podium.slides.segmenter import Segmenter, assemble, describe
from podium.training import artefact, model_file
from podium.training.runtime import keras, set_up
from slide_fixtures import stained, write_pyramid
from slide_networks import PARAMS, TILES


def network(seed):
    set_up(seed)
    pixels = keras.Input((None, None, 3))
    x = artefact.MetadataLayer({"task": "slides"})(pixels)
    x = keras.layers.Rescaling(1 / 128, offset=-1)(x)
    return keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(x))


@pytest.fixture(scope="module")
def networks():
    """By fold; counted from 1, as a person may count them in slides.csv."""
    return {1: network(1), 4: network(2)}


@pytest.fixture(scope="module")
def segmenter(networks, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "slides.keras"
    slides = PARAMS.slides.model_copy(update={"mpp": 0.25})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(path.parent))
        artefact.save(assemble(networks, describe(slides, TILES)), path)
    assert model_file.read_task(path) == "slides"
    return Segmenter(path)


def probabilities(model, pixels):
    logits = np.asarray(model(pixels.astype(np.float32), training=False))[..., 0]
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@pytest.fixture
def pixels(rng):
    return rng.integers(0, 256, (3, 32, 64, 3), dtype=np.uint8)


def test_it_says_how_slides_are_cut(segmenter):
    assert (segmenter.tiles, segmenter.mpp, segmenter.n_folds) == (TILES, 0.25, 2)
    assert segmenter.overruling_mpp is None


def test_a_scale_that_overrules_is_described_and_predicted_with(networks, tmp_path, monkeypatch):
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    assert "mpp_overrules" not in describe(PARAMS.slides, TILES)  # artefacts stay as they were
    slides, model = PARAMS.slides.model_copy(update={"mpp": 1.0}), tmp_path / "slides.keras"
    path, opened = write_pyramid(tmp_path / "a.tif", stained(64, 64), mpp=0.5, n_levels=1), []
    opening = Slide.open.__func__

    def seen(kind, *words):
        slide = opening(kind, *words)
        opened.append(slide.mpp)
        return slide

    monkeypatch.setattr(Slide, "open", classmethod(seen))
    for overrules in (False, True):
        settings = slides.model_copy(update={"mpp_overrules": overrules})
        artefact.save(assemble(networks, describe(settings, TILES)), model)
        config = InferenceConfig(file_sha256(model), 128, 1.0, 0.0, 32, 4, 0.5, 0.5)
        write_json(model.with_suffix(".json"), asdict(config))
        (answer,) = answers(model, [path], PredictOptions(tmp_path)).answers
        assert answer.fault == ""
    (answer,) = answers(model, [path], PredictOptions(tmp_path, mpp=0.7)).answers
    assert opened == [0.5, 1.0, 0.7]


@pytest.mark.parametrize("fold", [1, 4])
def test_a_fold_is_looked_at_by_its_own_network(segmenter, networks, pixels, fold):
    found = segmenter.heat(pixels, fold)
    assert (found.shape, found.dtype) == ((3, 32, 64), np.float32)
    np.testing.assert_allclose(found, probabilities(networks[fold], pixels), atol=1e-5)
    other = probabilities(networks[5 - fold], pixels)
    assert np.abs(found - other).max() > 0.05


@pytest.mark.parametrize("fold", [-1, 0, 2])
def test_others_take_the_mean(segmenter, networks, pixels, fold):
    wanted = np.mean([probabilities(one, pixels) for one in networks.values()], axis=0)
    np.testing.assert_allclose(segmenter.heat(pixels, fold), wanted, atol=1e-5)
    parts = [segmenter.heat(pixels, one) for one in networks]
    np.testing.assert_allclose(segmenter.heat(pixels), np.mean(parts, axis=0), atol=1e-6)


def test_another_kind_of_model(tmp_path):
    path = tmp_path / "photos.keras"
    pixels = keras.Input((8, 8, 3))
    described = artefact.MetadataLayer({"task": "photos"}, name="described")(pixels)
    artefact.save(keras.Model(pixels, described), path)
    with pytest.raises(PodiumError, match=r"photos\.keras: a podium model, but not one for slides"):
        Segmenter(path)
    with pytest.raises(PodiumError, match="no such model"):
        Segmenter(tmp_path / "none.keras")


@pytest.mark.parametrize("turns", [2, 4, 8])
def test_turned_tiles_are_seen_and_turned_back(segmenter, networks, rng, turns):
    pixels = rng.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    views = [
        (np.flip if mirrored else lambda x, _: x, quarter)
        for quarter in range(4)
        for mirrored in (False, True)
    ]
    chosen = {2: [0, 1], 4: [0, 2, 4, 6], 8: range(8)}[turns]
    expected = 0
    for number in chosen:
        mirror, quarter = views[number]
        seen = mirror(np.rot90(pixels, quarter, (1, 2)), 2)
        found = mirror(probabilities(networks[4], seen), 2)
        expected = expected + np.rot90(found, -quarter, (1, 2)) / turns
    segmenter.take_tile_count()
    heat = segmenter.heat(pixels, 4, turns)
    assert heat.dtype == np.float32
    np.testing.assert_allclose(heat, expected, atol=1e-5)
    assert segmenter.take_tile_count() == 3


def test_turned_tiles_of_several_classes(segmenter, pixels, monkeypatch):
    def layers(batch):  # of two classes: where it is red, where it is green
        return np.moveaxis(batch[..., :2], 3, 1).astype(np.float32)

    monkeypatch.setitem(segmenter._graphs, 7, layers)
    square = pixels[:, :, :32]
    assert np.array_equal(segmenter.heat(square, 7, 8), layers(square))


def test_heat_by_onnx_runtime_is_the_same_but_for_rounding(networks, pixels, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    path = tmp_path / "slides.keras"
    artefact.save(assemble(networks, describe(PARAMS.slides, TILES)), path)
    usual, by_onnx = Segmenter(path), Segmenter(path, "onnxruntime")
    assert (usual.engine, by_onnx.engine["engine"]) == ({}, "onnxruntime")
    for fold in (1, 4, -1):
        np.testing.assert_allclose(by_onnx.heat(pixels, fold), usual.heat(pixels, fold), atol=1e-5)
