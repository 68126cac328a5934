"""What flows through chosen layers of a Keras model while it answers, with gradients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from podium.core.errors import SettingsError
from podium.photos.fusion import MeanOfHeads
from podium.training.runtime import keras, tf

Tensors = dict[keras.layers.Layer, list[Any]]  # of each layer, in the order of its calls


class Reached(Exception):
    """A layer after which nothing is needed has answered."""


def all_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a model and of the models in it, models themselves left out."""
    layers = []
    for layer in model.layers:
        layers += all_layers(layer) if isinstance(layer, keras.Model) else [layer]
    return layers


def poolings(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers that average the last feature map of each network in a model, in order.

    Averages inside of a network, as squeeze-and-excite blocks have them, do not count.
    """
    layers = [each for each in model.layers
              if isinstance(each, keras.layers.GlobalAveragePooling2D)][-1:]  # fmt: skip
    for each in model.layers:
        if isinstance(each, keras.Model):
            layers += poolings(each)
    return layers


def is_normalised_after_average(model: keras.Model) -> bool:
    """Return whether a network in a model normalises its averaged features, as ConvNeXt does."""
    layers, pools = model.layers, poolings(model)
    after = [each for k, each in enumerate(layers) if any(pool in layers[:k] for pool in pools)]
    return any(isinstance(each, keras.layers.LayerNormalization) for each in after) or any(
        is_normalised_after_average(each) for each in layers if isinstance(each, keras.Model)
    )


def averaged(pools: Sequence[keras.layers.Layer], seen: Tensors) -> list[tuple[Any, bool]]:
    """Return each feature map (N, h, w, D) that pooling layers got, and whether it is mirrored.

    Models that see a picture twice see its mirror image the second time.
    """
    return [(each, call == 1) for pool in pools for call, each in enumerate(seen[pool])]


def mean_of_heads(model: keras.Model) -> keras.layers.Layer:
    """Return the layer that gets the logits (N, M, K) of a photo model."""
    return next(each for each in all_layers(model) if isinstance(each, MeanOfHeads))


def layer_named(model: keras.Model, name: str) -> keras.layers.Layer:
    """Return the layer `name`.

    Raises:
        SettingsError: there is none with a feature map.
    """
    maps = [each for each in all_layers(model) if _has_map(each)]
    for layer in maps:
        if layer.name == name:
            return layer
    names = [layer.name for layer in maps]
    few = ", ".join(names[:4] + ["..."] + names[-4:] if len(names) > 8 else names)
    raise SettingsError(f"--layer {name}: no such layer with maps\nremedy: one of {few}")


def _has_map(layer: keras.layers.Layer) -> bool:
    try:
        return len(layer.output.shape) == 4 and layer.output.shape[-1] > 3
    except (AttributeError, ValueError):  # called several times, or several outputs
        return False


def convolutions(model: keras.Model) -> list[str]:
    """Return the names of the layers with maps that are convolutions, in order."""
    return [each.name for each in all_layers(model)
            if _has_map(each) and isinstance(each, keras.layers.Conv2D)]  # fmt: skip


@contextmanager
def recorded(
    inputs_of: Sequence[keras.layers.Layer] = (),
    outputs_of: Sequence[keras.layers.Layer] = (),
    stop: bool = False,
) -> Iterator[Tensors]:
    """Record what layers get, or give, while the block runs, watched by the tape in force.

    Args:
        inputs_of: layers whose input counts.
        outputs_of: layers whose output counts.
        stop: raise `Reached` once one of them has answered.
    """
    tensors: Tensors = {}
    originals = {layer: layer.call for layer in (*inputs_of, *outputs_of)}

    def watch(layer: keras.layers.Layer, gives: bool) -> Any:
        def call(given: Any, *args: Any, **kwargs: Any) -> Any:
            output = originals[layer](given, *args, **kwargs)
            tensors.setdefault(layer, []).append(output if gives else given)
            if stop:
                raise Reached
            return output

        return call

    for layer in originals:
        object.__setattr__(layer, "call", watch(layer, layer in outputs_of))
    try:
        yield tensors
    except Reached:
        pass
    finally:
        for layer, original in originals.items():
            object.__setattr__(layer, "call", original)


def tensor(pixels: Any) -> Any:
    """Return pixels as a float32 tensor."""
    return tf.convert_to_tensor(pixels, tf.float32)
