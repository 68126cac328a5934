"""Which labels a mask holds: numbers of its palette, grey values, or colours.

A label is some pixels wide. So soft edges between two colours, and noise, hold none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from podium.core import picture_decoder  # noqa: F401 (lifts Pillow's limit on sizes: ours comes before decoding)
from podium.core.errors import EnvironmentFault
from podium.slides.annotations.labelled import MOST_CLASSES
from podium.slides.annotations.mask_files import MAX_SIDE

_LEAST_SOLID = 0.25  # share of a label's pixels that have equal ones left, above, and in between
_DARK = 127  # brightest channel of what is no label


class MaskLabels(NamedTuple):
    """The labels of a mask, by the names that slides.classes gives them.

    Attributes:
        counts: pixels of each label; black is none.
        border: the label of most pixels at its border; '' where it has black.
        n_pixels: of the mask.
    """

    counts: Mapping[str, int]
    border: str = ""
    n_pixels: int = 0


def ground_of(masks: Sequence[MaskLabels]) -> str:
    """Return the label that is the background of masks without black; '' for none.

    It is at the border of most masks, and over half of all pixels.
    """
    masks = [mask for mask in masks if mask.counts]
    if len({name for mask in masks for name in mask.counts}) < 2:
        return ""
    name, n_masks = Counter(mask.border for mask in masks).most_common(1)[0]
    n_pixels = sum(mask.counts.get(name, 0) for mask in masks)
    is_ground = n_masks > len(masks) / 2 and n_pixels > sum(mask.n_pixels for mask in masks) / 2
    return name if is_ground and all(mask.border for mask in masks) else ""


def labels_of_mask(path: Path) -> MaskLabels:
    """Return the labels of a mask.

    Nothing of a mask with more labels than there can be classes, or which cannot be read: its
    reader says why.
    """
    try:
        with Image.open(path, formats=["PNG", "TIFF"]) as image:
            if max(image.size) > MAX_SIDE:
                return MaskLabels({})
            values, pattern = _values(image)
            counts = _solid_counts(values)
    except MemoryError:
        raise EnvironmentFault(
            "too little memory to read a mask\nremedy: close other programs and run again"
        ) from None
    except Exception:  # Pillow raises many kinds on damaged files
        return MaskLabels({})
    named = {pattern.format(value): n for value, n in counts.items()}
    if len(named) > MOST_CLASSES:
        return MaskLabels({})
    border = "" if (values == 0).any() else pattern.format(_border_value(values))
    return MaskLabels(named, border, values.size)


def _border_value(values: NDArray[Any]) -> int:
    """The value of most pixels at the border of a mask (h, w)."""
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    numbers, counts = np.unique(border, return_counts=True)
    return int(numbers[counts.argmax()])


def _values(image: Image.Image) -> tuple[NDArray[Any], str]:
    """One number (h, w) for each pixel, and how it is named."""
    number, colour = "{}", "#{:06x}"
    if image.mode == "P":
        first = (image.getpalette() or [0, 0, 0])[:3]
        if max(first) <= _DARK:
            return np.asarray(image), number
    elif image.mode in ("L", "1") or image.mode.startswith("I"):
        return np.asarray(image.convert("L") if image.mode == "1" else image), number
    rgb = np.asarray(image.convert("RGB"))
    if image.mode != "P" and (rgb == rgb[..., :1]).all():
        return rgb[..., 0], number
    red, green, blue = (rgb[..., k].astype(np.int32) for k in range(3))
    return red << 16 | green << 8 | blue, colour


def _solid_counts(values: NDArray[Any]) -> dict[int, int]:
    """Pixels of each value but 0 that is some pixels wide."""
    numbers, counts = np.unique(values, return_counts=True)
    here, left, above, corner = (
        values[1:, 1:], values[1:, :-1], values[:-1, 1:], values[:-1, :-1],
    )  # fmt: skip
    solid, solid_counts = np.unique(
        here[(here == left) & (here == above) & (here == corner)], return_counts=True
    )
    n_solid = dict(zip(solid.tolist(), solid_counts.tolist(), strict=True))
    return {
        value: n
        for value, n in zip(numbers.tolist(), counts.tolist(), strict=True)
        if value and n_solid.get(value, 0) >= _LEAST_SOLID * n
    }
