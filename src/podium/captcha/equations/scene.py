"""Where everything on a picture of equations lies, before anything is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.typeset import BAR, SQUARE, Placed, extent, glyph, typeset

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels; x1 and y1 are outside
Ints = NDArray[np.int64]

HEIGHTS = range(400, 1001, 100)
WIDTHS = range(800, 4001, 800)
FONTS = ("noto-sans-sc", "noto-serif-sc", "source-han-mono-sc")
EMS = (28.0, 48.0)  # pixels
MARGIN = 6  # pixels between ink and the edge of the picture, at least
GAP = 0.45  # ems between lines, at least
TILT = 14.0  # degrees to either side
TURNED_PLUS = 0.3  # how often a plus is turned until it looks like x
CONTRAST = (45.0, 150.0)  # grey levels between paper and ink
PIXELS_PER_STRAY_LINE = 45_000
SPECKLES = (0.0005, 0.004)  # per pixel
GRAIN = (1.0, 9.0)  # deviation of the paper, grey levels


@dataclass(frozen=True)
class Ink:
    """A glyph on the picture.

    Attributes:
        character: or BAR.
        centre: x, y of its ink, pixels.
        size: (w, h) of its ink before it is turned, pixels.
        degrees: counterclockwise turn.
        colour: RGB.
    """

    character: str
    centre: tuple[float, float]
    size: tuple[float, float]
    degrees: float
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class Scene:
    """A picture of equations, not yet painted.

    Attributes:
        size: (w, h), pixels.
        font: name in `podium.captcha.fonts`.
        inks: the glyphs.
        boxes: of the ink of each line, in reading order.
        fraction: box of the drawn fraction.
        paper: RGB.
        grain: deviation of the paper's noise, grey levels.
        grain_at: x, y in the noise where the picture's corner lies.
        strays: (n, 8) x0, y0, x1, y1, thickness, R, G, B of lines across the picture.
        speckles: (n, 6) x, y, side, R, G, B.
    """

    size: tuple[int, int]
    font: str
    inks: list[Ink]
    boxes: list[Box]
    fraction: Box
    paper: tuple[int, int, int]
    grain: float
    grain_at: tuple[int, int]
    strays: Ints
    speckles: Ints


def compose(lines: list[str], rng: np.random.Generator) -> Scene:
    """A picture that says `lines`, one under the other, somewhere on it."""
    size = int(rng.choice(WIDTHS)), int(rng.choice(HEIGHTS))
    font = FONTS[rng.integers(len(FONTS))]
    thickness = float(rng.uniform(0.05, 0.09))
    rows = [typeset(line, font, thickness) for line in lines]
    extents = [extent(row) for row in rows]
    widest = max(x1 - x0 for x0, _, x1, _ in extents)
    em = min(float(rng.uniform(*EMS)), (size[0] - 2 * MARGIN) / (widest + 0.3))
    corners = _corners(extents, em, size, rng)
    paper, colours = _colours(sum(map(len, rows)), rng)
    inks: list[Ink] = []
    spans = []
    for row, (x0, y0, _, _), corner in zip(rows, extents, corners, strict=True):
        start = len(inks)
        at = corner[0] - x0 * em, corner[1] - y0 * em
        inks += [_ink(one, em, at, colours[start + k], rng) for k, one in enumerate(row)]
        spans.append(inks[start:])
    top = next(k for k, one in enumerate(inks) if one.character == BAR)
    below = [one for one in spans[-1] if one.centre[1] > inks[top].centre[1]]
    half = inks[top].size[0] / 2
    under = [one for one in below if abs(one.centre[0] - inks[top].centre[0]) < half]
    return Scene(
        size=size,
        font=font,
        inks=inks,
        boxes=[box_of(font, span) for span in spans],
        fraction=box_of(font, [inks[top - 1], inks[top], *under]),
        paper=paper,
        grain=float(rng.uniform(*GRAIN)),
        grain_at=(int(rng.integers(GRAIN_SLACK)), int(rng.integers(GRAIN_SLACK))),
        strays=_strays(size, paper, rng),
        speckles=_speckles(size, rng),
    )


GRAIN_SLACK = 256  # pixels by which the noise is larger than the largest picture


def _corners(
    extents: list[tuple[float, float, float, float]],
    em: float,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> list[tuple[float, float]]:
    """The upper left corner of each line's ink, pixels: lines do not touch, nor leave the picture.

    The room that is left over is shared out at random between them and around.
    """
    slope = 0.15 * em  # turned and shaken glyphs reach beyond their place
    heights = [(y1 - y0) * em + 2 * slope for _, y0, _, y1 in extents]
    gap = GAP * em
    free = size[1] - 2 * MARGIN - sum(heights) - gap * (len(heights) - 1)
    cuts = np.sort(rng.uniform(0, max(free, 0.0), len(heights)))
    places = []
    y = float(MARGIN)
    for k, (x0, _, x1, _) in enumerate(extents):
        width = (x1 - x0) * em
        x = MARGIN + float(rng.uniform(0, max(size[0] - 2 * MARGIN - width, 0.0)))
        places.append((x, y + float(cuts[k]) + slope))
        y += heights[k] + gap
    return places


def _ink(
    one: Placed,
    em: float,
    at: tuple[float, float],
    colour: tuple[int, int, int],
    rng: np.random.Generator,
) -> Ink:
    """A glyph in pixels, a little out of place, out of size and out of plumb."""
    x0, y0, x1, y1 = one.box
    shake = rng.uniform(-1, 1, 4)
    is_bar = one.character == BAR
    grown = em * (1 + (0 if is_bar else 0.08 * shake[0]))
    turn = (2.0 if is_bar else TILT) * shake[3]
    if one.character == "+" and rng.random() < TURNED_PLUS:
        turn += 45.0
    jitter = 0.0 if is_bar else 0.04 * em
    centre = (
        at[0] + (x0 + x1) / 2 * em + jitter * float(shake[1]),
        at[1] + (y0 + y1) / 2 * em + jitter * float(shake[2]),
    )
    size = float((x1 - x0) * grown), float((y1 - y0) * grown)
    return Ink(one.character, centre, size, float(turn), colour)


def box_of(font: str, inks: list[Ink]) -> Box:
    """The box around the ink of glyphs as they are turned."""
    corners = np.concatenate([_corners_of(font, one) for one in inks])
    low, high = np.floor(corners.min(0)).astype(int), np.ceil(corners.max(0)).astype(int)
    return (*low.tolist(), *high.tolist())


def _corners_of(font: str, ink: Ink) -> NDArray[np.float64]:
    """x, y (n, 2) of the corners of a glyph's ink."""
    hull = SQUARE if ink.character == BAR else glyph(font, ink.character).hull
    cos, sin = np.cos(np.radians(ink.degrees)), np.sin(np.radians(ink.degrees))
    return (hull * ink.size) @ np.array([[cos, -sin], [sin, cos]]) + ink.centre


