"""The captcha file of equations: drawn or raw pictures, laid out as strips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.captcha.dataset import Facts, Split, write_captchas
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.render import render_range
from podium.captcha.equations.strips import N_LINES, lay_out
from podium.captcha.generator import Part, generate, map_ranges
from podium.captcha.ingest import drawn_task
from podium.captcha.raw_captchas import read_raw, shortened
from podium.captcha.raw_pixels import decode_picture, decoded_parts, white
from podium.captcha.reader_checks import check_pictures
from podium.captcha.tasks import task_from
from podium.core.params import Params
from podium.core.progress import progress
from podium.core.raw_folder import write_quarantine

NAME = "equations"
PART = 8  # whole pictures at a time, each up to 12 MB

Pixels = NDArray[np.uint8]


class StripLayout:
    """Lays out the lines of pictures on strips; counts pictures with a wrong number of lines.

    Args:
        finder: the artefact of a line finder.
        size: (w, h) of a strip, pixels.
    """

    def __init__(self, finder: Path, size: tuple[int, int]) -> None:
        self._finder, self.size = LineFinder.load(finder), size
        self._n_labelled, self._n_wrong = 0, 0
        self._odd: list[str] = []

    def strips(self, pictures: Sequence[Pixels], texts: Sequence[str], ids: Sequence[str]) -> Part:
        """Strips (n, h, w, 3) of pictures, and their texts (n,).

        Args:
            pictures: (H, W, 3) each, of any size.
            texts: (n,), '' = unknown.
            ids: (n,).
        """
        out = np.empty((len(texts), self.size[1], self.size[0], 3), dtype=np.uint8)
        for row, (pixels, text, name) in enumerate(zip(pictures, texts, ids, strict=True)):
            sheet, boxes = self._finder.lines(pixels)
            if text:
                self._n_labelled += 1
                self._n_wrong += len(boxes) != text.count(";") + 1
            elif len(boxes) not in N_LINES:
                self._odd.append(name)
            out[row] = lay_out(sheet, boxes, self.size)
        return out, list(texts)

    @property
    def summary(self) -> str:
        """How often the finder found another number of lines than the text has, for a person."""
        lines = [
            f"lines found are not as many as in the text: {self._n_wrong} "
            f"of {self._n_labelled} pictures"
        ]
        if 2 * self._n_wrong > self._n_labelled:
            lines.append(
                "WARNING: the line finder misses lines of most pictures, which no reader can mend: "
                "train it longer (train_line_finder.epochs, epoch_size), or give larger pictures"
            )
        if self._odd:
            lines.append(
                f"WARNING: not two or three lines of text found on {len(self._odd)} test pictures, "
                f"look at what is read there: {shortened(self._odd)}"
            )
        return "\n".join(lines)


def write_drawn_equations(path: Path, finder: Path, params: Params, processes: int) -> str:
    """Draw the stand-in pictures and write their strips to a captcha file.

    Train strips are painted line by line, with boxes as inexact as those of a finder. Validation
    and test pictures are painted whole, and the finder lays them out.

    Args:
        path: the captcha file.
        finder: the artefact of a line finder.
        params: all settings.
        processes: how many draw pictures beside this one; 0 draws here.

    Returns:
        How many pictures were drawn, for a person to read.
    """
    task, facts, splits = drawn_task(NAME, params)  # the settings are looked at first
    facts = replace(facts, finder=finder.read_bytes())
    layout = StripLayout(finder, task.size)
    train, *whole = splits

    def laid_out(split: Split) -> Iterator[Part]:
        n = len(split.ids)
        parts = map_ranges(partial(render_range, split.seed), 0, n, processes, PART)
        row = 0
        for pictures, texts in progress(parts, -(-n // PART), f"{split.name}, parts"):
            yield layout.strips(pictures, texts, split.ids[row : row + len(texts)])
            row += len(texts)

    strips = generate(task, train.seed, 0, len(train.ids), processes)
    write_captchas(path, facts, splits, chain(strips, *map(laid_out, whole)))
    n_whole = sum(len(split.ids) for split in whole)
    return f"{len(train.ids)} strips and {n_whole} pictures drawn\n{layout.summary}"


def write_raw_equations(
    path: Path, quarantine: Path, folder: Path, finder: Path, params: Params
) -> str:
    """Write the strips of raw pictures, which may be of any size, to a captcha file.

    Args:
        path: the captcha file.
        quarantine: the table of what is not used.
        folder: with train/ and test/.
        finder: the artefact of a line finder.
        params: all settings.

    Returns:
        What the folder held, for a person to read.

    Raises:
        PodiumError: pictures or labels cannot be used; names the file and the remedy.
    """
    size = task_from(NAME, params.captcha).size
    raw = read_raw(folder, NAME, params)
    check_pictures(NAME, params, size, raw.texts)
    layout, most = StripLayout(finder, size), params.generate_equations.max_megapixels

    def decode(path: Path | None) -> Pixels:
        return decode_picture(path, most) if path else white(size)

    facts = Facts(size, raw.charset, raw.provenance, finder.read_bytes())
    parts = decoded_parts(raw.pictures, PART, decode)
    strips = (layout.strips(pictures, part.texts, part.ids) for pictures, part in parts)
    write_captchas(path, facts, raw.splits, strips)
    quarantined = write_quarantine(quarantine, raw.left_out)
    return f"{layout.summary}\n{raw.summary('many sizes', quarantined)}"
