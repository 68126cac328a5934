"""The captcha artefact: from pictures to texts, with everything it needs inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium import artefact, images
from podium.captcha import network as _registers_its_layers  # noqa: F401
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules
from podium.errors import PodiumError
from podium.predictions import Reading
from podium.runtime import keras, tf

BATCH = 256  # pictures read at a time

Pixels = NDArray[np.uint8]


class Logits:
    """The logits of a reader, without gradients."""

    def __init__(self, model: keras.Model) -> None:
        self.shape = model.input_shape[1:]
        given = [tf.TensorSpec((None, *self.shape), tf.float32)]
        self._graph = tf.function(lambda pixels: model(pixels, training=False), given)

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Logits (N, T, C) of pixels (N, H, W, 3)."""
        parts = [pixels[at : at + BATCH] for at in range(0, len(pixels), BATCH)]
        found = [self._graph(tf.cast(part, tf.float32)).numpy() for part in parts]
        return np.concatenate(found) if found else np.zeros((0, 1, 1), dtype=np.float32)


def description_of(task: str, decoder: Decoder, max_megapixels: float) -> dict[str, Any]:
    """What an artefact says of itself, as JSON values."""
    return {
        "task": f"captcha-{task}",
        "kind": decoder.kind,
        "charset": decoder.charset.characters,
        "rules": decoder.rules.as_dict(),
        "beam_width": decoder.beam_width,
        "max_megapixels": max_megapixels,
    }


class CaptchaReader:
    """Reads pictures of the size its artefact was trained on."""

    def __init__(self, path: Path) -> None:
        self.model, found = artefact.load(path)
        try:
            self.task = str(found["task"]).removeprefix("captcha-")
            charset, rules = Charset(found["charset"]), Rules(**found["rules"])
            self.decoder = Decoder(found["kind"], charset, rules, int(found["beam_width"]))
            self.max_megapixels = float(found["max_megapixels"])
        except (KeyError, TypeError):
            raise PodiumError(f"{path}: a podium model, but not one for captchas") from None
        self.logits = Logits(self.model)

    def read(self, pixels: Pixels) -> list[Reading]:
        """The texts (N,) of pixels (N, H, W, 3)."""
        return self.decoder.best(self.logits(pixels))

    def read_files(self, paths: Sequence[Path]) -> list[Reading]:
        """The texts (N,) of picture files.

        Raises:
            PodiumError: a file cannot be read or has another size; it says which and why.
        """
        return self.read(np.stack([self._pixels(path) for path in paths]))

    def _pixels(self, path: Path) -> Pixels:
        pixels = images.read(path, self.max_megapixels, "give a readable picture")
        h, w, _ = self.logits.shape
        if pixels.shape[:2] != (h, w):
            raise PodiumError(
                f"{path}: {pixels.shape[1]}x{pixels.shape[0]} px, but this reader learnt on "
                f"{w}x{h} px\nremedy: give pictures of that size, or train on this one"
            )
        return pixels
