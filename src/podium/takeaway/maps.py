"""Where a model looks: class activation maps, Grad-CAM, places of characters, feature maps.

A class activation map (Zhou et al. 2016, equation 2) is what each place of the last feature map
adds to a logit; its mean is the logit less what it is without any feature. It is exact where a
head is linear on averaged features, and to first order where a network normalises them before, as
ConvNeXt does. Grad-CAM (Selvaraju et al. 2017,
equations 1 and 2) weighs channels by their mean gradient, and keeps what speaks for the class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import SettingsError
from podium.takeaway.portable import Pixels, Portable
from podium.takeaway.recording import (
    averaged,
    layer_named,
    mean_of_heads,
    poolings,
    recorded,
    tensor,
)
from podium.training.runtime import tf

Map = NDArray[np.float64]  # (h, w)
AT_ONCE = 12  # characters whose places are found together


@dataclass(frozen=True)
class ClassMap:
    """What speaks for a class in a picture.

    Attributes:
        maps: (h, w) of each network that looks, and of each view that it sees, as in the picture
            (none mirrored); their means add up to `logit - offset`.
        weights: (D,) of the channels of each.
        logit: of the class, the mean over heads and views.
        offset: the logit without any feature.
    """

    maps: list[Map]
    weights: list[Map]
    logit: float
    offset: float

    def whole(self, size: tuple[int, int]) -> Map:
        """Return the sum of the maps, enlarged to (w, h)."""
        return np.sum([cv2.resize(each, size, interpolation=cv2.INTER_CUBIC)
                       for each in self.maps], axis=0)  # fmt: skip


def batches(portable: Portable, picture: Pixels) -> Any:
    """Return the inputs (1, h, w, 3) float32 of a model for one picture (H, W, 3)."""
    each = [tensor(part[None]) for part in portable.inputs(picture)]
    return each[0] if len(each) == 1 else each


def refuse_without_maps(portable: Portable) -> None:
    """Raise a SettingsError if a photo model averages no feature map."""
    if not poolings(portable.model):
        raise SettingsError(
            "this model averages no feature map\nremedy: podium explain MODEL PICTURE --what maps"
        )


def class_map(portable: Portable, picture: Pixels, target: int, only_for: bool = False) -> ClassMap:
    """Return the class activation map of a photo model; with `only_for` Grad-CAM instead.

    Args:
        portable: a photo model.
        picture: RGB pixels (H, W, 3).
        target: the class, label or number, by its index.
        only_for: channels by their mean gradient, and nothing that speaks against the class.

    Raises:
        SettingsError: it averages no feature map.
    """
    [signed] = class_maps(portable, picture, [target])
    if not only_for:
        return signed
    return replace(signed, maps=[np.maximum(each, 0) for each in signed.maps], offset=0.0)


def class_maps(portable: Portable, picture: Pixels, targets: Sequence[int]) -> list[ClassMap]:
    """Return the class activation map of each target, by one look at a picture.

    Args:
        portable: a photo model.
        picture: RGB pixels (H, W, 3).
        targets: classes, labels or numbers, by their index.

    Raises:
        SettingsError: it averages no feature map.
    """
    refuse_without_maps(portable)
    pools, heads = poolings(portable.model), mean_of_heads(portable.model)
    with tf.GradientTape(persistent=True) as tape, recorded([*pools, heads]) as seen:
        pixels = batches(portable, picture)
        tape.watch(pixels)
        portable.model(pixels, training=False)
        views = [tf.reduce_mean(outputs, axis=(0, 1)) for outputs in seen[heads]]
        logits = [tf.add_n([view[target] for view in views]) / len(views) for target in targets]
    given = averaged(pools, seen)
    return [_class_map(given, tape.gradient(logit, [each for each, _ in given]), float(logit))
            for logit in logits]  # fmt: skip


def _class_map(given: Sequence[tuple[Any, bool]], gradients: Any, logit: float) -> ClassMap:
    """The map of one logit, of the feature maps (1, h, w, D) that are averaged."""
    maps, weights = [], []
    for (features, is_mirrored), gradient in zip(given, gradients, strict=True):
        weights.append(np.asarray(tf.reduce_sum(gradient, axis=(0, 1, 2)), np.float64))
        summed = np.asarray(tf.linalg.matvec(features[0], weights[-1].astype(np.float32)))
        maps.append((summed[:, ::-1] if is_mirrored else summed).astype(np.float64))
    return ClassMap(maps, weights, logit, logit - sum(float(each.mean()) for each in maps))


def feature_maps(portable: Portable, picture: Pixels, layer: str) -> NDArray[np.float64]:
    """Return the maps (h, w, C) of a layer for a picture.

    Args:
        portable: any model.
        picture: RGB pixels (H, W, 3).
        layer: its name.
    """
    chosen = layer_named(portable.model, layer)
    with recorded(outputs_of=[chosen], stop=True) as seen:
        portable.model(batches(portable, picture), training=False)
    return np.asarray(seen[chosen][0][0], dtype=np.float64)


def places_of_characters(
    portable: Portable, picture: Pixels, recurrent: bool
) -> list[tuple[int, Map]]:
    """Return the class and the map (H, W) of each character that a captcha reader reads.

    A map is how much each pixel sways the probability at the step where the character is read:
    the gradient's size, smoothed.

    Args:
        portable: a reader.
        picture: RGB pixels (H, W, 3).
        recurrent: blanks and repeated classes are no characters; in others each step is one, and
            the blank does not count.
    """
    pixels = batches(portable, picture)
    probs = np.asarray(portable.model(pixels, training=False)[0])
    chosen = [int(k) for k in (probs.argmax(-1) if recurrent else 1 + probs[:, 1:].argmax(-1))]
    steps = _steps(chosen, probs.max(-1), recurrent)
    swaying, sways = _swaying(portable.model), []
    for start in range(0, len(steps), AT_ONCE):
        part = steps[start : start + AT_ONCE]
        gradients = swaying(pixels, part, [chosen[step] for step in part])
        sways += list(np.abs(np.asarray(gradients, np.float64)).sum(-1))
    return [(chosen[step], cv2.GaussianBlur(sway, (0, 0), 2.0))
            for step, sway in zip(steps, sways, strict=True)]  # fmt: skip


@lru_cache(maxsize=1)
def _swaying(model: Any) -> Any:
    """The gradient (n, H, W, 3) of the log probability of n labels, each at its step.

    The picture is read n times, once for each, since rows of a batch do not sway each other.
    """
    numbers = tf.TensorSpec((None,), tf.int32)

    @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.float32), numbers, numbers])
    def gradients(pixels: Any, steps: Any, labels: Any) -> Any:
        many = tf.repeat(pixels, tf.shape(steps)[0], axis=0)
        with tf.GradientTape() as tape:
            tape.watch(many)
            logs = tf.math.log(model(many, training=False) + 1e-12)
            rows = tf.stack([tf.range(tf.shape(steps)[0]), steps, labels], axis=1)
            value = tf.reduce_sum(tf.gather_nd(logs, rows))
        return tape.gradient(value, many)

    return gradients


def _steps(chosen: Sequence[int], sure: NDArray[Any], recurrent: bool) -> list[int]:
    """The surest step of each run of one class; without blanks (0) for recurrent readers."""
    if not recurrent:
        return list(range(len(chosen)))
    runs: list[list[int]] = []
    for step, label in enumerate(chosen):
        if runs and chosen[runs[-1][-1]] == label and runs[-1][-1] == step - 1:
            runs[-1].append(step)
        else:
            runs.append([step])
    return [max(run, key=lambda step: float(sure[step])) for run in runs if chosen[run[0]]]
