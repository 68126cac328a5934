"""Tumour as a mask in a PNG or TIFF: light pixels are tumour.

A pixel is tumour where its lightest channel is over half of full scale, or over 0 where the
largest value is 1. The mask covers the slide: it has its size, or is smaller or larger by one
factor, its sides perhaps rounded. Colours are classes: the settings may name them, as `#ff0000`, or
their grey value or number in the palette, as `2`.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import reduce
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from podium.core import picture_decoder  # noqa: F401 (lifts Pillow's limit on sizes: ours comes before decoding)
from podium.core.errors import EnvironmentFault
from podium.slides.annotations.class_names import class_note
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.labelled import UNKNOWN, Labelled
from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.pixel_mask import PixelMask, downsample_of, is_intricate
from podium.slides.annotations.raster import polygons
from podium.slides.annotations.regions import Outlines

Values = NDArray[Any]
MAX_SIDE = 16_384  # pixels
_ROWS = 512  # of a mask looked at together
_MAX_COLOURS = 256  # more of them are shades, no classes
_MIN_SHARE = 0.05  # of what is not black: rarer colours are soft edges
_REMEDY = "save it as an 8-bit grey PNG, 0 = no tumour, 255 = tumour"
_LEARN = f"podium inspect slides --write, which has labels learnt; or {_REMEDY}"
INTRICATE = "its outlines are as intricate as noise: kept as pixels"


def read(
    data: bytes, size: tuple[int, int], plan: ClassPlan | None = None, kind: str = "PNG"
) -> Outlines:
    """The regions in `data` in level-0 pixels, none is possible; notes and the areas of colours.

    Args:
        data: the bytes of the file.
        size: (w, h) of the slide at level 0.
        plan: what colours are taken as; where it names none, light pixels are tumour.
        kind: PNG or TIFF.

    Raises:
        Unusable: it is no such file, is damaged, does not fit the slide, or its values are unclear.
    """
    plan = plan or ClassPlan()
    roles = _roles(plan)
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            downsample = _downsample(image.size, size)
            values = _values(image, roles)
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
    inside = _inside(values, roles, plan)
    has_numbers = _names_numbers(roles) and values.ndim == 2
    counts, tumour = _numbers(values, roles) if has_numbers else _colours(values, inside)
    areas = {name: n * downsample**2 for name, n in counts.items()}
    notes = [class_note(areas, _uses(areas, tumour, roles, plan), size[0] * size[1])]
    if len(areas) < 2 and tumour == areas.keys():
        notes = []
    if is_intricate(inside):
        return Outlines(PixelMask(inside, downsample), [INTRICATE, *notes], areas, tumour)
    if inside.dtype == np.bool_:
        return Outlines(polygons(inside, downsample), notes, areas, tumour)
    labels = [int(label) for label in np.unique(inside) if 0 < label < UNKNOWN]
    classes = {label: polygons(inside == label, downsample) for label in labels}
    unknown = polygons(inside == UNKNOWN, downsample)
    return Outlines(Labelled(classes, unknown), notes, areas, tumour)


def _names_numbers(roles: Mapping[str, int]) -> bool:
    return any(name.isdigit() for name in roles)


def _uses(
    areas: Collection[str], tumour: Collection[str], roles: Mapping[str, int], plan: ClassPlan
) -> dict[str, list[str]]:
    """The colours by what they are taken as, in words."""
    uses: dict[str, list[str]] = {name: [] for name in plan.names}
    for colour in areas:
        role = roles.get(colour, int(colour in tumour))
        if role == UNKNOWN:
            uses.setdefault("unknown", []).append(colour)
        elif role:
            uses[plan.names[role - 1]].append(colour)
    return uses


def _roles(plan: ClassPlan) -> dict[str, int]:
    """What the colours and numbers that a plan names are taken as."""
    names = (*(plan.labels or ()), *plan.unknown)
    return {name: plan.role(name) for name in names if name.startswith("#") or name.isdigit()}


def _inside(values: Values, roles: Mapping[str, int], plan: ClassPlan) -> Values:
    """Where (h, w) there is tumour; or labels, where there are classes or unknown places."""
    if not roles and not plan.is_plain:
        raise Unusable(
            "slides.classes names none of its colours",
            "name them there, as '#ff0000', or as numbers of the palette or grey values, as '2'",
        )
    labels = _of_colours(values, roles) if roles else _light(values)
    return labels == 1 if plan.is_plain and not (labels == UNKNOWN).any() else labels


def _downsample(mask: tuple[int, int], slide: tuple[int, int]) -> float:
    """Level-0 pixels per pixel of the mask."""
    if max(mask) > MAX_SIDE:
        raise Unusable(f"{mask[0]}x{mask[1]} px, over the limit of {MAX_SIDE} a side", "shrink it")
    downsample = downsample_of(mask, slide)
    if downsample is None:
        raise Unusable(
            f"the mask is {mask[0]}x{mask[1]} px, the slide {slide[0]}x{slide[1]} px, which is no "
            "multiple of it",
            "export the mask of the whole slide, at its size or that of one of its levels",
        )
    return downsample


def _values(image: Image.Image, roles: Mapping[str, int]) -> Values:
    """Grey values (h, w) of 8 or 16 bits, numbers of a palette, or RGB (h, w, 3) of 8 bits."""
    numbers = _names_numbers(roles)
    has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if has_alpha and np.asarray(image.convert("RGBA").getchannel("A")).min() < 255:
        raise Unusable("it has transparent pixels, which are neither tumour nor not", _REMEDY)
    if image.mode.startswith("F"):
        raise Unusable("its values are no whole numbers", _REMEDY)
    if image.mode == "1":
        return (
            np.asarray(image).astype(np.uint8) if "1" in roles else np.asarray(image.convert("L"))
        )
    is_plain = image.mode in ("L", "RGB") or image.mode.startswith("I")
    is_plain |= image.mode == "P" and numbers
    values = np.asarray(image if is_plain else image.convert("RGB"))
    return _grey(values, roles) if numbers and values.ndim == 3 else values


def _grey(values: Values, roles: Mapping[str, int]) -> Values:
    """One channel (h, w) of RGB (h, w, 3) of equal channels; colours stay if any is named."""
    if (values == values[..., :1]).all():
        return values[..., 0]
    if any(name.startswith("#") for name in roles):
        return values
    raise Unusable(
        "it has colours, slides.classes names numbers",
        "name the colours there, as '#ff0000', or save the mask as grey values or with a palette",
    )


def _light(values: Values) -> NDArray[np.bool_]:
    """Where (h, w) a mask is light."""
    lightest = reduce(np.maximum, np.moveaxis(values, 2, 0)) if values.ndim == 3 else values
    highest, full = int(lightest.max()), 255 if values.dtype == np.uint8 else 65_535
    if 1 < highest <= full // 2:
        raise Unusable(f"its largest value is {highest}: labels, or a dim picture?", _LEARN)
    return lightest > (0 if highest <= 1 else full // 2)


def _codes(values: Values) -> Iterator[NDArray[np.int32]]:
    """Colours as numbers 0xrrggbb, in parts of some rows."""
    for top in range(0, len(values), _ROWS):
        part = values[top : top + _ROWS]
        if part.ndim == 3:
            codes = np.zeros(part.shape[:2], dtype=np.int32)
            for channel in cv2.split(part):
                codes <<= 8
                codes |= np.asarray(channel, dtype=np.uint8)
            yield codes
        else:
            grey = part.astype(np.int32)
            yield (grey if values.dtype == np.uint8 else grey >> 8) * 0x010101


def _of_colours(values: Values, roles: Mapping[str, int]) -> NDArray[np.uint8]:
    """The role (h, w) of each pixel by its colour `#rrggbb`, grey value or number; 0 for others."""
    colours = {name: role for name, role in roles.items() if name.startswith("#")}
    labels = np.zeros(values.shape[:2], dtype=np.uint8)
    for number, codes in enumerate(_codes(values) if colours else ()):
        part = labels[number * _ROWS : (number + 1) * _ROWS]
        for code in pd.unique(codes.ravel()).tolist():
            if role := colours.get(_name(code), 0):
                part[codes == code] = role
    for name in roles.keys() - colours.keys() if values.ndim == 2 else ():
        labels[values == int(name)] = roles[name]
    return labels


def _runs(codes: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where (R,) runs of equal numbers start, row after row, and how long (R,) they are."""
    flat = codes.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    return starts, np.diff(starts, append=flat.size)


