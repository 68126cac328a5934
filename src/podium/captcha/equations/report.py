"""What a person wants to see of a line finder: what it finds on a few pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.render import render
from podium.captcha.equations.strips import lay_out
from podium.evaluation.plots import write_picture

SHOWN = 6  # pictures
WIDE = 960  # pixels of the sheet
Pixels = NDArray[np.uint8]
_FOUND = (0, 130, 0)


def lines_png(path: Path, finder: LineFinder, seed: int) -> None:
    """A sheet of the first pictures of a seed: lines as found, and below the strip they make."""
    rows = []
    for index in range(SHOWN):
        pixels, _ = render(seed, index)
        rows += [*seen(pixels, finder), np.full((12, WIDE, 3), 255, np.uint8)]
    write_picture(path, Image.fromarray(np.vstack(rows)))


def seen(pixels: Pixels, finder: LineFinder) -> list[Pixels]:
    """A picture with its lines as found, and the strip they make."""
    found = finder.find(pixels)
    strip = lay_out(pixels, found)
    for x0, y0, x1, y1 in found:
        cv2.rectangle(pixels, (x0 - 3, y0 - 3), (x1 + 2, y1 + 2), _FOUND, 3)
    return [_at_width(pixels), _at_width(strip)]


def _at_width(pixels: Any) -> Any:
    size = (WIDE, round(pixels.shape[0] * WIDE / pixels.shape[1]))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def summary_lines(found: dict[str, Any]) -> list[str]:
    """The scores of a finder as lines of text."""
    return [
        *(
            f"{name:<10} {one['value']:.4f}  "
            f"(95 %: {one['low']:.4f} to {one['high']:.4f}, n = {one['n']:,})"
            for name, one in found.items()
            if isinstance(one, dict)
        ),
        f"overlap    {found['overlap']:.4f}",
    ]
