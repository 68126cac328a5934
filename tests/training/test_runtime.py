from __future__ import annotations

import subprocess
import sys

import pytest

from podium.core import hardware
from podium.training import runtime
from podium.training.runtime import keras, supported_precision, tf


@pytest.fixture
def gpu(monkeypatch):
    """As if there were a GPU of a compute capability."""

    def there(capability: tuple[int, int], n: int = 1) -> None:
        monkeypatch.setattr(runtime, "GPUS", [f"GPU:{number}" for number in range(n)])
        details = {"device_name": "Tesla T4", "compute_capability": capability}
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _: details)
        told = {"driver_version": "550.54", "memory.total": "15360"}
        monkeypatch.setattr(hardware, "gpu_info", lambda field: told[field])

    return there


def test_a_processor_computes_in_float32_unless_bfloat16_is_asked_for():
    assert [supported_precision(one) for one in ("auto", "float32", "mixed_float16")] == [
        "float32"
    ] * 3
    assert supported_precision("mixed_bfloat16") == "mixed_bfloat16"
    assert not runtime.jit_compile()


@pytest.mark.parametrize(
    ("capability", "bfloat"), [((7, 5), "mixed_float16"), ((9, 0), "mixed_bfloat16")]
)
def test_a_gpu_computes_in_float16_and_in_bfloat16_if_it_can(gpu, capability, bfloat):
    gpu(capability)
    assert supported_precision("auto") == "mixed_float16"
    assert supported_precision("float32") == "float32"
    assert supported_precision("mixed_bfloat16") == bfloat
    assert runtime.jit_compile()


def test_several_gpus_do_without_xla(gpu):
    gpu((9, 0), 2)
    assert not runtime.jit_compile()
    assert runtime.report()["device"] == "2 x Tesla T4, driver 550.54"


def test_the_report_names_device_memory_driver_and_software(gpu):
    gpu((7, 5))
    found = runtime.report()
    assert (found["device"], found["memory_gib"]) == ("Tesla T4, driver 550.54", 15.0)
    assert found["software"].startswith(f"tensorflow {tf.__version__}, keras {keras.__version__}, ")
    assert found["precision"] == "float32"


def test_the_report_of_a_processor():
    found = runtime.report()
    assert found["device"] == hardware.processor()
    assert found["device"].endswith(" cores")
    assert found["software"] == f"tensorflow {tf.__version__}, keras {keras.__version__}"


def test_facts_of_the_machine(tmp_path):
    cpu, memory = tmp_path / "cpuinfo", tmp_path / "meminfo"
    cpu.write_text("processor\t: 0\nmodel name\t: Fast Thing 9\nprocessor\t: 1\n")
    memory.write_text("MemTotal:       25165824 kB\nMemAvailable:   12582912 kB\n")
    assert hardware.processor(cpu) == f"Fast Thing 9, {hardware.cores()} cores"
    assert hardware.memory_gib(memory) == 24.0
    assert hardware.memory_gib(memory, "MemAvailable") == 12.0
    assert hardware.memory_gib(tmp_path / "none") == 0.0


def test_facts_of_a_gpu(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\necho "$*" >> "$0.log"; echo 81920\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1")
    hardware.gpu_info.cache_clear()
    assert hardware.gpu_memory_gib() == 80.0
    asked = (tmp_path / "nvidia-smi.log").read_text()
    assert asked == "--query-gpu=memory.total --format=csv,noheader,nounits --id=3\n"
    tool.write_text("#!/bin/sh\nexit 9\n")
    hardware.gpu_info.cache_clear()
    assert hardware.gpu_memory_gib() == 0.0
    tool.write_text("#!/bin/sh\necho '[N/A]'\n")
    hardware.gpu_info.cache_clear()
    assert hardware.gpu_memory_gib() == 0.0
    hardware.gpu_info.cache_clear()


def test_deterministic_on_request_is_for_a_whole_process():
    code = (
        "from podium.training import runtime; from tensorflow.python.framework import config; "
        "runtime.set_up(0); print(config.is_op_determinism_enabled()); "
        "runtime.set_up(0, 'float32', True); print(config.is_op_determinism_enabled())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"), True),
        (tf.errors.InternalError(None, None, "RESOURCE_EXHAUSTED: Out of memory"), True),
        (
            tf.errors.InternalError(None, None, "failed: CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
            True,
        ),
        (
            tf.errors.InternalError(
                None,
                None,
                "Failed copying input tensor from CPU:0 to GPU:0: Dst tensor is not initialized.",
            ),
            True,
        ),
        (tf.errors.InternalError(None, None, "illegal address"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error, full):
    assert runtime.is_out_of_memory(error) == full
