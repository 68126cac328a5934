"""The captcha file of a task, from drawn or from raw pictures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from podium.captcha.charset import Charset, charset_of
from podium.captcha.dataset import SPLITS, Facts, Split, write_captchas
from podium.captcha.generator import PART, generate
from podium.captcha.source import (
    LabelledPictures,
    SameSizeDecoder,
    decode_parts,
    read_test,
    read_train,
    split_validation,
)
from podium.captcha.tasks import task_from
from podium.core.errors import PodiumError, SettingsError
from podium.core.params import GenerateCaptcha, Params
from podium.core.progress import progress


def write_drawn_captchas(path: Path, name: str, params: Params, processes: int) -> str:
    """Draw the stand-in pictures of a task and write them to a captcha file.

    Args:
        path: the captcha file.
        name: text or arithmetic.
        params: all settings.
        processes: how many draw pictures beside this one; 0 draws here.

    Returns:
        How many pictures were drawn, for a person to read.
    """
    task, settings = task_from(name, params.captcha), params.pictures(name)
    splits = standin_splits(settings)
    provenance = {"task": name, **getattr(params.captcha, name).model_dump()}
    facts = Facts(task.size, Charset(task.grammar.alphabet), provenance)
    n_parts = sum(-(-len(split.ids) // PART) for split in splits)
    parts = chain.from_iterable(
        generate(task, split.seed, 0, len(split.ids), processes) for split in splits
    )
    write_captchas(path, facts, splits, progress(parts, n_parts, "captchas, parts"))
    return f"{sum(len(split.ids) for split in splits)} pictures drawn"


def standin_splits(settings: GenerateCaptcha) -> list[Split]:
    """Train, validation and test of drawn pictures; the id of a picture is its number.

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


def write_raw_captchas(path: Path, folder: Path, name: str, params: Params) -> str:
    """Write the raw pictures of a task to a captcha file.

    Args:
        path: the captcha file.
        folder: with train/ and test/.
        name: text or arithmetic.
        params: all settings.

    Returns:
        What the folder held, for a person to read.

    Raises:
        PodiumError: pictures or labels cannot be used; names the file and the remedy.
    """
    raw = read_raw(folder, name, params)
    decode = SameSizeDecoder(raw.pictures[0].paths[0], params.pictures(name).max_megapixels)
    facts = Facts(decode.size, raw.charset, raw.provenance)
    write_captchas(path, facts, raw.splits, decode_parts(raw.pictures, decode))
    return raw.summary(f"{decode.size[0]}x{decode.size[1]} px")


@dataclass(frozen=True)
class RawCaptchas:
    """Raw pictures, split into train, validation and test.

    Attributes:
        pictures: of each split, in the order of SPLITS.
        charset: the characters of the labels.
        provenance: how the splits were made, as JSON values.
    """

    pictures: list[LabelledPictures]
    charset: Charset
    provenance: dict[str, Any]

    @property
    def splits(self) -> list[Split]:
        """Name and picture ids of each split."""
        return [Split(name, part.ids) for name, part in zip(SPLITS, self.pictures, strict=True)]

    def summary(self, size: str) -> str:
        """How many pictures of `size` and which characters there are, for a person to read."""
        train, validation, test = self.pictures
        texts = train.texts + validation.texts
        lengths = sorted({len(text) for text in texts})
        spread = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
        return (
            f"found {len(texts)} labelled pictures of {size}, texts of {spread} "
            f"characters out of {len(self.charset)}: {self.charset.characters}\n"
            f"{len(train.ids)} to learn from, {len(validation.ids)} for validation, "
            f"{len(test.ids)} in test"
        )


def read_raw(folder: Path, name: str, params: Params) -> RawCaptchas:
    """The raw pictures of a task, split into train, validation and test.

    Args:
        folder: with train/ and test/.
        name: text, arithmetic or equations.
        params: all settings.

    Raises:
        PodiumError: labels cannot be used, or there are fewer than two labelled pictures.
    """
    settings = params.pictures(name)
    labelled, test = read_train(folder, name), read_test(folder, name)
    if len(labelled.ids) < 2:
        raise PodiumError(
            f"{folder / 'train'}: a reader needs two labelled pictures at least\nremedy: add more"
        )
    train, validation = split_validation(
        len(labelled.ids), settings.validation_share, settings.seed_validation
    )
    return RawCaptchas(
        [labelled.select(train), labelled.select(validation), test],
        charset_of(labelled.texts),
        {"task": name, "source": "raw", "validation_share": settings.validation_share},
    )
