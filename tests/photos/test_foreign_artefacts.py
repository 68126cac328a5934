"""Artefacts of photos whose description does not fit their networks are refused when opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from podium.core.errors import PodiumError
from podium.models import backbones
from podium.photos.classifier import PhotoClassifier
from podium.photos.fusion import MeanOfHeads
from podium.photos.networks.predictor import NetworkPredictor
from podium.training import artefact
from podium.training.runtime import keras

HOG = backbones.build("hog", "none", Path("data/weights"))
EXTRACTOR = {
    "name": "hog", "weights": "none", "batch_size": 4,
    "weights_sha256": HOG.provenance["weights_sha256"],
}  # fmt: skip
HEADS = {
    "task": "photos", "classes": ["cat", "dog"], "calibration": {}, "extractors": [EXTRACTOR],
    "max_megapixels": 9.0,
}  # fmt: skip
NETWORK = {
    "task": "photos-network", "kind": "classes", "classes": ["cat", "dog"], "image_size": 8,
    "views": "flip", "max_megapixels": 9.0,
}  # fmt: skip


def heads(path: Path, n_features: int, description: dict) -> Path:
    inputs = keras.Input((n_features,))
    described = artefact.MetadataLayer(description, name="described")(inputs)
    outputs = keras.layers.Reshape((1, 2))(keras.layers.Dense(2)(described))
    artefact.save(keras.Model(inputs, MeanOfHeads("classes")(outputs)), path)
    return path


def network(path: Path, description: dict) -> Path:
    pixels = keras.Input((8, 8, 3))
    described = artefact.MetadataLayer(description, name="described")(pixels)
    pooled = keras.layers.GlobalAveragePooling2D()(described)
    artefact.save(keras.Model(pixels, keras.layers.Dense(2)(pooled)), path)
    return path


def refused(build, path: Path, says: str) -> None:
    with pytest.raises(PodiumError, match=rf"^{path}: a podium model, but not one for {says}"):
        build(path)


def test_heads_that_fit_are_opened(tmp_path):
    found = PhotoClassifier(heads(tmp_path / "p.keras", HOG.n_features, HEADS), tmp_path)
    assert (found.kind.names, found.batch_size) == (["cat", "dog"], 4)


@pytest.mark.parametrize(
    ("change", "more", "says"),
    [
        ({"classes": ["cat"]}, 0, r"photos \(1 classes, 2 outputs\)"),
        ({"classes": []}, 0, r"photos \(classes: "),
        ({"extractors": []}, 0, r"photos \(extractors: "),
        ({"extractors": [{"name": "hog"}]}, 0, r"photos \('weights'\)"),
        ({"calibration": {"slope": 1.0}}, 0, r"photos \("),
        ({"max_megapixels": -1}, 0, r"photos \(max_megapixels: "),
        ({}, 1, r"photos \("),
    ],
)
def test_heads_that_do_not_fit(tmp_path, change, more, says):
    path = heads(tmp_path / "p.keras", HOG.n_features + more, HEADS | change)
    refused(lambda path: PhotoClassifier(path, tmp_path), path, says)


def test_a_network_that_fits_is_opened(tmp_path):
    found = NetworkPredictor(network(tmp_path / "n.keras", NETWORK))
    assert (found.kind.names, found.size) == (["cat", "dog"], 8)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"classes": ["cat"]}, r"photos by a network \(it takes and gives \(\(8, 8, 3\), \(2,\)\)"),
        ({"image_size": 16}, r"photos by a network \(it takes and gives "),
        ({"kind": "poem"}, r"photos by a network \(kind: "),
        ({"views": None}, r"photos by a network \(views: "),
        ({"task": "photos"}, r"photos by a network \(task: "),
    ],
)
def test_a_network_that_does_not_fit(tmp_path, change, says):
    refused(NetworkPredictor, network(tmp_path / "n.keras", NETWORK | change), says)
