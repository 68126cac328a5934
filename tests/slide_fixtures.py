"""Small slides for tests: pictures whose pixels say where they lie, as pyramids OpenSlide opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

TILE = 64  # side of the tiles a pyramid is stored in


def coded(w: int, h: int) -> np.ndarray:
    """RGB (h, w, 3): red is x, green is y, blue their upper bits; no two pixels are alike."""
    y, x = np.mgrid[0:h, 0:w]
    return np.stack([x & 255, y & 255, (x >> 8) * 16 + (y >> 8)], axis=2).astype(np.uint8)


def stained(w: int, h: int, seed: int = 0) -> np.ndarray:
    """RGB (h, w, 3) of nothing but tissue."""
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal((190, 120, 180), 12, (h, w, 3)), 0, 255).astype(np.uint8)


def halved(pixels: np.ndarray) -> np.ndarray:
    """The next level: means of 2x2 pixels."""
    h, w = (side // 2 * 2 for side in pixels.shape[:2])
    blocks = pixels[:h, :w].reshape(h // 2, 2, w // 2, 2, 3).astype(np.float64)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)


def write_levels(path: Path, levels: list[np.ndarray], mpp: float | None = 0.5) -> Path:
    """A tiled TIFF of the given levels, each an RGB picture, that OpenSlide opens; no loss."""
    unit = {} if mpp is None else {"resolution": (1e4 / mpp,) * 2, "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(path) as file:
        for number, pixels in enumerate(levels):
            file.write(
                pixels, tile=(TILE, TILE), photometric="rgb", compression="adobe_deflate",
                subfiletype=int(number > 0), metadata=None, **unit,
            )  # fmt: skip
    return path


def write_pyramid(
    path: Path, pixels: np.ndarray, mpp: float | None = 0.5, n_levels: int = 3
) -> Path:
    """A slide of `pixels` with levels of half, a quarter, ... of its size."""
    levels = [pixels]
    while len(levels) < n_levels:
        levels.append(halved(levels[-1]))
    return write_levels(path, levels, mpp)


def damage(path: Path, *numbers: int, level: int = 0) -> None:
    """Overwrite stored tiles of a level, counted row by row, so that they cannot be decoded."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[level]
        places = [(page.dataoffsets[one], page.databytecounts[one]) for one in numbers]
    with path.open("r+b") as file:
        for offset, length in places:
            file.seek(offset)
            file.write(b"\xff" * length)


def write_scn(path: Path, pixels: np.ndarray, l0_corner: tuple[int, int], margin: int) -> Path:
    """A Leica SCN whose scanned area begins at `l0_corner` of a larger level 0.

    Args:
        path: of the file.
        pixels: RGB (h, w, 3) of the scanned area.
        l0_corner: x and y of its top left corner, pixels.
        margin: pixels of glass right of it and below.
    """
    nm = 500  # of a pixel
    h, w = pixels.shape[:2]
    x, y = l0_corner
    view = f'sizeX="{w * nm}" sizeY="{h * nm}" offsetX="{x * nm}" offsetY="{y * nm}"'
    whole = f'sizeX="{(x + w + margin) * nm}" sizeY="{(y + h + margin) * nm}"'
    lens = (
        "<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>"
        "<illuminationSettings><illuminationSource>brightfield</illuminationSource>"
        "</illuminationSettings></scanSettings>"
    )
    size = f'sizeX="{w}" sizeY="{h}"'
    text = (
        '<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'
        f'<collection name="c" {whole}><barcode/><image name="i"><device model="m" version="1"/>'
        f'<pixels {size}><dimension {size} r="0" ifd="0"/></pixels><view {view}/>{lens}'
        "</image></collection></scn>"
    )
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        file.write(
            pixels, tile=(TILE, TILE), photometric="rgb", compression="adobe_deflate",
            description=text, metadata=None,
        )  # fmt: skip
    return path


def write_dicom(path: Path, pixels: np.ndarray, mpp: float, number: int) -> Path:
    """One level of a DICOM slide, uncompressed, in a series of all levels written so.

    Elements are those of PS3.3 A.32.8 that say what and how large it is (explicit VR, little
    endian).
    """
    h, w = pixels.shape[:2]
    rows, columns = -(-h // TILE), -(-w // TILE)
    padded = np.zeros((rows * TILE, columns * TILE, 3), np.uint8)
    padded[:h, :w] = pixels
    frames = padded.reshape(rows, TILE, columns, TILE, 3).swapaxes(1, 2)
    whole_slide, own = "1.2.840.10008.5.1.4.1.1.77.1.6", f"1.2.3.4.{number}"
    spacing = _element(0x00280030, "DS", f"{mpp / 1e3:.7f}\\{mpp / 1e3:.7f}")
    shared = _element(0x00289110, "SQ", _item(spacing))
    meta = [(0x00020001, "OB", b"\0\1"), (0x00020002, "UI", whole_slide), (0x00020003, "UI", own),
            (0x00020010, "UI", "1.2.840.10008.1.2.1"), (0x00020012, "UI", "1.2.3")]  # fmt: skip
    body = [
        (0x00080008, "CS", r"ORIGINAL\PRIMARY\VOLUME\NONE"), (0x00080016, "UI", whole_slide),
        (0x00080018, "UI", own), (0x00080060, "CS", "SM"),
        (0x0020000D, "UI", "1.2.9"), (0x0020000E, "UI", "1.2.3.4"), (0x00200013, "IS", str(number)),
        (0x00200052, "UI", "1.2.8"), (0x00209311, "CS", "TILED_FULL"),
        (0x00280002, "US", 3), (0x00280004, "CS", "RGB"), (0x00280006, "US", 0),
        (0x00280008, "IS", str(rows * columns)), (0x00280010, "US", TILE), (0x00280011, "US", TILE),
        (0x00280100, "US", 8), (0x00280101, "US", 8), (0x00280102, "US", 7), (0x00280103, "US", 0),
        (0x00480006, "UL", w), (0x00480007, "UL", h), (0x52009229, "SQ", _item(shared)),
        (0x7FE00010, "OB", frames.tobytes()),
    ]  # fmt: skip
    head = b"".join(_element(*one) for one in meta)
    length = _element(0x00020000, "UL", len(head))
    path.write_bytes(
        bytes(128) + b"DICM" + length + head + b"".join(_element(*one) for one in body)
    )
    return path


def _element(tag: int, kind: str, value: str | int | bytes) -> bytes:
    if isinstance(value, int):
        value = value.to_bytes({"US": 2, "UL": 4}[kind], "little")
    if isinstance(value, str):
        padding = "\0" if kind == "UI" else " "
        value = (value + padding * (len(value) % 2)).encode()
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + kind.encode()
    if kind in ("OB", "SQ"):
        return head + b"\0\0" + len(value).to_bytes(4, "little") + value
    return head + len(value).to_bytes(2, "little") + value


def _item(content: bytes) -> bytes:
    return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content
