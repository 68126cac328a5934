"""Exported models say what the pipeline says; those that do not are refused."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import mil_operations
from house import ROOT
from podium.captcha import network
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules
from podium.captcha.reader import artefact_metadata
from podium.cli import app
from podium.competitions import COMPETITIONS
from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.core.files import write_table
from podium.core.params import load_params
from podium.photos.calibration_by_kind import apply_calibration
from podium.photos.fusion import MeanOfHeads
from podium.slides.dataset import table_of
from podium.slides.segmenter import assemble, describe
from podium.slides.tiling import Job, Plan, tile_slide
from podium.takeaway import formats
from podium.takeaway.agreement import agreement
from podium.takeaway.export_model import export, portable
from podium.takeaway.map_output import area_shares, on_grid, with_map
from podium.takeaway.pictures_at_hand import pictures_at_hand
from podium.takeaway.portable import Calibrated
from podium.training import artefact
from podium.training.runtime import keras
from slide_fixtures import stained, write_pyramid
from slide_networks import row

NOWHERE = Path("nowhere")
ROWS = np.array([[0.9, 0.1], [0.5, 0.5], [1e-7, 1 - 1e-7]])


def pictures(n: int, h: int, w: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return list(rng.integers(0, 256, (n, h, w, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Untrained models of every room but the heads on extractors."""
    folder = tmp_path_factory.mktemp("models")
    keras.utils.set_random_seed(1)
    rules = Rules(["cc"], {"c": "AB"})
    for kind in ("cnn", "crnn"):
        says = artefact_metadata("text", Decoder(kind, Charset("AB"), rules, 3), 16.0)
        artefact.save(network.build(kind, (64, 32), 3, 2, 4, says), folder / f"{kind}.keras")
    params = load_params(ROOT / "params.yaml")
    folds = {}
    for fold in range(2):
        pixels = keras.Input((None, None, 3))
        folds[fold] = keras.Model(pixels, keras.layers.Conv2D(1, 3, padding="same")(pixels / 255))
    slides = assemble(folds, describe(params.slides, params.tile_slides))
    artefact.save(slides, folder / "slides.keras")
    named = params.slides.model_copy(update={"classes": {"tumour": [], "stroma": []}})
    for fold in range(2):
        pixels = keras.Input((None, None, 3))
        folds[fold] = keras.Model(pixels, keras.layers.Conv2D(3, 3, padding="same")(pixels / 255))
    several = assemble(folds, describe(named, params.tile_slides))
    artefact.save(several, folder / "classes.keras")
    artefact.save(_photo_network(), folder / "photos-small.keras")
    return folder


def _photo_network():
    says = {"task": "photos-network", "kind": "classes", "classes": ["cat", "dog"],
            "image_size": 16, "views": "flip", "max_megapixels": 9.0}  # fmt: skip
    pixels = keras.Input((16, 16, 3), name="pixels")
    x = artefact.MetadataLayer(says, name="described")(pixels)
    heads = [keras.layers.Dense(2)(keras.layers.Flatten()(x / 2550)) for _ in range(2)]
    return keras.Model(pixels, MeanOfHeads("classes")(keras.ops.stack(heads, axis=1)))


SIZES = {"cnn": (32, 64), "crnn": (32, 64), "slides": (128, 128),
         "classes": (128, 128), "photos-small": (30, 20)}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_the_graph_says_what_the_pipeline_says(folder, name):
    model = portable(folder / f"{name}.keras", NOWHERE, any_width=False)
    own = pictures(2, *SIZES[name])
    batch = [np.stack(each).astype(np.float32)
             for each in zip(*map(model.inputs, own), strict=True)]  # fmt: skip
    given = np.asarray(model.model(batch[0] if len(batch) == 1 else batch))
    np.testing.assert_allclose(given, model.answer(own), atol=1e-5)
    assert list(given.shape[1:])[-1] == [*model.description["output"]["shape"]][-1]


