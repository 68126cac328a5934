"""Raw captchas in a folder: labelled pictures in train/, pictures to read in test/."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.captcha.answer_rules import answer_rules
from podium.captcha.copies import without_contradictions
from podium.captcha.label_texts import checked_text, refuse_answers_alone
from podium.captcha.labels import (
    lone_labels,
    read_labels,
    read_table,
    refuse_odd_ids,
    unused_label_files,
    with_ids_of,
    without_folder,
)
from podium.captcha.raw_folder import PictureFile, list_files, refuse_one_id
from podium.core.errors import PodiumError
from podium.core.ids import refuse_other_ids
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut
from podium.submission.cells import ordered_ids, read_sample

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures in natural order, and what of their folder is not used.

    Attributes:
        ids: (N,).
        paths: of the files (N,); None for a test picture that cannot be read.
        texts: (N,), '' where unknown.
        left_out: files and labels that are not used; unreadable test pictures are among them.
        contents: sha256 of the pixels (N,), '' where unknown.
        blank: ids of pictures that show nothing but one colour.
        sizes: (w, h) of the pictures (N,), pixels; (0, 0) where unknown.
        rules: where the texts stand, in words, and of how many labels.
        notes: what a person should look at.
    """

    ids: list[str]
    paths: Sequence[Path | None]
    texts: list[str]
    left_out: list[LeftOut] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    rules: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def select(self, rows: Sequence[int]) -> LabelledPictures:
        """The pictures with these row numbers."""
        ids, paths = [self.ids[row] for row in rows], [self.paths[row] for row in rows]
        texts = [self.texts[row] for row in rows]
        sizes = [self.sizes[row] for row in rows] if self.sizes else []
        return LabelledPictures(ids, paths, texts, sizes=sizes)

    @property
    def unreadable(self) -> list[int]:
        """The rows of pictures that cannot be read."""
        return [row for row, path in enumerate(self.paths) if path is None]


def read_train(
    folder: Path,
    task: str,
    max_megapixels: float = math.inf,
    pattern: str = "",
    ignore_case: bool = False,
) -> LabelledPictures:
    """The pictures in `folder`/train and their texts.

    What cannot be read, pictures without a label, labels without a picture and copies of one
    picture under several texts are left out, as long as they are fewer than half.

    Args:
        folder: with train/.
        task: text, arithmetic or equations.
        max_megapixels: larger pictures are not read.
        pattern: a regular expression for file names; '': the rule is found.
        ignore_case: texts come in one case.

    Raises:
        PodiumError: there are no pictures, half of them or of the labels cannot be used, two
            have one id, or a text is empty, cannot be right or, for arithmetic and equations, has
            no value or not the value of its label.
    """
    files = list_files(folder, "train", max_megapixels)
    pictures = [file for file in files if _is_picture(file)]
    left_out = [file.left_out("train") for file in files if not _is_picture(file)]
    if not pictures:
        seen = f" among {len(files)} files ({left_out[0].reason})" if left_out else ""
        raise PodiumError(
            f"{folder / 'train'}: no pictures{seen}\nremedy: put labelled captchas there "
            f"(data/raw/README.md), or set captcha.{task}.source to standin in params.yaml"
        )
    refuse_one_id(pictures)
    found = read_labels(folder, pictures, task, pattern)
    path, labels = found.path, found.texts
    left_out += unused_label_files(folder, path)
    if path:
        left_out += lone_labels(path, labels, pictures)
    usable = []
    for file in pictures:
        reason = "" if file.id in labels else "a picture without a label"
        if file.fault or reason:
            left_out.append(file.left_out("train", labels.get(file.id, ""), reason))
        else:
            usable.append(file)
    _refuse_many_unreadable(folder, pictures)
    where = [path or file.path for file in usable]
    texts = [
        checked_text(place, file.id, labels[file.id], task)
        for place, file in zip(where, usable, strict=True)
    ]
    refuse_answers_alone(path, texts, task)
    if ignore_case:
        texts = in_case_of(texts, texts)
    kept, contradictions = without_contradictions(usable, texts)
    pictures, texts = [usable[row] for row in kept], [texts[row] for row in kept]
    labelled = _labelled(pictures, texts, left_out + contradictions)
    return replace(labelled, rules=found.rules, notes=found.notes)


