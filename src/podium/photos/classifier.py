"""The photo artefact in use: from picture files to calibrated predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.picture_decoder import UnreadableImage
from podium.evaluation.table_kinds import TableKind, kind_named
from podium.models import backbones
from podium.photos.calibration_by_kind import apply_calibration
from podium.photos.fusion import MeanOfHeads
from podium.pictures.extract import Recipe
from podium.training import artefact


class PhotoClassifier:
    """Reads a photo artefact and predicts pictures as the pipeline does.

    Attributes:
        kind: of the answer, with the names of classes or labels.
        calibration: of the predictions, numbers by name.
        recipes: how the features of each extractor are computed.
        batch_size: the most pictures that `classify` takes.
    """

    def __init__(self, path: Path, weights_dir: Path) -> None:
        self.model, description = artefact.load(path)
        try:
            last: MeanOfHeads = self.model.layers[-1]
            self.kind: TableKind = kind_named(last.kind, description["classes"])
            self.calibration: dict[str, float] = description["calibration"]
            self.recipes = [
                self._recipe(settings, description["max_megapixels"], weights_dir)
                for settings in description["extractors"]
            ]
        except (KeyError, TypeError, AttributeError):
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

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return calibrated predictions (N, K) of fused bottleneck features (N, D)."""
        starts = range(0, len(features), 4096)
        parts = [self.model(features[start : start + 4096]) for start in starts]
        values = np.concatenate(parts).astype(np.float64)
        return apply_calibration(self.kind.name, values, self.calibration)

    def classify(self, paths: Sequence[Path]) -> NDArray[np.float64]:
        """Return calibrated predictions (n, K) of n <= batch_size picture files.

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
        return self.predict(np.concatenate(features, axis=1))

    @property
    def columns(self) -> list[str]:
        """The columns of an answer: the decision, where one is made, and the predictions."""
        decision = {"classes": ["class"], "labels": ["labels"], "number": []}
        return [*decision[self.kind.name], *self.kind.columns()]

    def answers(self, paths: Sequence[Path]) -> list[list[str | float]]:
        """Return the cells of `columns` for n <= batch_size picture files.

        The decision is the likeliest class, or the labels of at least 0.5 joined by `;`, or `-`.
        """
        values = self.classify(paths)
        decisions: list[list[str]] = [[] for _ in paths]
        if self.kind.name == "classes":
            decisions = [[self.kind.names[k]] for k in values.argmax(1)]
        elif self.kind.name == "labels":
            decisions = [[cell] for cell in self.kind.truth_cells((values >= 0.5).astype(int))]
        return [[*cells, *row.tolist()] for cells, row in zip(decisions, values, strict=True)]


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