@pytest.mark.parametrize("to", ["onnx", "litert"])
def test_files_for_elsewhere_say_what_the_pipeline_says(folder, tmp_path, to):
    for package in formats.FORMATS[to].packages:
        pytest.importorskip(package, reason=f"not installed: {formats.INSTALL}")
    model = portable(folder / "photos-small.keras", NOWHERE, any_width=False)
    assert export(model, to, tmp_path / "model", pictures(3, 30, 20)).largest < 1e-4


@pytest.mark.parametrize("name", ["crnn", "photos-small", "slides"])
def test_a_core_ml_package_says_what_the_pipeline_says(folder, tmp_path, name):
    """By its operations and weights, which shows faults of the conversion on any system."""
    pytest.importorskip("coremltools", reason=f"not installed: {formats.INSTALL}")
    model = portable(folder / f"{name}.keras", NOWHERE, any_width=False)
    export(model, "coreml", tmp_path / "model.mlpackage", pictures(2, *SIZES[name]))
    run = mil_operations.opened(tmp_path / "model.mlpackage")
    [picture] = pictures(1, *SIZES[name])
    images = dict(zip([each.name for each in model.model.inputs], model.inputs(picture),
                      strict=True))  # fmt: skip
    np.testing.assert_allclose(run(images)["answers"], model.answer([picture]), atol=1e-5)


def test_what_the_converter_cannot_convert_is_said(folder, tmp_path, monkeypatch):
    def convert(*_, **__):
        raise AttributeError("no such operation")

    package = SimpleNamespace(convert=convert, ImageType=lambda *_: None,
                              precision=SimpleNamespace(FLOAT32=0))  # fmt: skip
    monkeypatch.setitem(sys.modules, "coremltools", package)
    model = portable(folder / "photos-small.keras", NOWHERE, any_width=False)
    with pytest.raises(PodiumError, match=r"convert this model \(no such operation\)\nremedy"):
        export(model, "coreml", tmp_path / "model.mlpackage", [])
    pixels = keras.Input((16, 16, 3), name="pixels_16")
    half = keras.layers.Conv2D(1, 1, dtype="mixed_bfloat16")(pixels)
    with pytest.raises(PodiumError, match="in bfloat16, which Core ML does not have\nremedy"):
        export(replace(model, model=keras.Model(pixels, half)), "coreml", tmp_path / "m", [])


def test_what_this_system_cannot_run_is_written_and_said(folder, tmp_path, monkeypatch):
    def write(model, path, samples):
        path.mkdir()
        (path / "Manifest.json").write_text("{}")

    elsewhere = replace(formats.FORMATS["coreml"], packages=(), write=write, system="elsewhere")
    monkeypatch.setitem(formats.FORMATS, "coreml", elsewhere)
    out = tmp_path / "small.mlpackage"
    words = ["export", str(folder / "photos-small.keras"), "--to", "coreml", "--out", str(out)]
    for _ in range(2):  # the second replaces the first
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
    assert "NOT compared with the pipeline, since only a Mac runs Core ML" in result.output
    assert f"podium export {folder}/photos-small.keras --to coreml" in result.output
    assert json.loads((tmp_path / "small.mlpackage.json").read_text())["format"] == "coreml"


def test_a_core_ml_package_gives_images_to_a_mac(folder, tmp_path, monkeypatch):
    """What Apple's own class would get, and say."""
    model = portable(folder / "photos-small.keras", NOWHERE, any_width=False)

    class MLModel:
        def __init__(self, path, compute_units):
            assert (path, compute_units) == (str(tmp_path), "cpu")

        def predict(self, images):
            [(name, image)] = images.items()
            assert (name, image.size, image.mode) == ("pixels_16", (16, 16), "RGB")
            return {"answers": np.asarray(model.model(np.asarray(image, np.float32)[None]))}

    package = SimpleNamespace(models=SimpleNamespace(MLModel=MLModel),
                              ComputeUnit=SimpleNamespace(CPU_ONLY="cpu"))  # fmt: skip
    monkeypatch.setitem(sys.modules, "coremltools", package)
    compared = agreement(model, "coreml", tmp_path, pictures(2, 30, 20))
    assert (compared.n, compared.same, compared.largest < 1e-5) == (2, 2, True)


