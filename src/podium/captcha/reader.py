"""A trained captcha reader loaded from its artefact: from pictures to texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.captcha import network as _registers_its_layers  # noqa: F401
from podium.captcha.answer_rules import answer_rules
from podium.captcha.chance import Chance
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules, grammar_log_probs
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.scene import Box
from podium.captcha.equations.sheet_rules import MOST_LINES
from podium.captcha.equations.strips import N_LINES, lay_out
from podium.captcha.fit import PictureFit
from podium.core import picture_decoder
from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.evaluation.predictions import Reading
from podium.training import artefact, distribution
from podium.training.batch_size import BatchSize
from podium.training.parts import compute_by_parts
from podium.training.runtime import keras, tf

BATCH = 256  # pictures read at a time, or fewer
_PIXELS = 4_000_000  # of all pictures that are read at a time
_PART_PX = 2_000_000  # of these, on one core: recurrent layers do better on many pictures
KINDS = ("cnn", "crnn", "ctc")  # of readers
FINDER, READER = "finder", "reader"  # names of the two models in an artefact for equations

Pixels = NDArray[np.uint8]


class LogitPredictor:
    """Predicts the logits of pictures in batches, without gradients.

    Attributes:
        shape: (H, W, 3) of the pictures.
    """

    def __init__(self, model: keras.Model) -> None:
        self.shape = model.input_shape[1:]
        most = max(1, min(BATCH, _PIXELS // (self.shape[0] * self.shape[1])))
        self._batch_size = BatchSize([model], most, "read")
        signature = [tf.TensorSpec((None, *self.shape), tf.uint8)]

        def logits(pixels: Any) -> Any:
            return model(tf.cast(pixels, tf.float32), training=False)

        graph = tf.function(logits, signature)

        def by_parts(pixels: Any) -> NDArray[np.float32]:
            return compute_by_parts(lambda part: np.asarray(graph(part)), pixels, _PART_PX)

        self._graph = graph if distribution.keeps_batches_whole() else by_parts

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Logits (N, T, C) float32 of pixels (N, H, W, 3) uint8."""
        if not len(pixels):
            return np.zeros((0, 1, 1), dtype=np.float32)
        return self._batch_size.run(self._graph, pixels)


def artefact_metadata(
    task: str, decoder: Decoder, max_megapixels: float, fit: str = "pad"
) -> dict[str, Any]:
    """The metadata that is kept in the artefact of a reader, as JSON values.

    Args:
        task: text, arithmetic or equations.
        decoder: its settings are kept.
        max_megapixels: the largest picture file that the reader accepts.
        fit: how pictures of other sizes are fitted, pad or stretch.
    """
    return {
        "task": f"captcha-{task}",
        "kind": decoder.kind,
        "charset": decoder.charset.characters,
        "rules": decoder.rules.as_dict(),
        "beam_width": decoder.beam_width,
        "max_megapixels": max_megapixels,
        "fit": fit,
    }


def keep_chance(model: keras.Model, chance: Chance) -> None:
    """Keep in the metadata of a trained reader how its probabilities are corrected."""
    [metadata] = [layer for layer in model.layers if isinstance(layer, artefact.MetadataLayer)]
    metadata.description = {**metadata.description, "chance": chance.as_list()}


def with_finder(reader: keras.Model, finder: bytes) -> keras.Model:
    """One model that holds a reader of strips and the line finder that lays them out.

    Args:
        reader: a trained reader.
        finder: the bytes of a line finder's artefact.
    """
    line_model, _ = artefact.load_bytes(finder, f"{FINDER}.keras")
    [metadata] = [layer for layer in reader.layers if isinstance(layer, artefact.MetadataLayer)]
    strips = keras.Input(reader.input_shape[1:], name="strips")
    pictures = keras.Input(line_model.input_shape[1:], name="pictures")
    described_strips = artefact.MetadataLayer(metadata.description, name="described")(strips)
    parts = [
        keras.Model(reader.inputs, reader.outputs, name=READER)(described_strips),
        keras.Model(line_model.inputs, line_model.outputs, name=FINDER)(pictures),
    ]
    return keras.Model([strips, pictures], parts)


