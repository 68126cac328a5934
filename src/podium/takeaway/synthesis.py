"""Pictures that a network makes up: what a filter answers to, what is taken for a class.

Gradient ascent on the pixels of a grey, slightly noisy picture (Simonyan et al. 2014, section 2),
blurred a little now and then. A picture that is surely of a class need not look like one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.takeaway.portable import Portable
from podium.takeaway.recording import layer_named, mean_of_heads, recorded
from podium.training.runtime import tf

Synthesised = NDArray[np.uint8]  # (N, H, W, 3)
STEP, BLUR_EACH = 12.0, 4  # grey levels of a step; steps from one blur to the next


def filter_pictures(
    portable: Portable, layer: str, channels: Sequence[int], steps: int, seed: int
) -> Synthesised:
    """Return a picture (C, H, W, 3) for each channel that makes a layer's channel large.

    Args:
        portable: any model.
        layer: its name.
        channels: of the layer.
        steps: of gradient ascent.
        seed: of the noise that it starts from.
    """
    chosen = layer_named(portable.model, layer)

    def goal(pixels: Any) -> Any:
        with recorded(outputs_of=[chosen], stop=True) as seen:
            portable.model(pixels, training=False)
        maps = seen[chosen][0]
        return [tf.reduce_mean(maps[k, ..., channel]) for k, channel in enumerate(channels)]

    return _ascended(portable, goal, len(channels), steps, seed)


def class_pictures(
    portable: Portable, targets: Sequence[int], steps: int, seed: int
) -> Synthesised:
    """Return a picture (C, H, W, 3) for each class that a photo model takes for it.

    Args:
        portable: a photo model.
        targets: the classes, by index.
        steps: of gradient ascent.
        seed: of the noise that it starts from.
    """
    heads = mean_of_heads(portable.model)

    def goal(pixels: Any) -> Any:
        with recorded([heads]) as seen:
            portable.model(pixels, training=False)
        logits = tf.reduce_mean(seen[heads][0], axis=1)
        rest = tf.reduce_mean(logits, axis=-1) if logits.shape[-1] > 1 else 0.0 * logits[:, 0]
        return [logits[k, target] - rest[k] for k, target in enumerate(targets)]

    return _ascended(portable, goal, len(targets), steps, seed)


def _ascended(
    portable: Portable, goal: Callable[[Any], Any], n: int, steps: int, seed: int
) -> Synthesised:
    """The pictures (n, H, W, 3) of the largest input that make each goal large."""
    sizes = [tuple(each.shape[1:3]) for each in portable.model.inputs]
    h, w = (side or 64 for side in max(sizes))
    noise = np.random.default_rng(seed).normal(128, 8, (n, h, w, 3))
    pictures = noise.astype(np.float32)
    for step in range(steps):
        pixels = tf.convert_to_tensor(pictures)
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            parts = [pixels if size == (h, w) else tf.image.resize(pixels, size) for size in sizes]
            value = tf.add_n(goal(parts[0] if len(parts) == 1 else parts))
        gradient = np.asarray(tape.gradient(value, pixels))
        spread = gradient.std(axis=(1, 2, 3), keepdims=True) + 1e-12
        pictures = np.clip(pictures + STEP * gradient / spread, 0, 255)
        if step % BLUR_EACH == BLUR_EACH - 1 and step < steps - 1:
            pictures = np.stack([cv2.GaussianBlur(each, (0, 0), 0.6) for each in pictures])
    return pictures.astype(np.uint8)
