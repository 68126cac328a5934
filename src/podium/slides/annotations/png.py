"""Tumour as a mask in a PNG: light pixels are tumour.

A pixel is tumour where its lightest channel is over half of full scale, or over 0 where the
largest value is 1. The mask covers the slide: it has its size, or is smaller or larger by one exact
factor.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from shapely import MultiPolygon

from podium.core import picture_decoder  # noqa: F401 (lifts Pillow's limit on sizes: ours comes before decoding)
from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.raster import polygons

MAX_SIDE = 16_384  # pixels
_REMEDY = "save it as an 8-bit grey PNG, 0 = no tumour, 255 = tumour"


def read(data: bytes, size: tuple[int, int]) -> MultiPolygon:
    """The regions in `data` in level-0 pixels of a slide of `size` = (w, h); none is possible.

    Raises:
        Unusable: it is no PNG, is damaged, does not fit the slide, or its values are unclear.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            downsample = _downsample(image.size, size)
            return polygons(_inside(image), downsample)
    except Unusable:
        raise
    except UnidentifiedImageError:
        raise Unusable("not a PNG", _REMEDY) from None
    except Exception as error:  # Pillow raises many kinds on damaged files
        raise Unusable(f"damaged: {error}", _REMEDY) from None


def _downsample(mask: tuple[int, int], slide: tuple[int, int]) -> float:
    """Level-0 pixels per pixel of the mask."""
    if max(mask) > MAX_SIDE:
        raise Unusable(f"{mask[0]}x{mask[1]} px, over the limit of {MAX_SIDE} a side", "shrink it")
    if mask[0] * slide[1] != mask[1] * slide[0]:
        raise Unusable(
            f"the mask is {mask[0]}x{mask[1]} px, the slide {slide[0]}x{slide[1]} px, which is no "
            "multiple of it",
            "export the mask of the whole slide, at its size or at one exact fraction of it",
        )
    return slide[0] / mask[0]


def _inside(image: Image.Image) -> NDArray[np.bool_]:
    """Where (h, w) a mask is light."""
    has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if has_alpha and np.asarray(image.convert("RGBA").getchannel("A")).min() < 255:
        raise Unusable("it has transparent pixels, which are neither tumour nor not", _REMEDY)
    deep = image.mode.startswith("I")
    values = np.asarray(image if image.mode == "L" or deep else image.convert("RGB"))
    lightest = values.max(axis=2) if values.ndim == 3 else values
    highest, full = int(lightest.max()), 65_535 if deep else 255
    if 1 < highest <= full // 2:
        raise Unusable(f"its largest value is {highest}: labels, or a dim picture?", _REMEDY)
    return lightest > (0 if highest <= 1 else full // 2)
