"""Which table of a raw folder holds the labels, which the test rows, and by which columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from podium.core.errors import PodiumError, first_line
from podium.photos.inspection.raw_contents import RawContents, split_word
from podium.photos.label_tables import read_label_table
from podium.photos.picture_ids import Match, PictureIndex
from podium.photos.sample import Sample
from podium.pictures.source import PictureSource

_PROBED = 200  # rows, evenly spaced
_LEAST = 0.5  # of how well a table of labels or test rows matches the pictures: `fit`


@dataclass
class RawTable:
    """A table and the columns that name pictures.

    Attributes:
        path: below the source.
        table: its cells, as text.
        train: column -> which train pictures its cells mean; only columns that mean some.
        test: likewise.
    """

    path: str
    table: pd.DataFrame
    train: dict[str, Match] = field(default_factory=dict)
    test: dict[str, Match] = field(default_factory=dict)

    @property
    def naming(self) -> list[str]:
        """The columns that name train pictures: as many as any other, or nearly."""
        most = max((match.n_pictures for match in self.train.values()), default=0)
        return [name for name, match in self.train.items() if match.n_pictures > 0.9 * most]

    @property
    def has_one_row_each(self) -> bool:
        """Whether no two rows mean one train picture."""
        best = max(self.train.values(), key=lambda match: match.n_pictures)
        return best.n_pictures == len(best.rows) - len(best.missing)


def fit(match: Match, n_pictures: int) -> float:
    """Return 1 where rows and pictures are pairs, less where some of either have no partner.

    Args:
        match: of one column.
        n_pictures: that might be meant.
    """
    return 2 * match.n_pictures / max(len(match.rows) + n_pictures, 1)


def best_fit(matches: dict[str, Match], n_pictures: int) -> float:
    """Return the best `fit` of all columns, 0 of none."""
    return max((fit(match, n_pictures) for match in matches.values()), default=0.0)


def read_tables(
    source: PictureSource, contents: RawContents, train: PictureIndex, test: PictureIndex
) -> tuple[list[RawTable], list[str]]:
    """Return all tables but samples, and a line about each that cannot be read.

    Args:
        source: of the pictures.
        contents: names the tables.
        train: pictures of the train place.
        test: likewise.
    """
    tables, notes = [], []
    for path in contents.tables:
        if is_sample(path):
            continue
        try:
            table = read_label_table(source, path)
        except PodiumError as error:
            notes.append(first_line(error))
            continue
        if not table.empty:
            raw = RawTable(path, table)
            raw.train, raw.test = _matches(table, train), _matches(table, test)
            tables.append(raw)
    return tables, notes


def is_sample(path: str) -> bool:
    """Return whether the name of a table is that of a sample submission."""
    return "sample" in path.rpartition("!")[2].rpartition("/")[2].lower()


def _matches(table: pd.DataFrame, pictures: PictureIndex) -> dict[str, Match]:
    """Column -> match, of the columns whose cells mean pictures."""
    probed = table.iloc[:: max(len(table) // _PROBED, 1)]
    found = {}
    for name in table.columns:
        if pictures.match(probed[name].tolist()).n_pictures:
            match = pictures.match(table[name].tolist())
            if match.n_pictures:
                found[str(name)] = match
    return found


def holds_sample_ids(raw: RawTable, sample: Sample | None) -> str:
    """Return the column whose cells hold at least half of the sample's ids, '' if none does."""
    if sample is None:
        return ""
    ids = set(sample.ids)
    shares = {str(name): len(ids & set(raw.table[name])) / len(ids) for name in raw.table.columns}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= _LEAST else ""


def sort_tables(
    tables: Sequence[RawTable], sample: Sample | None, n_train: int, n_test: int, mixed: bool
) -> tuple[list[RawTable], list[RawTable]]:
    """Return the tables that may hold labels, and those that may name the test pictures.

    Args:
        tables: all.
        sample: the sample submission.
        n_train: pictures of the train place.
        n_test: likewise.
        mixed: one place holds both, so that the sample's ids or the name of the table tell.
    """
    labels: list[RawTable] = []
    tests: list[RawTable] = []
    for raw in tables:
        if mixed:
            named = split_word(raw.path.rpartition("/")[2].rpartition(".")[0])
            is_test = bool(holds_sample_ids(raw, sample)) if sample else named == "test"
            matched = best_fit(raw.train, n_train) > 0.1
        else:
            of_train, of_test = best_fit(raw.train, n_train), best_fit(raw.test, n_test)
            is_test, matched = of_test > of_train, max(of_train, of_test) >= _LEAST
        if matched:
            (tests if is_test else labels).append(raw)
    return labels, tests


def choose_columns(
    label: RawTable, test_table: RawTable | None, sample: Sample | None, n_direct: int
) -> tuple[str, str]:
    """Return the columns of ids and of picture files; the second is '' where the ids tell.

    Args:
        label: the table of labels.
        test_table: of the test pictures.
        sample: the sample submission.
        n_direct: how many test pictures the sample's ids mean by themselves.
    """
    most = max(match.n_pictures for match in label.train.values())
    best = [name for name, match in label.train.items() if match.n_pictures == most]
    wanted = sample.columns[0].lower() if sample is not None else "id"
    column = next((name for name in best if name.lower() == wanted), best[0])
    if sample is None or test_table is None or n_direct >= _LEAST * len(sample.ids):
        return column, ""
    ids = holds_sample_ids(test_table, sample)
    files = [name for name in best if name in test_table.test or name in test_table.train]
    files = [name for name in files if name != ids]
    if ids and files and ids in label.table.columns:
        return ids, files[0]
    return column, ""
