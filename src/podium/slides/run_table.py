"""A table of run lengths in the raw folder: the annotations of slides, as HuBMAP hands them out."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from podium.core.errors import PodiumError
from podium.core.ids import natural_key
from podium.core.printable import printable
from podium.slides.annotations.run_lengths import RunLengths
from podium.slides.slide_files import SlideFiles, names_of
from podium.submission.cells import read_submission

IDS, RUNS = ("id", "slide"), ("rle", "encoding")  # columns that such a table has
_HEADER = 1 << 16  # bytes of a header that are looked at


@dataclass(frozen=True)
class RunTable:
    """What a table of run lengths says.

    Attributes:
        path: of the table.
        by_slide: its rows, by slide.
    """

    path: Path
    by_slide: Mapping[str, RunLengths]


def find_run_table(
    root: Path, slides: Mapping[str, SlideFiles], others: Collection[str]
) -> RunTable | None:
    """The table of run lengths in a raw folder; None if there is none.

    Args:
        root: of all raw files.
        slides: by name.
        others: names of tables that are something else.

    Raises:
        PodiumError: there are two, or one is no CSV or names a slide that is not there.
    """
    tables = [
        path
        for path in sorted(root.glob("*"))
        if path.suffix.lower() == ".csv" and path.name not in others
        if "submission" not in path.name.lower() and path.is_file() and _holds_runs(path)
    ]
    if len(tables) > 1:
        raise PodiumError(
            printable(f"{tables[1]}: {tables[0].name} holds run lengths, too")
            + "\nremedy: put all rows into one table, or move one of the two away"
        )
    return _read(tables[0], names_of(slides)) if tables else None


def _holds_runs(path: Path) -> bool:
    """Whether a header says so; also one that is then refused, as it is not UTF-8 with commas."""
    with path.open("rb") as file:
        head = file.readline(_HEADER)
    code = "utf-16" if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    columns = {cell.strip(' "\r\n') for cell in re.split("[,;\t]", head.decode(code, "ignore"))}
    return bool(columns & set(IDS)) and bool(columns & set(RUNS))


def _read(path: Path, names: Mapping[str, str]) -> RunTable:
    table = read_submission(path).rename(columns=str.strip)
    ids, runs = (_column(path, list(table.columns), of, what) for of, what in
                 ((IDS, "name its slides"), (RUNS, "hold run lengths")))  # fmt: skip
    cells = table[ids].str.strip()
    unknown = [name for name in cells if name not in names]
    if unknown:
        _refuse_orphans(path, unknown)
    slides = [names[name] for name in cells]
    texts: dict[str, list[str]] = {}
    for slide, text in zip(slides, table[runs], strict=True):
        texts.setdefault(slide, []).append(text)
    return RunTable(path, {name: RunLengths(name, tuple(of)) for name, of in texts.items()})


def _column(path: Path, columns: list[str], names: tuple[str, ...], what: str) -> str:
    fitting = [name for name in columns if name in names]
    if not fitting:
        raise PodiumError(
            f"{path}: no commas between the names of its columns\n"
            "remedy: save it as CSV in UTF-8, with commas"
        )
    if len(fitting) > 1:
        raise PodiumError(
            f"{path}: both {fitting[0]} and {fitting[1]} {what}\nremedy: rename one of the columns"
        )
    return fitting[0]


def _refuse_orphans(path: Path, unknown: list[str]) -> NoReturn:
    first, n = min(unknown, key=natural_key), len(unknown)
    raise PodiumError(
        printable(f"{path}: there is no slide {first!r} in images ")
        + f"({n} such row{'s' * (n > 1)})\nremedy: put it there, or remove its rows"
    )
