"""Raw captchas, split into train, validation and test, with what is odd about them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podium.captcha.charset import Charset, charset_of
from podium.captcha.copies import split_validation
from podium.captcha.dataset import SPLITS, Split
from podium.captcha.decoding import refuse_other_forms, rules_for
from podium.captcha.fit import PictureFit, chosen_fit
from podium.captcha.raw_folder import list_others
from podium.captcha.reader_checks import check_settings
from podium.captcha.source import LabelledPictures, in_case_of, read_test, read_train
from podium.captcha.tasks import TASKS
from podium.core.errors import PodiumError
from podium.core.params import Params, RawPictures
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut

_USUAL = ("the whole name", "before the first _")  # no word about these


@dataclass(frozen=True)
class RawCaptchas:
    """Raw pictures, split into train, validation and test.

    Attributes:
        pictures: of each split, in the order of SPLITS.
        charset: the characters of the labels.
        provenance: how the splits were made, as JSON values.
        rules: where the texts stand, in words, and of how many labels.
        left_out: files and labels that are not used.
        notes: what a person should look at.
    """

    pictures: list[LabelledPictures]
    charset: Charset
    provenance: dict[str, Any]
    rules: Mapping[str, int]
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
            *(f"texts: {rule} ({n})" for rule, n in self.rules.items() if rule not in _USUAL),
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
    how = getattr(params.captcha, name).raw
    labelled = read_train(folder, name, settings.max_megapixels, how.pattern, how.ignore_case)
    test = read_test(folder, name, settings.max_megapixels)
    if how.ignore_case:
        test = replace(test, texts=in_case_of(labelled.texts, test.texts))
    if name == "arithmetic" and how.grammar:
        rules = rules_for(name, charset_of(labelled.texts), how.grammar)
        refuse_other_forms(rules, labelled.texts)
    if len(labelled.ids) < 2:
        raise PodiumError(
            f"{folder / 'train'}: a reader needs two labelled pictures at least\nremedy: add more"
        )
    train, validation = split_validation(
        len(labelled.ids), settings.validation_share, settings.seed_validation, labelled.contents
    )
    return RawCaptchas(
        [labelled.select(train), labelled.select(validation), test],
        charset_of(labelled.texts),
        {"task": name, "source": "raw", "validation_share": settings.validation_share},
        labelled.rules,
        labelled.left_out + test.left_out + others,
        [*labelled.notes] + _unseen(name, labelled.texts) + _notes(folder, labelled, test),
    )


def shortened(names: Sequence[str], n: int = 10) -> str:
    """The first `n` names, printable."""
    return ", ".join([printable(name) for name in names[:n]] + ["..."] * (len(names) > n))


def _unseen(name: str, texts: list[str]) -> list[str]:
    """A line for characters of a competition that no text has; none where others may occur."""
    used, alphabet = set().union(*texts), set(TASKS[name].grammar.alphabet)
    unseen = alphabet - used
    if name == "text" or not unseen or used - alphabet:
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
    if twins := len(labelled.contents) - len(set(labelled.contents)):
        notes.append(
            f"{twins} train pictures are copies of others, and share their side of the split"
        )
    odd = [row for row in labelled.left_out if row.reason.startswith("a copy of another")]
    if odd:
        notes.append(
            f"WARNING: {len(odd)} train pictures are copies of others under another text and are "
            f"left out, e.g. {odd[0].id} ({odd[0].label}): {odd[0].reason.partition(': ')[2]}"
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


def raw_fit(raw: RawCaptchas, settings: RawPictures) -> PictureFit:
    """How raw pictures become as large as one another."""
    labelled = [size for part in raw.pictures[:2] for size in part.sizes]
    return chosen_fit(labelled, raw.texts, settings)


def size_in_words(raw: RawCaptchas, fit: PictureFit) -> str:
    """Of raw pictures, before and after they are fitted."""
    sizes = [size for part in raw.pictures for size in part.sizes if size[0]]
    small, large = min(sizes, key=math.prod), max(sizes, key=math.prod)
    size = "{}x{} px".format(*fit.size)
    if small == large == fit.size:
        return size
    how = {"pad": "padded", "stretch": "stretched"}[fit.mode]
    spread = f"{small[0]}x{small[1]}" + (f" to {large[0]}x{large[1]}" if small != large else "")
    return f"{spread} px, scaled and {how} to {size}"
