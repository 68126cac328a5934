"""Whether an exported model says what the pipeline says, how large it is, and how quick."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.takeaway.formats import FORMATS
from podium.takeaway.portable import Batch, Floats, Pixels, Portable, Runner

TOLERANCE = 1e-4  # of a probability, or of a number's own size
REPEATS = 10


@dataclass(frozen=True)
class Agreement:
    """An exported model beside the pipeline's own route.

    Attributes:
        n: pictures that were compared.
        largest: difference of an answer.
        same: pictures with the same likeliest class, label set or pixels above one half.
        cold_ms: milliseconds to open the file and answer one picture.
        warm_ms: milliseconds for one picture after that, on one core.
        megabytes: of the file or folder.
        largest_of_map: difference of a place of a map, of models that give it.
    """

    n: int
    largest: float
    same: int
    cold_ms: float
    warm_ms: float
    megabytes: float
    largest_of_map: float | None = None

    @property
    def worst(self) -> float:
        """The largest difference of an answer or a map."""
        return max(self.largest, self.largest_of_map or 0.0)

    def in_words(self) -> str:
        """Return it as one line."""
        of_map = "" if self.largest_of_map is None else f" (of a map {self.largest_of_map:.1e})"
        return (
            f"{self.n} pictures: largest difference {self.largest:.1e}{of_map}, "
            f"{self.same} decided alike; "
            f"{self.warm_ms:.0f} ms a picture on one core, {self.cold_ms:.0f} ms the first with "
            f"opening; {self.megabytes:.1f} MB"
        )


def agreement(portable: Portable, name: str, path: Path, pictures: Sequence[Pixels]) -> Agreement:
    """Return how an exported model compares.

    Args:
        portable: the model that was exported.
        name: of the format.
        path: of the file or folder.
        pictures: RGB pixels (H, W, 3) of each.
    """
    batches = [_batches(portable, picture) for picture in pictures]
    started = time.perf_counter()
    run = FORMATS[name].open(path, portable)
    run(batches[0])
    cold = time.perf_counter() - started
    answers, *maps = [np.concatenate(each).astype(np.float64)
                      for each in zip(*map(run, batches), strict=True)]  # fmt: skip
    own = portable.answer(pictures)
    same = int(np.sum([np.array_equal(_decided(a), _decided(b))
                       for a, b in zip(answers, own, strict=True)]))  # fmt: skip
    of_map = None
    if portable.map_of:
        of_map = _largest(maps[0], np.stack([portable.map_of(each) for each in pictures]))
    return Agreement(
        len(pictures), _largest(answers, own), same, 1e3 * cold, 1e3 * _seconds(run, batches),
        megabytes(path), of_map,
    )  # fmt: skip


def _largest(given: Floats, own: Floats) -> float:
    return float(np.max(np.abs(given - own) / np.maximum(1, np.abs(own))))


def _batches(portable: Portable, picture: Pixels) -> list[Batch]:
    return [each[None].astype(np.float32) for each in portable.inputs(picture)]


def _decided(answers: Floats) -> NDArray[Any]:
    """What answers (K,), (T, C) or (S, S) of a picture decide."""
    if answers.ndim == 1:
        return np.asarray(answers.argmax())
    return answers.argmax(-1) if answers.shape[0] != answers.shape[1] else answers > 0.5


def _seconds(run: Runner, batches: Sequence[list[Batch]]) -> float:
    """The median seconds of one picture."""
    times = []
    for each in [*batches[:REPEATS], *batches[:1]][:REPEATS]:
        started = time.perf_counter()
        run(each)
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def megabytes(path: Path) -> float:
    """Return the size of a file or a folder in megabytes."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / 1e6
