"""Which columns of a label table are the target, the groups, and what models may use besides."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pandas as pd

from podium.photos.label_tables import LABEL, NAME
from podium.photos.sample import Sample, shown
from podium.photos.targets import number_or_nan, parts_of, separator_of

_GROUP = re.compile(
    r"patient|subject|person|individual|lesion|family|sequence|series|study|location|camera|site|"
    r"(^|_)(seq|group|case)(_|$|id)", re.I
)  # fmt: skip
_ABOUT_FILES = re.compile(
    r"^(height|width|license|rights_holder|date_captured|.*_url|split|fold)$", re.I
)
_UNKNOWN = ("", "na", "nan", "n/a", "null", "none")  # cells of a column, in small letters
_MOST_TEXTS = 50  # different texts of a column that models may use
Choice = tuple[list[str], str]  # columns, and why; no columns: a question


def candidates(table: pd.DataFrame, taken: Sequence[str], others: pd.DataFrame | None) -> list[str]:
    """Return the columns that may be the target: neither taken nor columns of the test table.

    Args:
        table: of the labels.
        taken: columns with another meaning.
        others: the table of the test pictures.
    """
    shared = set() if others is None else set(others.columns)
    return [name for name in map(str, table.columns) if name not in shared and name not in taken]


def choose_targets(
    table: pd.DataFrame, sample: Sample | None, free: Sequence[str], taken: Sequence[str]
) -> Choice:
    """Return the columns to predict and what says so; none, and what is to be decided.

    Args:
        table: of the labels.
        sample: the sample submission.
        free: the candidates.
        taken: columns that are no target whatever the sample says.
    """
    if sample is not None:
        values = list(sample.columns[1:])
        own = [name for name in values if name in table.columns and name not in taken]
        if len(own) == len(values):
            return own, "the sample has the same"
        by_value = _by_values(table, sample, free)
        if by_value[0]:
            return by_value
    if len(free) == 1:
        return [free[0]], "no other column of the table is left"
    if LABEL in free and {LABEL, NAME} >= set(free) - set(_about_files(free)):
        return [NAME if NAME in free and sample is None else LABEL], "COCO's categories"
    wants = f"; the sample has {shown(sample.columns[1:], 4)}" if sample is not None else ""
    return [], f"which column is the target: {shown(free, 12) or 'none is left'}{wants}"


def _about_files(names: Sequence[str]) -> list[str]:
    return [name for name in names if _ABOUT_FILES.match(name)]


def _by_values(table: pd.DataFrame, sample: Sample, free: Sequence[str]) -> Choice:
    values = list(sample.columns[1:])
    if len(values) > 1:
        shares = {name: _share(values, table[name].tolist()) for name in free}
        best = max(shares, key=lambda name: shares[name], default="")
        if best and shares[best] >= 0.5:
            return [best], "its values are columns of the sample"
        return [], ""
    if same := [name for name in free if name.lower() == values[0].lower()]:
        return same[:1], "the sample has the same, but for capitals"
    wanted = {part for cell in set(sample.table[values[0]]) for part in cell.split(" ")} - {""}
    holding = [name for name in free if wanted and wanted <= set(table[name])]
    if len(holding) == 1:
        return holding, "the sample's cells are values of it alone"
    if LABEL in holding:
        return [LABEL], "the sample's cells are COCO's categories"
    return [], ""


def _share(names: Sequence[str], cells: list[str]) -> float:
    """The share of `names` that cells, or several labels in cells, name."""
    separator, _ = separator_of(cells)
    texts = set(cells)
    if separator:
        texts |= {part for cell in set(cells) for part in parts_of(cell, separator)}
    return len(set(names) & texts) / len(names)


def group_candidates(table: pd.DataFrame, taken: Sequence[str]) -> dict[str, int]:
    """Return column -> number of values of the columns that may say what belongs together.

    Their name says so (patient, sequence, camera, ...), and values are there several times.

    Args:
        table: of the labels.
        taken: columns with another meaning.
    """
    found = {}
    for name in map(str, table.columns):
        n = table[name].nunique()
        if name not in taken and _GROUP.search(name) and 2 <= n <= 0.9 * len(table):
            found[name] = n
    return found


def choose_beside(
    table: pd.DataFrame, others: pd.DataFrame | None, taken: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Return the columns that models may use, and column -> why not of the rest.

    Args:
        table: of the labels.
        others: of the test pictures; models may use what both have.
        taken: columns with another meaning.
    """
    used, unused = [], {}
    for name in map(str, table.columns):
        if name in taken:
            continue
        if others is None or name not in others.columns:
            unused[name] = "not in a test table"
        elif reason := _why_no_feature(name, table[name].tolist()):
            unused[name] = reason
        else:
            used.append(name)
    return used, unused


def _why_no_feature(name: str, cells: list[str]) -> str:
    different = {cell for cell in cells if cell.strip().lower() not in _UNKNOWN}
    if len(different) < 2:
        return "the same in all rows"
    if _ABOUT_FILES.match(name):
        return "about the file"
    numeric = all(math.isfinite(number_or_nan(cell)) for cell in different)
    if not numeric and len(different) > _MOST_TEXTS:
        return f"{len(different)} different texts"
    return ""
