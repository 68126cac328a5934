"""What a sample submission asks for: its columns, and what a cell of them holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from podium.core.errors import PodiumError, SettingsError
from podium.core.ids import refuse_duplicates
from podium.core.params import PhotoLayout
from podium.core.printable import printable
from podium.evaluation.task import SampleStyle
from podium.photos.label_tables import read_label_table
from podium.photos.metric_fit import best_k, wants_decision
from podium.photos.targets import Targets, number_or_nan
from podium.pictures.source import PictureSource

USUAL_SAMPLE = "sample_submission.csv"


@dataclass(frozen=True)
class Sample:
    """A sample submission.

    Attributes:
        path: of its file, for messages.
        table: its rows, the ids in the first column.
    """

    path: Path
    table: pd.DataFrame

    @property
    def where(self) -> str:
        """Its path, printable."""
        return printable(self.path)

    @property
    def ids(self) -> list[str]:
        """Its ids, in its order."""
        return self.table.iloc[:, 0].tolist()

    @property
    def columns(self) -> tuple[str, ...]:
        """Its header."""
        return tuple(self.table.columns)


def read_sample(source: PictureSource, layout: PhotoLayout) -> Sample | None:
    """Return the sample submission that settings name, or the usual one; None without.

    Raises:
        PodiumError: it is no table, has one column, or an id twice.
    """
    name = layout.sample or USUAL_SAMPLE
    if not layout.sample and not (source.root / name).is_file():
        return None
    table = read_label_table(source, name, "sample")
    sample = Sample(source.root / name, table)
    if len(table.columns) < 2:
        raise PodiumError(
            f"{sample.where}: its only column is {', '.join(table.columns)!r}; what to predict is "
            "missing\nremedy: download it again, or remove it: then all test pictures are handed in"
        )
    refuse_duplicates(sample.path, sample.ids)
    return sample


def style_of(sample: Sample, targets: Targets, metric: str) -> SampleStyle:
    """Return what the sample asks for.

    Args:
        sample: of the competition.
        targets: of the train pictures.
        metric: its name.

    Raises:
        PodiumError: its columns are no classes of the train pictures.
        SettingsError: metric and sample do not go together.
    """
    columns, values = sample.columns, sample.columns[1:]
    if targets.answer == "number":
        _require_one(sample, "the target is a number")
        rounded = metric not in ("rmse", "mae")  # which a fraction serves better
        whole = rounded and targets.whole and _all_whole(sample.table[values[0]].tolist())
        return SampleStyle(columns, "whole" if whole else "number")
    if len(values) > 1:
        _check_names(sample, targets)
        cells = sample.table[list(values)].to_numpy().ravel()
        decided = wants_decision(metric) and set(cells) <= {"0", "1"}
        return SampleStyle(columns, "decisions" if decided else "probabilities", values)
    if k := best_k(metric):
        return SampleStyle(columns, "best", k=k)
    if targets.answer == "labels":
        return SampleStyle(columns, "labels")
    if wants_decision(metric) or (":" in metric and _has_names(sample, targets)):
        return SampleStyle(columns, "class")
    if len(targets.names) > 2 or _has_words(sample, targets):
        raise SettingsError(
            f"{sample.where}: it wants one class in column {printable(values[0])!r}, but "
            f"photos.metric is {metric}, which needs the probability of each\nremedy: say the "
            "competition's metric, e.g. podium inspect photos --metric accuracy --write"
        )
    likely = values if values[0] in targets.names else targets.names[1:]
    return SampleStyle(columns, "probabilities", likely)


def usual_style(targets: Targets, metric: str, columns: tuple[str, str]) -> SampleStyle:
    """Return what is handed in where there is no sample.

    Args:
        targets: of the train pictures.
        metric: its name.
        columns: names of the ids and of what is predicted.
    """
    if targets.answer == "number":
        return SampleStyle(columns, "number")
    if k := best_k(metric):
        return SampleStyle(columns, "best", k=k)
    if wants_decision(metric):
        return SampleStyle(columns, "labels" if targets.answer == "labels" else "class")
    if len(targets.names) == 2 and targets.answer != "labels":
        return SampleStyle(columns, "probabilities", targets.names[1:])
    return SampleStyle((columns[0], *targets.names), "probabilities", targets.names)


def _check_names(sample: Sample, targets: Targets) -> None:
    values = sample.columns[1:]
    unknown = [name for name in values if name not in targets.names]
    missing = [name for name in targets.names if name not in values]
    if unknown:
        raise PodiumError(
            f"{sample.where}: {len(unknown)} of its columns are no class of the train pictures, "
            f"e.g. {shown(unknown, 3)}; those are {shown(targets.names)}\n"
            "remedy: name the classes as its columns, add their pictures, or remove the sample"
        )
    if missing:
        raise PodiumError(
            f"{sample.where}: no column for {len(missing)} classes of the train pictures, e.g. "
            f"{shown(missing, 3)}\nremedy: remove those pictures, or the sample: then the "
            "submission has a column for each class"
        )


def _require_one(sample: Sample, why: str) -> None:
    if len(sample.columns) > 2:
        raise PodiumError(
            f"{sample.where}: it wants {len(sample.columns) - 1} columns, but {why}\n"
            "remedy: one number is predicted; name the target (podium inspect photos --target)"
        )


def _all_whole(cells: Sequence[str]) -> bool:
    return all(number_or_nan(cell).is_integer() for cell in cells)


def _has_names(sample: Sample, targets: Targets) -> bool:
    return bool(set(sample.table.iloc[:, 1]) & set(targets.names))


def _has_words(sample: Sample, targets: Targets) -> bool:
    """Whether the sample names classes that are no numbers."""
    named = set(sample.table.iloc[:, 1]) & set(targets.names)
    return any(number_or_nan(cell) != number_or_nan(cell) for cell in named)


def shown(names: Sequence[str], n: int = 10) -> str:
    """Return up to `n` names in words, and how many more there are."""
    more = f" and {len(names) - n} more" if len(names) > n else ""
    return ", ".join(printable(name) for name in names[:n]) + more
