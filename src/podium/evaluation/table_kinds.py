"""The four kinds of prediction tables: what their columns hold, as arrays, and what they may hold.

classes: p_<class>, probabilities that sum to 1; labels: l_<label>, probabilities independent of
each other; number: y; text: text and log_prob, the natural logarithm of its probability.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError

Floats = NDArray[np.float64]
NO_LABEL = "-"  # the truth of a row that has none of the labels; others are joined by LABEL_MARK
LABEL_MARK = ";"
_WRITE_AGAIN = "remedy: correct the program that wrote the table, and write it again"
DECISION = "decision"  # column of a blend whose metric scores decisions; cells as of truth


class TableKind(Protocol):
    """One kind of prediction tables."""

    name: ClassVar[str]

    @property
    def names(self) -> Sequence[str]:
        """What the columns of predictions are of: classes or labels, else y or nothing."""

    def columns(self) -> list[str]:
        """Return the columns that hold predictions."""

    def values(self, table: pd.DataFrame) -> Any:
        """Return the predictions of a table's rows: (N, K) float64, or N texts."""

    def truth(self, table: pd.DataFrame) -> Any:
        """Return the truth of rows that have one, in the form that metrics take."""

    def truth_cells(self, truth: Any) -> list[str]:
        """Return how the column `truth` says what `truth` of N rows is."""

    def check(self, path: Path, table: pd.DataFrame) -> None:
        """Raise a PodiumError that names `path` if predictions or truth cannot be right."""


