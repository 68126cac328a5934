"""A captcha submission: the texts of one reader or of several, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from podium.captcha.answers import format_value
from podium.captcha.charset import Charset
from podium.captcha.competitions import competition
from podium.captcha.dataset import read_facts, read_texts
from podium.captcha.scoring import TOLERANCE, Solve, value_of
from podium.core.errors import PodiumError
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.submission import validation


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


def wanted(sample: Path | None, task: str, captchas: Path) -> validation.Wanted:
    """What is wanted of a submission: the sample's pictures, or all test pictures without one.

    Args:
        sample: a sample submission.
        task: text, arithmetic or equations.
        captchas: the ingested file. With a sample, its characters count only where both are of
            the same pictures.
    """
    columns = competition(task).columns
    known = read_texts(captchas, "test")[0] if captchas.is_file() or not sample else []
    ids = validation.sample_ids(sample, columns) if sample else known
    same = bool(known) and set(known) == set(ids)
    charset = read_facts(captchas).charset if same else None
    rule = partial(faults, task=task, charset=charset)
    return validation.Wanted(columns, ids, rule, lambda _: (), sample)


def faults(table: pd.DataFrame, task: str, charset: Charset | None) -> Iterator[str]:
    """What is wrong with the texts and values of a submission that was read as text."""
    ids, texts = table.iloc[:, 0].tolist(), table.iloc[:, 1].tolist()
    if empty := [f"id {name}" for name, text in zip(ids, texts, strict=True) if not text]:
        yield f"{validation.counted(len(empty), 'text')} empty, {validation.examples(empty)}"
    if charset and (odd := sorted(set().union(*texts) - set(charset.characters))):
        rows = [f"id {n}: {t!r}" for n, t in zip(ids, texts, strict=True) if set(t) & set(odd)]
        yield (
            f"{validation.counted(len(rows), 'text')} with characters that no train picture has "
            f"({''.join(odd[:10])}), {validation.examples(rows)}"
        )
    if solve := competition(task).solve:
        cells = zip(ids, texts, table.iloc[:, 2], strict=True)
        wrong = [f"id {n}: {why}" for n, text, cell in cells if (why := _wrong(text, cell, solve))]
        if wrong:
            shown = validation.examples(wrong)
            yield f"{validation.counted(len(wrong), 'value')} wrong, {shown}"


def _wrong(text: str, cell: str, solve: Solve) -> str:
    """Why the value in `cell` is not what `text` comes to, exactly; '' if it is."""
    value = value_of(text, solve)
    given = Fraction(cell) if _NUMBER.fullmatch(cell) else None
    right = "nothing" if value is None else format_value(value)
    if cell and given is None:
        return f"{cell!r} is no number"
    close = value is not None and given is not None and abs(value - given) <= TOLERANCE
    return "" if close or value is given else f"{text} comes to {right}, not {cell or 'nothing'}"


_NUMBER = re.compile(r"[-+]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][-+]?[0-9]{1,2})?")
