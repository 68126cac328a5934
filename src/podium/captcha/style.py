"""How a captcha looks: the numbers of the program that drew it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Spread:
    """The largest shift of a corner, in pixels: cell * (low + u * span) + fixed, u in [0, 1)."""

    low: float
    span: float
    fixed: float = 0.0

    def limit(self, cell_px: NDArray[np.int64], u: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest shift (G,) for cells that are `cell_px` (G,) wide or high."""
        return cell_px * (self.low + u * self.span) + self.fixed


@dataclass(frozen=True)
class Cell:
    """What some characters are stretched into, and the font they are taken from ('' = any)."""

    characters: str
    width: float  # ems
    height: float  # ems
    font: str = ""
    upside_down: bool = False


@dataclass(frozen=True)
class Style:
    """The look of one kind of captcha; colours are RGB levels, both ends included.

    Attributes:
        size: (w, h) of the picture.
        fonts: names in `podium.captcha.fonts`.
        font_sizes: pixels per em, equally likely.
        space_share: how often a blank glyph precedes a character.
        turn: largest rotation to either side, degrees.
        warp_x: how far corners move sideways.
        warp_y: how far corners move up or down.
        ink: range of each colour channel of the glyphs.
        paper: range of each colour channel of the background.
        n_dots: dots of noise.
        curve: whether an arc crosses the picture.
        bicubic: whether resizing interpolates (bicubic) or repeats pixels (nearest).
        stiff: characters that are turned but neither stretched nor warped.
        cells: of some characters; the others fill the cell that their font gives them.
    """

    size: tuple[int, int]
    fonts: tuple[str, ...]
    font_sizes: tuple[int, ...]
    space_share: float
    turn: float
    warp_x: Spread
    warp_y: Spread
    ink: tuple[int, int]
    paper: tuple[int, int]
    n_dots: int
    curve: bool
    bicubic: bool
    stiff: str
    cells: tuple[Cell, ...] = ()

    def cell(self, character: str) -> Cell | None:
        """The cell of a character, None if its font says."""
        return next((one for one in self.cells if character in one.characters), None)


def package_style(size: tuple[int, int], fonts: tuple[str, ...]) -> Style:
    """What `ImageCaptcha` of the package captcha 0.7.1 draws with its defaults.

    Source: captcha/image.py. Its warp reads `w * u * (0.3 - 0.1) + 0.1`, so that 0.1 is a shift
    of 0.1 px and not a share of the width; the same holds of 0.2 and the height.
    """
    return Style(
        size=size,
        fonts=fonts,
        font_sizes=(42, 50, 56),
        space_share=0.5,
        turn=30.0,
        warp_x=Spread(0.0, 0.3 - 0.1, 0.1),
        warp_y=Spread(0.0, 0.3 - 0.2, 0.2),
        ink=(10, 200),
        paper=(238, 255),
        n_dots=30,
        curve=True,
        bicubic=True,
        stiff="",
    )


def arithmetic_style(size: tuple[int, int], fonts: tuple[str, ...]) -> Style:
    """The arithmetic competition: an early `captcha` (0.2) on a Pillow that resized by nearest.

    Seen on its pictures: 15 dots, no curve, no blanks between glyphs, a minus that keeps its
    thickness. Ink may be black, and the package blends glyphs by their luminance: those pictures
    are nearly invisible. Its font is not known, but the shape of the cells is: about 0.55 for
    digits, 0.44 for the plus, 0.48 for the star and 0.28 for brackets, width by height, which are
    the advance widths and lower edges of Comic Sans MS. Plus and star are small there, and so
    their strokes thick once they fill their cells: a bold plus does the same. The star has five
    arms, one of them straight down: that of Droid Sans Mono, which stands on two, upside down.
    """
    return Style(
        size=size,
        fonts=fonts,
        font_sizes=(36, 42, 50, 56),
        space_share=0.0,
        turn=30.0,
        warp_x=Spread(0.1, 0.3 - 0.1),
        warp_y=Spread(0.2, 0.3 - 0.2),
        ink=(0, 200),
        paper=(238, 255),
        n_dots=15,
        curve=False,
        bicubic=False,
        stiff="-",
        cells=(
            Cell("0123456789", 0.61, 1.10),
            Cell("+", 0.48, 1.10, "dejavu-sans-bold"),
            Cell("*", 0.53, 1.10, "droid-sans-mono", upside_down=True),
            Cell("()", 0.37, 1.33),
        ),
    )
