"""A picture of some train pictures under each of their labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageDraw

from podium.core.errors import PodiumError
from podium.core.files import atomic_write
from podium.core.picture_decoder import decode
from podium.evaluation.lettering import font_for
from podium.pictures.entries import Entry
from podium.pictures.source import PictureSource

T = TypeVar("T")
SIDE, ROWS, COLUMNS, LINE = 112, 8, 8, 18  # pixels of a picture; pictures; pixels of a text


def write_contact_sheet(
    path: Path, source: PictureSource, entries: Sequence[tuple[str, Entry]], max_megapixels: float
) -> None:
    """Write a PNG of up to ROWS labels, COLUMNS pictures each, and a row of test pictures.

    Args:
        path: of the PNG.
        source: of the pictures.
        entries: split and picture.
        max_megapixels: larger pictures stay grey.
    """
    of_label: dict[str, list[Entry]] = {}
    for split, entry in entries:
        name = f"train: {entry.label}" if split == "train" else "test"
        of_label.setdefault(name, []).append(entry)
    test = of_label.pop("test", [])
    rows = [(name, of_label[name]) for name in _spread(sorted(of_label), ROWS)]
    rows += [("test", test)] if test else []
    sheet = Image.new("RGB", (COLUMNS * SIDE, len(rows) * (SIDE + LINE)), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (name, part) in enumerate(rows):
        top = number * (SIDE + LINE)
        words = f"{name[:90]} ({len(part)})"
        draw.text((2, top + 2), words, "black", font_for(words, 12))
        for column, entry in enumerate(_spread(part, COLUMNS)):
            sheet.paste(_small(source, entry, max_megapixels), (column * SIDE, top + LINE))
    with atomic_write(path) as partial:
        sheet.save(partial, "PNG")


def _spread(items: Sequence[T], n: int) -> list[T]:
    """Up to `n` items from all over a list."""
    step = max(len(items) / n, 1)
    return [items[int(k * step)] for k in range(min(n, len(items)))]


def _small(source: PictureSource, entry: Entry, max_megapixels: float) -> Image.Image:
    cell = Image.new("RGB", (SIDE - 4, SIDE - 4), (200, 200, 200))
    try:
        image = decode(source.read(entry.path), max_megapixels)
    except (PodiumError, OSError):  # grey: it cannot be read
        return cell
    image.thumbnail(cell.size)
    cell.paste(image, ((cell.width - image.width) // 2, (cell.height - image.height) // 2))
    return cell
