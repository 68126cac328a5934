"""Maps are exact where they claim to be, depend on what was learnt, and land in files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import spearmanr
from typer.testing import CliRunner

from podium.captcha import network
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules
from podium.captcha.reader import artefact_metadata
from podium.cli import app
from podium.core.errors import SettingsError
from podium.photos.fusion import FusedHeads, MeanOfHeads
from podium.takeaway.export_model import portable
from podium.takeaway.maps import _steps, class_map, feature_maps, places_of_characters
from podium.takeaway.synthesis import class_pictures
from podium.training import artefact
from podium.training.runtime import keras

NOWHERE = Path("nowhere")
SIZE = 32


def photo_model(seed: int) -> keras.Model:
    """Two folds of a small network; average pooling, then heads."""
    keras.utils.set_random_seed(seed)
    says = {"task": "photos-network", "kind": "classes", "classes": ["cat", "dog", "hen"],
            "image_size": SIZE, "views": "plain", "max_megapixels": 9.0}  # fmt: skip
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = artefact.MetadataLayer(says, name="described")(pixels)
    folds = [_fold(number)(x) for number in range(2)]
    return keras.Model(pixels, MeanOfHeads("classes")(keras.ops.stack(folds, axis=1)))


def _fold(number: int) -> keras.Model:
    given = keras.Input((SIZE, SIZE, 3))
    x = given / 255
    for width in (8, 8):
        x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(12, 3)(x))
    body = keras.Model(given, pooled, name="body")
    outer = keras.Input((SIZE, SIZE, 3))
    bias = keras.initializers.RandomNormal(seed=number)
    head = keras.layers.Dense(3, bias_initializer=bias, name="head")
    return keras.Model(outer, head(body(outer)), name=f"fold{number}")


def picture(seed: int = 0) -> np.ndarray:
    """Smooth random colours."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((40, 30), Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    artefact.save(photo_model(1), folder / "photos-small.keras")
    says = artefact_metadata("text", Decoder("cnn", Charset("AB"), Rules(["cc"], {"c": "AB"}), 3),
                             16.0)  # fmt: skip
    artefact.save(network.build("cnn", (64, 32), 3, 2, 4, says), folder / "text.keras")
    Image.fromarray(picture()).save(folder / "one.png")
    Image.fromarray(picture()).resize((64, 32)).save(folder / "captcha.png")
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return portable(folder / "photos-small.keras", NOWHERE, any_width=False)


def test_the_means_of_the_maps_are_the_logit_less_its_bias(folder, model):
    trained, _ = artefact.load(folder / "photos-small.keras")
    folds = [layer for layer in trained.layers if isinstance(layer, keras.Model)]
    pixels = np.stack(model.inputs(picture())).astype(np.float32)
    for target in range(3):
        found = class_map(model, picture(), target)
        logits = [float(fold(pixels)[0, target]) for fold in folds]
        biases = [float(fold.get_layer("head").bias[target]) for fold in folds]
        assert found.logit == pytest.approx(np.mean(logits), abs=1e-5)
        assert found.offset == pytest.approx(np.mean(biases), abs=1e-5)
        assert sum(each.mean() for each in found.maps) == pytest.approx(
            np.mean(logits) - np.mean(biases), abs=1e-5
        )