def in_case_of(model: Sequence[str], texts: Sequence[str]) -> list[str]:
    """`texts` in one case: that which most letters of the texts `model` have."""
    letters = "".join(model)
    upper = sum(map(str.isupper, letters)) >= sum(map(str.islower, letters))
    return [text.upper() if upper else text.lower() for text in texts]


def _is_picture(file: PictureFile) -> bool:
    return not file.fault or file.has_picture_name


def _labelled(
    files: Sequence[PictureFile], texts: list[str], left_out: list[LeftOut]
) -> LabelledPictures:
    paths = [None if file.fault else file.path for file in files]
    contents = [file.content for file in files]
    blank = [file.id for file in files if file.blank]
    ids, sizes = [file.id for file in files], [file.shape for file in files]
    return LabelledPictures(ids, paths, texts, left_out, contents, blank, sizes)


def _refuse_many_unreadable(folder: Path, pictures: Sequence[PictureFile]) -> None:
    """Raise a PodiumError if half of the train pictures cannot be read."""
    bad = [file for file in pictures if file.fault]
    if 2 * len(bad) >= len(pictures):
        raise PodiumError(
            f"{printable(folder / bad[0].relative)}: {bad[0].fault}; {len(bad)} of "
            f"{len(pictures)} train pictures cannot be read\n"
            "remedy: replace or remove them, and their labels"
        )


def read_test(folder: Path, task: str, max_megapixels: float = math.inf) -> LabelledPictures:
    """The pictures in `folder`/test, in the order of `folder`/sample_submission.csv if any.

    Texts are those of the answer key `folder`/test_labels.csv (id, text), if there is one. A
    picture that cannot be read keeps its row.

    Args:
        folder: with test/.
        task: text, arithmetic or equations.
        max_megapixels: larger pictures are not read.

    Raises:
        PodiumError: the sample or the key does not name exactly the pictures, two pictures have
            one id, or the name of one cannot be an id.
    """
    sample_path = folder / "sample_submission.csv"
    columns = answer_rules(task).columns
    files = list_files(folder, "test", max_megapixels)
    sample = set(read_sample(sample_path, columns)) if files and sample_path.is_file() else set()
    refuse_odd_ids(sample_path, sample)
    pictures = with_ids_of(
        sample,
        [file for file in files if _is_picture(file) or file.id in sample],
    )
    if sample:  # what the sample does not name and cannot be read is no test picture
        pictures = [file for file in pictures if not file.fault or file.id in sample]
    kept = {file.path for file in pictures}
    left_out = [file.left_out("test") for file in files if file.fault or file.path not in kept]
    _refuse_odd_names(pictures)
    refuse_one_id(pictures)
    by_id = {file.id: file for file in pictures}
    ids = ordered_ids(sample_path, columns, list(by_id)) if by_id else []
    key = folder / "test_labels.csv"
    answers = read_table(key, pictures) if key.is_file() else {}
    if key.is_file():
        answers = without_folder(key, answers, "test", pictures)
        answers = _by_ids(answers, [by_id[name] for name in ids])
        refuse_other_ids(key, list(answers), ids, "label exactly the pictures that are there")
    texts = [
        checked_text(key, name, answers[name], task) if answers.get(name) else "" for name in ids
    ]
    return _labelled([by_id[name] for name in ids], texts, left_out)


def _by_ids(answers: dict[str, str], pictures: Sequence[PictureFile]) -> dict[str, str]:
    """An answer key by the ids of pictures, which may name them with or without suffix."""
    renamed = {
        new.id: old.id for new, old in zip(with_ids_of(answers, [*pictures]), pictures, strict=True)
    }
    plain = {file.id.removesuffix(file.path.suffix): file.id for file in pictures}
    return {renamed.get(name, plain.get(name, name)): text for name, text in answers.items()}


def _refuse_odd_names(pictures: Sequence[PictureFile]) -> None:
    """Raise a PodiumError if the name of a test picture cannot stand in a submission."""
    for file in pictures:
        if not file.id.isprintable() or "\\" in file.id:
            raise PodiumError(
                f"{printable(file.path)}: a test picture whose name cannot be an id: it is not "
                "UTF-8, or holds control characters or a backslash\n"
                "remedy: unpack the archive again and say its encoding, or rename the file"
            )
