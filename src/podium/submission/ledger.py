"""The ledger: a row for each file that was handed in, its local scores and the leaderboard's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import pandas as pd

from podium.core.errors import PodiumError, SettingsError
from podium.core.files import locked, read_table, write_table
from podium.evaluation.scores import score_from

SHA_LENGTH = 16  # hexadecimal digits of a file's sha256


@dataclass(frozen=True)
class Entry:
    """One row, each cell as it is written; '' where nothing is known.

    Attributes:
        time: when the row was made, UTC.
        competition: for example photos, or captcha-text.
        sha256: of the file, its first 16 digits.
        revision: of the project, as git calls it.
        method: how models were blended.
        oof_score: on rows the models never saw, with a blend that did see them.
        nested_score: with a blend that did not see them either.
        test_score: on the answer key, where there is one.
        public_score, private_score: the leaderboard's.
        note: whatever a person wants to remember.
    """

    time: str
    competition: str
    sha256: str
    revision: str = ""
    method: str = ""
    oof_score: str = ""
    nested_score: str = ""
    test_score: str = ""
    public_score: str = ""
    private_score: str = ""
    note: str = ""

    def score(self, name: str) -> float | None:
        """The score in the column `name`_score, None where there is none."""
        cell = str(getattr(self, f"{name}_score"))
        return float(cell) if cell else None


COLUMNS = list(Entry.__dataclass_fields__)
SCORES = [name for name in COLUMNS if name.endswith("_score")]
FILLED = ["method", *SCORES, "note"]  # what may be added to a row later


def read(path: Path) -> list[Entry]:
    """Return the rows of the ledger at `path`, oldest first; none if there is no such file.

    Raises:
        PodiumError: it has other columns, or a score that is no number.
    """
    if not path.is_file():
        return []
    table = read_table(path)
    if list(table.columns) != COLUMNS:
        raise PodiumError(
            f"{path}: its columns are {', '.join(table.columns)}, a ledger's are "
            f"{', '.join(COLUMNS)}\nremedy: git checkout {path}, or move the file away"
        )
    entries = [Entry(*row) for row in table.itertuples(index=False, name=None)]
    for entry in entries:
        for name in SCORES:
            _refuse_no_number(path, entry, name)
    return sorted(entries, key=lambda entry: entry.time)


def _refuse_no_number(path: Path, entry: Entry, name: str) -> None:
    cell = getattr(entry, name)
    try:
        fits = not cell or math.isfinite(float(cell))
    except ValueError:
        fits = False
    if not fits:
        raise PodiumError(
            f"{path}: the {name} of {entry.competition} {entry.sha256} is {cell!r}, no number\n"
            "remedy: correct it by hand"
        )


def cell_of(score: object) -> str:
    """Return a score as the ledger writes it, to six decimals; '' for what is no number."""
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        return ""
    return str(round(float(score), 6))


def local_cells(scores: object) -> dict[str, str]:
    """Return the method and local scores that a manifest tells; '' for each that it does not.

    Args:
        scores: of a manifest, whatever it holds: `blend` (method, metric, naive, nested) and the
            score `test` of that metric are looked for.
    """
    blend, test = _part(scores, "blend"), _part(scores, "test")
    method, metric = blend.get("method", ""), blend.get("metric")
    scored = test.get(metric) if isinstance(metric, str) else None
    return {
        "method": method if isinstance(method, str) else "",
        "oof_score": _score_cell(blend.get("naive")),
        "nested_score": _score_cell(blend.get("nested")),
        "test_score": _score_cell(scored),
    }


def _score_cell(value: object) -> str:
    score = score_from(value)
    return "" if score is None else cell_of(score.value)


def _part(value: object, key: str) -> Mapping[str, object]:
    part = value.get(key) if isinstance(value, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def find(entries: Sequence[Entry], competition: str, sha256: str) -> Entry | None:
    """Return the last row of a file; None if it was never entered.

    Args:
        entries: of the ledger.
        competition: whose file.
        sha256: of the file's bytes.
    """
    key = competition, sha256[:SHA_LENGTH]
    rows = (row for row in reversed(entries) if (row.competition, row.sha256) == key)
    return next(rows, None)


def record(path: Path, entry: Entry, force: bool = False) -> Entry:
    """Append `entry` to the ledger, or fill in the row of the same file; return that row.

    Args:
        path: of the ledger; it is made if there is none.
        entry: to be recorded.
        force: replace what the row holds where `entry` says something else.

    Raises:
        SettingsError: it does say something else, without `force`.
        EnvironmentFault: another process is writing the ledger.
    """
    with locked(path):
        entries = read(path)
        before = find(entries, entry.competition, entry.sha256)
        after = _filled(path, before, entry, force) if before else entry
        rows = [after if row is before else row for row in entries]
        rows += [] if before else [after]
        write_table(path, pd.DataFrame(map(astuple, rows), columns=pd.Index(COLUMNS)))
    return after


def _filled(path: Path, before: Entry, entry: Entry, force: bool) -> Entry:
    new = {name: cell for name in FILLED if (cell := getattr(entry, name))}
    for name, cell in new.items():
        held = getattr(before, name)
        same = held == cell or (bool(held) and name in SCORES and float(held) == float(cell))
        if held and not same and not force:
            raise SettingsError(
                f"{path}: the {name} of {before.competition} {before.sha256} is recorded as "
                f"{held}, now it would be {cell}\nremedy: --force replaces it"
            )
    return replace(before, **new)


def as_text(entries: Sequence[Entry]) -> str:
    """Return the rows as a table for people, newest last, without columns that are empty."""
    shown = [replace(row, time=row.time[:16], sha256=row.sha256[:8]) for row in entries]
    columns = []
    for name in COLUMNS:
        cells = [getattr(row, name) for row in shown]
        if any(cells):
            head = name.removesuffix("_score")
            width = max(map(len, [head, *cells]))
            pad = str.rjust if name in SCORES else str.ljust
            columns.append([pad(cell, width) for cell in [head, *cells]])
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True))
