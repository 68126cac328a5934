"""Pictures and their texts in one HDF5 file, the same bytes for any number of processes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
from numpy.typing import NDArray

from podium.captcha.render import BLOCK, render_many
from podium.captcha.tasks import Task
from podium.errors import SettingsError
from podium.files import locked, require_space, written_whole
from podium.hdf5 import opened
from podium.progress import watched

SPLITS = ("train", "validation", "test")
PART = 2 * BLOCK  # pictures that one process draws at a time
CHUNK = 32  # pictures in a chunk of the file, each with its own checksum
AHEAD = 2  # parts waiting for each process
_BYTES_PER_PIXEL = 1.5  # room asked for on the disk; captchas take about a third of that

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Split:
    """Pictures number 0 to `n_pictures` - 1 of one seed."""

    name: str
    seed: int
    n_pictures: int


@dataclass(frozen=True)
class Captchas:
    """One split of a file: pixels (N, H, W, 3) uint8 RGB, and texts (N,)."""

    pixels: Pixels
    texts: list[str]
    seed: int


def splits(n_pictures: Sequence[int], seeds: Sequence[int]) -> list[Split]:
    """Train, validation and test of these sizes and seeds.

    Raises:
        SettingsError: two splits share a seed, and with it pictures.
    """
    if len(set(seeds)) < len(seeds):
        raise SettingsError(f"train, validation and test need seeds of their own, not {seeds}")
    return [Split(*one) for one in zip(SPLITS, seeds, n_pictures, strict=True)]


def write_captchas(
    path: Path, task: Task, parts: Sequence[Split], provenance: dict[str, Any], processes: int
) -> None:
    """Draw the pictures of `parts` and write them to `path`, whole or not at all.

    Args:
        path: an HDF5 file; each split is a group of `pixels` (N, H, W, 3) and `texts` (N,) with
            its seed in the attribute `seed`.
        task: what is drawn.
        parts: sizes and seeds.
        provenance: stored as JSON in the attribute of that name.
        processes: how many draw; memory grows with it, never with N, and the bytes do not change.
    """
    w, h = task.style.size
    n_pictures = sum(part.n_pictures for part in parts)
    require_space(path, int(n_pictures * w * h * _BYTES_PER_PIXEL) + (1 << 20))
    with locked(path), written_whole(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)
        tables = {part.name: _tables(file, part, (h, w, 3)) for part in parts}
        total = sum(-(-part.n_pictures // PART) for part in parts)
        drawn = _drawn(task, parts, processes)
        for name, start, pixels, texts in watched(drawn, total, "captchas, parts"):
            tables[name]["pixels"][start : start + len(pixels)] = pixels
            tables[name]["texts"][start : start + len(texts)] = texts


def _tables(file: h5py.File, part: Split, shape: tuple[int, int, int]) -> h5py.Group:
    group = file.create_group(part.name)
    group.attrs["seed"] = part.seed
    n, chunk = part.n_pictures, max(1, min(CHUNK, part.n_pictures))
    group.create_dataset(
        "pixels", (n, *shape), "u1", chunks=(chunk, *shape), compression="lzf", fletcher32=True
    )
    group.create_dataset("texts", (n,), h5py.string_dtype("utf-8"), chunks=(chunk,))
    return group


Drawn = tuple[str, int, Pixels, list[str]]  # split, number of the first, pixels, texts


def _drawn(task: Task, parts: Sequence[Split], processes: int) -> Iterator[Drawn]:
    """All pictures in order, PART at a time."""
    jobs = [(task, part, start) for part in parts for start in range(0, part.n_pictures, PART)]
    if processes == 1:
        yield from (_draw(*job) for job in jobs)
        return
    waiting: deque[Future[Drawn]] = deque()
    with ProcessPoolExecutor(processes, get_context("spawn"), cv2.setNumThreads, (1,)) as pool:
        for job in jobs:
            if len(waiting) == AHEAD * processes:
                yield waiting.popleft().result()
            waiting.append(pool.submit(_draw, *job))
        while waiting:
            yield waiting.popleft().result()


def _draw(task: Task, part: Split, start: int) -> Drawn:
    stop = min(start + PART, part.n_pictures)
    pictures = list(render_many(task, part.seed, start, stop))
    return part.name, start, np.stack([one for one, _ in pictures]), [text for _, text in pictures]


def read_captchas(path: Path, split: str) -> Captchas:
    """One split of the file at `path`; every block is checked against its checksum.

    Raises:
        PodiumError: the file is missing, damaged, or no captcha file.
    """
    with opened(path, "captcha file") as file:
        group = file[split]
        texts = [str(text) for text in group["texts"].asstr()[:]]
        return Captchas(group["pixels"][:], texts, int(group.attrs["seed"]))
