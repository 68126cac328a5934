"""MNIST's own format: files written by hand, damaged ones, and the source that reads them."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from podium.core.errors import PodiumError, SettingsError
from podium.core.picture_decoder import decode
from podium.pictures.idx import IdxPictures, is_idx, is_idx_labels, read_idx
from podium.pictures.places import Places
from podium.pictures.source import PictureSource

TWO = bytes.fromhex(  # two pictures of one row and three columns: 0 1 2 and 253 254 255
    "00000803000000020000000100000003000102fdfeff"
)
LABELS = bytes.fromhex("00000801000000020709")


def write_idx(path, values):
    """Writes an array as an IDX file, gzipped where the name says so."""
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    data = header + values.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def mnist(root, rng, n_train=24, n_test=8, end=""):
    """MNIST's four files with digits 0 to 2 as bright as they say."""
    for split, n in (("train", n_train), ("t10k", n_test)):
        labels = np.arange(n) % 3
        pixels = 20 + 90 * labels[:, None, None] + rng.integers(0, 40, (n, 28, 28))
        write_idx(root / f"{split}-images-idx3-ubyte{end}", pixels)
        write_idx(root / f"{split}-labels-idx1-ubyte{end}", labels)


@pytest.mark.parametrize(
    ("name", "pictures", "labels"),
    [
        ("train-images-idx3-ubyte", True, False), ("t10k-images-idx3-ubyte.gz", True, False),
        ("train-images.idx3-ubyte", True, False), ("emnist-train-images-idx3-ubyte", True, False),
        ("train-labels-idx1-ubyte.gz", False, True), ("train.images", False, False),
        ("train-images-idx3-ubyte.zip", False, False), ("images", False, False),
    ],
)  # fmt: skip
def test_names(name, pictures, labels):
    assert (is_idx(name), is_idx_labels(name)) == (pictures, labels)


def test_a_file_by_hand(tmp_path):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(TWO)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(LABELS)
    pictures = IdxPictures(path)
    assert pictures.labels == ["7", "9"]
    assert pictures.pixels.tolist() == [[[0, 1, 2]], [[253, 254, 255]]]
    assert pictures.read(1) == b"P5 3 1 255\n\xfd\xfe\xff"
    assert np.asarray(decode(pictures.read(1), 1.0))[0, :, 0].tolist() == [253, 254, 255]


def test_coloured_pictures(tmp_path, rng):
    pixels = rng.integers(0, 256, (2, 4, 5, 3))
    write_idx(tmp_path / "train-images-idx4-ubyte.gz", pixels)
    read = IdxPictures(tmp_path / "train-images-idx4-ubyte.gz").read(1)
    np.testing.assert_array_equal(np.asarray(decode(read, 1.0)), pixels[1])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (TWO[:-1], "it holds 5 values, its header says 6 (2 x 1 x 3)\nremedy: download it again"),
        (TWO + b"\0", "it holds 7 values, its header says 6 (2 x 1 x 3)"),
        (b"", "not an IDX file, it begins otherwise"),
        (TWO[:9], "not an IDX file, it begins otherwise"),
        (b"<html>not found</html>", "not an IDX file, it begins otherwise"),
        (TWO[:2] + b"\x0d" + TWO[3:], "values of type 0x0d are not read\nremedy: write them as"),
    ],
    ids=["short", "long", "empty", "header", "html", "floats"],
)
def test_a_damaged_file_is_named(tmp_path, data, says):
    path = tmp_path / "a-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(PodiumError) as caught:
        read_idx(path)
    assert str(caught.value).startswith(f"{path}: {says}")


@pytest.mark.parametrize(
    "data",
    [gzip.compress(TWO)[:-9], b"\x1f\x8b" + b"\0" * 20, TWO],
    ids=["cut", "empty", "none"],  # the bytes of a gzip file hold the time
)
def test_a_damaged_gzip_file_is_named(tmp_path, data):
    path = tmp_path / "a-images-idx3-ubyte.gz"
    path.write_bytes(data)
    with pytest.raises(PodiumError, match=r"ubyte\.gz: damaged gzip file \(.+\)\nremedy: downl"):
        read_idx(path)


def test_labels_alone_are_no_pictures(tmp_path):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(LABELS)
    with pytest.raises(PodiumError, match=r"values of shape \(2,\) are no pictures"):
        IdxPictures(path).read(0)


def test_other_counts_and_no_labels(tmp_path, rng):
    mnist(tmp_path, rng)
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(23))
    says = r"labels-idx1-ubyte: it holds 23 labels, train-images-idx3-ubyte 24 pictures\nremedy"
    with pytest.raises(PodiumError, match=says):
        PictureSource(tmp_path).entries("train")
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(PodiumError, match=r"idx3-ubyte: no labels beside it\nremedy: put the file"):
        PictureSource(tmp_path).entries("train")


@pytest.mark.parametrize("end", ["", ".gz"])
def test_mnists_files_are_a_source(tmp_path, rng, end):
    mnist(tmp_path, rng, end=end)
    source = PictureSource(tmp_path)
    train, test = source.entries("train"), source.entries("test")
    assert [entry.id for entry in train] == [str(k) for k in range(24)]
    assert [entry.label for entry in train] == [str(k % 3) for k in range(24)]
    assert train[10].path == f"train-images-idx3-ubyte{end}!10"
    assert {entry.label for entry in test} == {""}
    assert source.n_bytes(test[3].path) == len(source.read(test[3].path)) == 784 + 13
    (left_out,) = source.left_out()
    assert left_out.path == f"t10k-labels-idx1-ubyte{end}"
    assert left_out.fault.startswith("labels of no train pictures: not used; test_labels.csv")


def test_a_place_that_is_not_there(tmp_path, rng):
    mnist(tmp_path, rng)
    with pytest.raises(SettingsError, match=r"photos\.layout\.train: .* 'x-images-idx3-ubyte'"):
        PictureSource(tmp_path, Places("x-images-idx3-ubyte")).entries("train")
