"""From either source to the one file that readers read."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from podium.captcha.charset import Charset, charset_of
from podium.captcha.dataset import SPLITS, Facts, Split, write_captchas
from podium.captcha.generator import PART, drawn
from podium.captcha.source import (
    Labelled,
    SameSize,
    pixel_parts,
    read_test,
    read_train,
    split_off,
)
from podium.captcha.tasks import task_from
from podium.core.errors import PodiumError, SettingsError
from podium.core.params import GenerateCaptcha, Params
from podium.core.progress import progress


def draw_captchas(path: Path, name: str, params: Params, processes: int) -> str:
    """Write the stand-in of the task `name` to `path`; what was drawn, in words."""
    task, settings = task_from(name, params.captcha), params.pictures(name)
    splits = drawn_splits(settings)
    provenance = {"task": name, **getattr(params.captcha, name).model_dump()}
    facts = Facts(task.size, Charset(task.grammar.alphabet), provenance)
    total = sum(-(-len(split.ids) // PART) for split in splits)
    each = (drawn(task, split.seed, 0, len(split.ids), processes) for split in splits)
    write_captchas(
        path, facts, splits, progress(chain.from_iterable(each), total, "captchas, parts")
    )
    return f"{sum(len(split.ids) for split in splits)} pictures drawn"


def drawn_splits(settings: GenerateCaptcha) -> list[Split]:
    """Train, validation and test; the id of a picture is its number.

    Raises:
        SettingsError: two splits share a seed, and with it pictures.
    """
    seeds = (settings.seed_train, settings.seed_validation, settings.seed_test)
    if len(set(seeds)) < len(seeds):
        raise SettingsError(f"train, validation and test need seeds of their own, not {seeds}")
    sizes = (settings.n_train, settings.n_validation, settings.n_test)
    return [
        Split(name, [str(number) for number in range(n)], seed)
        for name, n, seed in zip(SPLITS, sizes, seeds, strict=True)
    ]


def take_captchas(path: Path, folder: Path, name: str, params: Params) -> str:
    """Write the pictures in `folder` to `path`; what was found, in words.

    Raises:
        PodiumError: pictures or labels cannot be used; names the file and the remedy.
    """
    found = raw_splits(folder, name, params)
    look = SameSize(found.groups[0].paths[0], params.pictures(name).max_megapixels)
    facts = Facts(look.size, found.charset, found.provenance)
    write_captchas(path, facts, found.splits, pixel_parts(found.groups, look))
    return found.words(f"{look.size[0]}x{look.size[1]} px")


@dataclass(frozen=True)
class Raw:
    """Pictures that a person dropped in, parted into train, validation and test.

    Attributes:
        groups: the pictures of each split.
        charset: the characters of the labels.
        provenance: how the splits were made.
    """

    groups: list[Labelled]
    charset: Charset
    provenance: dict[str, Any]

    @property
    def splits(self) -> list[Split]:
        """The splits by id."""
        return [Split(one, group.ids) for one, group in zip(SPLITS, self.groups, strict=True)]

    def words(self, size: str) -> str:
        """What was found, pictures of that size, for a person to read."""
        learn, keep, test = self.groups
        texts = learn.texts + keep.texts
        lengths = sorted({len(text) for text in texts})
        spread = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
        return (
            f"found {len(texts)} labelled pictures of {size}, texts of {spread} "
            f"characters out of {len(self.charset)}: {self.charset.characters}\n"
            f"{len(learn.ids)} to learn from, {len(keep.ids)} for validation, "
            f"{len(test.ids)} in test"
        )


def raw_splits(folder: Path, name: str, params: Params) -> Raw:
    """The pictures of the task `name` in `folder`.

    Raises:
        PodiumError: labels cannot be used, or there are fewer than two labelled pictures.
    """
    settings = params.pictures(name)
    labelled, test = read_train(folder, name), read_test(folder, name)
    if len(labelled.ids) < 2:
        raise PodiumError(
            f"{folder / 'train'}: a reader needs two labelled pictures at least\nremedy: add more"
        )
    learn, keep = split_off(len(labelled.ids), settings.validation_share, settings.seed_validation)
    return Raw(
        [labelled.rows(learn), labelled.rows(keep), test],
        charset_of(labelled.texts),
        {"task": name, "source": "raw", "validation_share": settings.validation_share},
    )
