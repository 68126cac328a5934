"""Masks held packed: of a slide of 30,000 x 30,000 px some MiB instead of 900."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FAST = 1  # of zlib's levels: labels are so alike that more effort gains nothing

Labels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class PackedMask:
    """A mask (h, w) of labels, read by rows as an array is: `mask[10:20]`, `mask.shape`.

    Attributes:
        width: w, pixels.
        bands: of rows, compressed.
        starts: the first row of each band, and h.
        label: of the class that is looked at, whose pixels are True; None: labels are given.
    """

    width: int
    bands: tuple[bytes, ...]
    starts: tuple[int, ...]
    label: int | None = None

    @classmethod
    def of(cls, bands: Iterable[Labels], width: int) -> PackedMask:
        """Pack bands (n, w) of labels that come from top to bottom."""
        packed, starts = [], [0]
        for band in bands:
            packed.append(zlib.compress(np.ascontiguousarray(band, dtype=np.uint8).data, _FAST))
            starts.append(starts[-1] + len(band))
        return cls(width, tuple(packed), tuple(starts))

    def of_label(self, label: int) -> PackedMask:
        """The mask of one class, of the same packed rows."""
        return replace(self, label=label)

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w)."""
        return self.starts[-1], self.width

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Rows (n, w): labels, or where the class is; they are unpacked anew each time."""
        first, last, _ = rows.indices(len(self))
        parts = [
            self._band(number)[max(first - top, 0) : last - top]
            for number, (top, bottom) in enumerate(pairwise(self.starts))
            if top < last and bottom > first
        ]
        labels = np.concatenate([np.empty((0, self.width), dtype=np.uint8), *parts])
        return labels if self.label is None else labels == self.label

    def _band(self, number: int) -> Labels:
        labels = np.frombuffer(zlib.decompress(self.bands[number]), dtype=np.uint8)
        return labels.reshape(-1, self.width)


MaskRows = NDArray[Any] | PackedMask  # a mask that is read by rows
