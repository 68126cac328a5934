"""Everything that is random about pictures, made of uniform numbers before anything is painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.captcha.distort import Bends
from podium.captcha.glyphs import Table
from podium.captcha.style import Style

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_PER_CHARACTER = 12  # uniform numbers for each character and a blank before it
_COLOURS, _CURVE = 6, 6


@dataclass(frozen=True)
class Draws:
    """B pictures with G characters in all, not yet painted.

    Attributes:
        lengths: characters of each picture; the arrays of G follow that order.
        character: (G,) row of the glyph table.
        font: (G,) column of the glyph table.
        bends: what happens to the characters.
        blank: (G,) whether a blank comes before the character.
        blank_font: (G,) column of the glyph table.
        gaps: (G, 2) in [0, 1): how far what follows moves over the blank, and the character.
        ink: (B, 3) RGB of glyphs, dots and curve.
        paper: (B, 3) RGB of the background.
        dots: (B, 2, n) x in 0..w and y in 0..h.
        curve: (B, 6) x1, y1, x2, y2 of an ellipse, first and last degree of its arc.
    """

    lengths: list[int]
    character: Ints
    font: Ints
    bends: Bends
    blank: NDArray[np.bool_]
    blank_font: Ints
    gaps: Floats
    ink: Ints
    paper: Ints
    dots: NDArray[np.int32]
    curve: Ints


def n_uniform(style: Style, longest: int) -> int:
    """Uniform numbers for one picture of at most `longest` characters."""
    return _PER_CHARACTER * longest + _COLOURS + _CURVE + 2 * style.n_dots


def draw(style: Style, table: Table, texts: Sequence[str], uniform: Floats) -> Draws:
    """The pictures of `texts` (B,) in `style`.

    Args:
        style: the look.
        table: the glyphs of that look.
        texts: what the pictures say.
        uniform: numbers (B, n_uniform) in [0, 1).
    """
    lengths = [len(text) for text in texts]
    n_others = _COLOURS + _CURVE + 2 * style.n_dots
    others = uniform[:, -n_others:]
    letters = uniform[:, :-n_others].reshape(len(texts), -1, _PER_CHARACTER)
    letters = letters[np.arange(letters.shape[1]) < np.array(lengths)[:, None]]  # (G, 12)
    character = np.array([table.number[one] for text in texts for one in text])
    n_fonts = table.cell.shape[1]
    font = below(letters[:, 3], n_fonts)
    dots = others[:, _COLOURS + _CURVE :].reshape(len(texts), 2, -1)
    return Draws(
        lengths=lengths,
        character=character,
        font=font,
        bends=_bends(style, table, character, font, letters[:, 4:11]),
        blank=letters[:, 0] < style.space_share,
        blank_font=below(letters[:, 1], n_fonts),
        gaps=letters[:, [2, 11]],
        ink=_levels(style.ink, others[:, :3]),
        paper=_levels(style.paper, others[:, 3:_COLOURS]),
        dots=(dots * (np.array(style.size) + 1)[:, None]).astype(np.int32),
        curve=_curves(*style.size, others[:, _COLOURS:].T),
    )


def below(uniform: Floats, n: int | Ints) -> Ints:
    """0 to n - 1, equally likely for numbers uniform in [0, 1)."""
    return (uniform * n).astype(np.int64)


def _bends(style: Style, table: Table, character: Ints, font: Ints, u: Floats) -> Bends:
    w, h = table.cell[character, font].T
    dx, dy = style.warp_x.limit(w, u[:, 1]), style.warp_y.limit(h, u[:, 2])
    limits = np.stack([dx, dy, dx, dy], axis=1)
    stiff = np.isin(character, [table.number[one] for one in style.stiff])
    corners = np.trunc(limits * (2 * u[:, 3:] - 1)).astype(np.int64)
    return Bends(style.turn * (2 * u[:, 0] - 1), corners, stiff)


def _levels(ends: tuple[int, int], uniform: Floats) -> Ints:
    return ends[0] + below(uniform, ends[1] - ends[0] + 1)


def _curves(w: int, h: int, u: Floats) -> Ints:
    """Arcs (B, 6) as `ImageCaptcha.create_noise_curve` draws them, from numbers (6 or more, B)."""
    x1 = below(u[0], w // 5 + 1)
    x2 = below(u[1], w - w // 5 + 1) + w // 5
    y1 = below(u[2], h - 2 * (h // 5) + 1) + h // 5
    y2 = below(u[3], h - y1 - h // 5 + 1) + y1
    return np.stack([x1, y1, x2, y2, below(u[4], 21), below(u[5], 41) + 160], axis=1)
