import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from podium.captcha.charset import Charset
from podium.captcha.dataset import (
    CHUNK,
    SPLITS,
    Facts,
    Split,
    iter_pixels,
    read_captchas,
    read_facts,
    read_texts,
    read_unreadable,
    write_captchas,
)
from podium.core.errors import PodiumError
from podium.core.hdf5_guard import is_sound

N = CHUNK + 3
FACTS = Facts((7, 4), Charset("0A不"), {"task": "text", "length": 2})
THREE = (
    Split("train", [f"t{number}" for number in range(N)], 11),
    Split("validation", ["007", "NA"], 12),
    Split("test", ["9"]),
)

Part = tuple[np.ndarray, list[str]]


def part(*texts: str, start: int = 0) -> Part:
    """Pictures of numbers that nothing else holds, with their texts."""
    numbers = np.random.default_rng(start).integers(0, 256, (len(texts), 4, 7, 3))
    return numbers.astype(np.uint8), list(texts)


def texts(n: int) -> list[str]:
    return [("0A", "A不", "00")[number % 3] for number in range(n)]


PARTS = (part(*texts(20)), part(*texts(N - 20), start=1), part("不0", "AA", start=2), part(""))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "captcha/text.h5"
    write_captchas(path, FACTS, THREE, PARTS)
    return path


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "scratch")


def test_layout(written: Path) -> None:
    with h5py.File(written) as file:
        assert set(file) == set(SPLITS)
        assert json.loads(file.attrs["provenance"]) == {"task": "text", "length": 2}
        assert file.attrs["charset"] == "0A不"
        for name, n, seed in (("train", N, 11), ("validation", 2, 12), ("test", 1, -1)):
            pixels = file[name]["pixels"]
            assert set(file[name]) == {"pixels", "texts", "ids"}
            assert (pixels.shape, pixels.dtype) == ((n, 4, 7, 3), np.uint8)
            assert (pixels.compression, pixels.fletcher32) == ("gzip", True)
            assert pixels.chunks == (min(CHUNK, n), 4, 7, 3)
            assert file[name].attrs["seed"] == seed
            assert (file[name]["texts"].shape, file[name]["ids"].shape) == ((n,), (n,))
        assert list(file["validation/ids"].asstr()) == ["007", "NA"]
        assert list(file["validation/texts"].asstr()) == ["不0", "AA"]


def test_what_is_written_is_read(written: Path) -> None:
    train = read_captchas(written, "train")
    assert train.ids == [f"t{number}" for number in range(N)]
    assert train.texts == texts(20) + texts(N - 20)
    np.testing.assert_array_equal(train.pixels, np.concatenate([PARTS[0][0], PARTS[1][0]]))
    assert train.pixels.dtype == np.uint8
    test = read_captchas(written, "test")
    assert (test.ids, test.texts) == (["9"], [""])
    np.testing.assert_array_equal(test.pixels, PARTS[3][0])
    assert read_facts(written) == FACTS
    assert left_in(written.parent) == ["text.h5"]


def test_texts_without_pixels(written: Path) -> None:
    assert read_texts(written, "validation") == (["007", "NA"], ["不0", "AA"])


def test_the_first_pictures_only(written: Path) -> None:
    found = read_captchas(written, "train", 2)
    assert (found.ids, found.texts) == (["t0", "t1"], ["0A", "A不"])
    np.testing.assert_array_equal(found.pixels, PARTS[0][0][:2])
    assert len(read_captchas(written, "test", 5).ids) == 1


@pytest.mark.parametrize("n", [1, 10, N, 1000])
def test_pixels_part_by_part(written: Path, n: int) -> None:
    parts = list(iter_pixels(written, "train", n))
    assert [len(one) for one in parts] == [min(n, N - start) for start in range(0, N, n)]
    np.testing.assert_array_equal(np.concatenate(parts), read_captchas(written, "train").pixels)


def test_a_part_of_nothing_changes_nothing(tmp_path: Path) -> None:
    splits = (Split("train", ["a", "b"]), Split("validation", ["c"]), Split("test", []))
    path = tmp_path / "text.h5"
    write_captchas(path, FACTS, splits, [part("0"), part(), part("A"), part(), part("0")])
    assert read_texts(path, "train") == (["a", "b"], ["0", "A"])


