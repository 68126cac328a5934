"""What is said of photos, as the cells of a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.evaluation.table_kinds import TableKind


def answer_columns(kind: TableKind) -> list[str]:
    """Return the columns of an answer: the decision, where one is made, and the predictions."""
    decision = {"classes": ["class"], "labels": ["labels"], "number": []}
    return [*decision[kind.name], *kind.columns()]


def answer_rows(
    kind: TableKind, values: NDArray[np.float64], decided: NDArray[np.float64] | None
) -> list[list[str | float]]:
    """Return the cells of `answer_columns` for n pictures.

    Args:
        kind: of the answer.
        values: (n, K) predictions.
        decided: (n, K) 1 where a class or label is chosen, else 0; None: nobody decided, so it is
            the likeliest class, or the labels of at least 0.5, joined by `;`, or `-`.
    """
    decisions: list[list[str]] = [[] for _ in values]
    if kind.name == "classes":
        chosen = values if decided is None else decided
        decisions = [[kind.names[k]] for k in chosen.argmax(1)]
    elif kind.name == "labels":
        applies = (values if decided is None else decided) >= 0.5
        decisions = [[cell] for cell in kind.truth_cells(applies.astype(int))]
    return [[*cells, *row.tolist()] for cells, row in zip(decisions, values, strict=True)]
