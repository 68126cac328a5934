"""Crops of slides, ordinary pictures of one level, read by the segmenter without any file beside.

Nothing says the scale of such a picture: it counts as that of the tiles trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from podium.core.picture_decoder import read
from podium.evaluation.competition import PredictOptions
from podium.evaluation.file_answers import Cell, FileAnswers, answers_in_batches
from podium.slides.class_scoring import labels_of
from podium.slides.heat import Predict, predictor
from podium.slides.predict_files import config_of
from podium.slides.reader import Pixels
from podium.slides.scoring import threshold_of
from podium.slides.segmenter import Segmenter
from podium.slides.stain import stain_of
from podium.slides.stitch import Heat, stitch
from podium.slides.tile_grid import Grid, Points
from podium.slides.tissue import Mask, covered_shares, tissue_mask
from podium.training import onnx_engine

MEGAPIXELS = 16.0  # larger crops are refused


@dataclass(frozen=True)
class Crop:
    """A crop after prediction.

    Attributes:
        pixels: RGB (H, W, 3).
        tissue: mask {0, 1} (h, w) of a thumbnail of it.
        heat: probability of each class (K, H, W).
        labels: (H, W) 0, or the class k that is marked.
    """

    pixels: Pixels
    tissue: Mask
    heat: Heat
    labels: Mask

    def shares(self) -> list[float]:
        """Return the share of the crop that is tissue, and that each class is marked on."""
        n_classes = len(self.heat)
        marked = np.bincount(self.labels.ravel(), minlength=n_classes + 1)[1:] / self.labels.size
        return [float(self.tissue.mean()), *marked.tolist()]


class CropReader:
    """Reads crops with an artefact and the threshold that lies beside it.

    Attributes:
        classes: names of the labels 1, 2, ...
    """

    def __init__(self, model: Path) -> None:
        self._config = config_of(model)
        self._segmenter = onnx_engine.at_hand(
            self._config.engine, model.name, lambda engine: Segmenter(model, engine)
        )
        self.classes = self._segmenter.classes

    def read(self, path: Path) -> Crop:
        """Return what the segmenter says of a picture file.

        Raises:
            PodiumError: it cannot be read.
        """
        pixels = read(path, MEGAPIXELS, "give a readable picture of at most 16 megapixels")
        settings, (h, w) = self._segmenter.tiles, pixels.shape[:2]
        grid = Grid((w, h), 1.0, settings.tile, min(self._config.stride, settings.tile))
        downsample = max(1.0, max(h, w) / settings.thumbnail)
        size = max(1, round(w / downsample)), max(1, round(h / downsample))
        thumbnail = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
        tissue = tissue_mask(thumbnail)
        own = stain_of(thumbnail, tissue)
        predict = predictor(own, self._segmenter, -1, self._config.views)
        shares = covered_shares(tissue, downsample, grid.l_corners, grid.tile)
        corners = grid.l_corners[shares >= settings.min_tissue]
        n_classes = len(self.classes)
        bands = stitch(grid, corners, self._heats(grid, pixels, corners, predict), n_classes)
        heat = np.concatenate([band for _, band in bands], axis=-2)
        labels = labels_of(heat, threshold_of(self._config.level))
        return Crop(pixels, tissue, heat.reshape(n_classes, h, w), labels)

    def _heats(
        self, grid: Grid, pixels: Pixels, corners: Points, predict: Predict
    ) -> Iterator[tuple[Points, Heat]]:
        """Corners (n, 2) and heat (n, ..., tile, tile) by full batches; white beyond the edges."""
        lack = [max(0, grid.tile - side) for side in pixels.shape[:2]]
        whole = np.pad(pixels, ((0, lack[0]), (0, lack[1]), (0, 0)), constant_values=255)
        size = self._config.batch_size
        for start in range(0, len(corners), size):
            part = corners[start : start + size]
            tiles = np.stack([whole[y : y + grid.tile, x : x + grid.tile] for x, y in part])
            full = np.pad(tiles, ((0, size - len(part)), (0, 0), (0, 0), (0, 0)))
            yield part, predict(full)[: len(part)]


def answers(model: Path, paths: Sequence[Path], options: PredictOptions) -> FileAnswers:
    """Return the share of crops that is tissue, and that each class is marked on.

    Args:
        model: the artefact; its thresholds lie beside it.
        paths: picture files.
        options: of no use here.
    """
    reader = CropReader(model)

    def predict(part: Sequence[Path]) -> list[list[Cell]]:
        return [list(reader.read(path).shares()) for path in part]

    columns = ["tissue", *reader.classes]
    return FileAnswers(columns, answers_in_batches(paths, 1, predict))
