"""Photo models as one graph: the artefact of heads with its extractors, or a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from podium.core.errors import PodiumError, SettingsError
from podium.core.picture_decoder import resize
from podium.evaluation.table_kinds import TableKind
from podium.models import backbones, extractor_table
from podium.photos.classifier import PhotoClassifier
from podium.photos.networks.predictor import NetworkPredictor
from podium.takeaway.portable import Calibrated, Floats, Pixels, Portable
from podium.training import artefact
from podium.training.model_file import read_description
from podium.training.runtime import keras

RESIZE = "RGB of 0 to 255, squashed to a square: Pillow's Image.resize, BICUBIC"


def portable_heads(path: Path, weights_dir: Path) -> Portable:
    """Return the heads of a photo artefact with the networks that they take features from.

    Args:
        path: of the artefact.
        weights_dir: where ImageNet weights of one's own lie.

    Raises:
        SettingsError: its features are of crops.
        PodiumError: its weights are others than those that were trained with.
    """
    classifier = PhotoClassifier(path, weights_dir)
    sizes = sorted({recipe.extractor.image_size for recipe in classifier.recipes})
    pixels = {size: _input(size) for size in sizes}
    settings = read_description(path)["extractors"]
    features = [features_of(each, weights_dir, pixels) for each in settings]
    joined = keras.ops.concatenate(features, axis=-1) if len(features) > 1 else features[0]
    calibrated = Calibrated(classifier.kind.name, classifier.calibration, name="answers")
    model = keras.Model(list(pixels.values()), calibrated(classifier.model(joined)))

    def inputs(picture: Pixels) -> list[Pixels]:
        return [resize(Image.fromarray(picture), (size, size)) for size in sizes]

    def answer(pictures: Sequence[Pixels]) -> Floats:
        step = classifier.batch_size
        parts = [pictures[start : start + step] for start in range(0, len(pictures), step)]
        return np.concatenate([classifier.predict(_features(classifier, part)) for part in parts])

    return Portable(model, inputs, answer, _description(classifier.kind, sizes))


def _features(classifier: PhotoClassifier, pictures: Sequence[Pixels]) -> Any:
    """The fused features (n, D) of n pictures, by the pipeline's own route."""
    each = []
    for recipe in classifier.recipes:
        size = recipe.extractor.image_size
        cut = [resize(Image.fromarray(picture), (size, size))[None] for picture in pictures]
        each.append(recipe.compute(cut))
    return np.concatenate(each, axis=1)


def features_of(settings: dict[str, Any], weights_dir: Path, pixels: dict[int, Any]) -> Any:
    """Return the features (N, D) of an extractor as a Keras tensor, its preprocessing inside.

    Args:
        settings: of the extractor, as the artefact keeps them.
        weights_dir: where ImageNet weights of one's own lie.
        pixels: inputs (N, size, size, 3) by size.
    """
    name, views = settings["name"], settings.get("views", "plain")
    refuse_crops(name, views)
    spec = extractor_table.find(name)
    if spec.family == "hog":
        raise SettingsError(
            f"extractor {name}: a hand-made descriptor is no graph\n"
            "remedy: train without it, or podium bundle photos"
        )
    network, digest = backbones.network(name, settings["weights"], weights_dir)
    if digest != settings["weights_sha256"]:
        raise PodiumError(
            f"{name}: its weights are not those the classifier was trained with\n"
            "remedy: install the pinned requirements, or run dvc repro"
        )
    network.trainable, network.name = False, name.replace(".", "_")
    prepare = backbones.preprocessing(spec)
    each = [pixels[spec.image_size]]
    if views == "flip":
        each.append(keras.ops.flip(each[0], axis=2))
    features = [network(prepare(view)) for view in each]
    return keras.ops.mean(keras.ops.stack(features), axis=0) if views == "flip" else features[0]


def portable_network(path: Path) -> Portable:
    """Return a network that was trained on the pictures themselves, its views inside.

    Raises:
        SettingsError: its views are crops.
    """
    network, (trained, says) = NetworkPredictor(path), artefact.load(path)
    refuse_crops(path.name, says["views"])
    pixels, size = _input(network.size), network.size
    outputs = [trained(pixels)]
    if says["views"] == "flip":
        outputs.append(trained(keras.ops.flip(pixels, axis=2)))
    mean = keras.ops.mean(keras.ops.stack(outputs), axis=0)
    model = keras.Model(pixels, keras.layers.Identity(name="answers")(mean))

    def inputs(picture: Pixels) -> list[Pixels]:
        return [resize(Image.fromarray(picture), (size, size))]

    def answer(pictures: Sequence[Pixels]) -> Floats:
        return network.predict(np.stack([inputs(picture)[0] for picture in pictures]))

    return Portable(model, inputs, answer, _description(network.kind, [size]))


def refuse_crops(name: str, views: str) -> None:
    """Raise a SettingsError if a model sees a picture in crops, which no single input holds."""
    if views == "crops":
        raise SettingsError(
            f"{name}: it averages ten crops of a picture, which is not exported\n"
            "remedy: train it with views plain or flip"
        )


def _input(size: int) -> Any:
    return keras.Input((size, size, 3), name=f"pixels_{size}", dtype="float32")


def _description(kind: TableKind, sizes: Sequence[int]) -> dict[str, Any]:
    meaning = {
        "classes": "probability of each class",
        "labels": "probability of each label for itself",
        "number": "the number",
    }
    return {
        "task": "photos",
        "inputs": [{"name": f"pixels_{size}", "shape": ["N", size, size, 3], "dtype": "float32",
                    "pixels": RESIZE} for size in sizes],
        "output": {"name": "answers", "shape": ["N", len(kind.columns())],
                   "meaning": meaning[kind.name]},
        "names": list(kind.names),
    }  # fmt: skip
