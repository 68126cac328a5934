"""How trained photo models have their features computed again."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from podium.models import backbones
from podium.models.backbones import Extractor
from podium.photos.recipes import recipe_of
from podium.training import onnx_engine

SETTINGS = {"name": "resnet50", "weights": "download", "weights_sha256": "ab", "batch_size": 8}


@pytest.fixture
def engines(monkeypatch):
    """The engines that extractors were made for; none is built."""
    asked = []

    def build(name, weights, weights_dir, few, engine):
        if engine == "onnxruntime":
            onnx_engine.provenance()
        asked.append(engine)
        return Extractor(name, 224, 3, {"weights_sha256": "ab"}, np.zeros_like)

    monkeypatch.setattr(backbones, "build", build)
    return asked


@pytest.mark.parametrize("installed", [True, False], ids=["installed", "not installed"])
def test_features_come_from_the_engine_of_the_model_or_it_is_said(
    engines, monkeypatch, capsys, installed
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if installed else None)
    monkeypatch.setattr(onnx_engine, "version", lambda package: "1")
    for settings in (SETTINGS, {**SETTINGS, "engine": "onnxruntime"}):
        recipe_of(settings, 89.0, Path())
    assert engines == ["tensorflow", "onnxruntime" if installed else "tensorflow"]
    said = "resnet50: by tensorflow, since onnxruntime is not installed here\n"
    assert capsys.readouterr().err == ("" if installed else said)