def test_a_reader_of_any_width_reads_as_before_and_wider(folder, tmp_path):
    free = portable(folder / "crnn.keras", NOWHERE, any_width=True)
    own = pictures(2, 32, 64)
    given = np.asarray(free.model(np.stack(own).astype(np.float32)))
    np.testing.assert_allclose(given, free.answer(own), atol=1e-5)
    wide = np.asarray(free.model(np.zeros((1, 32, 96, 3), np.float32)))
    assert wide.shape[1] > given.shape[1]
    with pytest.raises(PodiumError, match="one width"):
        portable(folder / "cnn.keras", NOWHERE, any_width=True)
    with pytest.raises(SettingsError, match="pictures of one size\nremedy: leave it out"):
        export(free, "coreml", tmp_path / "model.mlpackage", [])


@pytest.mark.parametrize("pixels", ["keep", "coordinates"])
def test_tiles_at_hand_have_pixels_whatever_their_files_hold(tmp_path, monkeypatch, pixels):
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    settings = load_params(ROOT / "params.yaml").model_dump()
    slides, data = COMPETITIONS["slides"], tmp_path / "data/slides"
    source = tmp_path / slides.source_folder(settings)
    source.mkdir(parents=True)
    path = write_pyramid(source / "a.tif", stained(96, 64), n_levels=1)
    plan = Plan(tile=32, stride=32, min_tissue=0.1, thumbnail=128, pixels=pixels)
    assert tile_slide(Job("a", path, "1"), plan, data / "tiles").state == "done"
    write_table(data / "slides.csv", table_of([row("a", path="a.tif", width=96, height=64)]))
    found = pictures_at_hand(tmp_path, slides, settings, 4)
    assert [tile.tolist() for tile in found] == [
        stained(96, 64)[y : y + 32, x : x + 32].tolist()
        for y, x in ((0, 0), (0, 32), (0, 64), (32, 0))
    ]


def test_what_says_something_else_is_refused(folder, tmp_path):
    model = portable(folder / "photos-small.keras", NOWHERE, any_width=False)
    other = replace(model, answer=lambda samples: model.answer(samples) + 2e-4)
    with pytest.raises(PodiumError, match=r"not written, its answers differ by 2\.0e-04"):
        export(other, "savedmodel", tmp_path / "out", pictures(2, 30, 20))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["savedmodel", "onnx"])
