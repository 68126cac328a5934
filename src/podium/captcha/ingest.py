"""The captcha file of a task, from drawn or from raw pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from podium.captcha.charset import Charset, charset_of
from podium.captcha.dataset import SPLITS, Facts, Split, write_captchas
from podium.captcha.generator import PART, generate, texts_of
from podium.captcha.raw_folder import list_others
from podium.captcha.raw_pixels import SameSizeDecoder, decoded_parts
from podium.captcha.reader_checks import check_pictures, check_settings
from podium.captcha.source import LabelledPictures, read_test, read_train, split_validation
from podium.captcha.tasks import TASKS, StripTask, Task, task_from
from podium.core.errors import PodiumError
from podium.core.params import GenerateCaptcha, Params
from podium.core.printable import printable
from podium.core.progress import progress
from podium.core.raw_folder import LeftOut, write_quarantine

_N_AT_ONCE = 256  # pictures decoded


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
    task, facts, splits = drawn_task(name, params)
    n_parts = sum(-(-len(split.ids) // PART) for split in splits)
    parts = chain.from_iterable(
        generate(task, split.seed, 0, len(split.ids), processes) for split in splits
    )
    write_captchas(path, facts, splits, progress(parts, n_parts, "captchas, parts"))
    return f"{sum(len(split.ids) for split in splits)} pictures drawn"


def drawn_task(name: str, params: Params) -> tuple[Task | StripTask, Facts, list[Split]]:
    """A task whose pictures are drawn, the metadata of its captcha file, and its splits.

    Args:
        name: text, arithmetic or equations.
        params: all settings.

    Raises:
        SettingsError: a reader of the task cannot be trained.
        PodiumError: the pictures are too small for one.
    """
    task, settings = task_from(name, params.captcha), params.pictures(name)
    check_settings(name, "standin", params)
    check_pictures(name, params, task.size, texts_of(task, settings.seed_train, settings.n_train))
    provenance = {"task": name, **getattr(params.captcha, name).model_dump()}
    facts = Facts(task.size, Charset(task.grammar.alphabet), provenance)
    return task, facts, standin_splits(settings)


def standin_splits(settings: GenerateCaptcha) -> list[Split]:
    """Train, validation and test of drawn pictures; the id of a picture is its number."""
    seeds = (settings.seed_train, settings.seed_validation, settings.seed_test)
    sizes = (settings.n_train, settings.n_validation, settings.n_test)
    return [
        Split(name, [str(number) for number in range(n)], seed)
        for name, n, seed in zip(SPLITS, sizes, seeds, strict=True)
    ]


def write_raw_captchas(
    path: Path, quarantine: Path, folder: Path, name: str, params: Params
) -> str:
    """Write the raw pictures of a task to a captcha file.

    Args:
        path: the captcha file.
        quarantine: the table of what is not used.
        folder: with train/ and test/.
        name: text or arithmetic.
        params: all settings.

    Returns:
        What the folder held, for a person to read.

    Raises:
        PodiumError: pictures or labels cannot be used; names the file and the remedy.
    """
    raw = read_raw(folder, name, params)
    [first, *_] = filter(None, raw.pictures[0].paths)
    decode = SameSizeDecoder(first, params.pictures(name).max_megapixels)
    check_pictures(name, params, decode.size, raw.texts)
    parts = decoded_parts(raw.pictures, _N_AT_ONCE, decode)
    stacked = ((np.stack(pictures), part.texts) for pictures, part in parts)
    write_captchas(path, Facts(decode.size, raw.charset, raw.provenance), raw.splits, stacked)
    return raw.summary("{}x{} px".format(*decode.size), write_quarantine(quarantine, raw.left_out))


@dataclass(frozen=True)
class RawCaptchas:
    """Raw pictures, split into train, validation and test.

    Attributes:
        pictures: of each split, in the order of SPLITS.
        charset: the characters of the labels.
        provenance: how the splits were made, as JSON values.
        left_out: files and labels that are not used.
        notes: what a person should look at.
    """

    pictures: list[LabelledPictures]
    charset: Charset
    provenance: dict[str, Any]
    left_out: list[LeftOut]
    notes: list[str]

    @property
    def splits(self) -> list[Split]:
        """Name and picture ids of each split."""
        return [
            Split(name, part.ids, unreadable=part.unreadable)
            for name, part in zip(SPLITS, self.pictures, strict=True)
        ]

    @property
    def texts(self) -> list[str]:
        """Of the train and validation pictures."""
        return self.pictures[0].texts + self.pictures[1].texts

    def summary(self, size: str, quarantined: Sequence[str]) -> str:
        """What there is and what is not used, for a person to read.

        Args:
            size: of the pictures, in words.
            quarantined: lines on what is not used.
        """
        train, validation, test = self.pictures
        lengths = sorted({len(text) for text in self.texts})
        spread = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
        lines = [
            f"found {len(self.texts)} labelled pictures of {size}, texts of {spread} "
            f"characters out of {len(self.charset)}: {self.charset.characters}",
            f"{len(train.ids)} to learn from, {len(validation.ids)} for validation, "
            f"{len(test.ids)} in test",
            *self.notes,
            *quarantined,
        ]
        if test.unreadable:
            names = [test.ids[row] for row in test.unreadable]
            lines.append(
                f"WARNING: {len(names)} test pictures cannot be read; their rows get the most "
                f"frequent train text: {shortened(names)}"
            )
        return "\n".join(lines)


def read_raw(folder: Path, name: str, params: Params) -> RawCaptchas:
    """The raw pictures of a task, split into train, validation and test.

    Args:
        folder: with train/ and test/.
        name: text, arithmetic or equations.
        params: all settings.

    Raises:
        SettingsError: a reader of the task cannot be trained.
        PodiumError: labels cannot be used, or there are fewer than two labelled pictures.
    """
    check_settings(name, "raw", params)
    settings = params.pictures(name)
    others = list_others(folder)
    labelled = read_train(folder, name, settings.max_megapixels)
    test = read_test(folder, name, settings.max_megapixels)
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
        labelled.left_out + test.left_out + others,
        _unseen(name, labelled.texts) + _notes(folder, labelled, test),
    )


def shortened(names: Sequence[str], n: int = 10) -> str:
    """The first `n` names, printable."""
    return ", ".join([printable(name) for name in names[:n]] + ["..."] * (len(names) > n))


def _unseen(name: str, texts: list[str]) -> list[str]:
    """A line for characters of a competition that no text has; none where any may occur."""
    unseen = set(TASKS[name].grammar.alphabet) - set().union(*texts)
    if name == "text" or not unseen:
        return []
    shown = "".join(sorted(unseen))
    return [f"WARNING: no train text has {shown}: readers will never read these characters"]


def _notes(folder: Path, labelled: LabelledPictures, test: LabelledPictures) -> list[str]:
    """What is odd about raw pictures, and yet may be meant."""
    notes = []
    if not test.ids and (folder / "sample_submission.csv").is_file():
        notes.append(
            f"WARNING: {folder / 'sample_submission.csv'} is there, but no picture in test/: "
            "nothing will be submitted"
        )
    first: dict[str, int] = {}
    copies = [(first.setdefault(key, row), row) for row, key in enumerate(labelled.contents)]
    twice = [(a, b) for a, b in copies if labelled.texts[a] != labelled.texts[b]]
    if twice:
        a, b = twice[0]
        notes.append(
            f"WARNING: {len(twice)} train pictures are copies of others under another text, e.g. "
            f"{labelled.ids[b]} ({labelled.texts[b]}) of {labelled.ids[a]} ({labelled.texts[a]})"
        )
    for split, pictures in (("train", labelled), ("test", test)):
        if names := pictures.blank:
            notes.append(
                f"WARNING: {len(names)} {split} pictures show one colour and no text: "
                f"{shortened(names)}"
            )
    if shared := len(set(labelled.contents) & set(filter(None, test.contents))):
        notes.append(f"WARNING: {shared} pictures are in train and in test")
    return notes
