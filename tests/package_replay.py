"""The captcha package made to draw the very picture that our own draws describe."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from captcha import image as package
from podium.captcha.glyphs import Table
from podium.captcha.sampling import SampledPictures
from podium.captcha.style import Style


class Script:
    """Stands in for `secrets`: hands out what it was given, in order."""

    def __init__(self) -> None:
        self.values: deque[Any] = deque()

    def randbelow(self, n: int) -> int:
        value = self.values.popleft()
        assert 0 <= value < n
        return value

    def randbits(self, bits: int) -> float:
        return self.values.popleft() * 2**bits

    def choice(self, options):
        return options[self.values.popleft()]


def replay(
    style: Style, table: Table, draws: SampledPictures, text: str, monkeypatch
) -> np.ndarray:
    """The package's picture (H, W, 3) of the only one of `draws`."""
    script = Script()
    script.values.extend(draws.paper[0] - style.paper[0])
    script.values.append(35)  # opacity 255
    script.values.extend(draws.ink[0] - style.ink[0])
    widths, gaps = [], []
    for g in range(len(text)):
        script.values.append(1.0 - 1e-9 if draws.blank[g] else 0.0)
        if draws.blank[g]:
            script.values.extend([int(draws.blank_font[g]), 0, 0] + [0.5] * 7)
            widths.append(table.cell[-1, draws.blank_font[g], 0])
            gaps.append(draws.gaps[g, 0])
        widths.append(table.cell[draws.character[g], draws.font[g], 0])
        gaps.append(draws.gaps[g, 1])
        script.values.extend(_character(style, table, draws, g))
    rand = int(0.25 * int(sum(widths) / len(text)))
    script.values.extend([int(gap * (rand + 1)) for gap in gaps])
    script.values.extend(draws.dots[0].T.ravel().tolist())
    x1, y1, x2, y2, first, last = draws.curve[0].tolist()
    w, h = style.size
    script.values.extend([x1, x2 - w // 5, y1 - h // 5, y2 - y1, last - 160, first])
    monkeypatch.setattr(package, "secrets", script)
    picture = package.ImageCaptcha(*style.size).generate_image(text)
    assert not script.values
    return np.asarray(picture)


def _character(style: Style, table: Table, draws: SampledPictures, g: int) -> list[float]:
    """font, dx1, dy1, turn, dx2, dy2, x1, y1, x2, y2 of one `_draw_character`."""
    w, h = table.cell[draws.character[g], draws.font[g]]
    limits = w * 0.2 + 0.1, h * 0.1 + 0.2
    corners = [
        (corner + 1e-6 * np.sign(corner) + limit) / (2 * limit)
        for corner, limit in zip(draws.distortions.corners[g], limits * 2, strict=True)
    ]
    turn = draws.distortions.degrees[g] / (2 * style.max_rotation) + 0.5
    return [int(draws.font[g]), 0, 0, turn, 1, 1, *corners]
