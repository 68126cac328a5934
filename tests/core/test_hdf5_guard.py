"""Files that would hang, crash or betray the process that reads them."""

from __future__ import annotations

import os
import subprocess
import time

import h5py
import numpy as np
import pytest

from podium.core import hdf5_guard
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.hdf5_file import open_hdf5
from podium.core.hdf5_guard import check_hdf5, is_sound, remember


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(bytes(range(48)))
    return path


def refused(path, words):
    with pytest.raises(PodiumError) as caught:
        check_hdf5(path, "feature file")
    message = str(caught.value)
    assert message.startswith(f"{path}: damaged, or no feature file (")
    assert message.endswith("\nremedy: remove it and run dvc repro")
    assert words in message


def external_storage(file, secret):
    file.create_dataset("x", (3, 4), "f4", external=[(str(secret), 0, 48)])


def external_link(file, secret):
    file["x"] = h5py.ExternalLink(str(secret), "y")


def soft_link(file, _):
    file["y"] = [1]
    file["x"] = h5py.SoftLink("/y")


def link_loop(file, _):
    file.create_group("x")["again"] = file


def virtual(file, _):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (4,))
    file.create_virtual_dataset("x", layout)


def huge(file, _):
    file.create_dataset("x", (1 << 40, 1 << 10), "f4", chunks=(256, 1024))


def compound(file, _):
    file["x"] = np.zeros(3, [("a", "f4"), ("b", "i4")])


def reference(file, _):
    file["y"] = [1]
    file.create_dataset("x", data=file["y"].ref, dtype=h5py.ref_dtype)


def named_type(file, _):
    file["x"] = np.dtype("f4")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (external_storage, "stored in other files"),
        (virtual, "stored in other files"),
        (external_link, "'x' is a link to another place"),
        (soft_link, "'x' is a link to another place"),
        (link_loop, "is there by two names"),
        (huge, "declares 4503599627370496 bytes and stores 0"),
        (compound, "neither numbers nor texts"),
        (reference, "neither numbers nor texts"),
        (named_type, "neither a group nor a dataset"),
    ],
)
def test_what_no_file_of_the_project_holds_is_refused(tmp_path, secret, write, words):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        write(file, secret)
    start = time.monotonic()
    refused(tmp_path / "f.h5", words)
    assert time.monotonic() - start < 10


def test_a_file_that_hangs_the_library_costs_the_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(hdf5_guard, "SECONDS", 0.5)
    os.mkfifo(tmp_path / "f.h5")  # opening it waits for whoever writes to it
    start = time.monotonic()
    assert hdf5_guard.hdf5_fault(tmp_path / "f.h5") == "it takes more than 0 s to read"
    assert time.monotonic() - start < 10


def checker(monkeypatch, tmp_path, body):
    monkeypatch.setattr(hdf5_guard, "_CHECKER", tmp_path / "program.py")
    (tmp_path / "program.py").write_text(body)
    (tmp_path / "f.h5").write_bytes(b"x")
    return tmp_path / "f.h5"


def test_a_file_that_crashes_the_library_crashes_the_child_only(monkeypatch, tmp_path):
    refused(checker(monkeypatch, tmp_path, "import os\nos.abort()"), "it crashes HDF5")


def test_a_checker_that_does_not_start_is_a_fault_of_the_machine(monkeypatch, tmp_path):
    path = checker(monkeypatch, tmp_path, "import h5pyx")
    with pytest.raises(EnvironmentFault) as caught:
        check_hdf5(path, "file")
    message = str(caught.value)
    assert message.startswith(f"{path}: cannot be checked: ModuleNotFoundError: No module named")
    assert "\nremedy: " in message


def test_only_a_file_that_can_be_read_is_sound(tmp_path):
    path = tmp_path / "f.h5"
    assert not is_sound(path)
    with h5py.File(path, "w") as file:
        file["x"] = [1]
    assert is_sound(path)
    path.write_bytes(path.read_bytes()[:-1])
    assert not is_sound(path)


def test_a_file_is_checked_once_until_it_changes(monkeypatch, tmp_path):
    path = tmp_path / "f.h5"
    for values in ([1], [2]):
        with h5py.File(path, "w") as file:
            file["x"] = values
        check_hdf5(path, "file")
        with monkeypatch.context() as patch:
            patch.setattr(subprocess, "run", None)
            check_hdf5(path, "file")
    os.utime(path, ns=(1, 1))
    monkeypatch.setattr(subprocess, "run", None)
    with pytest.raises(TypeError):
        check_hdf5(path, "file")
    remember(path)
    check_hdf5(path, "file")


def test_a_missing_file_is_left_to_whoever_opens_it(tmp_path):
    check_hdf5(tmp_path / "none.h5", "file")
    with (
        pytest.raises(PodiumError, match="no such file\nremedy: run dvc repro"),
        open_hdf5(tmp_path / "none.h5", "file"),
    ):
        pass


def test_files_of_every_kind_of_storage_pass(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.attrs["provenance"] = "{}"
        group = file.create_group("train")
        group.attrs["seed"] = 1
        group.create_dataset("texts", data=["a", "ä"] * 300, dtype=h5py.string_dtype())
        group.create_dataset("none", (0,), h5py.string_dtype())
        group.create_dataset("blank", data=np.zeros((40, 64, 64, 3), "u1"), compression="lzf")
        group.create_dataset("flat", data=np.zeros((1 << 12, 1 << 8)))
        group.create_dataset("sums", data=np.ones((300, 8), "f4"), fletcher32=True)
        group["number"] = 3
        group["text"] = "x"
    check_hdf5(tmp_path / "f.h5", "file")