class CaptchaReader:
    """Reads pictures of any size, which are fitted to that it was trained on.

    Attributes:
        task: text, arithmetic or equations.
        decoder: turns logits into texts.
        max_megapixels: the largest picture file that is accepted.
        finder: the line finder, for equations only.
        chance: corrects how sure the reader is.
        fit: makes pictures as large as those that it was trained on.
        logits: predicts the logits of pictures; for equations of strips.
    """

    def __init__(self, path: Path) -> None:
        model, metadata = artefact.load(path)
        try:
            self.task = str(metadata["task"]).removeprefix("captcha-")
            charset, rules = Charset(metadata["charset"]), Rules(**metadata["rules"])
            self.decoder = Decoder(metadata["kind"], charset, rules, int(metadata["beam_width"]))
            self.max_megapixels = float(metadata["max_megapixels"])
            mode, correction = metadata.get("fit", "pad"), metadata.get("chance", ())
            if not all(map(math.isfinite, correction)):
                raise ValueError(correction)
            self.chance = Chance(*correction)
            answer_rules(self.task)
            if self.decoder.kind not in KINDS:
                raise ValueError(self.decoder.kind)
            _ = rules.automaton  # made here, so that faulty rules show
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError, PodiumError):
            raise PodiumError(
                f"{printable(path)}: a podium model, but not one for captchas\n"
                "remedy: give a model that train_captcha_reader wrote"
            ) from None
        parts = {layer.name: layer for layer in model.layers if isinstance(layer, keras.Model)}
        self.finder = LineFinder(parts[FINDER]) if parts else None
        self.logits = LogitPredictor(parts.get(READER, model))
        self.fit = PictureFit((self.logits.shape[1], self.logits.shape[0]), mode)

    def read(self, pixels: Pixels) -> list[Reading]:
        """The texts (N,) of pixels (N, H, W, 3) uint8 RGB; for equations the pixels of strips."""
        return self.decoder.best(self.logits(pixels))

    def read_files(self, paths: Sequence[Path]) -> list[Reading]:
        """The texts (N,) of picture files.

        Raises:
            PodiumError: a file cannot be read, or no line of it, or too many.
        """
        return [reading for reading, _ in self._read(paths)]

    def answer_files(self, paths: Sequence[Path]) -> list[tuple[str, float]]:
        """The texts (N,) of picture files, each with the chance that it is right.

        Raises:
            PodiumError: as `read_files`.
        """
        return [(reading.text, chance) for reading, chance in self._read(paths)]

    def _read(self, paths: Sequence[Path]) -> list[tuple[Reading, float]]:
        """The readings (N,) of picture files, each with the chance that it is right."""
        seen = [self._seen(path) for path in paths]
        logits = self.logits(np.stack([pixels for views, _ in seen for pixels in views]))
        language_of = [language for views, language in seen for _ in views]
        every: dict[int, tuple[Reading, float]] = {}
        for language in sorted(set(language_of)):
            rows = [row for row, own in enumerate(language_of) if own == language]
            decoder = self.decoder
            if language:
                decoder = replace(decoder, rules=Rules(language=language))
            readings = decoder.best(logits[rows])
            chances = self.chance.apply(*grammar_log_probs(decoder, logits[rows], readings))
            every |= dict(zip(rows, zip(readings, chances.tolist(), strict=True), strict=True))
        ends = np.cumsum([len(views) for views, _ in seen]).tolist()
        parts = zip([0, *ends], ends, strict=False)
        views_of = [[every[row] for row in range(start, stop)] for start, stop in parts]
        return [max(views, key=lambda view: view[0].log_prob) for views in views_of]

    def _seen(self, path: Path) -> tuple[list[Pixels], str]:
        """A file as the network sees it, in one or two sizes, and the language of its text.

        The language is '' where it is that which the reader learnt. Where it is not, the highest
        line may have no fraction, and is tried at half the size.
        """
        remedy = "give a readable picture"
        pixels = picture_decoder.read(path, self.max_megapixels, remedy, contrast=True)
        if not self.finder:
            return [self.fit(pixels)], ""
        sheet, boxes = self._lines(path, pixels, self.finder)
        whole = lay_out(sheet, boxes, self.fit.size)
        if len(boxes) in N_LINES or self.decoder.rules.language != "equations":
            return [whole], ""
        return [whole, lay_out(sheet, boxes, self.fit.size, 0.5)], f"sheet-{len(boxes)}"

    def strip(self, path: Path, pixels: Pixels, finder: LineFinder) -> Pixels:
        """The lines of a sheet (H, W, 3) as the strip (h, w, 3) that the reader takes.

        Args:
            path: of the sheet, for messages.
            pixels: of the sheet.
            finder: finds its lines.

        Raises:
            PodiumError: no line is found, or too many.
        """
        return lay_out(*self._lines(path, pixels, finder), self.fit.size)

    def _lines(self, path: Path, pixels: Pixels, finder: LineFinder) -> tuple[Pixels, list[Box]]:
        """A sheet as if drawn, and its lines; arguments and errors as of `strip`."""
        sheet, boxes = finder.lines(pixels)
        if not 1 <= len(boxes) <= MOST_LINES:
            count = f"{len(boxes)} lines" if boxes else "no line"
            raise PodiumError(
                f"{printable(path)}: {count} of text found, "
                f"sheets of equations have 1 to {MOST_LINES}\n"
                "remedy: give a picture of nothing but assignments and an expression, whose "
                "characters are some 30 to 50 pixels high"
            )
        return sheet, boxes
