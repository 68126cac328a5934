"""Pictures of any size made as large as a reader takes them: padded with paper, or stretched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from podium.captcha.charset import charset_of
from podium.captcha.ctc import steps_needed
from podium.core import picture_decoder
from podium.core.params import RawPictures

Pixels = NDArray[np.uint8]
Size = tuple[int, int]
LOWEST = 16  # px; lower pictures are enlarged
LOW, HIGH = 32, 64  # px of height that differing pictures are brought to, about
WIDEST = 1024  # px, by default
_SAME_SHAPE = 1.25  # shapes (w / h) within this factor count as one
_OUTLIER = 2.0  # times the shape that nine in ten keep within
_STEP = 8  # px of width for each time step, at most


@dataclass(frozen=True)
class PictureFit:
    """How pictures become `size` (w, h): padded, their shape kept, or stretched."""

    size: Size
    mode: Literal["pad", "stretch"] = "pad"

    def __call__(self, pixels: Pixels) -> Pixels:
        """Pixels (h, w, 3) of pixels (H, W, 3) uint8; as they are where they fit already."""
        h, w, _ = pixels.shape
        if (w, h) == self.size:
            return pixels
        wide, high = self.size
        if self.mode == "stretch":
            return picture_decoder.resize(Image.fromarray(pixels), self.size)
        scale = min(wide / w, high / h)
        inside = max(1, min(wide, round(w * scale))), max(1, min(high, round(h * scale)))
        page = np.empty((high, wide, 3), dtype=np.uint8)
        page[:] = paper_of(pixels)
        left, top = (wide - inside[0]) // 2, (high - inside[1]) // 2
        picture = picture_decoder.resize(Image.fromarray(pixels), inside)
        page[top : top + inside[1], left : left + inside[0]] = picture
        return page


def paper_of(pixels: Pixels) -> NDArray[np.uint8]:
    """The median colour (3,) uint8 of the edge of pixels (H, W, 3)."""
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    return np.median(edge, axis=0).astype(np.uint8)


def chosen_fit(sizes: Sequence[Size], texts: Sequence[str], settings: RawPictures) -> PictureFit:
    """The size and the fit for pictures.

    Pictures of one size keep it, unless they are too low or larger than reading needs. Others get
    the height of most, and room for the widest shape; and for the time steps of every text.

    Args:
        sizes: (w, h) of the train pictures.
        texts: of them.
        settings: what a person has chosen.
    """
    shapes = np.array([w / h for w, h in sizes])
    alike = np.quantile(shapes, 0.95) <= _SAME_SHAPE * np.quantile(shapes, 0.05)
    mode: Literal["pad", "stretch"] = "stretch" if alike and len(set(sizes)) > 1 else "pad"
    if settings.fit != "auto":
        mode = settings.fit
    [(common, n)] = Counter(sizes).most_common(1)
    if n == len(sizes) and common[1] >= LOWEST:
        size = settings.width or common[0], settings.height or common[1]
        return PictureFit(_limited(size, texts, settings), mode)
    high = settings.height or int(np.clip(np.median([h for _, h in sizes]), LOW, HIGH))
    widest = min(shapes.max(), _OUTLIER * np.quantile(shapes, 0.9))
    shape = float(np.median(shapes) if mode == "stretch" else widest)
    wide = settings.width or max(min(round(high * shape), WIDEST), width_needed(texts))
    return PictureFit(_limited((wide, high), texts, settings), mode)


def _limited(size: Size, texts: Sequence[str], settings: RawPictures) -> Size:
    """A size not larger than reading needs, with a time step for every character.

    Args:
        size: (w, h), pixels.
        texts: of the pictures.
        settings: what a person has chosen, which stays.
    """
    (w, h), high = size, settings.height
    scale = min(1.0, HIGH / h, WIDEST / w)
    if scale < 1 and not (high or settings.width):
        w, h = max(1, round(w * scale)), max(1, round(h * scale))
    needed = width_needed(texts, 4)
    if w < needed and not settings.width:
        w, h = needed, h if high else min(HIGH, round(h * needed / w))
    return w, h


def width_needed(texts: Sequence[str], step: int = _STEP) -> int:
    """The pixels of width that a `crnn` needs for `texts`, with a time step every `step` pixels."""
    charset = charset_of(texts)
    return step * max(steps_needed(charset.encode(text)) + 1 for text in set(texts))
