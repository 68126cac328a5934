"""What no annotation file may exceed, and the one way of saying that a file cannot be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from podium.core.errors import PodiumError, disk_fault
from podium.slides.annotations.regions import Points

MAX_BYTES = 64 * 2**20
MAX_POINTS = 5_000_000
MAX_COORDINATE = 1e9  # pixels; the largest slides have some 1e6
MAX_DEPTH = 100  # elements or collections inside each other
MAX_ELEMENTS = 1_000_000  # of an XML tree in memory

# to remove the file would make the slide one to predict
_EXPORT = (
    "export it again; a file without any outline, or label 0 in slides.csv, says nothing is there"
)
NOTHING = "it has no outline with an area", _EXPORT


class Unusable(PodiumError):
    """Why a file cannot be used, and the remedy; `load` puts the file's name in front."""

    def __init__(self, reason: str, remedy: str = "correct it where it was drawn") -> None:
        super().__init__(f"{reason}\nremedy: {remedy}")
        self._parts = reason, remedy

    def __reduce__(self) -> tuple[type[Unusable], tuple[str, str]]:
        """Return how `pickle` makes it again."""
        return type(self), self._parts


class Budget:
    """How many more points, or other things, one file may hold."""

    def __init__(self, limit: int | None = None, things: str = "points") -> None:
        self.limit, self.things = MAX_POINTS if limit is None else limit, things
        self.left: float = self.limit

    def spend(self, n: float) -> None:
        """Take `n` off.

        Raises:
            Unusable: that many are not left.
        """
        self.left -= n
        if self.left < 0:
            raise Unusable(f"more than {self.limit:,} {self.things}", "simplify the outlines")


def points(values: ArrayLike) -> Points:
    """`values` as points (N, 2), float64, that geometry can work with.

    Raises:
        Unusable: it is no list of pairs, or a number is not finite or beyond `MAX_COORDINATE`.
    """
    try:
        pairs = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise Unusable("its points are no list of number pairs") from None
    if pairs.ndim != 2 or pairs.shape[1] < 2:
        raise Unusable("its points are no list of number pairs")
    pairs = pairs[:, :2]
    if not (np.abs(pairs) < MAX_COORDINATE).all():
        raise Unusable(f"a coordinate is not finite or beyond {MAX_COORDINATE:.0e} pixels")
    return pairs


def contents(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of `path`, whose size is looked at first.

    Raises:
        Unusable: it is empty or larger than `max_bytes`.
        PodiumError: it cannot be read.
    """
    is_link_to_nothing = path.is_symlink() and not path.exists()
    if is_link_to_nothing or (path.exists() and not path.is_file() and not path.is_dir()):
        raise Unusable(
            "a link to a file that is missing" if is_link_to_nothing else "no regular file",
            "put the file itself there (git annex get, dvc checkout), or remove it",
        )
    try:
        n_bytes = path.stat().st_size
        if n_bytes > max_bytes:
            raise Unusable(
                f"{n_bytes / 2**20:.0f} MB, over the limit of {max_bytes / 2**20:.0f} MB",
                "simplify the outlines, or give them as a PNG mask",
            )
        data = path.read_bytes()
    except OSError as error:
        raise disk_fault(error, path) or Unusable(f"cannot be read ({error.strerror})") from None
    if not data.strip():
        raise Unusable("empty file", _EXPORT)
    return data
