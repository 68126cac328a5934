"""KerasHub's transformers: architectures by their parameter counts, pooling and files by hand."""

from __future__ import annotations

import hashlib
import re
import sys
from importlib.metadata import version
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

from podium.core.errors import EnvironmentFault, PodiumError
from podium.models import backbones, fetch_weights, hub_networks
from podium.models.extractor_table import TABLE
from podium.training.runtime import keras

HUB = [name for name, row in TABLE.items() if row.family == "hub"]
needs_hub = pytest.mark.skipif(
    find_spec("keras_hub") is None, reason="KerasHub is an extra: requirements/hub.txt"
)
TINY = {"patch_size": 14, "num_layers": 1, "hidden_dim": 8, "num_heads": 2, "intermediate_dim": 8}


@pytest.fixture
def tiny(monkeypatch):
    """dinov2-small with one layer of eight channels."""
    monkeypatch.setitem(hub_networks.ARCHITECTURES, "dinov2_small", TINY)


class DINOTokens(keras.Model):
    """The picture's three channels as tokens: a class token, a register, four patches."""

    num_register_tokens = 1


def tokens_of(kind):
    pixels = keras.Input((2, 3, 3))
    return kind(pixels, keras.layers.Reshape((6, 3))(pixels))


# ---- features


def test_dino_gives_the_class_token_and_the_mean_of_the_patches(rng):
    pixels = rng.normal(size=(5, 2, 3, 3)).astype(np.float32)
    tokens = pixels.reshape(5, 6, 3)
    found = np.asarray(hub_networks.pooled(tokens_of(DINOTokens))(pixels))
    wanted = np.concatenate([tokens[:, 0], tokens[:, 2:].mean(1)], axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_others_give_the_class_token_or_what_they_pooled(rng):
    pixels = rng.normal(size=(5, 2, 3, 3)).astype(np.float32)
    first = np.asarray(hub_networks.pooled(tokens_of(keras.Model))(pixels))
    np.testing.assert_array_equal(first, pixels.reshape(5, 6, 3)[:, 0])
    inputs = keras.Input((2, 3, 3))
    whole = keras.Model(inputs, keras.layers.Flatten()(inputs))
    np.testing.assert_array_equal(
        np.asarray(hub_networks.pooled(whole)(pixels)), pixels.reshape(5, 18)
    )


@pytest.mark.parametrize("name", HUB)
def test_n_features_follows_from_the_width(name):
    row = TABLE[name]
    width = hub_networks.ARCHITECTURES[row.builder]["hidden_dim"]
    assert row.n_features == width * (2 if row.module.startswith("DINO") else 1)


@needs_hub
@pytest.mark.parametrize(
    ("name", "n"),
    [  # as KerasHub's table of presets says them, for pictures of 518 px
        ("dinov2-small", 22_582_656), ("dinov2-base", 87_632_640), ("dinov2r-small", 22_584_192),
        ("dinov2r-base", 87_635_712), ("dinov3-small", 21_596_544), ("dinov3-base", 85_660_416),
    ],
)  # fmt: skip
def test_architectures_have_as_many_weights_as_their_presets(name, n):
    row = TABLE[name]
    config = {**hub_networks.ARCHITECTURES[row.builder], "image_shape": (518, 518, 3)}
    with keras.StatelessScope(initialize_variables=False):
        assert hub_networks.untrained(row.module, config, "").count_params() == n
    keras.utils.clear_session()


@needs_hub
@pytest.mark.parametrize("name", ["siglip2-base", "clip-base", "dinov2-small", "dinov3-small"])
def test_each_kind_of_network_gives_its_features(name):
    row = TABLE[name]
    config = {**hub_networks.ARCHITECTURES[row.builder], **TINY, "image_shape": (28, 28, 3)}
    network = hub_networks.pooled(hub_networks.untrained(row.module, config, ""))
    assert network.output_shape == (None, 16 if name.startswith("dino") else 8)


# ---- weights


@needs_hub
def test_weights_from_a_file_give_that_networks_features(tiny, tmp_path, rng):
    config = {**TINY, "image_shape": (224, 224, 3)}
    network = hub_networks.untrained("DINOV2Backbone", config, "")
    path = tmp_path / "dinov2-small.weights.h5"
    network.save_weights(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    extractor = backbones.build("dinov2-small", digest, tmp_path)
    pixels = rng.integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    prepared = ((pixels / 255 - mean) / std).astype(np.float32)
    tokens = np.asarray(network({"images": prepared}))
    wanted = np.concatenate([tokens[:, 0], tokens[:, 1:].mean(1)], axis=1)
    np.testing.assert_allclose(extractor.compute(pixels), wanted, rtol=1e-3, atol=1e-4)
    assert extractor.provenance["keras-hub"] == version("keras-hub")
    assert extractor.provenance["weights_sha256"] == digest


@needs_hub
def test_weights_of_another_network_are_refused(tiny, tmp_path):
    config = {**TINY, "hidden_dim": 16, "image_shape": (224, 224, 3)}
    path = tmp_path / "dinov2-small.weights.h5"
    hub_networks.untrained("DINOV2Backbone", config, "").save_weights(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    wanted = r"cannot be loaded into .*\nremedy: use the file that python -m podium\.models\.fetch"
    with pytest.raises(PodiumError, match=wanted):
        backbones.build("dinov2-small", digest, tmp_path)


def test_a_missing_file_is_named_with_the_way_to_it(tmp_path):
    wanted = (
        rf"^{re.escape(str(tmp_path))}/dinov3-small\.weights\.h5: no such weights file\n"
        r"remedy: put KerasHub's weights \(docs/add-extractor\.md says how to fetch them\) there "
        r"and their sha256 at extractors\.dinov3-small\.weights, or say "
        r"extractors\.dinov3-small\.weights: download$"
    )
    with pytest.raises(PodiumError, match=wanted):
        backbones.build("dinov3-small", "0" * 64, tmp_path)


@pytest.mark.parametrize("weights", ["file", "download"])
def test_without_the_extra_the_line_that_installs_it_is_said(tmp_path, monkeypatch, weights):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    (tmp_path / "clip-base.weights.h5").write_bytes(b"x")
    digest = hashlib.sha256(b"x").hexdigest()
    wanted = (
        r"^extractors\.clip-base(\.weights)?: it needs KerasHub, which cannot be imported \(.+\)\n"
        r"remedy: pip install --require-hashes -r requirements/hub\.txt$"
    )
    with pytest.raises(EnvironmentFault, match=wanted):
        backbones.build("clip-base", digest if weights == "file" else "download", tmp_path)


def test_a_download_without_a_network(tmp_path, monkeypatch):
    def fails(preset, **_):
        raise ConnectionError(f"{preset} cannot be reached\nlong story")

    monkeypatch.setattr(hub_networks, "_class", lambda *_: SimpleNamespace(from_preset=fails))
    wanted = (
        r"^weights of dinov2-base: the download failed \(dinov2_base cannot be reached\)\n"
        r"remedy: put the file at data/weights/dinov2-base\.weights\.h5 and its sha256 at "
    )
    with pytest.raises(EnvironmentFault, match=wanted):
        backbones.build("dinov2-base", "download", tmp_path)


def test_of_a_preset_with_texts_the_pictures_network_is_taken(monkeypatch):
    asked = []

    def from_preset(preset, **options):
        asked.append((preset, options))
        return SimpleNamespace(vision_encoder="its eye")

    monkeypatch.setattr(
        hub_networks, "_class", lambda name, _: asked.append(name)
        or SimpleNamespace(from_preset=from_preset),
    )  # fmt: skip
    assert hub_networks.downloaded("siglip2-base") == "its eye"
    assert asked == ["SigLIPBackbone", ("siglip2_base_patch16_224", {})]


# ---- carrying weights to a machine without a network


@pytest.mark.parametrize("name", ["dinov2-small", "resnet50"])
def test_fetched_weights_become_a_file_and_the_line_of_settings(
    name, tmp_path, monkeypatch, capsys
):
    inputs = keras.Input((1,))
    network = keras.Model(inputs, keras.layers.Dense(1, name="only")(inputs))
    monkeypatch.setattr(hub_networks, "downloaded", lambda name: network)
    monkeypatch.setattr(keras.applications, "ResNet50", lambda **_: network)
    fetch_weights.main([name, "--to", str(tmp_path / "w")])
    path = tmp_path / f"w/{name}.weights.h5"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert capsys.readouterr().out == f"{path}\nparams.yaml: extractors.{name}.weights: {digest}\n"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    before = network.get_weights()
    network.set_weights([np.zeros((1, 1)), np.ones(1)])
    network.load_weights(path)
    np.testing.assert_array_equal(network.get_weights()[0], before[0])


def test_what_needs_no_file_is_not_fetched(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        fetch_weights.main(["hog", "--to", str(tmp_path)])
    assert stopped.value.code == 2
    assert "hog: its weights need no file" in capsys.readouterr().err
