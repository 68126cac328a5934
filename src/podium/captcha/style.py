"""How a captcha looks: the settings of the programs that drew the competitions' captchas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ShiftLimit:
    """The largest shift of a corner, in pixels: cell * (low + u * span) + fixed, u in [0, 1)."""

    low: float
    span: float
    fixed: float = 0.0

    def limit(self, cell_px: NDArray[np.int64], u: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest shift (G,), pixels, for cells that are `cell_px` (G,) wide or high."""
        return cell_px * (self.low + u * self.span) + self.fixed


@dataclass(frozen=True)
class Cell:
    """The cell that some characters are stretched into, and their font ('' = that of the style).

    `trim` is the share of the glyph's box that is cut off at each edge: shorter arms, which become
    thicker once they fill the cell.
    """

    characters: str
    width: float  # ems
    height: float  # ems
    font: str = ""
    upside_down: bool = False
    trim: float = 0.0


@dataclass(frozen=True)
class Style:
    """The look of one kind of captcha; ranges of colours include both ends.

    Attributes:
        size: (w, h) of the picture.
        fonts: names in `podium.captcha.fonts`.
        font_sizes: pixels per em, equally likely.
        space_share: the probability that a blank glyph precedes a character.
        max_rotation: the largest rotation to either side, degrees.
        warp_x: the largest sideways shift of corners.
        warp_y: the largest shift of corners up or down.
        ink: range of each RGB channel of the glyphs, levels.
        paper: range of each RGB channel of the background, levels.
        n_dots: the number of dots of noise.
        curve: whether an arc crosses the picture.
        bicubic: whether resizing interpolates (bicubic) or repeats pixels (nearest).
        rigid: characters that are rotated but neither stretched nor warped.
        cells: the cells of some characters; others fill the cell that their font gives them.
        n_shapes: how many cells of a character are equally likely, in the order of `cells`.
    """

    size: tuple[int, int]
    fonts: tuple[str, ...]
    font_sizes: tuple[int, ...]
    space_share: float
    max_rotation: float
    warp_x: ShiftLimit
    warp_y: ShiftLimit
    ink: tuple[int, int]
    paper: tuple[int, int]
    n_dots: int
    curve: bool
    bicubic: bool
    rigid: str
    cells: tuple[Cell, ...] = ()
    n_shapes: int = 1

    def cell(self, character: str, shape: int = 0) -> Cell | None:
        """A cell that a character is stretched into; None for the one of its font."""
        known = [cell for cell in self.cells if character in cell.characters]
        return known[shape % len(known)] if known else None


def package_style(size: tuple[int, int], fonts: tuple[str, ...]) -> Style:
    """The look of `ImageCaptcha` of the package captcha 0.7.1 with its defaults.

    Source: captcha/image.py. Its warp reads `w * u * (0.3 - 0.1) + 0.1`, so that 0.1 is a shift
    of 0.1 px and not a share of the width; the same holds of 0.2 and the height.
    """
    return Style(
        size=size,
        fonts=fonts,
        font_sizes=(42, 50, 56),
        space_share=0.5,
        max_rotation=30.0,
        warp_x=ShiftLimit(0.0, 0.3 - 0.1, 0.1),
        warp_y=ShiftLimit(0.0, 0.3 - 0.2, 0.2),
        ink=(10, 200),
        paper=(238, 255),
        n_dots=30,
        curve=True,
        bicubic=True,
        rigid="",
    )


def competition_style(size: tuple[int, int]) -> Style:
    """The look of the arithmetic competition: an early `captcha` (0.2), resized by nearest.

    Its pictures show 15 dots, no curve, no blanks between glyphs, and a minus that keeps its
    thickness. Ink may be black; the package blends glyphs by their luminance, so that pictures in
    black ink are nearly invisible. The font is not known, but the shape of its cells, width by
    height, is: about 0.55 for digits, 0.44 for the plus, 0.48 for the star, 0.28 for brackets.
    These are the advance widths and lower edges of Comic Sans MS; two other fonts stand for it.
    Its plus and star are small, so that their strokes are thick once stretched to their cells: a
    bold plus looks the same. The star has five arms, one of them straight down, like the star of
    Droid Sans Mono upside down.
    """
    return Style(
        size=size,
        fonts=("droid-sans-mono", "dejavu-sans"),
        font_sizes=(36, 42, 50, 56),
        space_share=0.0,
        max_rotation=30.0,
        warp_x=ShiftLimit(0.1, 0.3 - 0.1),
        warp_y=ShiftLimit(0.2, 0.3 - 0.2),
        ink=(0, 200),
        paper=(238, 255),
        n_dots=15,
        curve=False,
        bicubic=False,
        rigid="-",
        cells=(
            Cell("0123456789", 0.61, 1.10),
            Cell("+", 0.48, 1.10, "dejavu-sans-bold"),
            Cell("*", 0.53, 1.10, "droid-sans-mono", upside_down=True),
            Cell("()", 0.37, 1.33),
        ),
    )


