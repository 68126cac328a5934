"""guarded and disk_fault: what a person reads, and the exit status a script sees."""

import errno
import os
import signal
from pathlib import Path

import pytest

from podium.core.errors import (
    EnvironmentFault,
    PodiumError,
    SettingsError,
    disk_fault,
    guarded,
)
from podium.core.picture_decoder import UnreadableImage


@pytest.fixture(autouse=True)
def _clean_process(monkeypatch):
    monkeypatch.delenv("PODIUM_DEBUG", raising=False)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def raising(error):
    @guarded
    def main():
        raise error

    return main


@pytest.mark.parametrize(
    ("kind", "code"),
    [(PodiumError, 1), (UnreadableImage, 1), (SettingsError, 2), (EnvironmentFault, 3)],
)
def test_an_expected_error_is_one_message_and_an_exit_code(kind, code, capsys):
    with pytest.raises(SystemExit) as caught:
        raising(kind("cats.csv: column id is missing\nremedy: add it"))()
    assert caught.value.code == code
    shown = capsys.readouterr()
    assert shown.err == "error: cats.csv: column id is missing\nremedy: add it\n"
    assert shown.out == ""


DISK = [
    (errno.ENOSPC, "the disk is full"),
    (errno.EDQUOT, "quota"),
    (errno.EFBIG, "ulimit -f"),
    (errno.EROFS, "read-only"),
    (errno.EACCES, "permission denied"),
    (errno.EPERM, "not permitted"),
    (errno.ENOTDIR, "a file stands where a folder is needed"),
    (errno.EEXIST, "a file stands where a folder is needed"),
    (errno.EISDIR, "a folder stands where a file is needed"),
    (errno.ENOENT, "no such file: it was removed while this ran"),
    (errno.EIO, "the disk reports an error"),
    (errno.EMFILE, "ulimit -n"),
]


@pytest.mark.parametrize(("number", "advice"), DISK)
def test_a_disk_error_is_the_machines_fault_and_names_the_file(number, advice, capsys):
    with pytest.raises(SystemExit) as caught:
        raising(OSError(number, os.strerror(number), "/data/x.csv"))()
    assert caught.value.code == 3
    shown = capsys.readouterr().err
    assert shown.startswith("error: /data/x.csv: ")
    assert advice in shown
    assert shown.count("\n") == 1


def test_disk_fault_prefers_the_path_that_was_asked_for():
    full = OSError(errno.ENOSPC, "No space left", "/tmp/.x.partial")
    assert str(disk_fault(full, Path("x.csv"))).startswith("x.csv: the disk is full")
    assert str(disk_fault(full)).startswith("/tmp/.x.partial: the disk is full")
    assert str(disk_fault(OSError(errno.ENOSPC, "No space left"))).startswith("output: the disk")


def test_disk_fault_is_none_where_the_disk_is_not_to_blame():
    assert disk_fault(OSError("no number")) is None
    assert disk_fault(ConnectionResetError(errno.ECONNRESET, "reset")) is None


@pytest.mark.parametrize(
    "error", [ValueError("bug"), KeyError("bug"), ConnectionResetError(errno.ECONNRESET, "reset")]
)
def test_an_unforeseen_exception_passes_with_its_traceback(error, capsys):
    with pytest.raises(type(error)) as caught:
        raising(error)()
    assert caught.value is error
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [SettingsError("wrong"), OSError(errno.ENOSPC, "full")])
def test_debug_lets_the_traceback_through(error, monkeypatch, capsys):
    monkeypatch.setenv("PODIUM_DEBUG", "1")
    with pytest.raises(type(error)) as caught:
        raising(error)()
    assert caught.value is error
    assert capsys.readouterr().err == ""


def test_without_error_main_is_as_it_was():
    @guarded
    def main(left, *, right):
        """Adds."""
        return left + right

    assert main(1, right=2) == 3
    assert (main.__name__, main.__doc__) == ("main", "Adds.")


def test_sigterm_runs_finally_and_exits_143():
    left = []

    @guarded
    def main():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            left.append("ran on")
        finally:
            left.append("cleaned up")

    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 143
    assert left == ["cleaned up"]


def test_control_characters_of_names_are_escaped(capsys):
    with pytest.raises(SystemExit):
        raising(PodiumError("a\x1b[31m\r\u202e.jpg: damaged\nremedy: replace it"))()
    assert capsys.readouterr().err == (
        "error: a\\x1b[31m\\r\\u202e.jpg: damaged\nremedy: replace it\n"
    )
    with pytest.raises(SystemExit):
        raising(OSError(errno.ENOSPC, "full", "a\n\x1b.csv"))()
    assert capsys.readouterr().err.startswith("error: a\\n\\x1b.csv: the disk is full")


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (MemoryError(), 3, "error: memory ran out"),
        (KeyboardInterrupt(), 130, "interrupted: run the same command again to go on"),
    ],
)
def test_a_lack_of_memory_and_ctrl_c_are_one_line(error, code, says, capsys):
    with pytest.raises(SystemExit) as caught:
        raising(error)()
    assert caught.value.code == code
    shown = capsys.readouterr().err
    assert shown.startswith(says)
    assert shown.count("\n") == 1
