import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from podium.core.reserved_space import created_hdf5


def write(path: Path, n_reserved: int) -> None:
    with created_hdf5(path) as (file, reserve):
        for name in "ab":
            if n_reserved:
                reserve(n_reserved)
            file[name] = np.arange(5000)


def test_the_file_is_the_same_with_and_without_reserved_room(tmp_path: Path) -> None:
    plain, roomy = tmp_path / "plain.h5", tmp_path / "roomy.h5"
    write(plain, 0)
    write(roomy, 8 << 20)
    assert roomy.read_bytes() == plain.read_bytes()
    with h5py.File(roomy) as file:
        assert file["b"][:].tolist() == list(range(5000))


def test_room_is_taken_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with created_hdf5(path) as (_, reserve):
        reserve(8 << 20)
        if path.stat().st_blocks * 512 < 8 << 20:
            pytest.skip("this file system does not reserve room")
        assert path.stat().st_size < 1 << 20
    os.sync()
    assert path.stat().st_blocks * 512 < 1 << 20


def test_no_room(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"

    def write_vast() -> None:
        with created_hdf5(path) as (file, reserve):
            file["a"] = [1]
            reserve(1 << 60)

    with pytest.raises(OSError, match=r"too large|No space"):
        write_vast()
    with h5py.File(path) as file:
        assert list(file) == ["a"]
