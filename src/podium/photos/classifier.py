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
        """Return the mean over heads of their softmax."""
        return tf.reduce_mean(tf.nn.softmax(logits), axis=1)


def assemble(heads: FusedHeads, n_features: int, description: dict[str, Any]) -> keras.Model:
    """Return the artefact of trained heads: features (N, D) -> uncalibrated probabilities (N, K).

    Args:
        heads: trained.
        n_features: D.
        description: what the artefact says of itself, as JSON values.
    """
    inputs = keras.Input((n_features,), name="bottleneck_features")
    x = artefact.MetadataLayer(description, name="described")(inputs)
    return keras.Model(inputs, MeanOfHeads(name="mean_of_heads")(heads(x)))


class PhotoClassifier:
    """Reads a photo artefact and classifies pictures as the pipeline does.

    Attributes:
        classes: K names.
        calibration: of the probabilities.
        recipes: how the features of each extractor are computed.
        batch_size: the most pictures that `classify` takes.
    """

    def __init__(self, path: Path, weights_dir: Path) -> None:
        self.model, description = artefact.load(path)
        try:
            self.classes: list[str] = description["classes"]
            self.calibration = Calibration(**description["calibration"])
            self.recipes = [
                self._recipe(settings, description["max_megapixels"], weights_dir)
                for settings in description["extractors"]
            ]
        except (KeyError, TypeError):
            raise PodiumError(f"{path}: a podium model, but not one for photos") from None
        self.batch_size = self.recipes[0].batch_size

    @staticmethod
    def _recipe(settings: dict[str, Any], max_megapixels: float, weights_dir: Path) -> Recipe:
        extractor = backbones.build(settings["name"], settings["weights"], weights_dir)
        views = settings.get("views", "plain")  # older models lack this key
        recipe = Recipe(extractor, settings["batch_size"], max_megapixels, views)
        if recipe.provenance["weights_sha256"] != settings["weights_sha256"]:
            raise PodiumError(
                f"{settings['name']}: its weights are not those the classifier was trained with\n"
                "remedy: install the pinned requirements, or run dvc repro"
            )
        return recipe

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return calibrated probabilities (N, K) of fused bottleneck features (N, D)."""
        starts = range(0, len(features), 4096)
        parts = [self.model(features[start : start + 4096]) for start in starts]
        return self.calibration.apply(np.concatenate(parts).astype(np.float64))

    def classify(self, paths: Sequence[Path]) -> NDArray[np.float64]:
        """Return calibrated probabilities (n, K) of n <= batch_size picture files.

        Raises:
            PodiumError: a file cannot be read; says which and why.
        """
        data = [_read(path) for path in paths]
        features = []
        for recipe in self.recipes:
            try:
                pixels = [recipe.pixels(value) for value in data]
            except UnreadableImage:
                raise PodiumError(_first_unreadable(recipe, paths, data)) from None
            features.append(recipe.compute(pixels))
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
