"""The one decoder of picture files, with one policy for all competitions.

Policy: the size in the header is checked before any pixel is decoded; damaged files are refused,
never patched; EXIF rotation is applied; all becomes 8-bit RGB, transparent parts white (or black
below bright glyphs, where that is asked for). Of several pictures in a file (GIF, TIFF) the first
counts. The bytes decide what a file is, not its suffix.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.printable import printable

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "JPEG2000", "AVIF", "PPM")
SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif",
    ".jp2", ".j2k", ".jpx", ".jpf", ".avif", ".ppm", ".pgm", ".pbm", ".pnm",
)  # fmt: skip
_BEGINNINGS = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"RIFF....WEBP", "WEBP"),
    (rb"II[*+]\x00|MM\x00[*+]", "TIFF"),
    (rb"GIF8[79]a", "GIF"),
    (rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "JPEG2000"),
    (rb"....ftypavi[fs]", "AVIF"),
    (rb"....ftyp(?:hei[cxms]|mif1|msf1)", "HEIC"),
    (rb"\xff\x0a|\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (rb"8BPS", "PSD"),
)
# about odd metadata of sound pictures; set for good, since changing filters is not thread-safe
warnings.filterwarnings("ignore", module="PIL")
Image.MAX_IMAGE_PIXELS = None  # the header of every picture is checked against our own limit first
_MAX_SCANS = 100  # of a JPEG; cameras and programs write one to some twenty
_BAND = 256  # rows converted together
DECODER = (
    "pillow-strict-exif-rgb-1"  # in the provenance of every feature; a new policy needs a new name
)


class UnreadableImage(PodiumError):
    """The file is no picture, damaged, or too large."""


def format_of(head: bytes) -> str:
    """Return the format of a picture by its first 32 bytes, whatever its suffix; '' if unknown."""
    return next((name for start, name in _BEGINNINGS if re.match(start, head, re.DOTALL)), "")


def decode(data: bytes, max_megapixels: float, contrast: bool = False) -> Image.Image:
    """Decode a picture, or the first of several in one file, to 8-bit RGB, upright.

    Args:
        data: the bytes of a file in one of FORMATS.
        max_megapixels: larger pictures are refused from their header alone.
        contrast: what is bright on transparent ground is laid on black instead of white.

    Raises:
        UnreadableImage: the bytes are at fault; says why, and the caller adds the path.
        EnvironmentFault: memory ran out.
        OSError: the machine is at fault.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image, max_megapixels)
            _check_scans(image, data)
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image), contrast)
    except UnreadableImage:
        raise
    except UnidentifiedImageError:
        raise UnreadableImage(_why_unidentified(data)) from None
    except MemoryError:
        raise EnvironmentFault(
            "memory ran out while a picture was decoded\n"
            "remedy: close other programs and run again, or lower max_megapixels"
        ) from None
    except Exception as error:  # Pillow raises many kinds on damaged files
        if isinstance(error, OSError) and error.errno is not None:  # its own have no number
            raise
        raise UnreadableImage(f"damaged: {printable(error)}") from None


def _why_unidentified(data: bytes) -> str:
    if not data:
        return "empty file"
    kind = format_of(data[:32])
    if kind in FORMATS:
        return f"damaged: its beginning says {kind}, its header cannot be read"
    if kind:
        return f"{kind} is not read: convert it to PNG or JPEG"
    return f"not a {', '.join(FORMATS)} picture"


def read(
    path: Path, max_megapixels: float, remedy: str, contrast: bool = False
) -> NDArray[np.uint8]:
    """Read the picture at `path` as RGB pixels (H, W, 3).

    Args:
        path: a file in one of FORMATS.
        max_megapixels: larger pictures are refused from their header alone.
        remedy: the last line of a message.
        contrast: as `decode` takes it.

    Raises:
        PodiumError: it cannot be read; says why.
    """
    try:
        return np.asarray(decode(path.read_bytes(), max_megapixels, contrast))
    except (UnreadableImage, OSError) as error:
        raise PodiumError(f"{printable(path)}: {error}\nremedy: {remedy}") from None


def _check_size(image: Image.Image, max_megapixels: float) -> None:
    width, height = image.size
    if width * height > max_megapixels * 1e6:
        raise UnreadableImage(
            f"too large: {width}x{height} px is over the limit of {max_megapixels:g} megapixels"
        )


def _check_scans(image: Image.Image, data: bytes) -> None:
    """A progressive JPEG goes over all its pixels once a scan, and a scan may take few bytes."""
    if image.format == "JPEG" and (n_scans := data.count(b"\xff\xda")) > _MAX_SCANS:
        raise UnreadableImage(
            f"a JPEG of {n_scans} scans, over the limit of {_MAX_SCANS}: save it again"
        )


def _to_rgb(image: Image.Image, contrast: bool) -> Image.Image:
    if image.mode == "F":  # where white lies is anybody's guess
        raise UnreadableImage("floating-point pixels are not read: convert it to 8 or 16 bits")
    if image.mode.startswith("I"):
        return _in_bands(image, _scaled)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        paper = "black" if contrast and _is_bright(image) else "white"
        return _in_bands(image, partial(_on_paper, paper=paper))
    return image.convert("RGB")


def _in_bands(image: Image.Image, to_rgb: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Convert a picture some rows at a time: whole copies of the largest take gigabytes."""
    width, height = image.size
    rgb = Image.new("RGB", image.size)
    for top in range(0, height, _BAND):
        box = (0, top, width, min(top + _BAND, height))
        rgb.paste(to_rgb(image.crop(box)), box)
    return rgb


def _scaled(image: Image.Image) -> Image.Image:
    """16-bit grey as 8-bit; convert() would clip it."""
    grey = np.array(image, dtype=np.float32) / 257
    if grey.size and not 0 <= grey.min() <= grey.max() <= 255:
        raise UnreadableImage("pixels of more than 16 bits are not read: convert it to 16 bits")
    return Image.fromarray(np.rint(grey).astype(np.uint8))


def _on_paper(image: Image.Image, paper: str) -> Image.Image:
    page = Image.new("RGBA", image.size, paper)
    return Image.alpha_composite(page, image.convert("RGBA")).convert("RGB")


def _is_bright(image: Image.Image) -> bool:
    """Whether what is not transparent is nearer to white than to black."""
    alpha = np.asarray(image.convert("RGBA").getchannel("A"), dtype=np.float64)
    grey = np.asarray(image.convert("RGBA").convert("L"), dtype=np.float64)
    return bool((alpha * grey).sum() > 127.5 * alpha.sum())


def resize(image: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return RGB pixels (h, w, 3) of `image`, squashed to `size` = (w, h); bicubic, antialiased."""
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=None)
    return np.asarray(image)
