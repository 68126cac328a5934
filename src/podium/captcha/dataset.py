"""The captcha file: pictures, ids and texts of all splits in one HDF5 file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from podium.captcha.charset import Charset
from podium.core.errors import PodiumError
from podium.core.hdf5_file import GZIP, Reserve, create_hdf5, open_hdf5, texts_in, write_texts

SPLITS = ("train", "validation", "test")
CHUNK = 32  # pictures in a chunk of the file, each with its own checksum
_BYTES_PER_PIXEL = 1.5  # room asked for on the disk; drawn captchas take about a third of that
_SPARE = 1 << 19  # bytes for what HDF5 adds
_KIND = "captcha file"

Pixels = NDArray[np.uint8]
Part = tuple[Pixels, Sequence[str]]  # (n, H, W, 3) and texts (n,)


@dataclass(frozen=True)
class Split:
    """One split of a captcha file.

    Attributes:
        name: train, validation or test.
        ids: of the pictures (N,).
        seed: of drawn pictures, -1 for others.
        unreadable: rows of pictures that could not be read; their pixels are white.
    """

    name: str
    ids: Sequence[str]
    seed: int = -1
    unreadable: Sequence[int] = ()


@dataclass(frozen=True)
class Facts:
    """Metadata of a captcha file.

    Attributes:
        size: (w, h) of every picture, pixels.
        charset: the characters of the texts.
        provenance: how the pictures were made, as JSON values.
        finder: bytes of the line finder's artefact that laid out strips; empty for other tasks.
    """

    size: tuple[int, int]
    charset: Charset
    provenance: dict[str, Any]
    finder: bytes = b""


@dataclass(frozen=True)
class Captchas:
    """One split in memory: pixels (N, H, W, 3) uint8 RGB, texts (N,) ('' = unknown), ids (N,)."""

    pixels: Pixels
    texts: list[str]
    ids: list[str]


def write_captchas(
    path: Path,
    facts: Facts,
    splits: Sequence[Split],
    parts: Iterable[Part],
) -> None:
    """Write a captcha file, whole or not at all, in memory that does not grow with the pictures.

    Args:
        path: an HDF5 file; each split becomes a group of `pixels` (N, H, W, 3), `texts` (N,) and
            `ids` (N,), with its seed in the attribute `seed`, and `unreadable`, row numbers, if
            there are any.
        facts: metadata of all pictures.
        splits: train, validation and test.
        parts: pixels (n, H, W, 3) and texts (n,) of all splits in their order; no part holds
            pictures of two splits.

    Raises:
        PodiumError: the parts have more or fewer pictures than the splits.
        EnvironmentFault: the disk is full.
    """
    w, h = facts.size
    ids = [picture_id for split in splits for picture_id in split.ids]
    n_bytes = int(len(ids) * w * h * _BYTES_PER_PIXEL) + (1 << 20)
    remaining = iter(parts)
    with create_hdf5(path, n_bytes) as (file, reserve):
        reserve(_on_heap(ids) + len(facts.finder) + _SPARE)
        file.attrs["provenance"] = json.dumps(facts.provenance, sort_keys=True)
        file.attrs["charset"] = facts.charset.characters
        if facts.finder:
            file.create_dataset("finder", data=np.frombuffer(facts.finder, "u1"), fletcher32=True)
        for split in splits:
            _write_split(path, _group(file, split, (h, w, 3)), split, remaining, reserve)
        if next(remaining, None) is not None:
            raise PodiumError(f"{path}: its pictures do not add up: there are more")


def _write_split(
    path: Path, group: h5py.Group, split: Split, parts: Iterator[Part], reserve: Reserve
) -> None:
    """Write the pictures of one split, part by part, each onto room that was reserved for it."""
    texts: list[str] = []
    n = len(split.ids)
    while len(texts) < n:
        pixels, texts_of_part = next(parts, (None, ()))
        row, stop = len(texts), len(texts) + len(texts_of_part)
        if pixels is None or stop > n:
            raise PodiumError(f"{path}: its pictures do not add up to {split.name}")
        a_picture = pixels.nbytes // max(stop - row, 1)
        reserve((stop - row + 3 * min(CHUNK, n)) * a_picture + _SPARE)
        group["pixels"][row:stop] = pixels
        texts += texts_of_part
    reserve(_on_heap(texts) + _SPARE)
    write_texts(group, "texts", texts)


def _on_heap(texts: Sequence[str]) -> int:
    """Bytes that texts take in an HDF5 file, at most: references, and the texts on a heap."""
    return sum(4 * len(text) + 80 for text in texts)


def _group(file: h5py.File, split: Split, shape: tuple[int, int, int]) -> h5py.Group:
    group, n = file.create_group(split.name), len(split.ids)
    group.attrs["seed"] = split.seed
    chunk = min(CHUNK, n)
    storage = {"chunks": (chunk, *shape), "fletcher32": True, **GZIP} if n else {}
    group.create_dataset("pixels", (n, *shape), "u1", **storage)
    write_texts(group, "ids", split.ids)
    if split.unreadable:
        group.create_dataset("unreadable", data=np.array(split.unreadable, dtype=np.int64))
    return group


def read_facts(path: Path) -> Facts:
    """The metadata of the captcha file at `path`.

    Raises:
        PodiumError: the file is missing, damaged, or no captcha file.
    """
    with open_hdf5(path, _KIND) as file:
        _, h, w, _ = file["train/pixels"].shape
        charset = Charset(str(file.attrs["charset"]))
        finder = file["finder"][:].tobytes() if "finder" in file else b""
        return Facts((w, h), charset, json.loads(file.attrs["provenance"]), finder)


def read_texts(path: Path, split: str) -> tuple[list[str], list[str]]:
    """The ids (N,) and the texts (N,) of one split."""
    with open_hdf5(path, _KIND) as file:
        return texts_in(file[split], "ids"), texts_in(file[split], "texts")


def read_unreadable(path: Path, split: str) -> list[int]:
    """The rows of one split whose pictures could not be read."""
    with open_hdf5(path, _KIND) as file:
        group = file[split]
        return [int(row) for row in group["unreadable"][:]] if "unreadable" in group else []


def read_captchas(path: Path, split: str, stop: int | None = None) -> Captchas:
    """One split in memory; every chunk is checked against its checksum.

    Args:
        path: a captcha file.
        split: train, validation or test.
        stop: only that many pictures, the first ones; None for all.

    Raises:
        PodiumError: the file is missing, damaged, or no captcha file.
    """
    ids, texts = read_texts(path, split)
    with open_hdf5(path, _KIND) as file:
        return Captchas(file[split]["pixels"][:stop], texts[:stop], ids[:stop])


def iter_pixels(path: Path, split: str, n: int = 8 * CHUNK) -> Iterator[Pixels]:
    """Pixels (B, H, W, 3), B <= n, of one split, part by part, for splits larger than memory.

    Args:
        path: a captcha file.
        split: train, validation or test.
        n: pictures in a part.
    """
    with open_hdf5(path, _KIND) as file:
        pixels = file[split]["pixels"]
        for start in range(0, len(pixels), n):
            yield pixels[start : start + n]
