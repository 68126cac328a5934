"""Pictures and labels in MNIST's own format: IDX files, also gzipped.

A file is two zero bytes, a byte for the type of its values, one for the number of dimensions, each
dimension in four bytes, the values (http://yann.lecun.com/exdb/mnist). Big-endian.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.printable import printable

_IMAGES = re.compile(r"images?[-._]?idx[34][-._]ubyte(\.gz)?$", re.I)
_LABELS = re.compile(r"labels?[-._]?idx1[-._]ubyte(\.gz)?$", re.I)
_UBYTE = 8  # the only type of values that pictures have
_AGAIN = "remedy: download it again"


def is_idx(name: str) -> bool:
    """Return whether a file's name is that of pictures: train-images-idx3-ubyte.gz."""
    return _IMAGES.search(name) is not None


def is_idx_labels(name: str) -> bool:
    """Return whether a file's name is that of labels: train-labels-idx1-ubyte.gz."""
    return _LABELS.search(name) is not None


class IdxPictures:
    """The pictures of one IDX file, and the labels in the file beside it.

    Attributes:
        path: of the pictures.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """Grey pixels (N, H, W), or RGB (N, H, W, 3).

        Raises:
            PodiumError: the file is damaged, or holds something else.
        """
        pixels = read_idx(self.path)
        if pixels.ndim not in (3, 4) or (pixels.ndim == 4 and pixels.shape[3] != 3):
            raise PodiumError(
                f"{printable(self.path)}: values of shape {pixels.shape} are no pictures\n"
                "remedy: grey ones are (N, H, W), coloured ones (N, H, W, 3)"
            )
        return pixels

    @property
    def labels_path(self) -> Path | None:
        """The file of their labels beside it, unpacked or gzipped; None without."""
        stem = re.sub(r"\.gz$", "", self.path.name, flags=re.I)
        stem = re.sub(r"image(s?)([-._]?idx)[34]", r"label\1\g<2>1", stem, flags=re.I)
        paths = (self.path.with_name(f"{stem}{suffix}") for suffix in ("", ".gz", ".GZ"))
        return next((path for path in paths if path.is_file()), None)

    @cached_property
    def labels(self) -> list[str]:
        """The label of each picture (N,), a number as text.

        Raises:
            PodiumError: there is no file of labels, it is damaged, or has another number of them.
        """
        path = self.labels_path
        if path is None:
            raise PodiumError(
                f"{printable(self.path)}: no labels beside it\nremedy: put the file of its labels "
                "there, under the same name with labels and idx1 (train-labels-idx1-ubyte)"
            )
        labels = read_idx(path)
        if labels.shape != (len(self.pixels),):
            raise PodiumError(
                f"{printable(path)}: it holds {labels.size} labels, {printable(self.path.name)} "
                f"{len(self.pixels)} pictures\nremedy: put files of one set there"
            )
        return [str(label) for label in labels]

    def read(self, number: int) -> bytes:
        """Return a picture as the bytes of a PGM or PPM file."""
        pixels = self.pixels[number]
        kind, (height, width) = ("P5", "P6")[pixels.ndim == 3], pixels.shape[:2]
        return f"{kind} {width} {height} 255\n".encode() + pixels.tobytes()


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the values of an IDX file: uint8, (N,) labels, (N, H, W) or (N, H, W, 3) pixels.

    Raises:
        PodiumError: it is damaged, too short or too long, or of another type.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix.lower() == ".gz" else data
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise PodiumError(f"{printable(path)}: damaged gzip file ({error})\n{_AGAIN}") from None
    if len(data) < 4 or data[:2] != b"\0\0" or len(data) < 4 + 4 * data[3]:
        raise PodiumError(f"{printable(path)}: not an IDX file, it begins otherwise\n{_AGAIN}")
    kind, n_dimensions = data[2:4]
    if kind != _UBYTE:
        raise PodiumError(
            f"{printable(path)}: values of type 0x{kind:02x} are not read\n"
            "remedy: write them as unsigned bytes (0x08)"
        )
    shape = struct.unpack_from(f">{n_dimensions}I", data, 4)
    values = np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * n_dimensions)
    n_values = int(np.prod(shape, dtype=object))
    if len(values) != n_values:
        raise PodiumError(
            f"{printable(path)}: it holds {len(values):,} values, its header says {n_values:,} "
            f"({' x '.join(map(str, shape))})\n{_AGAIN}"
        )
    return values.reshape(shape)
