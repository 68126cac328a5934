"""Everything random about pictures, computed from uniform numbers before anything is painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.captcha.distort import Distortions
from podium.captcha.glyphs import Table
from podium.captcha.style import Style

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_PER_CHARACTER = 12  # uniform numbers for each character and a blank before it
_COLOURS, _CURVE = 6, 6


@dataclass(frozen=True)
class SampledPictures:
    """The random choices of B pictures with G characters in all; nothing is painted yet.

    Attributes:
        lengths: (B,) characters of each picture; the arrays of G are in that order.
        character: (G,) row of the glyph table.
        font: (G,) column of the glyph table.
        distortions: how the characters are rotated and warped.
        blank: (G,) whether a blank comes before the character.
        blank_font: (G,) column of the glyph table for that blank.
        gaps: (G, 2) in [0, 1): how far the next glyph overlaps the blank, and the character.
        ink: (B, 3) RGB of glyphs, dots and curve.
        paper: (B, 3) RGB of the background.
        dots: (B, 2, n) x in 0..w and y in 0..h of n dots, pixels.
        curve: (B, 6) x1, y1, x2, y2 of an ellipse, pixels; first and last degree of its arc.
    """

    lengths: list[int]
    character: Ints
    font: Ints
    distortions: Distortions
    blank: NDArray[np.bool_]
    blank_font: Ints
    gaps: Floats
    ink: Ints
    paper: Ints
    dots: NDArray[np.int32]
    curve: Ints


def n_uniform(style: Style, longest: int) -> int:
    """How many uniform numbers a picture of at most `longest` characters takes."""
    return _PER_CHARACTER * longest + _COLOURS + _CURVE + 2 * style.n_dots


def sample_pictures(
    style: Style, table: Table, texts: Sequence[str], uniform: Floats
) -> SampledPictures:
    """The random choices for pictures of `texts` (B,) in `style`.

    Args:
        style: the look.
        table: the glyphs of that look.
        texts: (B,) what the pictures say.
        uniform: numbers (B, n_uniform) in [0, 1).
    """
    lengths = [len(text) for text in texts]
    n_others = _COLOURS + _CURVE + 2 * style.n_dots
    others = uniform[:, -n_others:]
    letters = uniform[:, :-n_others].reshape(len(texts), -1, _PER_CHARACTER)
    letters = letters[np.arange(letters.shape[1]) < np.array(lengths)[:, None]]  # (G, 12)
    character = np.array([table.number[char] for text in texts for char in text])
    n_fonts = table.cell.shape[1]
    font = random_integers(letters[:, 3], n_fonts)
    dots = others[:, _COLOURS + _CURVE :].reshape(len(texts), 2, -1)
    return SampledPictures(
        lengths=lengths,
        character=character,
        font=font,
        distortions=_distortions(style, table, character, font, letters[:, 4:11]),
        blank=letters[:, 0] < style.space_share,
        blank_font=random_integers(letters[:, 1], n_fonts),
        gaps=letters[:, [2, 11]],
        ink=_levels(style.ink, others[:, :3]),
        paper=_levels(style.paper, others[:, 3:_COLOURS]),
        dots=(dots * (np.array(style.size) + 1)[:, None]).astype(np.int32),
        curve=_curves(*style.size, others[:, _COLOURS:].T),
    )


def random_integers(uniform: Floats, n: int | Ints) -> Ints:
    """Integers (N,) from 0 to n - 1, equally likely, from numbers (N,) uniform in [0, 1)."""
    return (uniform * n).astype(np.int64)


def _distortions(style: Style, table: Table, character: Ints, font: Ints, u: Floats) -> Distortions:
    w, h = table.cell[character, font].T
    dx, dy = style.warp_x.limit(w, u[:, 1]), style.warp_y.limit(h, u[:, 2])
    limits = np.stack([dx, dy, dx, dy], axis=1)
    rigid = np.isin(character, [table.number[char] for char in style.rigid])
    corners = np.trunc(limits * (2 * u[:, 3:] - 1)).astype(np.int64)
    return Distortions(style.max_rotation * (2 * u[:, 0] - 1), corners, rigid)


def _levels(limits: tuple[int, int], uniform: Floats) -> Ints:
    return limits[0] + random_integers(uniform, limits[1] - limits[0] + 1)


def _curves(w: int, h: int, u: Floats) -> Ints:
    """Arcs (B, 6) as `ImageCaptcha.create_noise_curve` draws them, from numbers (>= 6, B)."""
    x1 = random_integers(u[0], w // 5 + 1)
    x2 = random_integers(u[1], w - w // 5 + 1) + w // 5
    y1 = random_integers(u[2], h - 2 * (h // 5) + 1) + h // 5
    y2 = random_integers(u[3], h - y1 - h // 5 + 1) + y1
    first, last = random_integers(u[4], 21), random_integers(u[5], 41) + 160
    return np.stack([x1, y1, x2, y2, first, last], axis=1)