def test_an_empty_test_split(tmp_path: Path) -> None:
    path = tmp_path / "text.h5"
    write_captchas(path, FACTS, [*THREE[:2], Split("test", [])], PARTS[:3])
    found = read_captchas(path, "test")
    assert (found.ids, found.texts, found.pixels.shape) == ([], [], (0, 4, 7, 3))
    assert read_texts(path, "test") == ([], [])
    assert list(iter_pixels(path, "test")) == []
    assert len(read_captchas(path, "validation").ids) == 2


@pytest.mark.parametrize(
    ("parts", "split"),
    [
        ([], "train"),
        ([part(*texts(20))], "train"),
        (PARTS[:2], "validation"),
        ([*PARTS[:2], part("0")], "validation"),
        (PARTS[:3], "test"),
        ([part(*texts(N + 1)), part("0"), part("0")], "train"),
        ([*PARTS[:2], part("0", "0", "0")], "validation"),
        ([*PARTS[:3], part("0", "0")], "test"),
    ],
)
def test_parts_that_do_not_add_up(tmp_path: Path, parts: Sequence[Part], split: str) -> None:
    path = tmp_path / "text.h5"
    with pytest.raises(PodiumError, match=rf"text\.h5: its pictures do not add up to {split}$"):
        write_captchas(path, FACTS, THREE, parts)
    assert left_in(tmp_path) == []


def test_a_part_too_many(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match="do not add up"):
        write_captchas(tmp_path / "text.h5", FACTS, THREE, [*PARTS, part("0")])


def test_a_failed_write_leaves_the_file_before(written: Path) -> None:
    def stopping():
        yield PARTS[0]
        raise PodiumError("stopped")

    before = written.read_bytes()
    with pytest.raises(PodiumError, match="stopped"):
        write_captchas(written, FACTS, THREE, stopping())
    assert written.read_bytes() == before
    assert left_in(written.parent) == ["text.h5"]


def test_memory_does_not_grow_with_the_pictures(tmp_path: Path) -> None:
    taken = []

    def lazily():
        for one in PARTS:
            taken.append(len([path for path in tmp_path.iterdir() if "partial" in path.name]))
            yield one

    write_captchas(tmp_path / "text.h5", FACTS, THREE, lazily())
    assert taken == [1] * 4  # asked for one by one, while the file was being written


@pytest.mark.parametrize(
    "read",
    [
        read_facts,
        lambda path: read_texts(path, "train"),
        lambda path: read_captchas(path, "train"),
        lambda path: list(iter_pixels(path, "train")),
    ],
)
def test_files_of_another_kind(tmp_path: Path, read) -> None:
    path = tmp_path / "text.h5"
    with pytest.raises(PodiumError, match=r"text\.h5: no such file\nremedy: "):
        read(path)
    path.write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(PodiumError, match=r"text\.h5: damaged, or no captcha file"):
        read(path)
    path.unlink()
    with h5py.File(path, "w") as file:
        file["features"] = np.zeros((3, 4))
    with pytest.raises(PodiumError, match=r"text\.h5: damaged, or no captcha file"):
        read(path)


def test_a_flipped_bit_is_noticed(written: Path) -> None:
    data = bytearray(written.read_bytes())
    with h5py.File(written) as file:
        data[file["train/pixels"].id.get_chunk_info(1).byte_offset + 9] ^= 1
    written.write_bytes(data)
    for read in (read_captchas, lambda *which: list(iter_pixels(*which))):
        with pytest.raises(PodiumError, match=r"text\.h5: damaged"):
            read(written, "train")
    with pytest.raises(
        PodiumError, match=r"text\.h5: damaged.*\nremedy: remove it and run dvc repro"
    ):
        read_captchas(written, "validation")  # nothing of a damaged file is used


def test_a_truncated_file(written: Path) -> None:
    written.write_bytes(written.read_bytes()[:-100])
    with pytest.raises(PodiumError, match=r"text\.h5: damaged"):
        read_facts(written)


# ---- hostile and damaged files


READERS = (
    read_facts,
    lambda path: read_texts(path, "train"),
    lambda path: read_unreadable(path, "train"),
    lambda path: read_captchas(path, "train"),
    lambda path: list(iter_pixels(path, "train")),
)


