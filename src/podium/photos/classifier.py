"""The photo artefact in use: from picture files to calibrated predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from podium.core.errors import first_line
from podium.evaluation.table_kinds import TableKind, kind_named
from podium.photos.answer_cells import answer_columns, answer_rows
from podium.photos.calibration_by_kind import apply_calibration
from podium.photos.fusion import MeanOfHeads
from podium.photos.recipes import answered, features_of, recipe_of
from podium.training import artefact
from podium.training.described import Described, checked, foreign


class _Says(Described):
    """The description of fused heads."""

    purpose = "photos"
    classes: Annotated[list[str], Field(min_length=1)]
    calibration: dict[str, float]
    extractors: Annotated[list[dict[str, Any]], Field(min_length=1)]
    max_megapixels: Annotated[float, Field(gt=0)]


class PhotoClassifier:
    """Reads a photo artefact, heads of one kind, and predicts pictures as the pipeline does.

    Attributes:
        kind: of the answer, with the names of classes or labels.
        calibration: of the predictions, numbers by name.
        recipes: how the features of each extractor are computed.
        batch_size: the most pictures that `classify` takes.
    """

    def __init__(self, path: Path, weights_dir: Path, few: int = 0) -> None:
        self.model, description = artefact.load(path)
        says = checked(_Says, path, description)
        try:
            last: MeanOfHeads = self.model.layers[-1]
            self.kind: TableKind = kind_named(last.kind, says.classes)
            self.calibration = says.calibration
            self.recipes = [
                recipe_of(settings, says.max_megapixels, weights_dir, few)
                for settings in says.extractors
            ]
            self._try()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise foreign(path, _Says, first_line(error)) from None
        self.batch_size = self.recipes[0].batch_size

    def _try(self) -> None:
        """Predict nothing in particular: numbers that do not fit each other show."""
        n_features = sum(recipe.n_features for recipe in self.recipes)
        values = self.predict(np.zeros((1, n_features), dtype=np.float32))
        if values.shape[1] != len(self.kind.names):
            raise ValueError(f"{len(self.kind.names)} classes, {values.shape[1]} outputs")

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
        return answered(paths, self._of_bytes)

    def _of_bytes(self, data: Sequence[bytes]) -> NDArray[np.float64]:
        features = [features_of(recipe, data) for recipe in self.recipes]
        return self.predict(np.concatenate(features, axis=1))

    @property
    def columns(self) -> list[str]:
        """The columns of an answer: the decision, where one is made, and the predictions."""
        return answer_columns(self.kind)

    def answers(self, paths: Sequence[Path]) -> list[list[str | float]]:
        """Return the cells of `columns` for n <= batch_size picture files."""
        return answer_rows(self.kind, self.classify(paths), None)
