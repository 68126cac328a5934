"""The composition of a picture of equations: where everything lies, before it is painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.typeset import BAR, SQUARE, PlacedGlyph, extent, glyph, typeset

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels; x1 and y1 are outside
Ints = NDArray[np.int64]

HEIGHTS = range(400, 1001, 100)
WIDTHS = range(800, 4001, 800)
FONTS = ("noto-sans-sc", "noto-serif-sc", "source-han-mono-sc")
EMS = (28.0, 48.0)  # size of the font, pixels
MARGIN = 6  # pixels between ink and the edge of the picture, at least
GAP = 0.45  # ems between lines, at least
TILT = 14.0  # degrees to either side
TURNED_PLUS = 0.3  # probability that a plus is turned by 45 degrees, so that it looks like x
CONTRAST = (45.0, 150.0)  # grey levels between paper and ink
PIXELS_PER_STRAY_LINE = 45_000
SPECKLES = (0.0005, 0.004)  # per pixel
LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R 601-2, of RGB
GRAIN = (1.0, 9.0)  # standard deviation of the noise of the paper, grey levels


@dataclass(frozen=True)
class Ink:
    """A glyph on the picture.

    Attributes:
        character: the character, or BAR.
        centre: x, y of its ink, pixels.
        size: (w, h) of its ink before it is rotated, pixels.
        degrees: counterclockwise rotation.
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
        paper: RGB of the background.
        grain: standard deviation of its noise, grey levels.
        grain_at: x, y of the picture's upper left corner in the noise that all pictures share.
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
    """A picture with `lines` one below the other, at random places."""
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
        inks += [_ink(placed, em, at, colours[start + k], rng) for k, placed in enumerate(row)]
        spans.append(inks[start:])
    bar_at = next(k for k, ink in enumerate(inks) if ink.character == BAR)
    bar = inks[bar_at]
    denominator = [
        ink
        for ink in spans[-1]
        if ink.centre[1] > bar.centre[1] and abs(ink.centre[0] - bar.centre[0]) < bar.size[0] / 2
    ]
    return Scene(
        size=size,
        font=font,
        inks=inks,
        boxes=[box_of(font, span) for span in spans],
        fraction=box_of(font, [inks[bar_at - 1], bar, *denominator]),
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
    """The upper left corner x, y of each line's ink, pixels.

    Lines neither touch nor leave the picture; the space that remains is distributed at random
    above, between and below them.
    """
    slack = 0.15 * em  # rotated and shifted glyphs reach beyond their place
    heights = [(y1 - y0) * em + 2 * slack for _, y0, _, y1 in extents]
    gap = GAP * em
    free = size[1] - 2 * MARGIN - sum(heights) - gap * (len(heights) - 1)
    cuts = np.sort(rng.uniform(0, max(free, 0.0), len(heights)))
    places = []
    y = float(MARGIN)
    for k, (x0, _, x1, _) in enumerate(extents):
        width = (x1 - x0) * em
        x = MARGIN + float(rng.uniform(0, max(size[0] - 2 * MARGIN - width, 0.0)))
        places.append((x, y + float(cuts[k]) + slack))
        y += heights[k] + gap
    return places


def _ink(
    placed: PlacedGlyph,
    em: float,
    at: tuple[float, float],
    colour: tuple[int, int, int],
    rng: np.random.Generator,
) -> Ink:
    """A placed glyph in pixels, with a small random shift, scale and rotation."""
    x0, y0, x1, y1 = placed.box
    shake = rng.uniform(-1, 1, 4)
    is_bar = placed.character == BAR
    grown = em * (1 + (0 if is_bar else 0.08 * shake[0]))
    turn = (2.0 if is_bar else TILT) * shake[3]
    if placed.character == "+" and rng.random() < TURNED_PLUS:
        turn += 45.0
    jitter = 0.0 if is_bar else 0.04 * em
    centre = (
        at[0] + (x0 + x1) / 2 * em + jitter * float(shake[1]),
        at[1] + (y0 + y1) / 2 * em + jitter * float(shake[2]),
    )
    size = float((x1 - x0) * grown), float((y1 - y0) * grown)
    return Ink(placed.character, centre, size, float(turn), colour)


def box_of(font: str, inks: list[Ink]) -> Box:
    """The box around the ink of rotated glyphs."""
    corners = np.concatenate([_corners_of(font, ink) for ink in inks])
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
    """RGB of the paper and of n inks, all darker by one contrast or up to a quarter more."""
    paper = rng.integers(205, 256, 3)
    contrast = float(rng.uniform(*CONTRAST))
    hue = rng.uniform(-1, 1, (n, 3))
    hue -= (hue @ LUMINANCE)[:, None]  # another colour, but just as dark
    dark = contrast * rng.uniform(1.0, 1.25, (n, 1))
    inks = np.clip(paper - dark + hue * 70, 0, 255).astype(np.int64)
    return _rgb(paper), [_rgb(ink) for ink in inks]


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
