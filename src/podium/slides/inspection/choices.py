"""Settings that fit a set of slides, each with its reason.

Objects say the scale, minutes the epochs. Objects are shown OBJECT_PX pixels wide or wider: nuclei
at full resolution, whole tumours at a coarser one, which costs less and shows more around them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from podium.core.choice import Choice
from podium.core.errors import PodiumError, SettingsError
from podium.slides.inspection.disk import choose_pixels
from podium.slides.inspection.facts import Diameters, Shares, SlideFacts, facts_of, refuse_outside

OBJECT_PX = 24.0  # pixels of a tile across the smaller objects
COARSEST = {False: 2.0, True: 1.0}  # micrometres per pixel, by whether there is a GPU
TILE = {False: 256, True: 512}  # pixels
MEGAPIXELS = {8: 0.60, 4: 0.53, 2: 0.38}  # trained in a second of one core, by `finest`
GPU_MEGAPIXELS = 40.0
INFERENCE = 3.0  # times faster than training
SAME_SCALE = 0.05  # scales of slides that differ by less count as one
CROP = 0.8  # share of tissue above which a slide is taken for a crop full of it
MIN_TISSUE = 0.1  # share of a tile
MISSED = 0.01  # share of the outlined area that may lie on tiles with less tissue
MOST_EPOCHS = 40


@dataclass(frozen=True)
class Budget:
    """What the choice may cost.

    Attributes:
        minutes: that training may take.
        cores: of the processor.
        gpu: whether there is one.
        free: bytes on the disk of the scratch folder.
        turns: how many views of a tile predict_slides takes the mean of.
    """

    minutes: float
    cores: int
    gpu: bool
    free: float = math.inf
    turns: int = 1

    def megapixels(self, finest: int) -> float:
        """Megapixels that are trained on in a second."""
        return GPU_MEGAPIXELS if self.gpu else MEGAPIXELS[finest] * min(self.cores, 8)


@dataclass(frozen=True)
class Scale:
    """How closely slides are looked at.

    Attributes:
        target_mpp: micrometres per pixel of a tile, or None: of `level`.
        level: of the slides.
        downsample: level-0 pixels per pixel of a tile, of the finest slide.
        object_px: pixels of a tile across the smaller objects.
        reason: of the choice.
    """

    target_mpp: float | None
    level: int
    downsample: float
    object_px: float
    reason: str


def smaller_objects(diameters: Diameters) -> float:
    """Return the diameter above which nine tenths of the objects' area lie.

    Args:
        diameters: (n,) of circles as large as the objects.
    """
    ordered = np.sort(diameters)
    share = np.cumsum(ordered**2) / np.sum(ordered**2)
    return float(ordered[np.searchsorted(share, 0.1)])


def choose_scale(facts: Sequence[SlideFacts], gpu: bool) -> Scale:
    """Return the scale at which the smaller objects are OBJECT_PX pixels wide, or wider.

    Args:
        facts: of all slides.
        gpu: whether there is one; without, nothing finer than needed is looked at.

    Raises:
        PodiumError: nothing is outlined.
        SettingsError: the micrometres of some slides are unknown, and they matter.
    """
    objects = np.concatenate([one.diameters for one in facts])
    if not len(objects):
        refuse_outside(facts)
        raise PodiumError(
            "no train slide has an outline: nothing says what is to be found\n"
            "remedy: put annotations beside the slides (see data/raw/README.md)"
        )
    small_px = smaller_objects(objects)
    factor = max(1.0, small_px / OBJECT_PX)
    known = [one.mpp for one in facts if one.mpp is not None]
    if len(known) < len(facts):
        return _scale_of_pixels(facts, small_px, factor, len(known))
    in_um = np.concatenate([one.diameters * (one.mpp or 0) for one in facts])
    small_um = smaller_objects(in_um)
    native, finest = max(known), min(known)
    target = min(max(small_um / OBJECT_PX, native), max(COARSEST[gpu], native))
    seen = f"nine tenths of what is outlined are objects wider than {small_um:.3g} um"
    if target <= native * 1.25 and native <= finest * (1 + SAME_SCALE):
        reason = f"{seen}: seen at full resolution"
        return Scale(None, 0, 1.0, small_um / native, reason)
    target = round(target, 2) if target > native else native
    return Scale(
        target, 0, target / finest, small_um / target, f"{seen}, {small_um / target:.0f} px then"
    )


def _scale_of_pixels(
    facts: Sequence[SlideFacts], small_px: float, factor: float, n_known: int
) -> Scale:
    """The scale where micrometres are unknown: a level that all slides have."""
    if n_known:
        missing = [one.entry.slide for one in facts if one.mpp is None]
        raise SettingsError(
            f"the micrometres per pixel of {len(missing)} of {len(facts)} slides are unknown, "
            f"e.g. {missing[0]}\n"
            "remedy: say --mpp for these, or give a column mpp in slides.csv"
        )
    n_levels = min(len(one.downsamples) for one in facts)
    steps = [max(one.downsamples[level] for one in facts) for level in range(n_levels)]
    level = max(level for level, step in enumerate(steps) if step <= factor * 1.01)
    reason = f"nine tenths of what is outlined are objects wider than {small_px:.0f} px"
    if factor > 2 * steps[level]:
        reason += "; with --mpp a coarser scale could be had"
    return Scale(None, level, steps[level], small_px / steps[level], reason)


def choose(facts: Sequence[SlideFacts], budget: Budget) -> list[Choice]:
    """Return the settings that fit slides.

    Args:
        facts: of all slides that can be used.
        budget: what the choice may cost.

    Raises:
        PodiumError: nothing is outlined, or all train slides are of one patient.
        SettingsError: the micrometres of some slides are unknown, and they matter.
    """
    train = list(facts_of(facts, "train"))
    n_folds, folds_reason = _folds(train, budget.gpu)
    scale = choose_scale(facts, budget.gpu)
    finest = 2 if scale.object_px < 32 else 4 if scale.object_px < 64 else 8
    side = math.floor(_smaller_side(facts) / scale.downsample)
    tile = max(64, min(TILE[budget.gpu], side // 32 * 32))
    squares = [one.squares(tile * scale.downsample) for one in train]
    n_tiles = sum(int((tissue >= MIN_TISSUE).sum()) for tissue, _ in squares)
    n_tumour = sum(int(((tissue >= MIN_TISSUE) & (tumour > 0)).sum()) for tissue, tumour in squares)
    stride = tile if n_tiles >= 64 else tile // 2
    batch_size = max(4, min(32, 8 * (256 // tile) ** 2 if tile < 256 else 8))
    rows = [
        Choice("slides", "source", "raw", "these files"),
        Choice("ingest_slides", "n_folds", n_folds, folds_reason),
        Choice("tile_slides", "target_mpp", scale.target_mpp, scale.reason),
        Choice("tile_slides", "level", scale.level, "of the slide, where target_mpp is null"),
        Choice("tile_slides", "tile", tile, f"smaller slides are {side} px wide then"),
        Choice("tile_slides", "stride", stride, f"{n_tiles} tiles of tissue to learn from"),
        _min_tissue(train, squares),
        Choice("train_segmenter", "finest", finest, f"objects {scale.object_px:.0f} px wide"),
        _tumour_share(n_tiles, n_tumour),
        Choice("train_segmenter", "stain_jitter", 0.4, "slides of other days look different"),
        Choice("train_segmenter", "brightness", 0.15, "scanners too"),
        Choice("train_segmenter", "batch_size", batch_size, f"of tiles of {tile} px"),
    ]
    rows += _length(n_tiles * (tile // stride) ** 2, n_folds, tile, batch_size, finest, budget)
    rows.append(Choice("predict_slides", "stride", tile // 2, "half a tile: no seams"))
    rows.append(Choice("predict_slides", "normalise", True, "slides of other stains look alike"))
    return [*rows, choose_pixels(facts, settings_of(rows)["tile_slides"], budget.free)]


def _smaller_side(facts: Sequence[SlideFacts]) -> int:
    """The side above which nine tenths of all slides' area lie: a few tiny ones do not count."""
    ordered = sorted(facts, key=lambda one: min(one.size))
    areas = np.cumsum([one.size[0] * one.size[1] for one in ordered])
    return min(ordered[int(np.searchsorted(areas, areas[-1] / 10))].size)