def _name(code: int) -> str:
    return f"#{code:06x}"


def _numbers(values: Values, roles: Mapping[str, int]) -> tuple[dict[str, int], frozenset[str]]:
    """Pixels of each value but 0, and the values that are taken as a class."""
    counts = {
        str(value): n
        for value, n in zip(*(part.tolist() for part in np.unique(values, return_counts=True)),
                            strict=True)
        if value
    }  # fmt: skip
    return counts, frozenset(name for name in counts if 0 < roles.get(name, 0) < UNKNOWN)


def _colours(values: Values, inside: Values) -> tuple[dict[str, int], frozenset[str]]:
    """Pixels of each colour but black, most first, and the colours that are tumour.

    Nothing where there is one colour only, or so many that they are shades.
    """
    counts: Counter[int] = Counter()
    tumour: set[int] = set()
    for number, codes in enumerate(_codes(values)):
        starts, lengths = _runs(codes)  # the role of a pixel follows from its colour
        part = inside[number * _ROWS : (number + 1) * _ROWS].ravel()[starts]
        runs = codes.ravel()[starts]
        n_pixels = pd.Series(lengths).groupby(runs).sum()  # hashes: quicker than to sort
        counts.update(dict(zip(n_pixels.index.tolist(), n_pixels.tolist(), strict=True)))
        tumour.update(pd.unique(runs[(part > 0) & (part < UNKNOWN)]).tolist())
        if len(counts) > _MAX_COLOURS:
            return {}, frozenset()
    counts.pop(0, None)
    least = _MIN_SHARE * counts.total()
    main = {_name(code): n for code, n in counts.most_common() if n >= least}
    if len(main) < 2:
        return {}, frozenset()
    return main, frozenset(main) & {_name(code) for code in tumour}