def test_heads_on_standardised_features_have_exact_maps_too(model):
    """The offset is what the heads say of features that are all 0."""
    heads = FusedHeads(2, 3, "classes")
    heads.build((1, 12))
    rng = np.random.default_rng(0)
    for name in ("mean", "kernel", "bias"):
        weight = getattr(heads, name)
        weight.assign(rng.normal(size=weight.shape))
    heads.scale.assign(rng.uniform(0.5, 2, heads.scale.shape))
    given = keras.Input((SIZE, SIZE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(12, 3)(given / 255))
    whole = keras.Model(given, MeanOfHeads("classes")(heads(pooled)))
    found = class_map(replace(model, model=whole), picture(), 1)
    without = float(np.asarray(heads(np.zeros((1, 12), np.float32)))[0, :, 1].mean())
    assert found.offset == pytest.approx(without, abs=1e-4)


def test_grad_cam_keeps_what_speaks_for_the_class(model):
    signed, only_for = class_map(model, picture(), 0), class_map(model, picture(), 0, True)
    for each, kept in zip(signed.maps, only_for.maps, strict=True):
        np.testing.assert_allclose(kept, np.maximum(each, 0), atol=1e-6)


def test_random_weights_change_the_map(model):
    own = class_map(model, picture(), 0).whole((40, 30)).ravel()
    others = [replace(model, model=photo_model(seed)) for seed in range(10, 16)]
    correlations = [
        spearmanr(own, class_map(other, picture(), 0).whole((40, 30)).ravel()).statistic
        for other in others
    ]
    assert abs(np.mean(correlations)) < 0.3


def test_feature_maps_are_those_of_the_layer(folder, model):
    layer = "conv2d_2"
    trained, _ = artefact.load(folder / "photos-small.keras")
    body = trained.get_layer("fold0").get_layer("body")
    name = [each.name for each in body.layers if isinstance(each, keras.layers.Conv2D)][1]
    given = body.input[0] if isinstance(body.input, list) else body.input
    through = keras.Model(given, body.get_layer(name).output)
    pixels = np.stack(model.inputs(picture())).astype(np.float32)
    maps = feature_maps(model, picture(), name)
    np.testing.assert_allclose(maps, np.asarray(through(pixels))[0], atol=1e-5)
    with pytest.raises(SettingsError, match="no such layer with maps"):
        feature_maps(model, picture(), f"{layer}-gone")


def test_the_steps_of_characters():
    sure = np.array([0.9, 0.5, 0.8, 0.9, 0.7, 0.6])
    assert _steps([0, 2, 2, 0, 2, 1], sure, recurrent=True) == [2, 4, 5]
    assert _steps([2, 2, 1], sure, recurrent=False) == [0, 1, 2]


def test_each_character_has_a_place(folder):
    reader = portable(folder / "text.keras", NOWHERE, any_width=False)
    pixels = np.asarray(Image.open(folder / "captcha.png"))
    places = places_of_characters(reader, pixels, recurrent=False)
    assert len(places) == 2
    assert all(each.shape == (32, 64) and each.max() > 0 for _, each in places)


def test_a_made_up_picture_is_taken_for_its_class(model):
    pictures = class_pictures(model, [0, 2], steps=12, seed=0)
    assert model.answer(list(pictures)).argmax(1).tolist() == [0, 2]
    assert np.array_equal(pictures, class_pictures(model, [0, 2], steps=12, seed=0))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        pytest.param(["photos-small", "one.png", "--what", "cam"], "photos-small-cam-one",
                     id="cam"),
        pytest.param(["text", "captcha.png", "--what", "gradcam"], "text-gradcam-captcha",
                     id="characters"),
        pytest.param(["photos-small", "one.png", "--what", "maps"], "photos-small-maps-one",
                     id="maps"),
        pytest.param(["text", "--what", "filters", "--steps", "2"], "text-filters", id="filters"),
    ],
)  # fmt: skip
def test_the_command_writes_pictures(folder, tmp_path, words, name):
    model, *others = words
    others = [str(folder / word) if word.endswith(".png") else word for word in others]
    command = ["explain", f"{folder}/{model}.keras", *others, "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{name}.png"]
    with Image.open(tmp_path / "out" / f"{name}.png") as drawn:
        assert min(drawn.size) > 150


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["photos-small", "--what", "cam"], "needs pictures", id="none"),
        pytest.param(["photos-small", "one.png", "--what", "class"], "takes no pictures",
                     id="some"),
        pytest.param(["text", "captcha.png", "--what", "cam"], "--what gradcam", id="reader"),
        pytest.param(["photos-small", "one.png", "--what", "cam", "--class", "cow"],
                     "remedy: one of cat, dog, hen", id="class"),
    ],
)  # fmt: skip
def test_the_command_says_what_is_wrong(folder, tmp_path, words, said):
    model, *others = words
    others = [str(folder / word) if word.endswith(".png") else word for word in others]
    command = ["explain", f"{folder}/{model}.keras", *others, "--out", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert said in result.output


def test_two_pictures_of_one_name_are_refused(folder, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        shutil.copy(folder / "one.png", tmp_path / name / "1.png")
    words = [
        "explain",
        f"{folder}/photos-small.keras",
        f"{tmp_path}/a/1.png",
        f"{tmp_path}/b/1.png",
    ]
    result = CliRunner().invoke(app, [*words, "--what", "cam", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "both would become 1.png" in result.output
    assert not (tmp_path / "out").exists()
