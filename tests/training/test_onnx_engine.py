"""Trained networks by ONNX Runtime: the same answers, and a word where it cannot be had."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from podium.core.errors import EnvironmentFault, SettingsError
from podium.training import frozen, onnx_engine
from podium.training.runtime import tf

NO_TENSORFLOW = """
import sys, numpy as np
from podium.training import onnx_engine
values = onnx_engine.compiled({"network": "small"}, None)(np.load(sys.argv[1]))
np.save(sys.argv[2], values)
sys.exit("tensorflow" in sys.modules)
"""


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))


def used_engine(engine: str) -> str:
    """The engine itself, once a network runs by it."""
    if engine == "onnxruntime":
        onnx_engine.compiled({"network": "small"}, lambda: (None, None))
    return engine


def test_without_the_package_a_setting_is_refused_and_a_model_falls_back(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    wanted = (
        r"^device\.engine: onnxruntime needs onnxruntime, which is not installed\nremedy: pip "
        r"install --require-hashes -r requirements/export\.txt, or set device\.engine to tensorflow"
    )
    with pytest.raises(EnvironmentFault, match=wanted):
        onnx_engine.compiled({}, lambda: None)
    assert onnx_engine.at_hand("onnxruntime", "a network", used_engine) == "tensorflow"
    said = "a network: by tensorflow, since onnxruntime is not installed here\n"
    assert capsys.readouterr().err == said
    assert onnx_engine.at_hand("tensorflow", "a network", used_engine) == "tensorflow"
    assert capsys.readouterr().err == ""


def test_only_a_network_that_was_not_converted_yet_needs_the_converter(monkeypatch, capsys):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name != "tf2onnx" or None)
    monkeypatch.setattr(onnx_engine, "version", lambda package: "1")
    monkeypatch.setattr(onnx_engine, "_session", lambda path: None)
    assert onnx_engine.at_hand("onnxruntime", "a network", used_engine) == "tensorflow"
    said = "a network: by tensorflow, since tf2onnx is not installed here\n"
    assert capsys.readouterr().err == said
    with monkeypatch.context() as patch:
        patch.setattr(onnx_engine, "_convert", lambda path, *made: path.write_bytes(b""))
        used_engine("onnxruntime")
    assert onnx_engine.at_hand("onnxruntime", "a network", used_engine) == "onnxruntime"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_refused(precision):
    onnx_engine.require_float32("float32", "extract_features.precision")
    with pytest.raises(SettingsError, match=f"^extract_features.precision: {precision}, but"):
        onnx_engine.require_float32(precision, "extract_features.precision")


def both(network):
    """The same network by both engines."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")

    def forward(x):
        return network(x / 255, training=False)

    size = (None, None)
    by_onnx = onnx_engine.compiled({"network": "small"}, lambda: (forward, size))
    return by_onnx, frozen.compiled([network], forward, size)


def test_it_gives_what_tensorflow_gives_whatever_the_company(network, pixels):
    by_onnx, by_tensorflow = both(network)
    values = by_onnx(pixels)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, by_tensorflow(pixels), atol=1e-5)
    np.testing.assert_array_equal(by_onnx(pixels[2:4]), values[2:4])


def test_what_was_converted_once_needs_no_tensorflow(network, pixels, tmp_path):
    values = both(network)[0](pixels)
    given, got = tmp_path / "given.npy", tmp_path / "got.npy"
    np.save(given, pixels)
    subprocess.run([sys.executable, "-c", NO_TENSORFLOW, given, got], check=True)
    np.testing.assert_array_equal(np.load(got), values)


def test_a_network_that_cannot_be_converted(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")

    def forward(x):
        return tf.numpy_function(lambda y: y, [x], tf.float32)

    with pytest.raises(EnvironmentFault, match=r"^device\.engine: onnxruntime cannot run this"):
        onnx_engine.compiled({"network": "odd"}, lambda: (forward, (8, 8)))
    assert not list((tmp_path / "scratch/onnx").iterdir())
