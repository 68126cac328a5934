"""What the XML of an OME-TIFF says: the size of a pixel, and how its planes make a picture."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray

from podium.core import picture_decoder
from podium.core.errors import PodiumError
from podium.slides.annotations.xml_events import parse_tree

MICROMETRES = {"nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
_PLANES = 3  # of RGB


class Ome(NamedTuple):
    """The first picture of an OME-TIFF.

    Attributes:
        mpp: micrometres per pixel along x and y, or None.
        n_channels: how many planes of one colour it has, 1 where pixels are RGB already.
    """

    mpp: tuple[float, float] | None
    n_channels: int


def read_ome(description: str) -> Ome | None:
    """Return what the description of a TIFF says; None where it is not OME's."""
    if "<OME" not in description[:2000]:
        return None
    try:
        pixels = next(parse_tree(description.encode(), "OME").iter("Pixels"))
    except (PodiumError, StopIteration):
        return None
    sizes = [_micrometres(pixels.attrib, axis) for axis in "XY"]
    x, y = sizes[0] or sizes[1], sizes[1] or sizes[0]
    samples = [channel.get("SamplesPerPixel", "1") for channel in pixels.iter("Channel")]
    n_channels = len(samples) if set(samples) == {"1"} else 1
    return Ome(None if x is None or y is None else (x, y), n_channels)


def _micrometres(attributes: dict[str, str], axis: str) -> float | None:
    unit = MICROMETRES.get(attributes.get(f"PhysicalSize{axis}Unit", "µm"))
    try:
        return float(attributes[f"PhysicalSize{axis}"]) * unit if unit else None
    except (KeyError, ValueError):
        return None


def planes_as_rgb(path: Path, max_megapixels: float) -> tuple[NDArray[np.uint8], str]:
    """RGB (h, w, 3) of the first three planes of an OME-TIFF, and a note on the others.

    A second or third plane that is missing is black.

    Raises:
        UnreadableImage: it is damaged, too large, or has more than 8 bits.
    """
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            h, w = (series.shape[series.axes.index(axis)] for axis in "YX")
            if h * w > max_megapixels * 1e6:
                raise ValueError(f"{w}x{h} px is over {max_megapixels:g} megapixels")
            if series.dtype != np.uint8:
                raise ValueError("more than 8 bits in a channel")
            whole = series.asarray()
    except MemoryError:
        raise  # says nothing about the file
    except Exception as error:  # tifffile raises many kinds on damaged files
        raise picture_decoder.UnreadableImage(f"OME-TIFF: {error}") from None
    axes = series.axes
    for axis in set(axes) - set("CYX"):
        whole, axes = whole.take(0, axes.index(axis)), axes.replace(axis, "", 1)
    planes = np.moveaxis(whole, [axes.index(axis) for axis in "YXC"], [0, 1, 2])
    n = planes.shape[2]
    rgb = np.zeros((h, w, _PLANES), dtype=np.uint8)
    rgb[..., :n] = planes[..., :_PLANES]
    note = f"planes 1 to {_PLANES} of {n} are taken as RGB" if n > _PLANES else ""
    return rgb, note