def _folds(train: Sequence[SlideFacts], gpu: bool) -> tuple[int, str]:
    patients = {one.entry.patient for one in train if one.annotation or one.entry.label == "0"}
    if len(patients) < 2:
        raise PodiumError(
            f"{len(patients)} patient with outlines: no slide is left to score on\n"
            "remedy: annotate slides of another patient, or say in slides.csv whose they are"
        )
    return min(5 if gpu else 4, len(patients)), f"{len(patients)} patients"


def _min_tissue(train: Sequence[SlideFacts], squares: Sequence[tuple[Shares, Shares]]) -> Choice:
    """Glass is left out, unless there is none or what is outlined would be taken for it."""
    key, share = ("tile_slides", "min_tissue"), np.mean([one.tissue_share for one in train])
    if min(one.tissue_share for one in train) >= CROP:
        return Choice(*key, 0.0, "crops full of tissue: every tile is kept")
    lost = sum(float(tumour[tissue < MIN_TISSUE].sum()) for tissue, tumour in squares)
    missed = lost / max(sum(float(tumour.sum()) for _, tumour in squares), 1e-9)
    if missed > MISSED:
        return Choice(*key, 0.0, f"else {missed:.0%} of what is outlined would be taken for glass")
    return Choice(*key, MIN_TISSUE, f"{share:.0%} of the slides is tissue; glass is left out")


def _tumour_share(n_tiles: int, n_tumour: int) -> Choice:
    share = n_tumour / max(n_tiles, 1)
    reason = f"{share:.0%} of the tiles hold tumour"
    value = 0.0 if share > 0.4 else 0.5
    return Choice("train_segmenter", "tumour_share", value, f"{reason}; 0: as they come")


def _length(
    n_tiles: int, n_folds: int, tile: int, batch_size: int, finest: int, budget: Budget
) -> list[Choice]:
    """How long training is: an epoch sees each tile about once, and minutes bound the epochs."""
    most = 4000 if budget.gpu else 480
    size = min(max(round(n_tiles * (n_folds - 1) / n_folds), 128), most)
    size = max(1, size // batch_size) * batch_size
    seconds = n_folds * size * tile**2 / 1e6 / budget.megapixels(finest)
    epochs = int(np.clip(round(budget.minutes * 60 / seconds), 2, MOST_EPOCHS))
    where = "a GPU" if budget.gpu else f"{budget.cores} cores"
    reason = f"about {epochs * seconds / 60:.0f} minutes on {where} (--minutes)"
    return [
        Choice("train_segmenter", "epoch_size", size, "tiles of a fold, within bounds"),
        Choice("train_segmenter", "epochs", epochs, reason),
        Choice("train_segmenter", "n_validation", 16 if tile >= 256 else 40, "tiles tried"),
    ]


def settings_of(choices: Sequence[Choice]) -> dict[str, dict[str, Any]]:
    """Return choices as sections of params.yaml."""
    sections: dict[str, dict[str, Any]] = {}
    for choice in choices:
        sections.setdefault(choice.section, {})[choice.key] = choice.value
    return sections
