"""The photo artefact: from picture files to calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.picture_decoder import UnreadableImage
from podium.evaluation.calibration import Calibration
from podium.models import backbones
from podium.photos.fusion import FusedHeads
from podium.pictures.extract import Recipe
from podium.training import artefact
from podium.training.runtime import keras, tf


@keras.saving.register_keras_serializable("podium")
class MeanOfHeads(keras.layers.Layer):
    """Logits (N, M, K) -> the mean probabilities (N, K) of M heads."""

    def call(self, logits: Any) -> Any:
        """The mean over heads of their softmax."""
        return tf.reduce_mean(tf.nn.softmax(logits), axis=1)


def assemble(heads: FusedHeads, n_features: int, description: dict[str, Any]) -> keras.Model:
    """The artefact of trained heads: features (N, D) -> uncalibrated probabilities (N, K)."""
    inputs = keras.Input((n_features,), name="bottleneck_features")
    described = artefact.MetadataLayer(description, name="described")(inputs)
    return keras.Model(inputs, MeanOfHeads(name="mean_of_heads")(heads(described)))


class PhotoClassifier:
    """Reads a photo artefact and classifies pictures the way the pipeline would."""

    def __init__(self, path: Path, weights_dir: Path) -> None:
        self.model, description = artefact.load(path)
        try:
            self.classes: list[str] = description["classes"]
            self.calibration = Calibration(**description["calibration"])
            self.recipes = [
                self._recipe(wanted, description["max_megapixels"], weights_dir)
                for wanted in description["extractors"]
            ]
        except (KeyError, TypeError):
            raise PodiumError(f"{path}: a podium model, but not one for photos") from None
        self.batch_size = self.recipes[0].batch_size

    @staticmethod
    def _recipe(wanted: dict[str, Any], max_megapixels: float, weights_dir: Path) -> Recipe:
        extractor = backbones.build(wanted["name"], wanted["weights"], weights_dir)
        views = wanted.get("views", "plain")  # a model from before there were any lacks the word
        found = Recipe(extractor, wanted["batch_size"], max_megapixels, views)
        if found.provenance["weights_sha256"] != wanted["weights_sha256"]:
            raise PodiumError(
                f"{wanted['name']}: its weights are not those the classifier was trained with\n"
                "remedy: install the pinned requirements, or run dvc repro"
            )
        return found

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities (N, K) of fused bottleneck features (N, D)."""
        raw = [self.model(features[at : at + 4096]) for at in range(0, len(features), 4096)]
        return self.calibration.apply(np.concatenate(raw).astype(np.float64))

    def classify(self, paths: Sequence[Path]) -> NDArray[np.float64]:
        """Calibrated probabilities (n, K) of n <= batch_size picture files.

        Raises:
            PodiumError: a file cannot be read; it says which and why.
        """
        data = [_read(path) for path in paths]
        features = []
        for one in self.recipes:
            try:
                pixels = [one.pixels(value) for value in data]
            except UnreadableImage:
                raise PodiumError(_first_unreadable(one, paths, data)) from None
            features.append(one.compute(pixels))
        return self.probabilities(np.concatenate(features, axis=1))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PodiumError(f"{path}: {error.strerror}\nremedy: give the path of a picture") from None


def _first_unreadable(recipe: Recipe, paths: Sequence[Path], data: Sequence[bytes]) -> str:
    for path, value in zip(paths, data, strict=True):
        try:
            recipe.pixels(value)
        except UnreadableImage as error:
            return f"{path}: {error}\nremedy: give a readable picture"
    raise AssertionError("unreachable")
