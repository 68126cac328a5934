"""Texts of raw captchas: labels files, names of pictures, and what cannot be a text.

The text of a train picture is a part of its file name, or stands in a labels file: a table with a
column of pictures and one of texts, or `labels.txt` whose line k (from 0) is the text of picture
k.png. Either lies in train/ or beside it. Labels of arithmetic and of equations may end
in their value, as in the Baidu competition: `(3-7)+5 1`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from podium.captcha.answer_rules import answer_rules
from podium.captcha.label_tables import (
    bare_name,
    encoding_notes,
    is_picture_name,
    read_label_table,
    read_text,
)
from podium.captcha.naming import texts_of_names
from podium.captcha.raw_folder import PictureFile, label_tables, unread_tables
from podium.core.errors import PodiumError
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut


@dataclass(frozen=True)
class LabelSet:
    """Labels of train pictures.

    Attributes:
        path: of the labels file; None: the names of pictures say them.
        texts: id -> label.
        rules: where the texts stand, in words, and of how many labels.
        notes: what a person should look at.
    """

    path: Path | None
    texts: dict[str, str]
    rules: Mapping[str, int]
    notes: Sequence[str] = ()


_LONGEST_ID = 1024


def with_ids_of(names: Collection[str], files: list[PictureFile]) -> list[PictureFile]:
    """`files`, called as `names` call them: with or without suffix, and without folders.

    Without folders only where that tells them apart.
    """
    bare = Counter(file.id.rpartition("/")[2] for file in files)

    def named(file: PictureFile) -> PictureFile:
        suffix = file.path.suffix if not file.id.endswith(file.path.suffix) else ""
        last = file.id.rpartition("/")[2]
        ways = [file.id, file.id + suffix, *([last, last + suffix] if bare[last] == 1 else [])]
        return replace(file, id=next((way for way in ways if way in names), file.id))

    return [named(file) for file in files]


def read_labels(
    folder: Path, pictures: list[PictureFile], task: str, pattern: str = ""
) -> LabelSet:
    """The labels of pictures, which are named as a labels file names them.

    Args:
        folder: a raw folder.
        pictures: of its train folder; changed in place.
        task: text, arithmetic or equations.
        pattern: a regular expression for file names; '': the rule is found.

    Raises:
        PodiumError: the labels file is broken, or the names count pictures.
        SettingsError: the pattern does not fit.
    """
    for path in label_tables(folder):
        is_lines = path.suffix.lower() == ".txt"
        labels = _read_lines(path) if is_lines else read_table(path, pictures)
        labels = without_folder(path, labels, "train", pictures)
        pictures[:] = with_ids_of(labels, pictures)
        rules = {f"the table {path.relative_to(folder)}": len(labels)}
        return LabelSet(path, labels, rules, encoding_notes(path, labels.values()))
    names = {file.id: file.id.rpartition("/")[2] for file in pictures}
    signs = "" if answer_rules(task).solve is None else "-"
    named = texts_of_names(list(names.values()), pattern, signs)
    texts = {file_id: named.texts[name] for file_id, name in names.items()}
    unread = unread_tables(folder)
    if named.faults:
        also = f"; {unread[0]} is not read" if unread else ""
        raise PodiumError(f"{folder / 'train'}: {named.faults[0]}{also}\nremedy: {_NO_TEXTS}")
    notes = [f"WARNING: {name} is not read; if it has the texts, {_TABLE}" for name in unread]
    return LabelSet(None, texts, named.rules, [*named.doubts, *notes])


_TABLE = "call it labels.csv, with columns id and text"
_NO_TEXTS = (
    "put their texts into train/labels.csv (columns id and text), name them by their "
    "texts, or say by --pattern (the setting pattern) which part is the text: '.+' is all"
)


def unused_label_files(folder: Path, used: Path | None) -> list[LeftOut]:
    """Labels files beside the one that is read."""
    reason = f"labels are read elsewhere: {used.relative_to(folder)}" if used else ""
    return [
        LeftOut("", "train", "", path.relative_to(folder).as_posix(), reason)
        for path in label_tables(folder)
        if used and path != used
    ]


def lone_labels(
    path: Path, labels: dict[str, str], pictures: Sequence[PictureFile]
) -> list[LeftOut]:
    """The labels without a picture.

    Args:
        path: of the labels file.
        labels: id -> text.
        pictures: of the train folder.

    Raises:
        PodiumError: they are half of all, or half of the pictures have no label.
    """
    ids = {file.id for file in pictures}
    lone = [name for name in labels if name not in ids]
    remedy = _LINES_REMEDY if path.suffix == ".txt" else _TABLE_REMEDY
    if 2 * len(lone) >= len(labels) or 2 * len(ids - set(labels)) >= len(ids):
        refuse_other_ids(path, list(labels), sorted(ids), remedy)
    return [
        LeftOut(printable(name), "train", printable(labels[name]), path.name,
                "a label without a picture")
        for name in lone
    ]  # fmt: skip


def read_table(path: Path, pictures: Sequence[PictureFile]) -> dict[str, str]:
    """The texts in the table at `path`, by what it calls `pictures`."""
    labels = read_label_table(path, {bare_name(file.id) for file in pictures})
    refuse_odd_ids(path, labels)
    return labels


def without_folder(
    path: Path, labels: Mapping[str, str], split: str, pictures: Sequence[PictureFile]
) -> dict[str, str]:
    """`labels` by names without `./` and `train/` before them; subfolders stay.

    Args:
        path: of the labels file.
        labels: name -> text.
        split: train or test.
        pictures: of that split.

    Raises:
        PodiumError: a picture is named twice.
    """
    inside = any(file.id.startswith(f"{split}/") for file in pictures)
    plain = [name.removeprefix("./") for name in labels]
    plain = plain if inside else [name.removeprefix(f"{split}/") for name in plain]
    refuse_duplicates(path, plain)
    return dict(zip(plain, labels.values(), strict=True))


def refuse_odd_ids(path: Path, ids: Iterable[str]) -> None:
    """Raise a PodiumError for an id in the table at `path` that no file name can be."""
    for picture_id in ids:
        if len(picture_id) > _LONGEST_ID or not picture_id.isprintable():
            fault = (
                f"of {len(picture_id)} characters"
                if picture_id.isprintable()
                else "with control characters"
            )
            raise PodiumError(
                f"{path}: an id {fault}, {picture_id[:40]!r}\nremedy: ids are names of pictures "
                "without their ending: correct the table"
            )


def _read_lines(path: Path) -> dict[str, str]:
    """The texts of lines, counted from 0; or of `7.png 7XK2`, if the lines are so."""
    lines = [line.removesuffix("\r") for line in read_text(path).split("\n")]
    if not lines[-1]:
        lines.pop()
    if lines and is_picture_name(_CELL.split(lines[0], maxsplit=1)[0]):
        pairs = [_CELL.split(line, maxsplit=1) for line in lines if line]
        refuse_duplicates(path, [name for name, *_ in pairs])
        return {name: (rest or [""])[0] for name, *rest in pairs}
    return {str(number): line for number, line in enumerate(lines)}


_CELL = re.compile(r"\s*[,;\t|]\s*|\s+")
_LINES_REMEDY = "line k, counted from 0, must be the text of picture k"
_TABLE_REMEDY = "label exactly the pictures that are there, by their names"
