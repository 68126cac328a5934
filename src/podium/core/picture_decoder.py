"""The one decoder of picture files, with one policy for all competitions.

Policy: the size in the header is checked before any pixel is decoded; damaged files are refused,
never patched; EXIF rotation is applied; all becomes 8-bit RGB, transparent parts white.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from podium.core.errors import PodiumError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
# about odd metadata of sound pictures; set for good, since changing filters is not thread-safe
warnings.filterwarnings("ignore", module="PIL")
Image.MAX_IMAGE_PIXELS = None  # the header of every picture is checked against our own limit first
DECODER = (
    "pillow-strict-exif-rgb-1"  # in the provenance of every feature; a new policy needs a new name
)


class UnreadableImage(PodiumError):
    """The file is no picture, damaged, or too large."""


def decode(data: bytes, max_megapixels: float) -> Image.Image:
    """Decode a picture to 8-bit RGB, upright.

    Args:
        data: the bytes of a JPEG, PNG, WebP or BMP file.
        max_megapixels: larger pictures are refused from their header alone.

    Raises:
        UnreadableImage: says why; the caller adds the path.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image, max_megapixels)
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnreadableImage:
        raise
    except UnidentifiedImageError:
        reason = "empty file" if not data else f"not a {', '.join(FORMATS)} picture"
        raise UnreadableImage(reason) from None
    except Exception as error:  # Pillow raises many kinds on damaged files
        raise UnreadableImage(f"damaged: {error}") from None


def read(path: Path, max_megapixels: float, remedy: str) -> NDArray[np.uint8]:
    """Read the picture at `path` as RGB pixels (H, W, 3).

    Args:
        path: a JPEG, PNG, WebP or BMP file.
        max_megapixels: larger pictures are refused from their header alone.
        remedy: the last line of a message.

    Raises:
        PodiumError: it cannot be read; says why.
    """
    try:
        return np.asarray(decode(path.read_bytes(), max_megapixels))
    except (UnreadableImage, OSError) as error:
        raise PodiumError(f"{path}: {error}\nremedy: {remedy}") from None


def _check_size(image: Image.Image, max_megapixels: float) -> None:
    width, height = image.size
    if width * height > max_megapixels * 1e6:
        raise UnreadableImage(
            f"{width}x{height} px is over the limit of {max_megapixels:g} megapixels"
        )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I;16", "I", "F")):  # 16-bit grey is scaled; convert() would clip it
        grey = np.asarray(image, dtype=np.float64) / 257
        return Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def resize(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return RGB pixels (h, w, 3) of `image`, squashed to `size` = (w, h); bicubic, antialiased."""
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=None)
    return np.asarray(image)
