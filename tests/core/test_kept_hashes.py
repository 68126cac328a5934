"""Large files are hashed once, until they change."""

from __future__ import annotations

import hashlib
import os

import pytest

from podium.core import kept_hashes
from podium.core.kept_hashes import kept_sha256


@pytest.fixture
def reads(tmp_path, monkeypatch):
    """Which files were read whole."""
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr(kept_hashes, "LEAST", 8)
    paths, whole = [], kept_hashes.file_sha256
    monkeypatch.setattr(
        kept_hashes, "file_sha256", lambda path: (paths.append(path.name), whole(path))[1]
    )
    return paths


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_an_unchanged_file_is_read_once(tmp_path, reads):
    path = tmp_path / "s.svs"
    path.write_bytes(b"0123456789")
    assert [kept_sha256(path) for _ in range(3)] == [sha256(b"0123456789")] * 3
    assert reads == ["s.svs"]


def test_a_file_that_changed_is_read_again_though_its_size_and_date_are_the_same(tmp_path, reads):
    path = tmp_path / "s.svs"
    path.write_bytes(b"0123456789")
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    kept_sha256(path)
    path.write_bytes(b"9876543210")
    os.utime(path, ns=times)
    assert kept_sha256(path) == sha256(b"9876543210")
    assert reads == ["s.svs"] * 2


def test_two_files_of_the_same_bytes_are_two(tmp_path, reads):
    for name in "ab":
        (tmp_path / name).write_bytes(b"0123456789")
        kept_sha256(tmp_path / name)
    assert reads == ["a", "b"]


@pytest.mark.parametrize("damage", [b"", b"\xff" * 64, b"abc", b"z" * 64])
def test_a_damaged_note_is_made_anew(tmp_path, reads, damage):
    path = tmp_path / "s.svs"
    path.write_bytes(b"0123456789")
    kept_sha256(path)
    [note] = (tmp_path / "scratch/hashes").iterdir()
    note.write_bytes(damage)
    assert kept_sha256(path) == sha256(b"0123456789")
    assert note.read_text() == sha256(b"0123456789")


def test_small_files_leave_no_note(tmp_path, reads):
    (tmp_path / "x").write_bytes(b"0")
    assert kept_sha256(tmp_path / "x") == sha256(b"0")
    assert not (tmp_path / "scratch").exists()
