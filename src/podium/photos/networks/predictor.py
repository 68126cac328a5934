"""A kept network in use: from the bytes of pictures to predictions, with few imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from podium.core.picture_decoder import decode, resize
from podium.evaluation.table_kinds import TableKind, kind_named
from podium.models import hub_networks
from podium.pictures.views import CROP, mirror
from podium.training import artefact
from podium.training.described import Described, checked, foreign
from podium.training.model_file import read_description

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]


class _Says(Described):
    """The description of a network."""

    purpose = "photos by a network"
    task: Literal["photos-network"]
    kind: Literal["classes", "labels", "number"]
    classes: Annotated[list[str], Field(min_length=1)]
    image_size: Annotated[int, Field(gt=0)]
    views: Literal["plain", "flip", "crops"]
    max_megapixels: Annotated[float, Field(gt=0)]


class NetworkPredictor:
    """Reads an artefact of `build_artefact` and predicts pictures as the pipeline does.

    Attributes:
        kind: of the answer, with the names of classes or labels.
        size: width and height of the pictures in pixels.
        description: all that the artefact says of itself.
    """

    def __init__(self, path: Path) -> None:
        hub_networks.require(str(read_description(path).get("network")), str(path))
        self._model, self.description = artefact.load(path)
        says = checked(_Says, path, self.description)
        self.kind: TableKind = kind_named(says.kind, says.classes)
        self.size, self._views, self._most = says.image_size, says.views, says.max_megapixels
        ends = self._model.input_shape[1:], self._model.output_shape[1:]
        if ends != ((self.size, self.size, 3), (len(self.kind.names),)):
            raise foreign(path, _Says, f"it takes and gives {ends}")

    def pixels(self, data: bytes) -> NDArray[np.uint8]:
        """Return RGB pixels (S, S, 3) of the bytes of a picture file.

        Raises:
            UnreadableImage: it cannot be read.
        """
        return resize(decode(data, self._most), (self.size, self.size))

    def predict(self, pixels: NDArray[np.uint8]) -> Floats:
        """Return uncalibrated predictions (N, K) of pixels (N, S, S, 3)."""
        each: list[Any] = [
            self._model(view.astype(np.float32), training=False)
            for view in views_of(pixels, self._views)
        ]
        return np.asarray(np.mean(each, axis=0), dtype=np.float64)


def views_of(pixels: Pixels, views: str) -> Iterator[Pixels]:
    """Yield each view (N, S, S, 3) of pictures: plain, with its mirror image, or ten crops."""
    parts = [pixels] if views != "crops" else list(_crops(pixels))
    for part in parts:
        yield part
        if views != "plain":
            yield mirror(part)


def _crops(pixels: Pixels) -> Iterator[Pixels]:
    """Four corners and the centre of pictures (N, S, S, 3), enlarged to their size."""
    side = pixels.shape[1]
    inner = round(CROP * side)
    rest, middle = side - inner, (side - inner) // 2
    for top, left in ((0, 0), (0, rest), (rest, 0), (rest, rest), (middle, middle)):
        parts = pixels[:, top : top + inner, left : left + inner]
        large = [cv2.resize(part, (side, side), interpolation=cv2.INTER_CUBIC) for part in parts]
        yield np.stack(large).astype(np.uint8, copy=False)
