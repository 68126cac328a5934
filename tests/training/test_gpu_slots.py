"""GPU slots: real processes, real locks, a stand-in for nvidia-smi."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import ROOT
from podium.core.errors import SettingsError
from podium.training import gpu_slots

UUIDS = ("GPU-aaaa-1", "GPU-bbbb-2")
HOLD = """
import os, sys, time
from pathlib import Path
from podium.training import gpu_slots as slots
slots.PAUSE = 0.05
slots.take()
assert "tensorflow" not in sys.modules
log, seconds = Path(sys.argv[1]), float(sys.argv[2])
def tell(word):
    with log.open("a") as file:
        file.write(f"{word} {os.environ['CUDA_VISIBLE_DEVICES']} {os.getpid()}\\n")
tell("in")
print("held", flush=True)
time.sleep(seconds)
tell("out")
"""


@pytest.fixture(autouse=True)
def _machine(tmp_path, monkeypatch):
    """Two GPUs, and no variable of the real machine."""
    tool = tmp_path / "bin/nvidia-smi"
    tool.parent.mkdir()
    rows = "".join(f"{index}, {uuid}\\n" for index, uuid in enumerate(UUIDS))
    wanted = "--query-gpu=index,uuid --format=csv,noheader"
    tool.write_text(f'#!/bin/sh\ntest "$*" = "{wanted}" || exit 9\nprintf "{rows}"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    for name in (gpu_slots.VARIABLE, gpu_slots.VISIBLE, "TF_FORCE_GPU_ALLOW_GROWTH"):
        monkeypatch.setenv(name, "")  # so that what take() sets is undone
        monkeypatch.delenv(name)
    yield
    while gpu_slots._held:
        os.close(gpu_slots._held.pop())


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log"


def start(log: Path, per_gpu: int, seconds: float, **more: str) -> subprocess.Popen:
    env = os.environ | {gpu_slots.VARIABLE: str(per_gpu)} | more
    command = [sys.executable, "-c", HOLD, str(log), str(seconds)]
    return subprocess.Popen(command, env=env, stdout=-1, stderr=-1, text=True)


def most_at_once(log: Path) -> dict[str, int]:
    """How many processes were on each GPU at the same time, at most."""
    now: dict[str, int] = {}
    most: dict[str, int] = {}
    for line in log.read_text().splitlines():
        word, gpu, _ = line.split()
        now[gpu] = now.get(gpu, 0) + (1 if word == "in" else -1)
        most[gpu] = max(most.get(gpu, 0), now[gpu])
    return most


def test_four_processes_on_two_gpus(log):
    each = [start(log, 1, 0.4) for _ in range(4)]
    said = [one.communicate(timeout=60)[1] for one in each]
    assert [one.returncode for one in each] == [0] * 4, said
    assert most_at_once(log) == dict.fromkeys(UUIDS, 1)
    waited = "all 2 slots on 2 GPUs taken (PODIUM_GPU_SLOTS), waiting\n"
    assert 2 <= sum(one == waited for one in said) <= 4


def test_two_processes_share_a_gpu(log):
    each = [start(log, 2, 1.5) for _ in range(4)]
    assert [one.communicate(timeout=60)[1] for one in each] == [""] * 4  # none waited
    assert most_at_once(log) == dict.fromkeys(UUIDS, 2)


def test_a_killed_process_frees_its_slot(log):
    holder = start(log, 1, 600, CUDA_VISIBLE_DEVICES="0")
    assert holder.stdout.readline() == "held\n"
    waiting = start(log, 1, 0, CUDA_VISIBLE_DEVICES="0")
    assert waiting.stderr.readline() == "the GPU taken (PODIUM_GPU_SLOTS), waiting\n"
    assert waiting.poll() is None
    holder.send_signal(signal.SIGKILL)
    assert waiting.communicate(timeout=30)[0] == "held\n"
    holder.communicate()
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["in", "in", "out"]


def test_one_gpu_by_two_names_is_one_gpu(log):
    holder = start(log, 1, 600, CUDA_VISIBLE_DEVICES=UUIDS[1])
    assert holder.stdout.readline() == "held\n"
    waiting = start(log, 1, 0, CUDA_VISIBLE_DEVICES="1")
    assert waiting.stderr.readline() == "the GPU taken (PODIUM_GPU_SLOTS), waiting\n"
    holder.kill()
    holder.communicate()
    waiting.communicate(timeout=30)
    gpus = [line.split()[1] for line in log.read_text().splitlines()]
    assert gpus == [UUIDS[1], "1", "1"]


def test_every_gpu_gets_its_first_process_before_one_gets_a_second(monkeypatch):
    found = []
    for _ in range(4):
        monkeypatch.setenv(gpu_slots.VARIABLE, "2")
        monkeypatch.delenv(gpu_slots.VISIBLE, raising=False)
        gpu_slots.take()
        found.append(os.environ[gpu_slots.VISIBLE])
    assert found == [*UUIDS, *UUIDS]


@pytest.mark.parametrize(("chosen", "gpus"), [
    (None, [(uuid, uuid) for uuid in UUIDS]),
    ("1", [("1", UUIDS[1])]),
    (" GPU-bbbb , 0", [("GPU-bbbb", UUIDS[1]), ("0", UUIDS[0])]),
    ("MIG-x", [("MIG-x", "MIG-x")]),
    ("0,-1,1", [("0", UUIDS[0])]),
    ("", []),
])  # fmt: skip
def test_which_gpus_may_be_used(monkeypatch, chosen, gpus):
    if chosen is not None:
        monkeypatch.setenv(gpu_slots.VISIBLE, chosen)
    assert [(one.name, one.key) for one in gpu_slots.visible_gpus()] == gpus


def test_without_the_variable_nothing_happens(tmp_path, capsys):
    gpu_slots.take()
    assert gpu_slots.VISIBLE not in os.environ
    assert capsys.readouterr() == ("", "")
    assert not (tmp_path / "scratch").exists()


def test_without_a_gpu_there_is_one_note(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv(gpu_slots.VARIABLE, "1")
    gpu_slots.take()
    gpu_slots.take()
    assert capsys.readouterr().err == "note: PODIUM_GPU_SLOTS=1, but no GPU is there\n"
    assert gpu_slots.VISIBLE not in os.environ


def test_a_process_that_was_started_by_a_holder_takes_no_second_slot(monkeypatch):
    monkeypatch.setenv(gpu_slots.VARIABLE, "1")
    monkeypatch.setenv(gpu_slots.VISIBLE, "1")
    gpu_slots.take()
    code = (
        "import os; from podium.training import gpu_slots; gpu_slots.take(); "
        "print(os.environ['%s'])"
    )
    command = [sys.executable, "-c", code % gpu_slots.VISIBLE]
    start_ = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert time.monotonic() - start_ < 30


@pytest.mark.parametrize("wanted", ["0", "-1", "all", "1.5"])
def test_what_is_no_number_of_processes(monkeypatch, wanted):
    monkeypatch.setenv(gpu_slots.VARIABLE, wanted)
    with pytest.raises(SettingsError, match=f"PODIUM_GPU_SLOTS={wanted}: not a number"):
        gpu_slots.take()


@pytest.mark.parametrize("stage", ["train_photo_classifier", "predict_slides", "train_segmenter"])
def test_a_stage_that_cannot_take_a_slot_ends_with_one_line(stage):
    env = os.environ | {gpu_slots.VARIABLE: "x", "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", f"podium.stages.{stage}"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60)
    line = "error: PODIUM_GPU_SLOTS=x: not a number of processes for each GPU, 1 or more\n"
    assert (done.returncode, done.stderr) == (2, line)
