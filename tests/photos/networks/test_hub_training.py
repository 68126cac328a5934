"""KerasHub's transformers as networks to train: sizes, what learns, the kept artefact."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import photo_networks
from podium.core.errors import EnvironmentFault
from podium.core.files import file_sha256
from podium.models import hub_networks
from podium.models.extractor_table import find
from podium.photos.networks import bodies
from podium.photos.networks.artefact import build_artefact
from podium.photos.networks.fold_training import FoldTrainer
from podium.photos.networks.names import networks, sizes
from podium.photos.networks.predictor import NetworkPredictor
from podium.training import artefact, runtime
from podium.training.runtime import keras

KINDS = ["dinov2-small", "dinov3-small", "siglip2-base", "clip-base"]
TINY = {"num_layers": 2, "hidden_dim": 8, "num_heads": 2, "intermediate_dim": 8, "patch_size": 14}
needs_hub = pytest.mark.skipif(
    find_spec("keras_hub") is None, reason="KerasHub is an extra: requirements/hub.txt"
)


@pytest.fixture
def tiny(monkeypatch):
    """The four kinds with two blocks of eight channels."""
    runtime.set_up(0)
    for name in KINDS:
        preset = find(name).builder
        config = hub_networks.ARCHITECTURES[preset] | TINY
        monkeypatch.setitem(hub_networks.ARCHITECTURES, preset, config)


@pytest.mark.parametrize(
    ("network", "usual", "taken"),
    [
        ("efficientnet-lite0", [33, 96], [33, 96]),
        ("dinov2-small", [96, 128, 224], [98, 126, 224]),  # 7, 9 and 16 patches of 14 px
        ("dinov3-base", [97, 100], [96]),  # of 16 px
        ("clip-base", [64, 128], [224]),
    ],
)
def test_a_transformer_takes_whole_patches(network, usual, taken):
    assert sizes(network, usual) == taken


def test_all_of_kerashub_can_be_trained():
    assert set(KINDS) <= set(networks())


@needs_hub
@pytest.mark.parametrize("name", KINDS)
def test_the_last_block_learns_and_none_before_it(name, tiny):
    body = bodies.body(name, 28, "none", Path(), "")
    model = bodies.build(name, 28, 3, 0.0, "mine", body)
    bodies.choose_trainable(model, photo_networks.settings(network=name, train="last_block"))
    paths = " ".join(variable.path for variable in model.trainable_variables)
    assert ("layers_1/" in paths) != ("encoder_block_1/" in paths)
    assert "layers_0/" not in paths
    assert "encoder_block_0/" not in paths
    assert "embedding" not in paths
    assert "head/" in paths
    assert len(model.trainable_variables) < len(model.weights)


@needs_hub
@pytest.mark.parametrize("name", ["dinov2-small", "clip-base"])
def test_a_transformer_learns_from_its_weights_file_and_is_kept(name, tiny, tmp_path, monkeypatch):
    config = {**hub_networks.ARCHITECTURES[find(name).builder], "image_shape": (28, 28, 3)}
    path = tmp_path / f"{name}.weights.h5"
    hub_networks.untrained(find(name).module, config, "").save_weights(path)
    size = 56 if name.startswith("dino") else 28  # DINO's places are stretched to another size
    entry = {"network": name, "start": file_sha256(path), "image_size": size, "epochs": 12}
    task = replace(photo_networks.task(**entry, learning_rate=0.01), weights_dir=tmp_path)
    trainer = FoldTrainer(task)
    trained, values = zip(*trainer.train_all(), strict=True)
    assert trained[0].curve["train_loss"].iloc[-1] < trained[0].curve["train_loss"].iloc[0]
    kept = tmp_path / "kept.keras"
    artefact.save(build_artefact(trainer, trained, 89.0), kept)
    keras.utils.clear_session()
    predicted = NetworkPredictor(kept).predict(task.pixels[8:])
    mean = np.mean([each[8:] for each in values], axis=0)
    np.testing.assert_allclose(predicted, mean, atol=1e-5)
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(EnvironmentFault, match=r"requirements/hub\.txt$"):
        NetworkPredictor(kept)
