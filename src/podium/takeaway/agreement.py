"""Whether an exported model says what the pipeline says, how large it is, and how quick."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.takeaway.formats import FORMATS, Batch, Runner
from podium.takeaway.portable import Floats, Pixels, Portable

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
    """

    n: int
    largest: float
    same: int
    cold_ms: float
    warm_ms: float
    megabytes: float

    def in_words(self) -> str:
        """Return it as one line."""
        return (
            f"{self.n} pictures: largest difference {self.largest:.1e}, {self.same} decided alike; "
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
    given = np.concatenate([run(each) for each in batches]).astype(np.float64)
    own = portable.answer(pictures)
    scale = np.maximum(1, np.abs(own))
    largest = float(np.max(np.abs(given - own) / scale))
    same = int(np.sum([np.array_equal(_decided(a), _decided(b))
                       for a, b in zip(given, own, strict=True)]))  # fmt: skip
    return Agreement(
        len(pictures), largest, same, 1e3 * cold, 1e3 * _seconds(run, batches), _megabytes(path)
    )


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


def _megabytes(path: Path) -> float:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / 1e6
