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
from podium.captcha.reader import CaptchaReader, artefact_metadata
from podium.cli import app
from podium.core.errors import SettingsError
from podium.photos.fusion import FusedHeads, MeanOfHeads
from podium.slides.crops import Crop
from podium.takeaway import explain_model
from podium.takeaway.export_model import portable
from podium.takeaway.grids import write_overlays
from podium.takeaway.looking import Looking
from podium.takeaway.maps import _steps, class_map, feature_maps, places_of_characters
from podium.takeaway.overlays import character_overlay, class_overlay
from podium.takeaway.synthesis import class_pictures
from podium.training import artefact
from podium.training.runtime import keras

NOWHERE = Path("nowhere")
SIZE = 32


def photo_model(seed: int, is_normalised: bool = False) -> keras.Model:
    """Two folds of a small network; average pooling, normalised or not, then heads."""
    keras.utils.set_random_seed(seed)
    says = {"task": "photos-network", "kind": "classes", "classes": ["cat", "dog", "hen"],
            "image_size": SIZE, "views": "plain", "max_megapixels": 9.0}  # fmt: skip
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = artefact.MetadataLayer(says, name="described")(pixels)
    folds = [_fold(number, is_normalised)(x) for number in range(2)]
    return keras.Model(pixels, MeanOfHeads("classes")(keras.ops.stack(folds, axis=1)))


def _fold(number: int, is_normalised: bool) -> keras.Model:
    given = keras.Input((SIZE, SIZE, 3))
    x = given / 255
    for width in (8, 8):
        x = keras.layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(12, 3)(x))
    if is_normalised:
        pooled = keras.layers.LayerNormalization()(pooled)
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


def test_small_pictures_of_where_a_model_looks(folder):
    photos = Looking(folder / "photos-small.keras", NOWHERE)
    dog, name = photos.at(picture(), "dog")
    assert (dog.shape, name) == ((30, 40, 3), "dog")
    assert not np.array_equal(dog, photos.at(picture(), "cat")[0])
    captcha = np.asarray(Image.open(folder / "captcha.png"))
    drawn, read = Looking(folder / "text.keras", NOWHERE).at(captcha)
    assert drawn.shape == (32 + 10 + 6, 64, 3)  # below it the characters
    reader = CaptchaReader(folder / "text.keras")
    [greedy] = reader.decoder.greedy(reader.logits(captcha[None]))
    assert read == greedy.text


def test_what_is_no_class_is_answered_with_the_name_that_is_drawn(model, folder):
    """Of several labels, or none, the map is of the likeliest one."""
    likeliest = ["cat", "dog", "hen"][int(model.answer([picture()])[0].argmax())]
    looking = Looking(folder / "photos-small.keras", NOWHERE)
    drawn, name = looking.at(picture(), "cat;dog")
    assert name == looking.at(picture(), "-")[1] == likeliest
    assert np.array_equal(drawn, looking.at(picture(), likeliest)[0])


def test_each_character_has_a_colour_and_stands_below():
    left, right = np.zeros((30, 60)), np.zeros((30, 60))
    left[:, :30], right[:, 30:] = 1.0, 1.0
    drawn = character_overlay(np.full((30, 60, 3), 255, np.uint8), [("7", left), ("不", right)])
    assert drawn[15, 10, 2] > drawn[15, 10, 0]  # blue, the first colour
    assert drawn[15, 50, 0] > drawn[15, 50, 2]
    assert (drawn[32:, :30] < 200).any()
    assert (drawn[32:, 30:] < 200).any()


@pytest.mark.parametrize(
    ("shape", "n_rows"), [((60, 160), 1), ((60, 300), 2), ((60, 600), 4)], ids=str
)
def test_maps_of_wide_pictures_stand_below_them(tmp_path, shape, n_rows):
    maps = [(name, np.ones(shape)) for name in ("7", "+", "深")]
    write_overlays(tmp_path / "wide.png", np.zeros((*shape, 3), np.uint8), maps, signed=False)
    with Image.open(tmp_path / "wide.png") as drawn:
        w, h = drawn.size
    row = 110 * (0.5 + 2.5 * n_rows * shape[0] / shape[1])
    assert (w, h) == (pytest.approx(1408, abs=2), pytest.approx(n_rows * row, abs=4))


def test_red_speaks_for_and_blue_against():
    values = np.array([[1.0, 0.0, -1.0]])
    drawn = class_overlay(np.full((1, 3, 3), 128, np.uint8), values).astype(int)
    assert drawn[0, 0, 0] > drawn[0, 0, 2]
    assert drawn[0, 2, 0] < drawn[0, 2, 2]
    assert abs(drawn[0, 1, 0] - drawn[0, 1, 2]) < 3


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


def test_maps_to_first_order_are_said_to_be_so(folder, tmp_path):
    artefact.save(photo_model(1, is_normalised=True), tmp_path / "normalised.keras")
    words = [f"{folder}/one.png", "--what", "cam", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["explain", f"{tmp_path}/normalised.keras", *words])
    note = "normalised.keras normalises its averages: maps are to first order, no exact sums"
    assert (result.exit_code, result.stderr) == (0, f"note: {note}\n")
    result = CliRunner().invoke(app, ["explain", f"{folder}/photos-small.keras", *words])
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_model_that_averages_no_map_is_refused_before_any_picture(folder, model, monkeypatch):
    flat = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    monkeypatch.setattr(explain_model, "portable", lambda *_, **__: replace(model, model=flat))
    with pytest.raises(SettingsError, match="averages no feature map"):
        explain_model.explainer(folder / "photos-small.keras", NOWHERE)


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        pytest.param((1600, 2400), (800, 1200), id="large"),
        pytest.param((2400, 3), (1200, 2), id="narrow"),
        pytest.param((30, 40), (30, 40), id="small"),
    ],
)
def test_a_large_crop_is_drawn_smaller(tmp_path, monkeypatch, shape, drawn):
    """A figure holds every pixel as floats; at 16 megapixels that were gigabytes."""
    half = np.zeros((2, *shape), np.float32)
    half[1, shape[0] // 2 :] = 1.0
    crop = Crop(np.full((*shape, 3), 200, np.uint8), np.ones((1, 1), np.uint8), half, half[0])
    seen = []
    monkeypatch.setattr(explain_model, "write_overlays", lambda *args, **how: seen.append(args))
    explain_model._explain_crop(tmp_path / "crop.png", ["a", "b"], crop)
    [(_, pixels, maps)] = seen
    assert pixels.shape == (*drawn, 3)
    assert [(name, heat.shape) for name, heat in maps] == [("a", drawn), ("b", drawn)]
    assert (maps[1][1][: drawn[0] // 2 - 1].max(), maps[1][1][drawn[0] // 2 + 1 :].min()) == (0, 1)


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


def test_a_network_answers_by_its_own_file_and_explains_itself(folder, tmp_path, model):
    words = ["predict", f"{folder}/one.png", "--model", f"{folder}/photos-small.keras"]
    result = CliRunner().invoke(app, [*words, "--explain", str(tmp_path / "why")])
    assert result.exit_code == 0, result.output
    header, answer = result.stdout.splitlines()
    assert header == "path,class,p_cat,p_dog,p_hen"
    probs = [float(cell) for cell in answer.split(",")[2:]]
    np.testing.assert_allclose(probs, model.answer([picture()])[0], atol=1e-6)
    assert "alone, not calibrated" in result.stderr
    assert f"the blend answers by --model {folder}/photos.keras\n" in result.stderr
    assert [path.name for path in (tmp_path / "why").iterdir()] == ["one.png"]