def test_a_changed_byte_is_refused_or_changes_nothing(written: Path) -> None:
    data, before = written.read_bytes(), [read_captchas(written, split) for split in SPLITS]
    texts = [data.index(word) for word in (b"t17", b"007", "A不".encode(), b'"length": 2')]
    for place in [*texts, *range(0, len(data), 997)]:
        written.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        if not is_sound(written):
            with pytest.raises(PodiumError, match=r"damaged, or no captcha file.*\nremedy: "):
                read_captchas(written, "test")
            continue
        assert place not in texts
        assert read_facts(written) == FACTS
        for one, split in zip(before, SPLITS, strict=True):
            other = read_captchas(written, split)
            assert (one.ids, one.texts) == (other.ids, other.texts)
            np.testing.assert_array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("kept", [0, 1, 79, 80, 81, 4000, -1, -80, -81])
def test_a_file_cut_anywhere(written: Path, kept: int, read) -> None:
    written.write_bytes(written.read_bytes()[:kept])
    with pytest.raises(PodiumError, match=r"text\.h5: damaged, or no captcha file.*\nremedy: "):
        read(written)


@pytest.mark.parametrize("read", READERS)
def test_links_and_vast_shapes_made_elsewhere(tmp_path: Path, read) -> None:
    path = tmp_path / "text.h5"
    with h5py.File(path, "w") as file:
        file["train/ids"] = h5py.SoftLink("/train/ids")
        file["train/texts"] = h5py.ExternalLink("/etc/passwd", "/")
        file["train"].create_dataset("pixels", (10**9, 999, 999, 3), "u1", chunks=(1, 999, 999, 3))
    with pytest.raises(PodiumError, match=r"text\.h5: damaged, or no captcha file.*another place"):
        read(path)


@pytest.mark.parametrize("read", READERS)
def test_a_folder_in_its_place(tmp_path: Path, read) -> None:
    (tmp_path / "text.h5").mkdir()
    with pytest.raises(PodiumError, match=r"text\.h5: damaged, or no captcha file.*\nremedy: "):
        read(tmp_path / "text.h5")


@pytest.mark.parametrize(
    "datasets",
    [
        {},
        {"train": 3},
        {"train/ids": [1, 2], "train/texts": [1, 2], "train/pixels": np.zeros((2, 4))},
        {"train/ids": 1.5, "train/texts": 2, "train/pixels": 4},
    ],
)
def test_other_contents(tmp_path: Path, datasets: dict[str, object]) -> None:
    path = tmp_path / "text.h5"
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
        file.attrs["charset"], file.attrs["provenance"] = "AB", "{}"
    for read in (read_facts, READERS[1]):
        with pytest.raises(PodiumError, match=r"text\.h5: .*no captcha file.*\nremedy: "):
            read(path)


def test_rows_of_unreadable_pictures(tmp_path: Path) -> None:
    path = tmp_path / "text.h5"
    splits = (*THREE[:2], Split("test", ["9"], unreadable=[0]))
    write_captchas(path, FACTS, splits, PARTS)
    assert [read_unreadable(path, name) for name in SPLITS] == [[], [], [0]]


# ---- a full disk

NOISE = """
import sys
from pathlib import Path
import numpy as np
from podium.captcha.charset import Charset
from podium.captcha.dataset import Facts, Split, write_captchas
from podium.core.errors import exit_on_fault
path, n, other = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
def parts():
    for k in range(n // 32):
        if k == 2:  # another program takes room meanwhile
            (path.parent / "other").write_bytes(bytes(other))
        yield np.random.default_rng(k).integers(0, 256, (32, 60, 100, 3)).astype("u1"), ["AB"] * 32
splits = [Split("train", [str(k) for k in range(n)]), Split("validation", []), Split("test", [])]
with exit_on_fault():
    write_captchas(path, Facts((100, 60), Charset("AB"), {}), splits, parts())
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(("n", "other"), [(320, 0), (224, 0), (128, 3 << 20), (160, 2 << 20)])
def test_a_full_disk_ends_in_one_line(small_disk: Path, n: int, other: int) -> None:
    words = [sys.executable, "-c", NOISE, str(small_disk / "c.h5"), str(n), str(other)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr[-500:]
    assert done.stderr.splitlines() == [
        f"error: {small_disk / 'c.h5'}: the disk is full: free some space and run the same "
        "command again"
    ]
    assert {path.name for path in small_disk.iterdir()} <= {"other"}


def test_room_that_suffices(small_disk: Path) -> None:
    words = [sys.executable, "-c", NOISE, str(small_disk / "c.h5"), "128", "100"]
    subprocess.run(words, check=True)
    assert len(read_captchas(small_disk / "c.h5", "train").ids) == 128
