"""Pictures without a pyramid, decoded whole, and transparent ones laid on white."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from podium.core import picture_decoder

Pixels = NDArray[np.uint8]
_DESCRIPTION = 270  # the tag of a TIFF


def flat_pixels(path: Path, max_megapixels: float) -> Pixels:
    """RGB (h, w, 3) of a flat picture, as `picture_decoder` reads it; of a TIFF its first page."""
    if path.stat().st_size > 8e6 * max_megapixels:  # bytes: four channels of 16 bits
        raise picture_decoder.UnreadableImage(f"too large for {max_megapixels:g} flat megapixels")
    data = path.read_bytes()
    if data[:2] not in (b"II", b"MM"):
        return np.asarray(picture_decoder.decode(data, max_megapixels))
    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as page:
            if page.width * page.height > max_megapixels * 1e6:
                raise ValueError(f"{page.size} px is over {max_megapixels:g} megapixels")
            if page.mode.startswith(("I", "F")):
                raise ValueError("more than 8 bits in a channel")
            return on_white(ImageOps.exif_transpose(page).convert("RGBA"))
    except MemoryError:
        raise  # says nothing about the file
    except Exception as error:  # Pillow raises many kinds on damaged files
        raise picture_decoder.UnreadableImage(f"flat TIFF: {error}") from None


def tiff_description(path: Path) -> str:
    """What the first page of a TIFF says of itself; '' of other files."""
    with path.open("rb") as file:
        if file.read(2) not in (b"II", b"MM"):
            return ""
    try:
        with Image.open(path, formats=["TIFF"]) as page:
            text = str(page.tag_v2.get(_DESCRIPTION, ""))  # type: ignore[attr-defined]
            return text.encode("latin-1", "replace").decode("utf-8", "replace")
    except Exception:  # Pillow raises many kinds on damaged files; decoding says what is wrong
        return ""


def on_white(image: Image.Image) -> Pixels:
    """Return RGB (h, w, 3) of an RGBA picture laid on white."""
    if image.getchannel("A").getextrema() == (255, 255):
        return np.frombuffer(image.tobytes("raw", "RGB"), "u1").reshape(*image.size[::-1], 3)
    rgba = np.asarray(image, dtype=np.float32)
    return np.rint(255 - rgba[:, :, 3:] / 255 * (255 - rgba[:, :, :3])).astype(np.uint8)
