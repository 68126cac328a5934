"""Networks are defined without TensorFlow: any of Keras' backends builds and loads them."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from house import ROOT
from podium.captcha import network
from podium.captcha.equations import finder
from podium.photos.fusion import FusedHeads, MeanOfHeads
from podium.slides import fcn
from podium.training import artefact
from podium.training.runtime import keras, set_up
from slide_networks import settings

DEFINITIONS = [
    "captcha/network.py", "slides/fcn.py", "photos/fusion.py", "photos/networks/bodies.py",
    "models/efficientnet_lite.py", "models/encoders.py", "models/keras_networks.py",
    "models/hub_networks.py",
]  # fmt: skip
LOAD = """
import sys
import numpy as np
from pathlib import Path
from podium.captcha import network
from podium.photos import fusion
from podium.training import artefact, runtime
for path in map(Path, sys.argv[1:]):
    model, _ = artefact.load(path)
    pixels = np.load(path.with_suffix(".npy"))
    np.save(path.with_suffix(".other.npy"), np.asarray(model.predict(pixels, verbose=0)))
assert runtime.tf is None
"""


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_names_no_tensorflow(name):
    tree = ast.parse((ROOT / "src/podium" / name).read_text())
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names |= {each.name.split(".")[0] for node in imports for each in node.names}
    assert not {"tf", "tensorflow"} & names


def heads_of(n_features):
    """Three heads whose weights, means and deviations are drawn, as after training."""
    features = keras.Input((n_features,))
    layer = FusedHeads(3, 4, "classes")
    outputs = layer(artefact.MetadataLayer({}, name="described")(features))
    model = keras.Model(features, MeanOfHeads("classes")(outputs))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.uniform(0.5, 1, weight.shape) for weight in layer.weights])
    return model


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_says_the_same(tmp_path, backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    set_up(0)
    models = {
        "crnn": (network.build("crnn", (96, 32), 16, 5, 4, {}), (2, 32, 96, 3)),
        "cnn": (network.build("cnn", (96, 32), 16, 5, 4, {}), (2, 32, 96, 3)),
        "finder": (finder.build(4), (2, 32, 64, 3)),
        "fcn": (fcn.build(settings(finest=8, channels=4), Path(), {}), (2, 64, 64, 3)),
        "heads": (heads_of(12), (2, 12)),
    }
    paths, answers = [], {}
    for name, (model, shape) in models.items():
        pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
        paths.append(tmp_path / f"{name}.keras")
        artefact.save(model, paths[-1])
        np.save(paths[-1].with_suffix(".npy"), pixels)
        answers[name] = model.predict(pixels, verbose=0)
    variables = {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", LOAD, *paths], env=os.environ | variables, check=True)
    for path in paths:
        other = np.load(path.with_suffix(".other.npy"))
        np.testing.assert_allclose(other, answers[path.stem], rtol=1e-3, atol=1e-4)
