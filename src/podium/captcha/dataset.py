"""What readers read: pictures, ids and texts in one HDF5 file, whatever they came from."""

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
from podium.core.feature_store import open_hdf5
from podium.core.files import atomic_write, locked, require_space

SPLITS = ("train", "validation", "test")
CHUNK = 32  # pictures in a chunk of the file, each with its own checksum
_BYTES_PER_PIXEL = 1.5  # room asked for on the disk; drawn captchas take about a third of that
_TEXT = h5py.string_dtype("utf-8")

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Split:
    """Pictures by id with their texts ('' = unknown); `seed` of those that were drawn, or -1."""

    name: str
    ids: Sequence[str]
    seed: int = -1


@dataclass(frozen=True)
class Facts:
    """What is known of a file's pictures.

    Attributes:
        size: (w, h).
        charset: their characters.
        provenance: how they were made.
        finder: the artefact, as bytes, of what found the lines that they show; mostly none.
    """

    size: tuple[int, int]
    charset: Charset
    provenance: dict[str, Any]
    finder: bytes = b""


@dataclass(frozen=True)
class Captchas:
    """One split of a file: pixels (N, H, W, 3) uint8 RGB, texts (N,) and ids (N,)."""

    pixels: Pixels
    texts: list[str]
    ids: list[str]


def write_captchas(
    path: Path,
    facts: Facts,
    splits: Sequence[Split],
    parts: Iterable[tuple[Pixels, Sequence[str]]],
) -> None:
    """Write a captcha file, whole or not at all; memory does not grow with the pictures.

    Args:
        path: an HDF5 file; each split becomes a group of `pixels` (N, H, W, 3), `texts` (N,) and
            `ids` (N,), with its seed in the attribute `seed`.
        facts: of all pictures.
        splits: train, validation and test.
        parts: pixels (n, H, W, 3) and texts (n,) of all splits, one after the other in order; no
            part reaches over the end of a split.

    Raises:
        PodiumError: the parts do not add up to the splits.
    """
    w, h = facts.size
    n_pictures = sum(len(split.ids) for split in splits)
    require_space(path, int(n_pictures * w * h * _BYTES_PER_PIXEL) + (1 << 20))
    rest = iter(parts)
    with locked(path), atomic_write(path) as partial, h5py.File(partial, "w") as file:
        file.attrs["provenance"] = json.dumps(facts.provenance, sort_keys=True)
        file.attrs["charset"] = facts.charset.characters
        if facts.finder:
            file.create_dataset("finder", data=np.frombuffer(facts.finder, "u1"))
        for split in splits:
            group = _group(file, split, (h, w, 3))
            row = 0
            while row < len(split.ids):
                pixels, texts = next(rest, (None, ()))
                if pixels is None or row + len(texts) > len(split.ids):
                    raise PodiumError(f"{path}: its pictures do not add up to {split.name}")
                group["pixels"][row : row + len(texts)] = pixels
                group["texts"][row : row + len(texts)] = list(texts)
                row += len(texts)
        if next(rest, None) is not None:
            raise PodiumError(f"{path}: its pictures do not add up: there are more")


def _group(file: h5py.File, split: Split, shape: tuple[int, int, int]) -> h5py.Group:
    group, n = file.create_group(split.name), len(split.ids)
    group.attrs["seed"] = split.seed
    chunk = max(1, min(CHUNK, n))
    space: dict[str, Any] = {"chunks": (chunk, *shape)} if n else {}
    if n:
        space |= {"compression": "lzf", "fletcher32": True}
    group.create_dataset("pixels", (n, *shape), "u1", **space)
    group.create_dataset("texts", (n,), _TEXT)
    group.create_dataset("ids", data=list(split.ids), dtype=_TEXT, shape=(n,))
    return group


def read_facts(path: Path) -> Facts:
    """What is known of the pictures in the file at `path`.

    Raises:
        PodiumError: the file is missing, damaged, or no captcha file.
    """
    with open_hdf5(path, "captcha file") as file:
        _, h, w, _ = file["train/pixels"].shape
        charset = Charset(str(file.attrs["charset"]))
        finder = file["finder"][:].tobytes() if "finder" in file else b""
        return Facts((w, h), charset, json.loads(file.attrs["provenance"]), finder)


def read_texts(path: Path, split: str) -> tuple[list[str], list[str]]:
    """Ids (N,) and texts (N,) of one split."""
    with open_hdf5(path, "captcha file") as file:
        group = file[split]
        return _texts(group["ids"]), _texts(group["texts"])


def read_captchas(path: Path, split: str, stop: int | None = None) -> Captchas:
    """One split of the file at `path`, or its first `stop` pictures, in memory.

    Every block is checked against its checksum.

    Raises:
        PodiumError: the file is missing, damaged, or no captcha file.
    """
    ids, texts = read_texts(path, split)
    with open_hdf5(path, "captcha file") as file:
        return Captchas(file[split]["pixels"][:stop], texts[:stop], ids[:stop])


def pixel_parts(path: Path, split: str, n: int = 8 * CHUNK) -> Iterator[Pixels]:
    """The pixels (up to `n`, H, W, 3) of one split, part by part: for splits of any size."""
    with open_hdf5(path, "captcha file") as file:
        pixels = file[split]["pixels"]
        for start in range(0, len(pixels), n):
            yield pixels[start : start + n]


def _texts(dataset: h5py.Dataset) -> list[str]:
    return [str(text) for text in dataset.asstr()[:]]
