"""What tests of networks on slides share: tiny settings, rows, heat maps and results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from shapely import MultiPolygon

from house import ROOT
from podium.core.params import TileSlides, TrainSegmenter, load_params
from podium.slides.dataset import SlideRecord
from podium.slides.scoring import heat_histogram
from podium.slides.slide_results import SlideResult
from podium.slides.stitch import write_heat_map
from podium.slides.tile_grid import Grid

PARAMS = load_params(ROOT / "params.yaml")
PLAIN = {
    "encoder": "efficientnet-lite0", "weights": "none", "finest": 32, "channels": 1,
    "dropout": 0.0, "loss": "cross_entropy", "schedule": "constant", "l2": 0.0,
    "tumour_share": 0.5, "rotate": 0.0, "zoom": 0.0, "flip": False, "stain_jitter": 0.0,
    "brightness": 0.0,
    "precision": "float32", "epochs": 4, "epoch_size": 16, "batch_size": 4, "warmup": 0.0,
    "learning_rate": 0.01, "weight_decay": 0.0, "n_validation": 4, "seed": 0,
}  # fmt: skip
TILES = TileSlides(
    tile=32, stride=32, target_mpp=None, level=0, min_tissue=0.1, thumbnail=128, max_unreadable=0.5,
    pixels="keep",
)  # fmt: skip


def settings(**changes: object) -> TrainSegmenter:
    """A segmenter without any augmentation, with changes."""
    return PARAMS.train_segmenter.model_copy(update=PLAIN | changes)


def row(slide: str = "a", **changes: object) -> SlideRecord:
    """A train slide of fold 0 without tumour, its own patient, with changes."""
    plain = {
        "slide": slide, "path": f"images/{slide}.tif", "patient": slide, "split": "train",
        "label": "0", "fold": 0, "mpp": "0.5", "annotation": "none", "width": 8, "height": 4,
        "tumour": 0.0, "content": slide, "notes": "",
    }  # fmt: skip
    return SlideRecord(**plain | changes)


def heat_file(path: Path, heat: object, downsample: float = 1.0, tile: int = 32) -> Path:
    """A written heat map of these values, of a slide as many times larger."""
    values = np.asarray(heat, dtype=np.float32)
    size = tuple(int(side * downsample) for side in values.shape[::-1])
    write_heat_map(path, Grid(size, downsample, tile, tile), [(0, values)], {})
    return path


def result(
    one: SlideRecord, values: object, truth: object = None, top_heat: float = 0.5, **changes: object
) -> SlideResult:
    """The result of a heat map's values and, where it is known, the truth, with changes."""
    values = np.asarray(values, dtype=np.float32)
    known = np.zeros(values.shape) if truth is None else np.asarray(truth)
    plain = {
        "row": one, "grid": Grid(values.shape[::-1], 1.0, 32, 32),
        "preview": np.full((*values.shape, 3), 255, dtype=np.uint8),
        "regions": None if truth is None else MultiPolygon(), "heat": Path(),
        "histogram": heat_histogram(values, known.astype(np.uint8)), "top_heat": top_heat,
        "baseline": None, "n_tiles": 1,
    }  # fmt: skip
    return SlideResult(**plain | changes)
