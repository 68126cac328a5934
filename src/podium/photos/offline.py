"""A bundle in use: a folder of test pictures becomes a submission, without a network.

This runs where a competition lets notebooks run. It takes what `podium bundle` wrote, and nothing
of the project but the modules that lie in the bundle.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import atomic_write, write_table
from podium.core.ids import natural_key, refuse_duplicates
from podium.core.picture_decoder import UnreadableImage
from podium.core.printable import printable
from podium.evaluation.task import PictureTask, read_task
from podium.photos.blended import Answer, PhotoBlend, blend_files
from podium.photos.bundle_pages import SETTINGS
from podium.photos.label_tables import read_label_table, require_columns
from podium.photos.picture_ids import PictureIndex, refuse_no_match
from podium.pictures.entries import Entry
from podium.pictures.places import Places
from podium.pictures.source import PictureSource
from podium.submission import answers
from podium.submission.cells import read_sample, read_submission

TASK, MODEL = "task.json", "models/photos.keras"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CompetitionFiles:
    """What a competition gives of its test set.

    Attributes:
        pictures: a folder, or a zip.
        sample: the sample submission; None: all pictures are handed in.
        table: of the test rows, where ids are no file names or columns are needed; None without.
    """

    pictures: Path
    sample: Path | None = None
    table: Path | None = None


class Bundle:
    """A folder that `podium bundle` wrote.

    Attributes:
        task: what is asked for.
        settings: names of columns, and the answer for pictures that nobody can read.
        blend: the models.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / SETTINGS
        try:
            self.settings: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PodiumError(
                f"{path}: no bundle ({error})\nremedy: podium bundle photos"
            ) from None
        self.task: PictureTask = read_task(folder / TASK)
        self.blend = PhotoBlend(blend_files(folder / MODEL), folder / "weights")

    def submission(self, test: CompetitionFiles) -> pd.DataFrame:
        """Return the rows of the submission, as the sample wants them.

        Raises:
            PodiumError: sample, table and pictures do not go together.
        """
        source = _source(test.pictures)
        pictures, table = source.pictures("test"), self._table(test.table)
        ids, entries = self._rows(test, pictures, table)
        values, decided = self._constant(len(ids))
        columns = self._columns(ids, table)
        for rows, answer in self._answers(source, entries, columns):
            values[rows] = answer.values
            if decided is not None:
                decided[rows] = answer.decided
        names = list(self.blend.kind.names)
        order = [names.index(name) for name in self.task.names] or [0]
        chosen = None if decided is None else decided[:, order]
        cells = answers.written(self.task, values[:, order], chosen)
        return pd.DataFrame({self.task.sample.columns[0]: ids, **cells})

    def _constant(self, n_rows: int) -> tuple[Floats, Floats | None]:
        """Predictions and decisions (N, K) that are right for a picture nobody can read."""
        constants = self.settings["constants"]
        values = np.tile(np.array(constants["values"], dtype=np.float64), (n_rows, 1))
        if constants["decided"] is None:
            return values, None
        return values, np.tile(np.array(constants["decided"], dtype=np.float64), (n_rows, 1))

    def _table(self, path: Path | None) -> pd.DataFrame | None:
        """The table of the test rows, with the columns that are needed."""
        needed = [name for name in (self.settings["file"], *self.blend.columns) if name]
        if path is None:
            if needed:
                raise PodiumError(
                    f"the models need a table of the test pictures with {', '.join(needed)}\n"
                    "remedy: say where it lies (TABLE)"
                )
            return None
        source = PictureSource(path.parent)
        table = read_label_table(source, path.name)
        require_columns(source, path.name, table, [self.settings["id"], *needed])
        refuse_duplicates(path, table[self.settings["id"]])
        return table

    def _rows(
        self, test: CompetitionFiles, pictures: Sequence[Entry], table: pd.DataFrame | None
    ) -> tuple[list[str], dict[int, Entry]]:
        """The ids to hand in, in order, and the picture of each row that has one."""
        if test.sample is not None:
            where, ids = test.sample, read_sample(test.sample, self.task.sample.columns)
        elif table is not None and test.table is not None:
            where, ids = test.table, sorted(table[self.settings["id"]], key=natural_key)
        else:
            ordered = sorted(pictures, key=lambda entry: natural_key(entry.id))
            return [entry.id for entry in ordered], dict(enumerate(ordered))
        names = ids
        if table is not None and self.settings["file"]:
            columns = table[self.settings["id"]], table[self.settings["file"]]
            file_of = dict(zip(*columns, strict=True))
            names = [file_of.get(name, name) for name in ids]
        match = PictureIndex(pictures).match(names)
        if not match.n_pictures:
            refuse_no_match(printable(where), self.task.sample.columns[0], names, pictures)
        return ids, {row: pictures[k] for row, k in enumerate(match.rows) if k >= 0}

    def _columns(self, ids: Sequence[str], table: pd.DataFrame | None) -> pd.DataFrame | None:
        """The columns beside the pictures, a row for each id; empty where the table has none."""
        if not self.blend.columns or table is None:
            return None
        own = table.set_index(self.settings["id"])[self.blend.columns]
        return own.reindex(list(ids), fill_value="")

    def _answers(
        self, source: PictureSource, entries: Mapping[int, Entry], columns: pd.DataFrame | None
    ) -> Iterator[tuple[list[int], Answer]]:
        """The answers for the pictures that can be read, and the rows they are for."""
        rows = [row for row, entry in entries.items() if not entry.fault]
        waiting = [rows[k : k + self.blend.batch_size]
                   for k in range(0, len(rows), self.blend.batch_size)]  # fmt: skip
        while waiting:
            part = waiting.pop(0)
            beside = None if columns is None else columns.iloc[part]
            try:
                data = [source.read(entries[row].path) for row in part]
                yield part, self.blend.predict(data, beside)
            except UnreadableImage as error:
                half = len(part) // 2
                waiting = [part[:half], part[half:], *waiting] if half else waiting
                if not half:
                    print(f"{printable(entries[part[0]].path)}: {error}; the same for all is said")


def _source(pictures: Path) -> PictureSource:
    """The test pictures: a folder, a zip, or `a.zip!b`, a folder in it."""
    outer, bang, inner = str(pictures).partition("!")
    path = Path(outer)
    if not path.exists():
        raise PodiumError(
            f"{path}: no such folder or zip\nremedy: say where the pictures lie (TEST)"
        )
    return PictureSource(path.parent, Places(test=f"{path.name}{bang}{inner}"))


def write_submission(folder: Path, test: CompetitionFiles, out: Path) -> None:
    """Write the submission of the test pictures.

    Args:
        folder: of the bundle.
        test: pictures, sample and table.
        out: the CSV file.

    Raises:
        PodiumError: something is missing, or the file would have a fault.
    """
    bundle = Bundle(folder)
    print(f"answered by the blend, {bundle.blend.in_words()}")
    rows = bundle.submission(test)
    with atomic_write(out) as partial:
        write_table(partial, rows)
        if faults := list(answers.faults(bundle.task, read_submission(partial))):
            raise PodiumError(f"{out}: {'; '.join(faults[:3])}")
    print(f"{out}: {len(rows)} rows")
