"""Pools of processes: order, and that nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from podium.core.processes import parallel_map


def square(n: int) -> int:
    return n * n


def slow(n: int) -> int:
    time.sleep(60)
    return n


def first_at_once(n: int) -> int:
    return slow(n) if n else n


def test_results_come_in_order():
    assert list(parallel_map(square, range(9), 2, chunksize=2)) == [n * n for n in range(9)]


def holds_back_ctrl_c(_: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_workers_hold_ctrl_c_back_and_this_process_does_not():
    assert list(parallel_map(holds_back_ctrl_c, range(3), 2)) == [True] * 3
    assert not holds_back_ctrl_c(0)


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def program(folder: Path, body: str) -> list[str]:
    """The command that runs `body` as the main function of a stage."""
    path = folder / "stage.py"
    path.write_text(
        f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from podium.core.errors import PodiumError, guarded
from podium.core.processes import parallel_map
from test_processes import first_at_once, slow

@guarded
def main():
{textwrap.indent(textwrap.dedent(body), "    ")}

if __name__ == "__main__":
    main()
"""
    )
    return [sys.executable, str(path)]


@pytest.fixture
def stage(tmp_path):
    """A guarded program whose two workers sleep."""
    words = program(tmp_path, "list(parallel_map(slow, range(50), 2))")
    process = subprocess.Popen(words, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 60
    while len(children(process.pid)) < 3 and time.monotonic() < deadline:  # with a tracker
        time.sleep(0.1)
    time.sleep(2)
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()


def all_gone(pids: list[int], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while any(is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(is_running(pid) for pid in pids)


def test_workers_end_when_only_their_parent_is_killed(stage):
    workers = children(stage.pid)
    os.kill(stage.pid, signal.SIGKILL)
    stage.wait()
    assert len(workers) >= 2
    assert all_gone(workers)


@pytest.mark.parametrize("whole_group", [True, False])
def test_ctrl_c_is_one_line_and_130(stage, whole_group):
    workers = children(stage.pid)
    (os.killpg if whole_group else os.kill)(stage.pid, signal.SIGINT)
    assert stage.wait(20) == 130
    assert stage.stderr.read().decode() == "interrupted: run the same command again to go on\n"
    assert all_gone(workers)


def test_an_error_between_two_results_does_not_wait_for_the_others(tmp_path):
    body = """
        results = parallel_map(first_at_once, range(50), 2)
        next(results)
        raise PodiumError("no")
    """
    words = program(tmp_path, body)
    done = subprocess.run(words, capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stderr) == (1, "error: no\n")


def test_sigterm_ends_workers_too(stage):
    workers = children(stage.pid)
    os.kill(stage.pid, signal.SIGTERM)
    assert stage.wait(20) == 143
    assert stage.stderr.read() == b""
    assert all_gone(workers)