def many_fonts_style(size: tuple[int, int]) -> Style:
    """The same early package in many fonts and weights: signs as wide and high as each font's."""
    fonts = "dejavu-sans-bold", "dejavu-serif", "noto-sans-sc", "noto-serif-sc", *_MONO
    return replace(competition_style(size), fonts=fonts, font_sizes=(38, 50), n_dots=30, cells=())


def heavy_style(size: tuple[int, int]) -> Style:
    """The competition's look with signs as heavy as on its pictures, where arms are mere stumps."""
    return replace(
        competition_style(size),
        fonts=("droid-sans-mono", "dejavu-sans", "noto-sans-sc"),
        font_sizes=(38, 47, 56),
        cells=(
            Cell("0123456789", 0.61, 1.10),
            Cell("+", 0.45, 0.95, "dejavu-sans-bold", trim=0.18),
            Cell("*", 0.53, 1.10, "droid-sans-mono", upside_down=True, trim=0.08),
            Cell("()", 0.37, 1.33),
        ),
    )


def narrow_style(size: tuple[int, int]) -> Style:
    """The same early package with narrow cells, as in Calibri or Futura, and thin upright signs."""
    return replace(
        competition_style(size),
        fonts=("dejavu-sans", "noto-sans-sc", "dejavu-sans-bold"),
        font_sizes=(38, 46, 54),
        n_dots=30,
        cells=(
            Cell("0123456789", 0.51, 0.95),
            Cell("+", 0.50, 0.85),
            Cell("*", 0.50, 0.65),
            Cell("()", 0.31, 1.15),
        ),
    )


def shapes_style(size: tuple[int, int]) -> Style:
    """Signs and digits of any shape: squat or tall, narrow or wide, with long arms or stumps.

    No program draws such pictures. A reader that learns them reads looks it never saw better.
    """
    digits = [(width, height) for width in (0.45, 0.6, 0.8) for height in (0.8, 1.0, 1.2)]
    signs = [(width, height) for width in (0.4, 0.6, 0.8) for height in (0.5, 0.8, 1.1)]
    brackets = [(width, height) for width in (0.25, 0.35, 0.5) for height in (1.0, 1.2, 1.4)]
    cells = [
        *(Cell("0123456789", *shape) for shape in digits),
        *(Cell("+", *shape, trim=0.06 * (turn % 3)) for turn, shape in enumerate(signs)),
        *(
            Cell("*", *shape, upside_down=turn % 2 == 1, trim=0.04 * (turn % 3))
            for turn, shape in enumerate(signs)
        ),
        *(Cell("()", *shape) for shape in brackets),
    ]
    return replace(
        many_fonts_style(size),
        fonts=("droid-sans-mono", "dejavu-sans", "noto-sans-sc", "dejavu-sans-bold"),
        font_sizes=(38, 52),
        cells=tuple(cells),
        n_shapes=len(signs),
    )


def package_signs_style(size: tuple[int, int]) -> Style:
    """The package of today in several fonts; it stretches even a minus to the height of a digit."""
    return package_style(size, ("droid-sans-mono", "dejavu-sans", "noto-sans-sc", "dejavu-serif"))


def typed_style(size: tuple[int, int]) -> Style:
    """Typed lines: small characters, turned yet not warped, with gaps, and no noise."""
    return replace(
        many_fonts_style(size),
        font_sizes=(26, 32, 38),
        space_share=0.3,
        max_rotation=25.0,
        ink=(0, 160),
        paper=(200, 255),
        n_dots=0,
        rigid="0123456789+-*()",
    )


_MONO = ("dejavu-sans-mono", "source-han-mono-sc")
ARITHMETIC_STYLES: dict[str, Callable[[tuple[int, int]], Style]] = {
    "competition": competition_style,
    "heavy": heavy_style,
    "fonts": many_fonts_style,
    "narrow": narrow_style,
    "package": package_signs_style,
    "shapes": shapes_style,
    "typed": typed_style,
}
