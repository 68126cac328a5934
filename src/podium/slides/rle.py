"""Run-length encoding of masks, as submissions carry it.

Pixels are numbered from 1 down the first column, then down the second, and so on, at level 0. A
text names the start and the length of each run of tumour: in a slide 3 px high, `2 1 4 2` is the
second pixel of the first column and the upper two of the second. The empty text is no tumour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError

Mask = NDArray[np.uint8]
Runs = NDArray[np.int64]
BAND = 512  # rows of a mask at a time
_AT_ONCE = 1 << 19  # runs written as text together: each is four objects meanwhile


def encode(mask: Mask) -> str:
    """The runs of a mask {0, 1} (h, w) as text."""
    height, width = mask.shape
    bands = (mask[row : row + BAND] for row in range(0, height, BAND))
    return encode_bands(bands, (width, height))


def encode_bands(bands: Iterable[Mask], size: tuple[int, int]) -> str:
    """The runs of a mask as text; bands (n, w) of rows from top to bottom: see `texts_of_bands`."""
    return "".join(texts_of_bands(bands, size))


def texts_of_bands(bands: Iterable[Mask], size: tuple[int, int]) -> Iterator[str]:
    """The runs of a mask as text, in parts; the mask comes in bands of rows, from top to bottom.

    Memory grows with the number of runs, not of pixels.

    Args:
        bands: masks (n, w), anything but 0 = tumour.
        size: (w, h) of all bands together.

    Raises:
        PodiumError: the bands do not add up to `size`.
    """
    width, height = size
    first, last, row = list[Runs](), list[Runs](), 0
    for band in bands:
        if band.shape[1] != width:
            raise PodiumError(f"a band of the mask is {band.shape[1]} px wide, the slide {width}")
        rising, falling = _runs(band)
        first.append(rising[0] * height + rising[1] + row)
        last.append(falling[0] * height + falling[1] + row)
        row += len(band)
    if row != height:
        raise PodiumError(f"the bands of the mask have {row} rows, the slide has {height}")
    return _format(_sorted(first), _sorted(last))


def _runs(band: Mask) -> tuple[Runs, Runs]:
    """(column, row) (2, R) of the begin, and of the end (exclusive), of runs, column by column."""
    edges = np.zeros((band.shape[1], len(band) + 2), dtype=np.int8)
    edges[:, 1:-1] = band.T != 0
    steps = np.diff(edges, axis=1)
    return np.stack(np.nonzero(steps == 1)), np.stack(np.nonzero(steps == -1))


def _sorted(parts: list[Runs]) -> Runs:
    """All parts (R,) in order; they are forgotten: of millions of runs none is held twice."""
    whole = np.concatenate([np.empty(0, dtype=np.int64), *parts])
    parts.clear()
    whole.sort()
    return whole


def _format(first: Runs, last: Runs) -> Iterator[str]:
    """Text of runs [first, last) (R,) of pixels counted from 0; those that touch are joined.

    No two overlap: their ends have the order of their beginnings.
    """
    unended, between = np.empty(0, dtype=np.int64), ""
    for start in range(0, len(first), _AT_ONCE):
        begins, ends = first[start : start + _AT_ONCE], last[start : start + _AT_ONCE]
        before = np.append(last[start - 1] if start else -1, ends[:-1])
        after = np.append(begins[1:], first[start + _AT_ONCE : start + _AT_ONCE + 1])
        goes_on = ends[: len(after)] == after  # the very last run has none after it
        begins, ends = begins[begins != before], np.delete(ends, np.flatnonzero(goes_on))
        begins = np.append(unended, begins)
        begins, unended = begins[: len(ends)], begins[len(ends) :]
        numbers = np.stack([begins + 1, ends - begins], axis=1).ravel().tolist()
        if numbers:
            yield between + " ".join(map(str, numbers))
            between = " "


def decode(text: str, size: tuple[int, int]) -> Mask:
    """The mask {0, 1} (h, w) that `text` encodes, of a slide of `size` = (w, h).

    Raises:
        PodiumError: it is no run-length encoding, its runs overlap or are not in order, or one
            reaches over the end of the slide.
    """
    return np.concatenate(list(decode_bands(text, size)))


def decode_bands(text: str, size: tuple[int, int], rows: int = BAND) -> Iterator[Mask]:
    """The mask {0, 1} that `text` encodes, in bands (up to `rows`, w) from top to bottom.

    Args:
        text: run lengths.
        size: (w, h) of the slide.
        rows: of a band.

    Raises:
        PodiumError: as `decode`.
    """
    width, height = size
    column, first, last = _split_at_columns(*_parse(text, width * height), height)
    for row in range(0, height, rows):
        count = min(rows, height - row)
        steps = np.zeros((count + 1, width), dtype=np.int8)
        inside = (first < row + count) & (last > row)
        np.add.at(steps, (np.maximum(first[inside] - row, 0), column[inside]), 1)
        np.add.at(steps, (np.minimum(last[inside] - row, count), column[inside]), -1)
        yield np.cumsum(steps[:-1], axis=0, dtype=np.int8).view(np.uint8)


def _parse(text: str, n_pixels: int) -> tuple[Runs, Runs]:
    """Runs [first, last) of pixels counted from 0."""
    words = text.split()
    if len(words) % 2:
        raise PodiumError(f"a run-length encoding has {len(words)} numbers: a length is missing")
    if odd := next((word for word in words if not (word.isascii() and word.isdigit())), None):
        raise PodiumError(f"a run-length encoding holds {odd[:20]!r}, which is no number")
    if long := next((word for word in words if len(word) > 18), None):
        raise PodiumError(f"a run-length encoding holds {long[:20]}..., beyond any slide")
    starts, lengths = np.array(words, dtype=np.int64).reshape(-1, 2).T
    last = starts - 1 + lengths
    if (starts < 1).any() or (lengths < 1).any():
        raise PodiumError("a run-length encoding has a start or length below 1")
    if (starts[1:] <= last[:-1]).any():
        raise PodiumError("the runs of a run-length encoding overlap, or are not in order")
    if len(last) and last[-1] > n_pixels:
        raise PodiumError(f"a run ends at pixel {last[-1]}, the slide has {n_pixels}")
    return starts - 1, last


def _split_at_columns(first: Runs, last: Runs, height: int) -> tuple[Runs, Runs, Runs]:
    """Column, first and last row (exclusive) of runs, cut where a column ends."""
    start = first // height
    count = (last - 1) // height - start + 1
    run = np.repeat(np.arange(len(first)), count)
    column = start[run] + np.arange(len(run)) - np.repeat(np.cumsum(count) - count, count)
    top = column * height
    return column, np.maximum(first[run] - top, 0), np.minimum(last[run] - top, height)