@dataclass(frozen=True)
class Classes:
    """Probabilities (N, K) of K classes that exclude each other; truth: class indices (N,)."""

    name: ClassVar[str] = "classes"
    names: Sequence[str]

    def columns(self) -> list[str]:
        """Return p_<class> for each class."""
        return [f"p_{name}" for name in self.names]

    def values(self, table: pd.DataFrame) -> Floats:
        """Return the probabilities (N, K) of a table's rows."""
        return table[self.columns()].to_numpy(dtype=np.float64)

    def truth(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """Return the class indices (N,) of rows whose truth is known."""
        number = {name: k for k, name in enumerate(self.names)}
        return np.array([number[name] for name in table["truth"]], dtype=np.int64)

    def truth_cells(self, truth: NDArray[np.int64]) -> list[str]:
        """Return the names (N,) of classes given by their indices (N,)."""
        return [self.names[k] for k in truth]

    def check(self, path: Path, table: pd.DataFrame) -> None:
        """Raise a PodiumError if a row holds no probabilities, or its truth is no class."""
        for column in ("truth", DECISION):
            cells = set(table[column]) if column in table else set()
            if unknown := sorted(cells - {"", *self.names}):
                names = list(self.names)
                raise PodiumError(
                    f"{path}: {column} {unknown[0]!r} is none of its classes {names}\n"
                    "remedy: correct it, or give every class its column p_<class>"
                )
        probs = self.values(table)
        bad = ~np.isfinite(probs).all(1) | (probs < 0).any(1) | (np.abs(probs.sum(1) - 1) > 1e-5)
        _refuse(path, table, bad, "probabilities (0 to 1, summing to 1)")


@dataclass(frozen=True)
class Labels:
    """Probabilities (N, L) of L labels, each for itself; truth: 1 or 0 for each label (N, L).

    The column `truth` joins the labels of a row by `;`, or is `-` for a row without any.
    """

    name: ClassVar[str] = "labels"
    names: Sequence[str]

    def columns(self) -> list[str]:
        """Return l_<label> for each label."""
        return [f"l_{name}" for name in self.names]

    def values(self, table: pd.DataFrame) -> Floats:
        """Return the probabilities (N, L) of a table's rows."""
        return table[self.columns()].to_numpy(dtype=np.float64)

    def truth(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """Return which labels (N, L) the rows have, 1 or 0, of rows whose truth is known."""
        return self.indicators(table["truth"])

    def indicators(self, cells: Iterable[str]) -> NDArray[np.int64]:
        """Return 1 or 0 for each label (N, L), from the labels of each row joined by `;`."""
        rows = [set(cell.split(LABEL_MARK)) for cell in cells]
        return np.array([[int(name in row) for name in self.names] for row in rows], np.int64)

    def truth_cells(self, truth: NDArray[np.int64]) -> list[str]:
        """Return the labels (N,) of each row joined by `;`, from 1 or 0 for each label (N, L)."""
        joined = [
            LABEL_MARK.join(name for name, has in zip(self.names, row, strict=True) if has)
            for row in truth
        ]
        return [cell or NO_LABEL for cell in joined]

    def check(self, path: Path, table: pd.DataFrame) -> None:
        """Raise a PodiumError if a row holds no probabilities, or its truth no labels."""
        for column in ("truth", DECISION):
            cells: list[str] = table[column].tolist() if column in table else []
            named = {name for cell in cells for name in cell.split(LABEL_MARK)}
            if unknown := sorted(named - {"", NO_LABEL, *self.names}):
                names = list(self.names)
                raise PodiumError(
                    f"{path}: {column} {unknown[0]!r} is none of its labels {names}\n"
                    "remedy: correct it, or give every label its column l_<label>"
                )
        probs = self.values(table)
        inside = ((probs >= 0) & (probs <= 1)).all(1)  # NaN is neither
        _refuse(path, table, ~inside, "probabilities of labels (0 to 1 each)")


@dataclass(frozen=True)
class Number:
    """A number (N, 1) for each row; truth: numbers (N,)."""

    name: ClassVar[str] = "number"
    names: Sequence[str] = ("y",)

    def columns(self) -> list[str]:
        """Return y."""
        return ["y"]

    def values(self, table: pd.DataFrame) -> Floats:
        """Return the numbers (N, 1) of a table's rows."""
        return table[["y"]].to_numpy(dtype=np.float64)

    def truth(self, table: pd.DataFrame) -> Floats:
        """Return the true numbers (N,) of rows whose truth is known."""
        return table["truth"].to_numpy(dtype=np.float64)

    def truth_cells(self, truth: Floats) -> list[str]:
        """Return the shortest text of each number (N,) that reads back to the same."""
        return [repr(float(value)) for value in truth]

    def check(self, path: Path, table: pd.DataFrame) -> None:
        """Raise a PodiumError if a prediction or a truth is no finite number."""
        _refuse(path, table, ~np.isfinite(self.values(table)).all(1), "finite numbers")
        for cell in set(table["truth"]) - {""} if "truth" in table else ():
            try:
                fits = np.isfinite(float(cell))
            except ValueError:
                fits = False
            if not fits:
                raise PodiumError(
                    f"{path}: truth {cell!r} is no finite number\n"
                    "remedy: correct it, or leave it empty if it is not known"
                )


@dataclass(frozen=True)
class Text:
    """A text and the logarithm of its probability for each row; truth: N texts."""

    name: ClassVar[str] = "text"
    names: Sequence[str] = ()

    def columns(self) -> list[str]:
        """Return text and log_prob."""
        return ["text", "log_prob"]

    def values(self, table: pd.DataFrame) -> list[str]:
        """Return the texts (N,) of a table's rows."""
        return [str(text) for text in table["text"]]

    def truth(self, table: pd.DataFrame) -> list[str]:
        """Return the true texts (N,) of rows whose truth is known."""
        return [str(text) for text in table["truth"]]

    def truth_cells(self, truth: Sequence[str]) -> list[str]:
        """Return the texts (N,) as they are."""
        return list(truth)

    def check(self, path: Path, table: pd.DataFrame) -> None:
        """Raise a PodiumError if a log_prob is no logarithm of a probability."""
        if not (table["log_prob"] <= 1e-6).all():
            raise PodiumError(
                f"{path}: a log_prob is no logarithm of a probability\n{_WRITE_AGAIN}"
            )


def kind_named(name: str, names: Sequence[str]) -> TableKind:
    """Return the kind of tables `name` (classes, labels or number) with these classes or labels."""
    if name == "number":
        return Number()
    return Classes(list(names)) if name == "classes" else Labels(list(names))


def kind_of(table: pd.DataFrame) -> TableKind:
    """Return the kind of a prediction table, which its columns tell; classes where none does."""
    names = [str(name) for name in table.columns]
    classes = [name.removeprefix("p_") for name in names if name.startswith("p_")]
    labels = [name.removeprefix("l_") for name in names if name.startswith("l_")]
    if not classes and labels:
        return Labels(labels)
    if not classes and {"text", "log_prob"} <= set(names):
        return Text()
    if not classes and "y" in names:
        return Number()
    return Classes(classes)


def _refuse(path: Path, table: pd.DataFrame, bad: Any, contents: str) -> None:
    """Raise a PodiumError if a row is `bad` (N,), bool."""
    if bad.any():
        first = table["id"][bad].iloc[0]
        raise PodiumError(
            f"{path}: {int(bad.sum())} rows are no {contents}, e.g. {first}\n{_WRITE_AGAIN}"
        )
