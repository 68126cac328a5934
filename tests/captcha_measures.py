"""What captchas measure, and how far a reader without training gets."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from PIL import Image, ImageDraw

from podium.captcha.fonts import load_font
from podium.captcha.style import Style

SHAPE = (24, 32)


def ink(pixels: np.ndarray) -> np.ndarray:
    """Where a picture (H, W, 3) differs from its background, 0 or 1."""
    far = np.abs(pixels.astype(int) - np.median(pixels, axis=(0, 1))).max(-1)
    return (far > 24).astype(np.uint8)


def strokes(pixels: np.ndarray) -> np.ndarray:
    """The ink of a picture without what is thin: dots and curves, 0 or 1."""
    return cv2.morphologyEx(ink(pixels), cv2.MORPH_OPEN, np.ones((3, 3), dtype=np.uint8))


def contrast(pixels: np.ndarray) -> float:
    """Grey levels between the background and the darkest twentieth."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return float(np.median(grey) - np.percentile(grey, 5))


def pieces(mask: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Boxes (x, y, w, h) of the connected pieces of 60 pixels or more, from left to right."""
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return sorted(tuple(box[:4].tolist()) for box in boxes[1:] if box[4] >= 60)


def n_specks(pixels: np.ndarray) -> int:
    """Connected pieces of ink smaller than 60 pixels."""
    _, _, boxes, _ = cv2.connectedComponentsWithStats(ink(pixels), connectivity=8)
    return int((boxes[1:, 4] < 60).sum())


def templates(style: Style, alphabet: str) -> np.ndarray:
    """Upright characters (K, 24 * 32), centred and of length one."""
    rows = []
    for character in alphabet:
        page = Image.new("L", (120, 120))
        pen = ImageDraw.Draw(page)
        pen.text((20, 20), character, font=load_font(style.fonts[0], 50), fill=255)
        rows.append(_vector(np.asarray(page.crop(page.getbbox()))))
    return np.stack(rows)


def match(pixels: np.ndarray, known: np.ndarray, alphabet: str, length: int) -> str:
    """The text that fixed templates read: pieces, or equal slices, by correlation."""
    mask = strokes(pixels)
    found = pieces(mask)
    if len(found) != length:
        columns = np.flatnonzero(mask.sum(0) >= 4)
        edges = np.linspace(columns[0], columns[-1] + 1, length + 1).astype(int)
        rows = np.flatnonzero(mask.sum(1) >= 4)
        found = [
            (left, rows[0], max(right - left, 1), rows[-1] + 1 - rows[0])
            for left, right in pairwise(edges)
        ]
    text = ""
    for x, y, w, h in found:
        scores = known @ _vector(mask[y : y + h, x : x + w] * 255)
        text += alphabet[int(scores.argmax())]
    return text


def _vector(mask: np.ndarray) -> np.ndarray:
    values = cv2.resize(mask.astype(np.uint8), SHAPE, interpolation=cv2.INTER_AREA).ravel() / 255.0
    values = values - values.mean()
    return values / max(np.linalg.norm(values), 1e-9)
