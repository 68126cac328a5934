"""Pictures of equations, from either source, to the file of strips that readers read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.captcha.charset import Charset
from podium.captcha.dataset import Facts, Split, write_captchas
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.grammar import Equations
from podium.captcha.equations.render import renders
from podium.captcha.equations.strips import lay_out
from podium.captcha.generator import Part, drawn, in_parts
from podium.captcha.ingest import drawn_splits, raw_splits
from podium.captcha.source import Labelled, pixels_of
from podium.captcha.tasks import Strips, task_from
from podium.core.params import Params
from podium.core.progress import progress

NAME = "equations"
PART = 8  # whole pictures at a time, each up to 12 MB

Pixels = NDArray[np.uint8]


class Layer:
    """Lays out the lines of pictures on strips, and counts where they are not those of the text.

    Args:
        finder: an artefact that finds lines.
        size: (w, h) of a strip.
    """

    def __init__(self, finder: Path, size: tuple[int, int]) -> None:
        self._finder, self.size = LineFinder.load(finder), size
        self._differ: Counter[bool] = Counter()

    def strips(self, pictures: Sequence[Pixels], texts: Sequence[str]) -> Part:
        """Strips (n, h, w, 3) of pictures (H, W, 3) of any size, and their texts ('' = unknown)."""
        out = np.empty((len(texts), self.size[1], self.size[0], 3), dtype=np.uint8)
        for row, (pixels, text) in enumerate(zip(pictures, texts, strict=True)):
            boxes = self._finder.find(pixels)
            if text:
                self._differ[len(boxes) != text.count(";") + 1] += 1
            out[row] = lay_out(pixels, boxes, self.size)
        return out, list(texts)

    @property
    def words(self) -> str:
        """How often the lines found were not as many as the text has, for a person to read."""
        return (
            f"lines found are not as many as in the text: {self._differ[True]} "
            f"of {self._differ.total()} pictures"
        )


def draw_equations(path: Path, finder: Path, params: Params, processes: int) -> str:
    """Write the stand-in to `path`; what was drawn, in words.

    Train strips are painted line by line, with edges as uncertain as those that a finder gives;
    validation and test pictures are painted whole, and the finder lays them out.

    Args:
        path: the captcha file.
        finder: an artefact that finds lines.
        params: all settings.
        processes: how many draw pictures beside this one; 0 draws here.
    """
    task = task_from(NAME, params.captcha)
    assert isinstance(task, Strips)
    settings, layer = params.generate_equations, Layer(finder, task.size)
    learn, *seen = drawn_splits(settings)

    def whole(split: Split) -> Iterator[Part]:
        make = partial(renders, split.seed)
        total = len(split.ids)
        parts = in_parts(make, 0, total, processes, PART)
        for pictures, texts in progress(parts, -(-total // PART), f"{split.name}, parts"):
            yield layer.strips(pictures, texts)

    strips = drawn(task, learn.seed, 0, len(learn.ids), processes)
    provenance = {"task": NAME, **params.captcha.equations.model_dump()}
    facts = Facts(task.size, Charset(Equations().alphabet), provenance, finder.read_bytes())
    parts = chain(strips, *(whole(split) for split in seen))
    write_captchas(path, facts, [learn, *seen], parts)
    n_whole = sum(len(split.ids) for split in seen)
    return f"{len(learn.ids)} strips and {n_whole} pictures drawn\n{layer.words}"


def take_equations(path: Path, folder: Path, finder: Path, params: Params) -> str:
    """Write the pictures in `folder`, of any sizes, to `path`; what was found, in words.

    Raises:
        PodiumError: pictures or labels cannot be used; names the file and the remedy.
    """
    size = task_from(NAME, params.captcha).size
    found, layer = raw_splits(folder, NAME, params), Layer(finder, size)
    look = partial(pixels_of, max_megapixels=params.generate_equations.max_megapixels)
    facts = Facts(size, found.charset, found.provenance, finder.read_bytes())
    write_captchas(path, facts, found.splits, _laid_out(found.groups, look, layer))
    return f"{found.words('many sizes')}\n{layer.words}"


def _laid_out(
    groups: Sequence[Labelled], look: Callable[[Path], Pixels], layer: Layer
) -> Iterator[Part]:
    """Strips and texts of all pictures, group by group; files are decoded ahead."""
    slices = [(one, at) for one in groups for at in range(0, len(one.ids), PART)]
    with ThreadPoolExecutor() as pool:
        for group, at in progress(slices, len(slices), "pictures, parts"):
            pictures = list(pool.map(look, group.paths[at : at + PART]))
            yield layer.strips(pictures, group.texts[at : at + PART])
