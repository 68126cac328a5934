import hashlib
from pathlib import Path

import h5py
import pytest

from podium.core.errors import PodiumError
from podium.core.sealed_file import check_seal, seal


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = [1, 2, 3]
    seal(path)
    return path


def refused(path: Path, reason: str) -> None:
    with pytest.raises(
        PodiumError, match=rf"a\.h5: {reason}.*\nremedy: remove it and run dvc repro$"
    ):
        check_seal(path, "feature file")


def test_a_sealed_file_is_still_what_it_was(sealed: Path) -> None:
    data = sealed.read_bytes()
    digest = hashlib.sha256(data[:-80]).hexdigest()
    assert data[-80:] == f"\npodium sha256 {digest}\n".encode()
    check_seal(sealed, "feature file")
    with h5py.File(sealed) as file:
        assert file["x"][:].tolist() == [1, 2, 3]


def test_other_bytes(sealed: Path) -> None:
    data = sealed.read_bytes()
    refused_as = r"damaged, or no feature file of this version \(seal (broken|missing)\)"
    for changed in (data[:-1], data[1:], data + b"\n", data[:-80], data[:40], b"", data[-80:-1]):
        sealed.write_bytes(changed)
        refused(sealed, refused_as)
    for place in range(0, len(data), 50):
        sealed.write_bytes(data[:place] + bytes([data[place] ^ 64]) + data[place + 1 :])
        refused(sealed, refused_as)
    sealed.write_bytes(data)
    check_seal(sealed, "feature file")


def test_no_file(sealed: Path) -> None:
    sealed.unlink()
    refused(sealed, "no such file")
    sealed.mkdir()
    refused(sealed, "no file")


def test_a_huge_file_without_a_seal_is_told_at_once(sealed: Path) -> None:
    with sealed.open("r+b") as file:
        file.truncate(1 << 42)  # a sparse file of 4 TiB
    refused(sealed, "damaged, or no feature file of this version .seal missing")


def test_a_name_with_escape_codes(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match=r"a\\x1b\[31m\.h5: no such file"):
        check_seal(tmp_path / "a\x1b[31m.h5", "feature file")