def test_what_is_no_export_is_never_replaced(folder, tmp_path, to):
    model = portable(folder / "photos-small.keras", NOWHERE, any_width=False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("years of work")
    with pytest.raises(
        SettingsError, match=r"mine: a folder of that name is there, and no .*\nrem"
    ):
        export(model, to, tmp_path / "mine", pictures(2, 30, 20))
    assert (tmp_path / "mine/thesis.tex").read_text() == "years of work"


def test_a_reader_takes_pictures_of_any_size_as_predict_does(folder):
    model = portable(folder / "crnn.keras", NOWHERE, any_width=False)
    (fitted,) = model.inputs(pictures(1, 20, 50)[0])
    assert fitted.shape == (32, 64, 3)
    assert model.answer(pictures(2, 20, 50)).shape[0] == 2


@pytest.mark.parametrize(
    ("kind", "values", "numbers"),
    [
        pytest.param("classes", ROWS, {"temperature": 1.7, "clip": 0.01}, id="classes"),
        pytest.param("labels", ROWS, {"temperature": 0.8, "clip": 0.02}, id="labels"),
        pytest.param("number", ROWS[:, :1], {"slope": 2.0, "offset": -1.0}, id="number"),
        pytest.param("classes", ROWS, {}, id="none"),
    ],
)
def test_calibration_inside_is_that_of_the_pipeline(kind, values, numbers):
    given = np.asarray(Calibrated(kind, numbers)(values.astype(np.float32)))
    np.testing.assert_allclose(given, apply_calibration(kind, values, numbers), atol=2e-6)


def _averaging_network(*after: type) -> keras.Model:
    """Two folds; a squeeze-and-excite block, an average, and what comes after it."""
    keras.utils.set_random_seed(2)
    says = {"task": "photos-network", "kind": "classes", "classes": ["cat", "dog", "hen"],
            "image_size": 16, "views": "flip", "max_megapixels": 9.0}  # fmt: skip
    pixels = keras.Input((16, 16, 3), name="pixels")
    x = artefact.MetadataLayer(says, name="described")(pixels)
    outputs = []
    for number in range(2):
        given = keras.Input((16, 16, 3))
        maps = keras.layers.Conv2D(6, 3, 2, activation="relu")(given / 255)
        squeezed = keras.layers.GlobalAveragePooling2D(keepdims=True)(maps)
        maps = maps * keras.layers.Conv2D(6, 1, activation="sigmoid")(squeezed)
        y = keras.layers.GlobalAveragePooling2D(name="gap")(maps)
        for layer in after:
            y = layer()(y)
        y = keras.layers.Dense(3, bias_initializer="ones")(y)
        outputs.append(keras.Model(given, y, name=f"fold{number}")(x))
    return keras.Model(pixels, MeanOfHeads("classes")(keras.ops.stack(outputs, axis=1)))


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """A network that sees a picture and its mirror image, with its map."""
    path = tmp_path_factory.mktemp("averaging") / "photos-average.keras"
    artefact.save(_averaging_network(), path)
    return path, with_map(portable(path, NOWHERE, any_width=False))


def test_the_map_is_the_logit_less_its_bias_place_by_place(mapped):
    """Of a picture and its mirror image alike, since both are seen, but for the map's own sides."""
    path, model = mapped
    trained, _ = artefact.load(path)
    [picture] = pictures(1, 16, 16)
    both = np.stack([picture, picture[:, ::-1]]).astype(np.float32)
    given = model.model(both)
    folds = [layer for layer in trained.layers if isinstance(layer, keras.Model)]
    logits = np.mean([np.asarray(fold(both)) for fold in folds], axis=(0, 1))
    said = np.asarray(given["map"])
    assert model.description["map"]["shape"] == ["N", 7, 7, 3]
    np.testing.assert_allclose(model.description["map"]["bias"], 1.0, atol=1e-5)
    np.testing.assert_allclose(said.mean((1, 2)) + 1.0, np.stack([logits] * 2), atol=1e-5)
    np.testing.assert_allclose(said[0], said[1][:, ::-1], atol=1e-5)
    np.testing.assert_allclose(said[0], model.map_of(picture), atol=1e-5)
    np.testing.assert_allclose(given["answers"][:1], model.answer([picture]), atol=1e-5)


@pytest.mark.parametrize("to", ["savedmodel", "onnx", "litert"])
def test_the_map_is_a_second_output_elsewhere(mapped, tmp_path, to):
    for package in formats.FORMATS[to].packages:
        pytest.importorskip(package, reason=f"not installed: {formats.INSTALL}")
    compared = export(mapped[1], to, tmp_path / "model", pictures(3, 30, 20))
    assert compared.worst < 1e-4
    assert "(of a map " in compared.in_words()
    says = json.loads((tmp_path / "model.json").read_text())
    assert (says["output"]["name"], says["map"]["name"]) == ("answers", "map")


def test_a_map_that_says_something_else_is_refused(mapped, tmp_path, monkeypatch):
    model = mapped[1]

    def opened(path, portable):
        def run(batches):
            outputs = model.model(batches[0])
            return [np.asarray(outputs["answers"]), np.asarray(outputs["map"]) + 0.01]

        return run

    written = replace(formats.FORMATS["savedmodel"], write=lambda *_: None, open=opened)
    monkeypatch.setitem(formats.FORMATS, "savedmodel", written)
    with pytest.raises(PodiumError, match=r"not written, its answers differ by \d.\de-0[23]"):
        export(model, "savedmodel", tmp_path / "out", pictures(2, 30, 20))


def test_a_finer_grid_keeps_the_mean():
    assert area_shares(2, 3).tolist() == [[1, 0], [0.5, 0.5], [0, 1]]
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(7, 7)), rng.normal(size=(9, 8))]
    summed = on_grid(maps, (9, 8))
    assert summed.shape == (9, 8)
    assert summed.mean() == pytest.approx(maps[0].mean() + maps[1].mean())


