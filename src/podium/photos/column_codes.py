"""How columns beside the pictures become numbers: fitted on train rows, kept, and used again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Code = Mapping[str, Any]  # of one column: its name, and mean and scale or the categories
UNKNOWN = ("", "na", "nan", "n/a", "null", "none")  # cells among numbers, in small letters
MAX_CATEGORIES = 50  # of one column; rarer ones count as unknown


def codes_of(columns: pd.DataFrame, train: NDArray[np.int64]) -> list[Code]:
    """Return how each column becomes numbers; `train` (n,) are the rows that have a say.

    A column of numbers is standardised, 0 where unknown, and has a second one that is 1 where it
    is unknown. Any other has one for each category that a train row has, 1 where it applies.
    """
    return [_code(str(name), cells, train) for name, cells in columns.items()]


def _code(name: str, cells: pd.Series[str], train: NDArray[np.int64]) -> Code:
    numbers, unknown = _numbers(cells)
    learnt = numbers[train][~unknown[train]]
    if len(learnt) and np.isfinite(learnt).all():
        return {"name": name, "mean": float(learnt.mean()), "scale": float(learnt.std() or 1.0)}
    categories = cells.iloc[train].value_counts().index[:MAX_CATEGORIES]
    return {"name": name, "categories": sorted(categories)}


def _numbers(cells: pd.Series[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The numbers (N,) that cells say, NaN where they say none, and which are unknown (N,)."""
    unknown = cells.str.strip().str.lower().isin(UNKNOWN).to_numpy()
    numbers = pd.to_numeric(cells.where(~unknown), errors="coerce").to_numpy(dtype=np.float64)
    return numbers, unknown


def encode(columns: pd.DataFrame, codes: Sequence[Code]) -> NDArray[np.float32]:
    """Return columns of text (N rows) as numbers (N, E)."""
    parts = [_encoded(columns.loc[:, str(code["name"])], code) for code in codes]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _encoded(cells: pd.Series[str], code: Code) -> NDArray[np.float64]:
    """One column (N, E)."""
    if "categories" in code:
        categories = np.array(code["categories"], dtype=object)
        same = cells.to_numpy(dtype=object)[:, None] == categories[None]
        return np.asarray(same, dtype=np.float64)
    values = (_numbers(cells)[0] - code["mean"]) / code["scale"]
    return np.stack([np.nan_to_num(values, posinf=0, neginf=0), ~np.isfinite(values)], axis=1)
