"""Texts of raw captchas: labels files, names of pictures, and what cannot be a text.

The text of a train picture is its file name up to the first `_`, or stands in a labels file:
`labels.csv` with the columns id and text, or `labels.txt` whose line k (from 0) is the text of
picture k.png. Either lies in train/ or beside it. Labels of arithmetic and of equations may end
in their value, as in the Baidu competition: `(3-7)+5 1`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from podium.captcha.answer_rules import answer_rules
from podium.captcha.answers import NotComputable
from podium.captcha.raw_folder import LABEL_FILES, PictureFile
from podium.captcha.scoring import TOLERANCE, Solve
from podium.core.errors import PodiumError, disk_fault
from podium.core.files import read_table
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut

_VALUE = re.compile(r"-?[0-9]{1,4000}([./][0-9]{1,18})?")  # Python reads 4,300 digits
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_LONGEST_ID = 1024
_COUNTED = 3  # so many names may follow each other by chance
_RENAME = "remedy: correct the label, or the name of the file"


def with_ids_of(names: Collection[str], files: list[PictureFile]) -> list[PictureFile]:
    """`files`, those in folders by their bare names where only these are among `names`."""
    bare = Counter(file.id.rpartition("/")[2] for file in files)
    return [
        replace(file, id=last)
        if file.id not in names and bare[last := file.id.rpartition("/")[2]] == 1 and last in names
        else file
        for file in files
    ]


def read_labels(folder: Path, pictures: list[PictureFile]) -> tuple[Path | None, dict[str, str]]:
    """The labels file, None if there is none, and id -> text; names pictures as the file does."""
    for place in LABEL_FILES:
        path = folder / place
        if path.is_file():
            labels = _READERS[path.name](path)
            pictures[:] = with_ids_of(labels, pictures)
            return path, labels
    names = {file.id: file.id.rpartition("/")[2] for file in pictures}
    _refuse_counted(folder, sorted(names.values()))
    return None, {
        file_id: unicodedata.normalize("NFC", name.split("_")[0]) for file_id, name in names.items()
    }


def _refuse_counted(folder: Path, names: Sequence[str]) -> None:
    """Raise a PodiumError if the names of pictures count them, and so are no texts."""
    first = min((int(name) for name in names if _NUMBER.fullmatch(name)), default=0)
    counted = {str(number) for number in range(first, first + len(names))}
    if len(names) > _COUNTED and set(names) == counted:
        raise PodiumError(
            f"{folder / 'train'}: the pictures are counted, {first} to {first + len(names) - 1}, "
            "which is not what they say\n"
            "remedy: put their texts into train/labels.csv (id,text) or name them by their texts"
        )


def unused_label_files(folder: Path, used: Path | None) -> list[LeftOut]:
    """Labels files beside the one that is read."""
    others = [place for place in LABEL_FILES if (folder / place).is_file()]
    return [
        LeftOut("", "train", "", place, f"labels are read elsewhere: {used.relative_to(folder)}")
        for place in others
        if used and folder / place != used
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
    if 2 * len(lone) >= len(labels) or 2 * len(ids - set(labels)) >= len(ids):
        refuse_other_ids(path, list(labels), sorted(ids), _REMEDIES[path.name])
    return [
        LeftOut(printable(name), "train", printable(labels[name]), path.name,
                "a label without a picture")
        for name in lone
    ]  # fmt: skip


def read_label_table(path: Path) -> dict[str, str]:
    """The texts in a table with the columns id and text, by id."""
    table = read_table(path, "id", "text")
    refuse_odd_ids(path, table["id"])
    refuse_duplicates(path, table["id"])
    return dict(zip(table["id"].tolist(), table["text"].tolist(), strict=True))


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
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise disk_fault(error, path) or error from None
    except UnicodeDecodeError as error:
        raise PodiumError(f"{path}: not UTF-8 ({error})\nremedy: save it as UTF-8") from None
    if not lines[-1]:
        lines.pop()
    return {str(number): line.removesuffix("\r") for number, line in enumerate(lines)}


_READERS = {"labels.csv": read_label_table, "labels.txt": _read_lines}
_REMEDIES = {
    "labels.csv": "label exactly the pictures that are there, by their names without ending",
    "labels.txt": "line k, counted from 0, must be the text of picture k",
}


def checked_text(path: Path, name: str, label: str, task: str) -> str:
    """The text of a label, which may be followed by its value if the task's texts have one.

    Args:
        path: of the labels file, or of the picture whose name is the label.
        name: id of the picture.
        label: as it is written.
        task: text, arithmetic or equations.

    Raises:
        PodiumError: it cannot be a text of the task, or has another value.
    """
    text, _, value = label.partition(" ")
    where = f"{printable(path)}: label {label[:40]!r} of picture {printable(name)}"
    solve = answer_rules(task).solve
    if not text or (solve is None and value):
        raise PodiumError(f"{where}: {'holds a space' if text else 'empty'}\n{_RENAME}")
    if not text.isprintable():
        raise PodiumError(f"{where}: holds a character that cannot be printed\n{_RENAME}")
    if wide := sorted({character for character in text if "\uff01" <= character <= "\uff5e"}):
        plain = unicodedata.normalize("NFKC", "".join(wide))
        raise PodiumError(
            f"{where}: holds the full-width characters {''.join(wide)}\nremedy: write {plain}"
        )
    if solve is not None:
        _check_value(where, solve, text, value)
    return text


def _check_value(where: str, solve: Solve, text: str, value: str) -> None:
    """Raise a PodiumError unless `text` has a value, which is `value` if that is given.

    Competitions computed theirs in floating point: a relative error of 2**-48 is none.
    """
    try:
        computed = solve(text)
        if value and not _VALUE.fullmatch(value):
            raise ValueError(f"its value {value[:20]!r} is no number")
        stated = Fraction(value) if value else computed
    except (NotComputable, ValueError, ZeroDivisionError) as error:
        raise PodiumError(f"{where}: {error}\nremedy: correct the label") from None
    if abs(computed - stated) > max(TOLERANCE, abs(computed) / 2**48):
        shown = str(computed) if len(str(computed)) <= 60 else f"{str(computed)[:50]}..."
        raise PodiumError(f"{where}: it comes to {shown}\nremedy: correct the label")