def test_a_model_without_a_map_is_refused(mapped):
    """No average, layers after it, and models that are not of photos."""
    model = portable(mapped[0], NOWHERE, any_width=False)
    others = {
        "averages no feature map": replace(model, model=_photo_network()),
        "no sum over the places": replace(
            model, model=_averaging_network(keras.layers.LayerNormalization)
        ),
        "only photo models": replace(model, description={"task": "captcha-text"}),
    }
    for says, other in others.items():
        with pytest.raises(SettingsError, match=says):
            with_map(other)


@pytest.mark.slow
@pytest.mark.weights
def test_heads_with_their_extractor_say_what_the_pipeline_says(tmp_path):
    from podium.models import backbones
    from podium.photos.artefact import assemble as assemble_heads
    from podium.photos.fusion import FusedHeads

    extractor = backbones.build("efficientnet-lite0", "package", NOWHERE)
    heads = FusedHeads(3, 2, "classes")
    heads.build((1, 1280))
    heads.kernel.assign(np.random.default_rng(0).normal(size=(1280, 3, 2)) / 30)
    says = {"task": "photos", "kind": "classes", "classes": ["cat", "dog"],
            "calibration": {"temperature": 1.2, "clip": 0.001}, "max_megapixels": 9.0,
            "extractors": [{"name": "efficientnet-lite0", "weights": "package", "batch_size": 2,
                            "weights_sha256": extractor.provenance["weights_sha256"],
                            "views": "flip"}]}  # fmt: skip
    artefact.save(assemble_heads(heads, 1280, says), tmp_path / "photos.keras")
    model = portable(tmp_path / "photos.keras", NOWHERE, any_width=False)
    own = pictures(3, 60, 40)
    batch = np.stack([model.inputs(picture)[0] for picture in own]).astype(np.float32)
    given = np.asarray(model.model([batch]))
    np.testing.assert_allclose(given, model.answer(own), atol=1e-4)


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match="tf2onnx and onnxruntime, not installed here"):
        formats.require("onnx")
    formats.require("savedmodel")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["nothing.keras", "--to", "savedmodel"], 1, "no such model", id="no-model"),
        pytest.param(["{}/slides.keras", "--to", "savedmodel", "--any-width"], 2,
                     "only captcha readers", id="any-width"),
        pytest.param(["{}/crnn.keras", "--to", "savedmodel", "--params", "{}/params.yaml"], 2,
                     "params.yaml", id="no-project"),
    ],
)  # fmt: skip
def test_the_command_says_what_is_wrong(folder, words, code, said):
    result = CliRunner().invoke(app, ["export", *(word.format(folder) for word in words)])
    assert result.exit_code == code
    assert said in result.output


def test_the_command_exports(folder, tmp_path):
    from PIL import Image

    Image.fromarray(pictures(1, 30, 20)[0]).save(tmp_path / "one.png")
    words = ["export", str(folder / "photos-small.keras"), "--to", "savedmodel", "--out",
             str(tmp_path / "out"), "--pictures", str(tmp_path / "one.png")]  # fmt: skip
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "1 pictures: largest difference" in result.output
    assert (tmp_path / "out/saved_model.pb").is_file()
    says = json.loads((tmp_path / "out.json").read_text())
    assert (says["format"], says["names"]) == ("savedmodel", ["cat", "dog"])
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
