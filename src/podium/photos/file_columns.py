"""Columns beside picture files: the row of a table that each file means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from podium.core.errors import PodiumError
from podium.core.ids import refuse_duplicates
from podium.core.printable import printable
from podium.photos.label_tables import read_label_table, require_columns
from podium.photos.picture_ids import PictureIndex
from podium.pictures.entries import Entry
from podium.pictures.source import PictureSource


@dataclass(frozen=True)
class FileColumns:
    """The columns beside pictures, as text.

    Attributes:
        path: of the table.
        ids: (N,) of the rows, the first column.
        table: (N, E) the columns that are needed.
    """

    path: Path
    ids: list[str]
    table: pd.DataFrame

    @classmethod
    def read(cls, path: Path | None, names: Sequence[str]) -> FileColumns:
        """Return the columns `names` of the table at `path`; its first column holds ids.

        Raises:
            PodiumError: there is no such table, a column is missing, or an id is there twice.
        """
        assert path is not None
        source = PictureSource(path.parent)
        table = read_label_table(source, path.name)
        require_columns(source, path.name, table, names)
        ids = table.iloc[:, 0]
        refuse_duplicates(path, ids)
        return cls(path, ids.tolist(), table[list(names)])

    def of(self, paths: Sequence[Path]) -> pd.DataFrame:
        """Return a row for each picture file.

        Raises:
            PodiumError: the table has no row for one.
        """
        entries = [Entry(path.with_suffix("").name, "", path.name) for path in paths]
        match = PictureIndex(entries).match(self.ids)
        row_of = {place: row for row, place in enumerate(match.rows) if place >= 0}
        if missing := [path for place, path in enumerate(paths) if place not in row_of]:
            raise PodiumError(
                f"{printable(missing[0])}: {printable(self.path)} has no row for it\n"
                f"remedy: add one; its first column holds ids, such as {self.ids[:1]}"
            )
        return self.table.iloc[[row_of[place] for place in range(len(paths))]]
