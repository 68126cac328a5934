"""The tissue on a thumbnail, without glass and pen, and the share of it that squares cover."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.slides.reader import Pixels

Mask = NDArray[np.uint8]

# saturations (of 255) between which Otsu's threshold must lie: on a blank slide it would divide
# the noise of the glass, on a crop full of tissue the tissue
GLASS, STAINED = 15, 40
BLUR = 5  # pixels of the thumbnail: the median that takes out dust and JPEG noise
PEN_RIM = 5  # pixels of the thumbnail: the pale edge of a stroke
SPECK_SHARE = 2e-4  # of the thumbnail: smaller islands are dust
HOLE_SHARE = 1e-3  # of the thumbnail: smaller holes belong to the tissue around them
_GREEN = (35, 95)  # hues in half degrees; haematoxylin and eosin lie above 110, and below 15
_BLUE = (95, 118)
_GREEN_SATURATION, _BLUE_SATURATION = 50, 140  # bluish nuclei stay below 110
_BLACK, _GREY = 70, 25  # brightness and chroma of ink; dark nuclei and keratin are more purple


def tissue_mask(thumbnail: Pixels) -> Mask:
    """Mask {0, 1} (h, w) of tissue; all 0 if there is none.

    Stained pixels are more saturated than Otsu's threshold (Otsu 1979). Strokes of green, blue and
    black pen, small specks and small holes are taken out; red pen looks like eosin and stays.

    Args:
        thumbnail: RGB (h, w, 3), some 500 to 2,000 px a side.
    """
    hsv = cv2.cvtColor(cv2.medianBlur(thumbnail, BLUR), cv2.COLOR_RGB2HSV)
    hue, saturation, value = (np.asarray(channel, "u1") for channel in cv2.split(hsv))
    pen = _pen(hue, saturation, value)
    stained = (saturation > _threshold(saturation[~pen])) & ~pen
    return _clean(stained)


def _pen(
    hue: NDArray[np.uint8], saturation: NDArray[np.uint8], value: NDArray[np.uint8]
) -> NDArray[np.bool_]:
    green = (hue >= _GREEN[0]) & (hue < _GREEN[1]) & (saturation > _GREEN_SATURATION)
    blue = (hue >= _BLUE[0]) & (hue < _BLUE[1]) & (saturation > _BLUE_SATURATION)
    chroma = saturation * (value / np.float32(255))
    strokes = (green | blue | (value < _BLACK) & (chroma < _GREY)).astype(np.uint8)
    return np.asarray(cv2.dilate(strokes, _disk(PEN_RIM))) > 0


def _threshold(saturation: NDArray[np.uint8]) -> float:
    if not saturation.size:
        return STAINED
    otsu, _ = cv2.threshold(saturation, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return float(np.clip(otsu, GLASS, STAINED))


def _clean(mask: NDArray[np.bool_]) -> Mask:
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, _disk(BLUR))
    islands = _without_small(np.asarray(closed, "u1"), SPECK_SHARE * mask.size)
    return np.uint8(1) - _without_small(np.uint8(1) - islands, HOLE_SHARE * mask.size)


def _without_small(mask: Mask, min_area: float) -> Mask:
    """The mask (h, w) without connected parts of fewer than `min_area` pixels."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    keep = np.asarray(stats)[:, cv2.CC_STAT_AREA] >= min_area
    keep[0] = False  # label 0 is the background
    return np.asarray(keep[labels], dtype=np.uint8)


def _disk(diameter: int) -> Mask:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter)), "u1")


def draw_overview(
    thumbnail: Pixels, mask: Mask, corners: NDArray[Any], side: float, tumour: NDArray[np.float32]
) -> Pixels:
    """A picture (h, w, 3) for people: tissue outlined in green, tiles in blue, in red with tumour.

    Args:
        thumbnail: RGB (h, w, 3).
        mask: {0, 1} (h, w) of tissue.
        corners: x, y (N, 2) float64 of the tiles' top left corners, in pixels of the thumbnail.
        side: of a tile, in pixels of the thumbnail.
        tumour: share (N,) of each tile, NaN where unknown.
    """
    picture = thumbnail.copy()
    firsts, lasts = (np.rint(xy).astype(int).tolist() for xy in (corners, corners + side - 1))
    for first, last, share in zip(firsts, lasts, tumour, strict=True):
        cv2.rectangle(picture, first, last, (220, 30, 30) if share > 0 else (40, 70, 220))
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(picture, outlines, -1, (20, 150, 60), 1)
    return picture


def covered_shares(
    mask: Mask, mask_downsample: float, l0_corners: NDArray[np.int64], side: float
) -> NDArray[np.float32]:
    """Share (N,) of each square that the mask covers; parts beyond the slide do not count.

    Args:
        mask: {0, 1} (h, w) of the whole slide.
        mask_downsample: level-0 pixels per pixel of the mask.
        l0_corners: x, y (N, 2) of the squares' top left corners at level 0.
        side: of a square, in level-0 pixels.
    """
    sums = np.asarray(cv2.integral(mask), dtype=np.float64)  # sums[y, x]: all above and left
    first = l0_corners / mask_downsample
    last = first + side / mask_downsample
    covered = _interpolated(sums, last) + _interpolated(sums, first)
    covered -= _interpolated(sums, np.stack([first[:, 0], last[:, 1]], axis=1))
    covered -= _interpolated(sums, np.stack([last[:, 0], first[:, 1]], axis=1))
    edge = np.array(mask.shape[::-1], dtype=np.float64)
    inside = np.prod(np.clip(last, 0, edge) - np.clip(first, 0, edge), axis=1)
    share = np.where(inside > 1e-6, covered / np.maximum(inside, 1e-6), 0)
    return np.clip(share, 0, 1).astype(np.float32)


def _interpolated(sums: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """`sums` (h + 1, w + 1) at points (N, 2): bilinear, as the mask is constant within a pixel."""
    h, w = sums.shape
    x, y = np.clip(points[:, 0], 0, w - 1), np.clip(points[:, 1], 0, h - 1)
    column = np.minimum(x.astype(np.int64), w - 2)
    row = np.minimum(y.astype(np.int64), h - 2)
    x, y = x - column, y - row
    above = sums[row, column] * (1 - x) + sums[row, column + 1] * x
    below = sums[row + 1, column] * (1 - x) + sums[row + 1, column + 1] * x
    return above * (1 - y) + below * y
