"""Rows of tables and the pictures they mean, and what of either has no partner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from podium.core.errors import PodiumError
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.core.params import PhotoLayout
from podium.core.printable import printable
from podium.photos.label_tables import read_label_table, require_columns
from podium.photos.picture_ids import Match, PictureIndex, refuse_no_match
from podium.photos.sample import Sample
from podium.pictures.entries import Entry
from podium.pictures.source import PictureSource

SHARE = "ingest_photos.max_unreadable"


@dataclass(frozen=True)
class PairedRows:
    """Rows with a picture, as entries under their ids, and what has no partner.

    Attributes:
        entries: a picture each.
        places: of each entry, which row of the ids it is.
        absent: ids of the rows without a picture.
        idle: pictures without a row.
        path: of the table, printable.
        rule: how the pictures were told, in words.
    """

    entries: list[Entry]
    places: list[int]
    absent: list[str]
    idle: list[Entry]
    path: str = ""
    rule: str = ""

    def without_partner(self, split: str) -> list[tuple[str, Entry]]:
        """Return rows without a picture, under `split`, and pictures without a row, under ''."""
        table = self.path.rpartition("/")[2]
        rows = [(split, Entry(name, "", "", f"row of {table} without a picture"))
                for name in self.absent]  # fmt: skip
        reason = f"picture without a row in {table}"
        return rows + [("", replace(entry, label="", fault=reason)) for entry in self.idle]


def read_layout_table(source: PictureSource, layout: PhotoLayout, setting: str) -> pd.DataFrame:
    """Return the table, or the test table, of a layout, with all columns that it must have.

    Args:
        source: of the pictures.
        layout: names the table and its columns.
        setting: table or test_table.

    Raises:
        PodiumError: there is none, a column is missing, or an id is there twice.
    """
    path = str(getattr(layout, setting))
    table = read_label_table(source, path, setting)
    own = [*layout.targets, layout.group] if setting == "table" else []
    require_columns(source, path, table, [layout.id, layout.file, *layout.columns, *own])
    for name in dict.fromkeys((layout.id, layout.file or layout.id)):
        refuse_duplicates(source.root / path, table[name], "leave one row for each picture")
    return table


def rows_of_train(
    source: PictureSource, layout: PhotoLayout, table: pd.DataFrame, pictures: Sequence[Entry]
) -> PairedRows:
    """Return the rows of the label table, with group but without label.

    Args:
        source: of the pictures.
        layout: of the table.
        table: as `read_layout_table` gives it.
        pictures: that may be meant.

    Raises:
        PodiumError: no row has a picture, or two rows have one.
    """
    where = printable(source.root / layout.table)
    ids = table[layout.id].tolist()
    names = table[layout.file or layout.id].tolist()
    rows = _paired(where, layout.file or layout.id, ids, names, pictures)
    if layout.group:
        groups = table[layout.group].tolist()
        pairs = zip(rows.entries, rows.places, strict=True)
        rows = replace(rows, entries=[replace(each, group=groups[k]) for each, k in pairs])
    return rows


def rows_of_test(
    source: PictureSource,
    layout: PhotoLayout,
    test_table: pd.DataFrame | None,
    sample: Sample | None,
    pictures: Sequence[Entry],
) -> PairedRows:
    """Return the test rows: those of the sample, else of the test table, else all pictures.

    Args:
        source: of the pictures.
        layout: of the tables.
        test_table: of the test pictures; None without.
        sample: the sample submission; None without.
        pictures: that may be meant.

    Raises:
        PodiumError: no row has a picture, or two rows have one.
    """
    if sample is None and test_table is None:
        return PairedRows(list(pictures), list(range(len(pictures))), [], [])
    names_file = test_table is not None and bool(layout.file)
    file_of = {}
    if test_table is not None and layout.file:
        file_of = dict(zip(test_table[layout.id], test_table[layout.file], strict=True))
    if sample is not None:
        where, column, ids = sample.where, sample.columns[0], sample.ids
    else:
        assert test_table is not None
        where, column = printable(source.root / layout.test_table), layout.id
        ids = test_table[layout.id].tolist()
    names = [file_of.get(text, text) for text in ids]
    return _paired(where, layout.file if names_file else column, ids, names, pictures)


def _paired(
    where: str, column: str, ids: list[str], names: list[str], pictures: Sequence[Entry]
) -> PairedRows:
    match = PictureIndex(pictures).match(names)
    if not match.n_pictures:
        refuse_no_match(where, column, names, pictures)
    _refuse_pairs(where, names, match)
    places = [k for k, row in enumerate(match.rows) if row >= 0]
    entries = [replace(pictures[match.rows[k]], id=ids[k], label="") for k in places]
    meant = set(match.rows)
    idle = [entry for k, entry in enumerate(pictures) if k not in meant]
    return PairedRows(
        entries, places, [ids[k] for k in match.missing], idle, where, match.rule.says
    )


def _refuse_pairs(where: str, names: Sequence[str], match: Match) -> None:
    first: dict[int, str] = {}
    for text, row in zip(names, match.rows, strict=True):
        if row >= 0 and first.setdefault(row, text) != text:
            raise PodiumError(
                f"{where}: {printable(first[row])!r} and {printable(text)!r} mean one picture\n"
                "remedy: leave one row for each picture"
            )


def refuse_many(rows: PairedRows, tolerance: float, idle_too: bool) -> None:
    """Check that few rows lack a picture, and few pictures a row.

    Args:
        rows: of a table.
        tolerance: the share that may.
        idle_too: whether pictures without a row count.

    Raises:
        PodiumError: more do; names three of each, and the setting.
    """
    n = len(rows.entries)
    too_many = len(rows.absent) > tolerance * (n + len(rows.absent))
    too_idle = idle_too and len(rows.idle) > tolerance * (n + len(rows.idle))
    if too_many or too_idle:
        idle = [entry.id for entry in rows.idle] if idle_too else []
        raise PodiumError(
            f"{rows.path}: {len(rows.absent)} of {n + len(rows.absent)} rows have no picture"
            f"{_examples(rows.absent)}; {len(idle)} pictures have no row"
            f"{_examples(idle)}; more than the share {SHARE} = {tolerance:g}\n"
            f"remedy: an id is {rows.rule}; add what is missing, choose another table or folder, "
            "or raise that number"
        )


def refuse_others(sample: Sample, rows: PairedRows, tolerance: float) -> None:
    """Check that a sample names the test pictures, but for a small share.

    Args:
        sample: the sample submission.
        rows: of it.
        tolerance: the share of rows without a picture, and of pictures without a row.

    Raises:
        PodiumError: more are missing or unknown.
    """
    n = len(rows.entries)
    most = max(len(rows.absent), len(rows.idle))
    if most > tolerance * (n + most):
        own = [entry.id for entry in rows.entries]
        refuse_other_ids(
            sample.path,
            own + rows.absent,
            own + [entry.id for entry in rows.idle],
            f"put the pictures it names into test, and only those, or raise {SHARE}",
        )


def _examples(names: Sequence[str]) -> str:
    return f" (e.g. {', '.join(printable(name)[:60] for name in names[:3])})" if names else ""