def _colours(
    n: int, rng: np.random.Generator
) -> tuple[tuple[int, int, int], list[tuple[int, int, int]]]:
    """The paper, and n inks darker than it by the same number of grey levels or a little more."""
    paper = rng.integers(205, 256, 3)
    contrast = float(rng.uniform(*CONTRAST))
    hue = rng.uniform(-1, 1, (n, 3))
    hue -= (hue @ _LUMINANCE)[:, None]  # another colour, but just as dark
    dark = contrast * rng.uniform(1.0, 1.25, (n, 1))
    inks = np.clip(paper - dark + hue * 70, 0, 255).astype(np.int64)
    return _rgb(paper), [_rgb(one) for one in inks]


_LUMINANCE = np.array([0.299, 0.587, 0.114])


def _rgb(colour: NDArray[np.integer]) -> tuple[int, int, int]:
    red, green, blue = colour.tolist()
    return red, green, blue


def _strays(size: tuple[int, int], paper: tuple[int, int, int], rng: np.random.Generator) -> Ints:
    n = int(rng.poisson(size[0] * size[1] / PIXELS_PER_STRAY_LINE))
    start = rng.uniform(0, 1, (n, 2)) * size
    length, angle = rng.uniform(60, 500, n), rng.uniform(0, np.pi, n)
    end = start + length[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    colour = np.clip(np.array(paper) - rng.uniform(20, 150, (n, 3)), 0, 255)
    thick = rng.integers(1, 3, (n, 1))
    return np.concatenate([start, end, thick, colour], axis=1).astype(np.int64)


def _speckles(size: tuple[int, int], rng: np.random.Generator) -> Ints:
    n = int(size[0] * size[1] * rng.uniform(*SPECKLES))
    at = (rng.random((n, 2)) * size).astype(np.int64)
    side = rng.integers(1, 4, (n, 1))
    return np.concatenate([at, side, rng.integers(0, 256, (n, 3))], axis=1)
