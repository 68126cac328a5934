"""Tables of labels as people save them: any usual encoding, separator and names of columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath

from podium.captcha.raw_folder import PICTURE_SUFFIXES
from podium.core.errors import PodiumError, disk_fault
from podium.core.files import parse_table
from podium.core.ids import refuse_duplicates

IDS = ("id", "filename", "file_name", "file", "image", "image_name", "name", "path", "picture")
TEXTS = ("text", "label", "labels", "captcha", "code", "answer", "expression", "words", "target")
_GBK = "gb18030"
_CHINESE, _LATIN = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]")
_SEPARATORS = ",;\t|"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, UTF-16 or GBK.

    Raises:
        PodiumError: it is in none of them.
    """
    return _decoded(path)[0]


def _decoded(path: Path) -> tuple[str, str]:
    """The text of a file, and its encoding."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise disk_fault(error, path) or error from None
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    for encoding in [marked] if marked else [*_guessed_utf16(data), "utf-8", _GBK]:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError as error:
            fault = error
    raise PodiumError(f"{path}: not UTF-8 ({fault})\nremedy: save it as UTF-8")


def encoding_notes(path: Path, texts: Collection[str]) -> list[str]:
    """A line on a table read as GBK whose texts look like Latin letters with accents; else none."""
    mixed = [text for text in texts if _CHINESE.search(text) and _LATIN.search(text)]
    letters = "".join(mixed)
    few = len(_CHINESE.findall(letters)) <= len(_LATIN.findall(letters))
    if not mixed or not few or _decoded(path)[1] != _GBK:
        return []
    return [
        f"WARNING: {path.name} is not UTF-8 and was read as GBK, which gives {mixed[0][:40]!r}; "
        "if that is wrong, save it as UTF-8"
    ]


def _guessed_utf16(data: bytes) -> list[str]:
    """UTF-16 without a mark: every other byte of its separators and digits is 0."""
    zeros = Counter(place % 2 for place, byte in enumerate(data[:4096]) if not byte)
    if 4 * sum(zeros.values()) < len(data[:4096]):
        return []
    return ["utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"]


def separator_of(text: str) -> str:
    """What separates the cells of a table: the commonest of , ; tab | in its first line."""
    counts = Counter(text.partition("\n")[0])
    return max(_SEPARATORS, key=lambda mark: counts[mark])


def read_label_table(path: Path, pictures: Collection[str] = ()) -> dict[str, str]:
    """The texts in a table with a column of pictures and one of texts, by id.

    Without a header, of two columns, the first one names pictures. Of several columns of ids that
    with the most names of pictures is taken.

    Args:
        path: of the table.
        pictures: names of pictures, without folder and ending.

    Raises:
        PodiumError: it is no table, has no such column, or names a picture twice.
    """
    text = read_text(path)
    separator = separator_of(text)
    first = next(csv.reader([text.partition("\n")[0].rstrip("\r")], delimiter=separator), [])
    if len(first) == 2 and is_picture_name(first[0]):
        text = f"id{separator}text\n{text}"
    table = parse_table(path, io.StringIO(text, newline=""), delimiter=separator)
    columns = list(table.columns)
    own = [_column(path, columns, IDS, lambda name: any(map(is_picture_name, table[name][:1])))]
    own += [name for name in columns if name.strip().lower() in IDS and name != own[0]]
    ids = max(own, key=lambda name: sum(bare_name(str(cell)) in pictures for cell in table[name]))
    texts = _column(path, columns, TEXTS, lambda name: name != ids)
    refuse_duplicates(path, table[ids])
    return dict(zip(table[ids].tolist(), table[texts].tolist(), strict=True))


def is_picture_name(cell: str) -> bool:
    """Whether a cell ends as names of pictures do."""
    return PurePosixPath(cell).suffix.lower() in PICTURE_SUFFIXES


def bare_name(cell: str) -> str:
    """The name of a picture without folders and ending."""
    name = PurePosixPath(cell)
    return name.stem if is_picture_name(cell) else name.name


def _column(
    path: Path, columns: list[str], names: tuple[str, ...], fits: Callable[[str], bool]
) -> str:
    """The column with the first of `names` that there is, else the only other one that fits."""
    folded = {column.strip().lower(): column for column in reversed(columns)}
    if meant := [folded[name] for name in names if name in folded]:
        return meant[0]
    others = [column for column in columns if fits(column)] if len(columns) == 2 else []
    if len(others) == 1:
        return others[0]
    raise PodiumError(
        f"{path}: column {names[0]} is missing; it has {columns[:12]}\n"
        f"remedy: call the column {' or '.join(names[:3])}"
    )
