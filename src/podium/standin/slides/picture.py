"""One slide from its number: planned, painted in dyes, lit, soiled, scanned."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.standin.noise import Field, Vector, blurred, clouds_by_size, grain_noise
from podium.standin.slides.artefacts import (
    add_blur,
    add_bubbles,
    add_dust,
    add_pen,
    cut_thickness,
    with_fold,
)
from podium.standin.slides.dyes import Layers, random_stain, transmitted_light
from podium.standin.slides.glands import add_glands
from podium.standin.slides.plan import Plan, random_plan, tissue_labels
from podium.standin.slides.stroma import (
    add_stroma,
    add_stroma_cells,
    add_vessels,
    random_fibres,
    tissue_coverage,
)
from podium.standin.slides.tumour import add_tumour

_SLIDE, _PATIENT, _BLOCK = range(3)  # what a stream of random numbers is for
BLOCK = 5  # slides that two patients share, two and three each
_WITH_TUMOUR = 3  # of every block


@dataclass(frozen=True)
class Picture:
    """A drawn slide at level 0 and its truth."""

    pixels: NDArray[np.uint8]  # (H, W, 3) RGB
    outlines: list[Vector]  # of the tumour: (N, 2) each, whole px as x, y, closed; none = no tumour
    patient: int
    labels: NDArray[np.uint8]  # coarse (h, w), see `tissue_labels`

    def mask(self) -> NDArray[np.uint8]:
        """The tumour {0, 1} (H, W)."""
        mask = np.zeros(self.pixels.shape[:2], np.uint8)
        for outline in self.outlines:
            cv2.fillPoly(mask, [outline.astype(np.int32)], 1)
        return mask


def patient_of(index: int) -> int:
    """The patient whose slide number `index` is: slides 0, 1 | 2, 3, 4 | 5, 6 | 7, 8, 9 | ..."""
    return 2 * (index // BLOCK) + int(index % BLOCK >= 2)


def has_tumour(seed: int, index: int) -> bool:
    """Whether slide number `index` shows a tumour, as three of every five do."""
    order = np.random.default_rng([seed, index // BLOCK, _BLOCK]).permutation(BLOCK)
    return bool(order[index % BLOCK] < _WITH_TUMOUR)


def draw_slide(seed: int, index: int, side: int) -> Picture:
    """The slide of a number, pixels (H, W, 3): the same in any order and any process.

    Scale is 0.5 micrometres per pixel (20x). A slide's stain is its patient's; folds, pen, blur,
    bubbles and dust fall anywhere, whether there is a tumour or not.

    Args:
        seed: of the whole set.
        index: number of the slide.
        side: about how many px it is wide and high.
    """
    rng = np.random.default_rng([seed, index, _SLIDE])
    plan = random_plan(rng, side, has_tumour(seed, index))
    patient = patient_of(index)
    stain = random_stain(np.random.default_rng([seed, patient, _PATIENT]))
    light = blurred(
        transmitted_light(stain, *with_fold(_dyed(plan, rng), rng)), 0.6
    )  # what a lens blurs
    for add in (add_dust, add_bubbles, add_pen, add_blur):
        add(light, rng)
    light += rng.standard_normal(plan.shape, np.float32)[..., None] * np.float32(1.5)
    pixels = np.rint(np.clip(light, 0, 255)).astype(np.uint8)
    return Picture(pixels, plan.outlines, patient, tissue_labels(plan))


def _dyed(plan: Plan, rng: np.random.Generator) -> tuple[Field, Field]:
    """Haematoxylin and eosin (H, W) on the cut that `plan` describes."""
    shape = plan.shape
    grain = 1 + np.float32(0.09) * grain_noise(rng, shape, 1.6)
    grain += np.float32(0.10) * clouds_by_size(rng, shape, 24)
    nuclei, diffuse, eosin = (np.zeros(shape, np.float32) for _ in range(3))
    layers = Layers(nuclei, diffuse, eosin, grain)
    fibres = random_fibres(rng, shape)
    add_stroma(layers, plan, fibres)
    taken = np.maximum(add_glands(layers, plan, rng), add_tumour(layers, plan, rng))
    taken = np.maximum(taken, add_vessels(layers, plan, taken, rng))
    add_stroma_cells(layers, plan, fibres.angle, taken, rng)
    tissue = tissue_coverage(plan, fibres, rng) * cut_thickness(shape, rng)
    blue, pink = layers.dyes()
    return blue * tissue, pink * tissue
