"""The pictures of a competition, before any is decoded, and the task that they make."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd

from podium.evaluation.task import PictureTask
from podium.photos.metric_fit import check_metric
from podium.photos.sample import Sample, style_of, usual_style
from podium.photos.targets import Targets
from podium.pictures.entries import Entry


@dataclass(frozen=True)
class Dataset:
    """The pictures of a competition, before any is decoded.

    Attributes:
        entries: split and picture of each, train first.
        left_out: rows without a picture and pictures without a row, each with its split (`test`
            if a submission must have it, else '') and the reason as fault.
        columns: id, and the columns beside the pictures, as text.
        targets: of the train pictures.
        sample: the sample submission; None without.
        metric: its name.
        rule: what an id is, in words; '' where no table has ids.
        usual: names of the two columns of a submission without a sample.
    """

    entries: list[tuple[str, Entry]]
    left_out: list[tuple[str, Entry]]
    columns: pd.DataFrame
    targets: Targets
    sample: Sample | None
    metric: str
    rule: str = ""
    usual: tuple[str, str] = ("id", "label")

    def task(self, labels: Collection[str]) -> PictureTask:
        """Return what the competition asks for, where the train rows that can be read say `labels`.

        Raises:
            PodiumError: metric, sample and classes do not go together.
        """
        found, names = self.targets, self.targets.names
        if found.answer in ("class", "ordered"):
            names = tuple(name for name in names if name in labels)
        targets = replace(found, names=names)
        check_metric(self.metric, len(names), found.answer)
        if self.sample is None:
            style = usual_style(targets, self.metric, self.usual)
        else:
            style = style_of(self.sample, targets, self.metric)
        kind = {"labels": "labels", "number": "number"}.get(found.answer, "classes")
        return PictureTask(
            kind,  # type: ignore[arg-type]
            names,
            self.metric,
            style,
            ordered=found.answer == "ordered",
            columns=tuple(self.columns.columns[1:]),
            whole=found.whole,
        )
