"""The pictures that a photo model gets most wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from podium.core.picture_decoder import decode
from podium.evaluation.lettering import font_for
from podium.evaluation.plots import write_picture
from podium.photos.crossval import Floats, TrainRows
from podium.photos.report import row_losses

DARK, RED = "#222222", "#bb2222"


def mistakes_png(
    path: Path, values: Floats, data: TrainRows, load: Callable[[str], bytes], max_megapixels: float
) -> None:
    """Draw the 20 pictures predicted worst with the true and the predicted answer.

    Args:
        path: of the PNG.
        values: out of fold, (N, K).
        data: the train rows.
        load: id -> bytes of the picture.
        max_megapixels: of a picture.
    """
    worst = np.argsort(-row_losses(values, data), kind="stable")[:20]
    side, label = 240, 66
    font = font_for("".join([*data.names, *(data.ids[row] for row in worst)]), 15)
    sheet = Image.new("RGB", (5 * side, -(-len(worst) // 5) * (side + label)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, row in enumerate(worst):
        picture = decode(load(data.ids[row]), max_megapixels)
        picture.thumbnail((side - 6, side - 6))
        left, top = place % 5 * side, place // 5 * (side + label)
        sheet.paste(picture, (left + (side - picture.width) // 2, top + 3))
        *lines, wrong = answer_lines(values[row], data, int(row))
        room = side - 8
        first = _fitting(data.ids[row][::-1], font, room)[::-1]  # the end of an id says most
        text = "\n".join([first, *(_fitting(line, font, room) for line in lines)])
        draw.text((left + 4, top + side), text, RED if wrong else DARK, font)
    write_picture(path, sheet)


def _fitting(text: str, font: Any, width: int) -> str:
    """The beginning of `text` that has room in `width` pixels."""
    end = len(text)
    while end and font.getlength(text[:end] + ("..." if end < len(text) else "")) > width:
        end -= 1
    return text[:end] + ("..." if end < len(text) else "")


def answer_lines(values: Floats, data: TrainRows, row: int) -> tuple[str, str, bool]:
    """Return what is true of a row, what its predictions (K,) say, and whether that is wrong.

    Args:
        values: (K,), of that row.
        data: the train rows.
        row: its number.
    """
    if data.kind.name == "number":
        return f"true: {data.truth[row]:.4g}", f"said: {values[0]:.4g}", True
    if data.kind.name == "labels":
        has, given = data.truth[row] == 1, values >= 0.5
        missed, more = data.kind.truth_cells(np.array([has & ~given, given & ~has]).astype(int))
        return f"missed: {missed}", f"wrong: {more}", bool((has != given).any())
    truth, likeliest = int(data.truth[row]), int(values.argmax())
    true, said = (f"{values[k]:.3f} {data.names[k]}" for k in (truth, likeliest))
    return f"true: {true}", f"said: {said}", truth != likeliest
