"""What `podium doctor` says of optional extras, and that it stays quick."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from house import ROOT
from podium.core.files import scratch_dir
from podium.doctor import environment, optional

PINS = "kaggle==2.2.4 \\\n    --hash=sha256:0\n"


@pytest.fixture
def installed(monkeypatch) -> dict[str, str]:
    """What counts as installed, by name."""
    found: dict[str, str] = {}
    monkeypatch.setattr(optional, "installed", found.get)
    return found


def test_kaggles_client(tmp_path, installed):
    pins = tmp_path / "kaggle.txt"
    pins.write_text(PINS)
    found = optional.kaggle(pins)
    assert (found.state, found.text.partition(": ")[2]) == (
        "note", f"pip install --require-hashes -r {pins}",
    )  # fmt: skip
    installed["kaggle"] = "2.2.4"
    assert optional.kaggle(pins) == environment.CheckResult("kaggle", "ok", "client 2.2.4")
    installed["kaggle"] = "1.5"
    assert (optional.kaggle(pins).state, "1.5, pinned 2.2.4" in optional.kaggle(pins).text) == (
        "note", True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("check", "package", "use"),
    [
        (optional.keras_hub, "keras-hub", "extractors such as dinov2-small need it"),
        (optional.ray, "ray", "RAY_ADDRESS (work by a cluster) needs it"),
        (
            optional.onnxruntime,
            "onnxruntime",
            "device.engine: onnxruntime, and exports to ONNX need it",
        ),
    ],
)
def test_other_extras(check, package, use, tmp_path, installed):
    pins = tmp_path / "extra.txt"
    pins.write_text(f"{package}==0.32.0 \\\n    --hash=sha256:0\n")
    found = check(pins)
    assert found.state == "note"
    assert found.text == f"not installed; {use}: pip install --require-hashes -r {pins}"
    installed[package] = "0.32.0"
    assert check(pins) == environment.CheckResult(package, "ok", "0.32.0")


def test_remotes(tmp_path, installed):
    assert list(optional.remotes(tmp_path)) == []
    installed["dvc-ssh"] = "4"
    for words in (
        ("init", "-q", "--no-scm"),
        ("remote", "add", "-q", "a", "s3://me:secret@bucket/x"),
        ("remote", "add", "-q", "b", "ssh://host/x"),
        ("remote", "add", "-q", "c", "/some/folder"),
        ("remote", "add", "-q", "--local", "d", "gdrive://x"),
        ("remote", "modify", "-q", "--local", "a", "profile", "mine"),
    ):
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=tmp_path, check=True)
    found = {one.name: (one.state, one.text) for one in optional.remotes(tmp_path)}
    assert found == {
        "remote a": (
            "data", "s3:// needs a plugin of DVC that is not installed: pip install dvc-s3",
        ),
        "remote b": ("ok", "ssh://"),
        "remote c": ("ok", "a folder"),
        "remote d": (
            "data", "gdrive:// needs a plugin of DVC that is not installed: pip install dvc-gdrive",
        ),
    }  # fmt: skip
    (tmp_path / ".dvc/config").write_text("[[[\n")
    assert next(iter(optional.remotes(tmp_path))).state == "data"


def test_cuda(tmp_path, installed, monkeypatch):
    pins = tmp_path / "gpu.txt"
    pins.write_text("nvidia-cudnn-cu12==9\nnvidia-ml-py==1\nnvidia-nccl-cu12==2\n")
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert list(optional.cuda(pins)) == []
    monkeypatch.setenv("PATH", str(tmp_path))
    installed["nvidia-nccl-cu12"] = "2"
    (found,) = optional.cuda(pins)
    assert (found.state, found.text.partition(" (")[0]) == (
        "note",
        f"a GPU is there, but not nvidia-cudnn-cu12: pip install --require-hashes -r {pins}",
    )
    installed["nvidia-cudnn-cu12"] = "9"
    assert [one.state for one in optional.cuda(pins)] == ["ok"]


def test_scratch_is_looked_for_where_the_stages_keep_it(monkeypatch, tmp_path):
    assert environment.scratch().text.endswith(f" GiB free at {scratch_dir()}")
    monkeypatch.delenv("PODIUM_SCRATCH")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert environment.scratch().text.endswith(f" GiB free at {tmp_path / 'podium'}")


def test_scratch_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "file/x"))
    found = environment.scratch()
    text = f"{tmp_path}/file/x: a file stands where a folder is needed: move it away, "
    text += "or set PODIUM_SCRATCH to another folder"
    assert (found.state, found.text) == ("machine", text)


def test_the_quick_look_imports_neither_pandas_nor_tensorflow(tmp_path):
    (tmp_path / "params.yaml").write_text("extractors:\n  hog:\n    weights: none\n")
    code = (
        "import sys; from podium.cli.doctor import _check_results; "
        "found = [one.name for one in _check_results(True, False)]; "
        "print([what for what in found if what.startswith('weights')], "
        "{'pandas', 'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "['weights hog'] set()\n"
