"""The captcha artefact: from pictures to texts, with everything it needs inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.captcha import network as _registers_its_layers  # noqa: F401
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.strips import lay_out
from podium.core import picture_decoder
from podium.core.errors import PodiumError
from podium.evaluation.predictions import Reading
from podium.training import artefact
from podium.training.batch_size import BatchSize
from podium.training.runtime import keras, tf

BATCH = 256  # pictures read at a time, or fewer
_PIXELS = 4_000_000  # of all of them
FINDER, READER = "finder", "reader"  # the parts of an artefact for equations
N_LINES = (2, 3)  # of equations on a picture

Pixels = NDArray[np.uint8]


class Logits:
    """The logits of a reader, without gradients."""

    def __init__(self, model: keras.Model) -> None:
        self.shape = model.input_shape[1:]
        most = max(1, min(BATCH, _PIXELS // (self.shape[0] * self.shape[1])))
        self._fitting = BatchSize([model], most, "read")
        given = [tf.TensorSpec((None, *self.shape), tf.uint8)]

        def logits(pixels: Any) -> Any:
            return model(tf.cast(pixels, tf.float32), training=False)

        self._graph = tf.function(logits, given)

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Logits (N, T, C) of pixels (N, H, W, 3)."""
        if not len(pixels):
            return np.zeros((0, 1, 1), dtype=np.float32)
        return self._fitting.run(self._graph, pixels)


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


def with_finder(reader: keras.Model, finder: bytes) -> keras.Model:
    """A reader of strips and the finder that lays them out, as one model to keep.

    Args:
        reader: an artefact.
        finder: another one, as the bytes of its file.
    """
    lines, _ = artefact.load_bytes(finder, f"{FINDER}.keras")
    [described] = [layer for layer in reader.layers if isinstance(layer, artefact.MetadataLayer)]
    strips = keras.Input(reader.input_shape[1:], name="strips")
    pictures = keras.Input(lines.input_shape[1:], name="pictures")
    strips_seen = artefact.MetadataLayer(described.description, name="described")(strips)
    parts = [
        keras.Model(reader.inputs, reader.outputs, name=READER)(strips_seen),
        keras.Model(lines.inputs, lines.outputs, name=FINDER)(pictures),
    ]
    return keras.Model([strips, pictures], parts)


class CaptchaReader:
    """Reads pictures of the size its artefact was trained on; equations of any size.

    Attributes:
        task: text, arithmetic or equations.
        logits: of pictures, or of the strips that the finder lays out.
        decoder: from logits to texts.
        finder: of lines, for equations only.
    """

    def __init__(self, path: Path) -> None:
        model, found = artefact.load(path)
        try:
            self.task = str(found["task"]).removeprefix("captcha-")
            charset, rules = Charset(found["charset"]), Rules(**found["rules"])
            self.decoder = Decoder(found["kind"], charset, rules, int(found["beam_width"]))
            self.max_megapixels = float(found["max_megapixels"])
        except (KeyError, TypeError):
            raise PodiumError(f"{path}: a podium model, but not one for captchas") from None
        whole = {layer.name: layer for layer in model.layers if isinstance(layer, keras.Model)}
        self.finder = LineFinder(whole[FINDER]) if whole else None
        self.logits = Logits(whole.get(READER, model))

    def read(self, pixels: Pixels) -> list[Reading]:
        """The texts (N,) of pixels (N, H, W, 3), of strips where there is a finder."""
        return self.decoder.best(self.logits(pixels))

    def read_files(self, paths: Sequence[Path]) -> list[Reading]:
        """The texts (N,) of picture files.

        Raises:
            PodiumError: a file cannot be read or has another size; it says which and why.
        """
        return self.read(np.stack([self._pixels(path) for path in paths]))

    def _pixels(self, path: Path) -> Pixels:
        pixels = picture_decoder.read(path, self.max_megapixels, "give a readable picture")
        if self.finder:
            return self._strip(path, pixels, self.finder)
        h, w, _ = self.logits.shape
        if pixels.shape[:2] != (h, w):
            raise PodiumError(
                f"{path}: {pixels.shape[1]}x{pixels.shape[0]} px, but this reader learnt on "
                f"{w}x{h} px\nremedy: give pictures of that size, or train on this one"
            )
        return pixels

    def _strip(self, path: Path, pixels: Pixels, finder: LineFinder) -> Pixels:
        boxes = finder.find(pixels)
        if len(boxes) not in N_LINES:
            what = f"{len(boxes)} lines of text were" if len(boxes) > 1 else "one line of text was"
            raise PodiumError(
                f"{path}: {what if boxes else 'no line of text was'} found, "
                f"equations have {' or '.join(map(str, N_LINES))}\n"
                "remedy: give a picture with one or two assignments and an expression"
            )
        h, w, _ = self.logits.shape
        return lay_out(pixels, boxes, (w, h))
