"""Where a folder keeps prediction tables, and large ones as columns of numbers in HDF5.

With 100 classes a table takes a fifth of the bytes so, and a twentieth of the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.array_tree import read_tree, write_tree
from podium.core.hdf5_guard import damaged
from podium.evaluation.table_kinds import kind_of

COLUMNAR = ".h5"
CELLS_OF_TEXT = 10_000_000  # some 100 MB of CSV; tables of more cells are columnar
_KIND = "prediction table"


def path_in(folder: Path, name: str, table: pd.DataFrame) -> Path:
    """Return where a folder keeps a table: as CSV, or as columns if it is large.

    Args:
        folder: of tables.
        name: of the model.
        table: its rows.
    """
    return folder / f"{name}{COLUMNAR if table.size > CELLS_OF_TEXT else '.csv'}"


def paths_in(folder: Path) -> list[Path]:
    """Return the prediction tables in a folder, of either format, sorted."""
    return sorted(path for path in folder.glob("*") if path.suffix in (".csv", COLUMNAR))


def write_columns(path: Path, table: pd.DataFrame) -> None:
    """Write a table of texts and numbers to `path`; it reads back to the same values."""
    numeric = [name for name in table.columns if pd.api.types.is_numeric_dtype(table[name])]
    texts = {name: _coded(table[name]) for name in table.columns if name not in numeric}
    numbers = {name: _shortest(table[name].to_numpy()) for name in numeric}
    write_tree(path, {"order": list(table.columns), "texts": texts, "numbers": numbers})


def _coded(column: pd.Series) -> dict[str, Any]:
    """The different texts of a column, and the number of each row's."""
    codes, names = pd.factorize(column.astype(str))
    return {"names": names.tolist(), "codes": codes.astype(np.int32)}


def _shortest(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers in 32 bits where these say the same, or else in 64."""
    kind = "f" if values.dtype.kind == "f" else "i"
    short = values.astype(f"{kind}4")
    return short if np.array_equal(short, values) else values.astype(f"{kind}8")


def read_columns(path: Path, *needed: str) -> pd.DataFrame:
    """Return the table in `path`, whole, as `write_columns` took it; it has columns `needed`.

    Raises:
        PodiumError: it is missing, damaged, or no prediction table.
    """
    tree = read_tree(path, _KIND)
    try:
        columns = {name: _decoded(coded) for name, coded in tree["texts"].items()}
        for name, values in tree["numbers"].items():
            columns[name] = values.astype(np.float64 if values.dtype.kind == "f" else np.int64)
        table = pd.DataFrame(columns)[[*tree["order"]]]
        numeric = {"fold", "seed", *kind_of(table).columns()} - {"text"}
        if lacking := numeric - set(tree["numbers"]) | set(needed) - set(columns):
            raise ValueError(f"no column {min(lacking)}, or no numbers there")
        return table
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise damaged(path, _KIND, error) from None


def _decoded(coded: dict[str, Any]) -> pd.Series:
    codes, names = coded["codes"], coded["names"]
    if codes.dtype.kind != "i" or codes.min(initial=0) < 0 or set(map(type, names)) - {str}:
        raise ValueError("texts without names")
    return pd.Series(np.array(names, dtype=object)[codes], dtype=str)
