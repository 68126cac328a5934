import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.hdf5_file import create_hdf5, dataset, open_hdf5, texts_in, write_texts
from podium.core.hdf5_guard import check_hdf5


def write(path: Path, n_reserved: int = 0) -> None:
    with create_hdf5(path, 1) as (file, reserve):
        for name in "ab":
            if n_reserved:
                reserve(n_reserved)
            file.create_dataset(name, data=np.arange(5000), fletcher32=True)


def test_the_file_is_the_same_with_and_without_reserved_room(tmp_path: Path) -> None:
    plain, roomy = tmp_path / "plain.h5", tmp_path / "roomy.h5"
    write(plain)
    write(roomy, 8 << 20)
    assert roomy.read_bytes() == plain.read_bytes()
    with h5py.File(roomy) as file:
        assert file["b"][:].tolist() == list(range(5000))


def test_room_is_taken_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with create_hdf5(path, 1) as (_, reserve):
        reserve(8 << 20)
        [partial] = tmp_path.glob(".a.h5*")
        if partial.stat().st_blocks * 512 < 8 << 20:
            pytest.skip("this file system does not reserve room")
        assert partial.stat().st_size < 1 << 20
    os.sync()
    assert path.stat().st_blocks * 512 < 1 << 20


@pytest.mark.parametrize("reserved", [0, 1 << 60])
def test_no_room(tmp_path: Path, reserved: int) -> None:
    path = tmp_path / "a.h5"
    write(path)
    before = path.read_bytes()

    def write_vast() -> None:
        with create_hdf5(path, 1 if reserved else 1 << 60) as (file, reserve):
            file["a"] = [1]
            reserve(reserved)

    with pytest.raises(EnvironmentFault, match=r"a\.h5: (the disk is full|the file would pass)"):
        write_vast()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.name != "scratch"] == ["a.h5"]


def test_what_was_just_written_is_not_checked_again(tmp_path: Path, monkeypatch) -> None:
    write(tmp_path / "a.h5")
    monkeypatch.setattr("subprocess.run", None)
    with open_hdf5(tmp_path / "a.h5", "file") as file:
        assert file["a"][3] == 3


def test_a_changed_byte_is_refused_wherever_values_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with create_hdf5(path, 1) as (file, _):
        file.attrs["settings"] = '{"seed": 41}'
        group = file.create_group("train")
        group.attrs["seed"] = 1234567
        write_texts(group, "texts", ["blue", "green"])
        group["rows"] = np.array([7654321])
        group.create_dataset("sums", data=np.full(9, 2345671), fletcher32=True)
    data = path.read_bytes()
    check_hdf5(path, "file")
    numbers = [np.int64(number).tobytes() for number in (1234567, 7654321, 2345671)]
    for value in (b'seed": 41', b"blue", b"green", *numbers):
        place = data.index(value)
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(PodiumError, match=r"a\.h5: damaged, or no file"):
            check_hdf5(path, "file")
    path.write_bytes(data)
    check_hdf5(path, "file")


def test_texts_and_datasets_of_another_kind(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_texts(file, "texts", ["ä", ""])
        write_texts(file, "none", [])
        file["x"], file["table"] = np.zeros(2, "f4"), [["a"], ["b"]]
        assert (texts_in(file, "texts"), texts_in(file, "none")) == (["ä", ""], [])
        assert dataset(file, "x", "f4", 1).shape == (2,)
        with pytest.raises(ValueError, match=r"table is \(2, 1\), not one column"):
            texts_in(file, "table")
        for dtype, n_axes in (("f4", 2), ("i4", 1)):
            with pytest.raises(ValueError, match=f"x is no .* dataset of {n_axes} axes"):
                dataset(file, "x", dtype, n_axes)
        with pytest.raises(KeyError):
            dataset(file, "y", "f4", 1)
