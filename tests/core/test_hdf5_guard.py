"""Files that would hang, crash or betray the process that reads them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from podium.core import hdf5_guard
from podium.core.errors import PodiumError
from podium.core.feature_store import open_hdf5
from podium.core.hdf5_guard import check_hdf5, remember


@pytest.fixture(autouse=True)
def _own_child():
    child = hdf5_guard._CHILD
    child.stop()
    yield
    child.stop()


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


def child(monkeypatch, tmp_path, body):
    program = tmp_path / "program.py"
    program.write_text(body)
    monkeypatch.setattr(hdf5_guard, "_CHECKER", program)
    (tmp_path / "f.h5").write_bytes(b"x")
    return tmp_path / "f.h5"


def test_a_file_that_hangs_the_library_costs_the_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(hdf5_guard, "SECONDS", 0.5)
    path = child(monkeypatch, tmp_path, "import time\ntime.sleep(60)")
    start = time.monotonic()
    refused(path, "it takes more than")
    assert time.monotonic() - start < 10


def test_a_file_that_crashes_the_library_crashes_the_child_only(monkeypatch, tmp_path):
    path = child(monkeypatch, tmp_path, "import os, sys\nsys.stdin.readline()\nos.abort()")
    refused(path, "it crashes HDF5")
    monkeypatch.undo()
    with h5py.File(tmp_path / "good.h5", "w") as file:
        file["x"] = [1, 2]
    check_hdf5(tmp_path / "good.h5", "file")  # by a new child


def test_a_file_is_checked_once_until_it_changes(monkeypatch, tmp_path):
    path = tmp_path / "f.h5"
    for values in ([1], [2]):
        with h5py.File(path, "w") as file:
            file["x"] = values
        check_hdf5(path, "file")
        with monkeypatch.context() as patch:
            patch.setattr(hdf5_guard, "_CHILD", None)
            check_hdf5(path, "file")
    os.utime(path, ns=(1, 1))
    monkeypatch.setattr(hdf5_guard, "_CHILD", None)
    with pytest.raises(AttributeError):
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


def test_the_child_ends_by_itself_if_whoever_asked_is_gone(tmp_path):
    program = f"""
import signal, sys
from podium.core import hdf5_check
hdf5_check.check = lambda path: [None for _ in iter(int, 1)]
signal.alarm = lambda seconds, alarm=signal.alarm: alarm(1)
sys.stdin = open({str(tmp_path / "lines")!r})
hdf5_check.main()
"""
    (tmp_path / "lines").write_text('["f.h5", 5]\n')
    done = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)
    assert done.returncode == -signal.SIGALRM


def test_an_idle_child_lives_on_and_a_dead_one_is_replaced(tmp_path):
    for name in "abc":
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file["x"] = [1]
    check_hdf5(tmp_path / "a.h5", "file")
    first = hdf5_guard._CHILD.process
    check_hdf5(tmp_path / "b.h5", "file")
    assert hdf5_guard._CHILD.process is first
    first.kill()
    first.wait()
    check_hdf5(tmp_path / "c.h5", "file")
    assert hdf5_guard._CHILD.process is not first
    assert first.stdin.closed
    assert first.stdout.closed


def test_the_alarm_is_off_while_the_child_waits(tmp_path):
    program = f"""
import signal, sys
from podium.core import hdf5_check
sys.stdin = open({str(tmp_path / "lines")!r})
hdf5_check.main()
sys.exit(signal.alarm(0))
"""
    (tmp_path / "lines").write_text('["f.h5", 5]\n')
    done = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)
    assert done.returncode == 0
