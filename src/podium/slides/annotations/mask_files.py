"""Tumour as a mask in a PNG or TIFF: light pixels are tumour.

A pixel is tumour where its lightest channel is over half of full scale, or over 0 where the
largest value is 1. The mask covers the slide: it has its size, or is smaller or larger by one exact
factor. Colours are classes: `slides.classes` may name those that are tumour, as `#ff0000`.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterator
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from podium.core import picture_decoder  # noqa: F401 (lifts Pillow's limit on sizes: ours comes before decoding)
from podium.core.errors import EnvironmentFault
from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.pixel_mask import PixelMask, is_intricate
from podium.slides.annotations.raster import polygons
from podium.slides.annotations.regions import Outlines

Values = NDArray[Any]
MAX_SIDE = 16_384  # pixels
_ROWS = 512  # of a mask looked at together
_MAX_COLOURS = 256  # more of them are shades, no classes
_MIN_SHARE = 0.05  # of what is not black: rarer colours are soft edges
_REMEDY = "save it as an 8-bit grey PNG, 0 = no tumour, 255 = tumour"
INTRICATE = "its outlines are as intricate as noise: kept as pixels"


def read(
    data: bytes, size: tuple[int, int], classes: Collection[str] | None = None, kind: str = "PNG"
) -> Outlines:
    """The regions in `data` in level-0 pixels, none is possible; notes and the areas of colours.

    Args:
        data: the bytes of the file.
        size: (w, h) of the slide at level 0.
        classes: colours `#rrggbb` that are tumour; without any, light pixels are.
        kind: PNG or TIFF.

    Raises:
        Unusable: it is no such file, is damaged, does not fit the slide, or its values are unclear.
    """
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            downsample = _downsample(image.size, size)
            values = _values(image)
    except Unusable:
        raise
    except UnidentifiedImageError:
        raise Unusable(f"not a {kind}", _REMEDY) from None
    except MemoryError:
        raise EnvironmentFault(
            "too little memory to read a mask\nremedy: close other programs and run again"
        ) from None
    except Exception as error:  # Pillow raises many kinds on damaged files
        raise Unusable(f"damaged: {error}", _REMEDY) from None
    chosen = {name.lower() for name in classes or () if name.startswith("#")}
    inside = _of_colours(values, chosen) if chosen else _light(values)
    counts, tumour = _colours(values, inside)
    areas = {name: n * downsample**2 for name, n in counts.items()}
    if is_intricate(inside):
        return Outlines(PixelMask(inside, downsample), [INTRICATE], areas, tumour)
    return Outlines(polygons(inside, downsample), [], areas, tumour)


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


def _values(image: Image.Image) -> Values:
    """Grey values (h, w) of 8 or 16 bits, or RGB (h, w, 3) of 8 bits."""
    has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if has_alpha and np.asarray(image.convert("RGBA").getchannel("A")).min() < 255:
        raise Unusable("it has transparent pixels, which are neither tumour nor not", _REMEDY)
    if image.mode.startswith("F"):
        raise Unusable("its values are no whole numbers", _REMEDY)
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    is_plain = image.mode in ("L", "RGB") or image.mode.startswith("I")
    return np.asarray(image if is_plain else image.convert("RGB"))


def _light(values: Values) -> NDArray[np.bool_]:
    """Where (h, w) a mask is light."""
    lightest = reduce(np.maximum, np.moveaxis(values, 2, 0)) if values.ndim == 3 else values
    highest, full = int(lightest.max()), 255 if values.dtype == np.uint8 else 65_535
    if 1 < highest <= full // 2:
        raise Unusable(f"its largest value is {highest}: labels, or a dim picture?", _REMEDY)
    return lightest > (0 if highest <= 1 else full // 2)


def _codes(values: Values) -> Iterator[NDArray[np.int32]]:
    """Colours as numbers 0xrrggbb, in parts of some rows."""
    for top in range(0, len(values), _ROWS):
        part = values[top : top + _ROWS].astype(np.int32)
        if part.ndim == 3:
            yield part[..., 0] << 16 | part[..., 1] << 8 | part[..., 2]
        else:
            yield (part if values.dtype == np.uint8 else part >> 8) * 0x010101


def _of_colours(values: Values, names: Collection[str]) -> NDArray[np.bool_]:
    """Where (h, w) a mask has one of some colours `#rrggbb`."""
    return np.concatenate(
        [
            np.isin(codes, [code for code in pd.unique(codes.ravel()) if _name(int(code)) in names])
            for codes in _codes(values)
        ]
    )


def _name(code: int) -> str:
    return f"#{code:06x}"


def _colours(values: Values, inside: NDArray[np.bool_]) -> tuple[dict[str, int], frozenset[str]]:
    """Pixels of each colour but black, most first, and the colours that are tumour.

    Nothing where there is one colour only, or so many that they are shades.
    """
    counts: Counter[int] = Counter()
    tumour: set[int] = set()
    for number, codes in enumerate(_codes(values)):
        is_light = inside[number * _ROWS : (number + 1) * _ROWS]
        n_pixels = pd.Series(codes.ravel()).value_counts()  # hashes: quicker than to sort
        counts.update(dict(zip(n_pixels.index.tolist(), n_pixels.tolist(), strict=True)))
        tumour.update(pd.unique(codes[is_light]).tolist())
        if len(counts) > _MAX_COLOURS:
            return {}, frozenset()
    counts.pop(0, None)
    least = _MIN_SHARE * counts.total()
    main = {_name(code): n for code, n in counts.most_common() if n >= least}
    if len(main) < 2:
        return {}, frozenset()
    return main, frozenset(main) & {_name(code) for code in tumour}
