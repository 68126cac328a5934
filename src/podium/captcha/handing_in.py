"""A captcha submission: the texts of one reader or of several, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from podium.captcha.charset import Charset
from podium.captcha.competitions import competition
from podium.errors import PodiumError
from podium.ids import refuse_duplicates, refuse_other_ids


def texts_of(path: Path, table: pd.DataFrame, split: str, ids: Sequence[str]) -> list[str]:
    """The texts that the prediction table at `path` has for `ids`, in their order.

    Raises:
        PodiumError: the table names other pictures.
    """
    rows = table[table["split"] == split].set_index("id")
    refuse_duplicates(path, rows.index)
    refuse_other_ids(path, list(rows.index), ids, "run dvc repro: the table is of other pictures")
    return [str(text) for text in rows.loc[list(ids), "text"]]


def frame(task: str, ids: Sequence[str], texts: Sequence[str]) -> pd.DataFrame:
    """The submission's rows."""
    what = competition(task)
    rows = [[name, text, *what.answers(text)] for name, text in zip(ids, texts, strict=True)]
    return pd.DataFrame(rows, columns=pd.Index(what.columns))


def lines(table: pd.DataFrame) -> str:
    """The submission as the competition writes its labels: text, space, value; a line each."""
    rows = table.iloc[:, 1:].itertuples(index=False)
    return "".join(" ".join(row).rstrip() + "\n" for row in rows)


def check_texts(path: Path, table: pd.DataFrame, charset: Charset) -> None:
    """Raise a PodiumError if a text is empty or has characters that no train picture has."""
    for name, text in zip(table.iloc[:, 0], table.iloc[:, 1], strict=True):
        if not text or set(text) - set(charset.characters):
            raise PodiumError(f"{path}: id {name} has the text {text!r}, which cannot be right")


def test_scores(task: str, truth: Sequence[str], texts: Sequence[str]) -> dict[str, Any]:
    """Scores on test pictures where the text of every one is known; else nothing."""
    return competition(task).scores(truth, texts) if truth and all(truth) else {}


def summary_lines(metrics: dict[str, Any], not_computable: Sequence[str]) -> list[str]:
    """What a person reads after the stage."""
    lines = [
        f"{split:<10} {name:<20} {one['score']:.6f}  "
        f"(95 %: {one['low']:.6f} to {one['high']:.6f}, n = {one['n']:,})"
        for split, found in metrics.items()
        for name, one in found.items()
    ]
    if not_computable:
        lines.append(f"{len(not_computable)} expressions have no value: {not_computable[:3]}")
    return lines
