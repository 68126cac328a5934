"""The submission format of a competition: what its files hold, and how they are checked and scored.

A room implements it once; the stage `submit`, `podium validate` and `podium submit` use it.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Protocol

import pandas as pd

from podium.core.errors import PodiumError
from podium.core.params import Params
from podium.evaluation import intervals
from podium.evaluation.competition import Competition, value_at
from podium.evaluation.metric_terms import by_id, terms_in, terms_of_rows
from podium.evaluation.scores import Score
from podium.submission.cells import is_there, ordered_ids, read_sample, spaced_lines

SAMPLE_NAME = r"sample.?submission.*\.csv"


@dataclass(frozen=True)
class FormatInputs:
    """What a submission format may read.

    Attributes:
        competition: whose format it is.
        items: what ingestion wrote, in the registry's order; may be absent if there is a sample.
        sample: the sample submission; None: there is none.
        predictions: folder of predictions that stand in no table.
        params: the settings; None where only columns, ids and cells are checked.
        task: what ingestion says is asked for; may be absent. None: the competition never varies.
    """

    competition: Competition
    items: tuple[Path, ...]
    sample: Path | None = None
    predictions: Path = Path()
    params: Params | None = None
    task: Path | None = None

    @property
    def n_draws(self) -> int:
        """How often groups are drawn for the interval of a score."""
        settings = self.params.submit.get(self.competition.name) if self.params else None
        return settings.bootstrap if settings else 1000


class SubmissionFormat(Protocol):
    """How the submissions of one competition look.

    A room's class inherits from this one and takes `FormatInputs` alone; what has a body here need
    not be written again.
    """

    inputs: FormatInputs

    @property
    def columns(self) -> Sequence[str]:
        """The columns in their order; the first holds ids."""
        return self.inputs.competition.columns

    @abstractmethod
    def test_ids(self) -> list[str]:
        """Return the ids that ingestion found in the test set, readable or not."""

    @abstractmethod
    def frame(self, ids: Sequence[str], table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return the rows of a submission, and the ids that were filled for want of a prediction.

        Args:
            ids: of the rows, in their order.
            table: the prediction table.
        """

    @abstractmethod
    def faults(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is wrong with the cells of a submission that was read as text."""

    def notes(self, table: pd.DataFrame) -> Iterator[str]:
        """Yield what is odd about the cells of a submission read as text, but allowed."""
        yield from ()

    @abstractmethod
    def score(self, table: pd.DataFrame, key: Path) -> dict[str, Score]:
        """Return the scores of a submission on the answer key; none if there is no key.

        Args:
            table: the submission, as `frame` returns it.
            key: the answer key.
        """

    def held_out_scores(self, table: pd.DataFrame) -> dict[str, Score]:
        """Return the scores of a prediction table on its own rows whose truth is known."""
        metrics = {metric.name: metric for metric in self.inputs.competition.table_metrics}
        path = Path(self.inputs.competition.files.blend)
        scores = {}
        for name, rows in terms_of_rows(path, table, list(metrics.values())).items():
            pooled, metric = by_id(rows), metrics[name]
            scores[metric.key] = intervals.score(
                metric, terms_in(pooled), pooled["group"].to_numpy(dtype=str), self.inputs.n_draws
            )
        return scores

    def facts(self, table: pd.DataFrame) -> dict[str, Any]:
        """Return what else the manifest says of a submission."""
        return {}

    def plain_lines(self, table: pd.DataFrame) -> str:
        """Return a submission as lines of text without header, as the competition writes labels."""
        return spaced_lines(table)


def format_of(
    competition: Competition, root: Path, params: Params | None, sample: Path | None = None
) -> SubmissionFormat:
    """Return the submission format of a competition with the project's files.

    Args:
        competition: of the registry.
        root: the project's folder.
        params: the settings, which say where raw files lie.
        sample: a sample submission to go by; None: the project's own, if there is one.
    """
    competition = competition.with_task(root)
    files = competition.files
    if sample is None and params is not None:
        sample = own_sample(source_folder(competition, root, params), _named(competition, params))
    items = tuple(root / name for name in files.items)
    task = root / files.task if files.task else None
    inputs = FormatInputs(competition, items, sample, root / files.predictions, params, task)
    form: SubmissionFormat = resolve_name(competition.format)(inputs)
    return form


def _named(competition: Competition, params: Params) -> str:
    """The sample submission that the settings name; '' for the usual one."""
    return str(value_at(params.model_dump(), competition.sample_setting) or "")


def own_sample(folder: Path, named: str = "") -> Path | None:
    """Return the sample submission among raw files; None if there is none.

    sample_submission.csv, or the one file with a like name: sampleSubmission.csv, and so on.

    Args:
        folder: of the raw files.
        named: its name there, if the settings say it.

    Raises:
        PodiumError: several have such names.
    """
    if named and is_there(folder / named):
        return folder / named
    if (usual := folder / "sample_submission.csv").is_file():
        return usual
    alike = sorted(path for path in folder.glob("*.csv") if re.match(SAMPLE_NAME, path.name, re.I))
    if len(alike) > 1:
        names = ", ".join(path.name for path in alike)
        raise PodiumError(
            f"{folder}: which is the sample submission, {names}?\n"
            "remedy: call it sample_submission.csv"
        )
    return alike[0] if alike else None


def source_folder(competition: Competition, root: Path, params: Params) -> Path:
    """Return the folder of a competition's raw files.

    Args:
        competition: of the registry.
        root: the project's folder.
        params: the settings, which say whether it is standin or raw.
    """
    return root / competition.source_folder(params.model_dump())


def answer_key(competition: Competition, root: Path, params: Params) -> Path:
    """Return where the answer key of a competition lies, if there is one.

    Args:
        competition: of the registry.
        root: the project's folder.
        params: the settings.
    """
    files = competition.files
    if files.key:
        return source_folder(competition, root, params) / files.key
    return root / files.items[0]


def expected_ids(form: SubmissionFormat) -> list[str]:
    """Return the ids that a submission must have: the sample's, else all test ids.

    Raises:
        PodiumError: the sample has other columns, or an id twice.
    """
    sample = form.inputs.sample
    return read_sample(sample, form.columns) if sample else form.test_ids()


def ids_to_submit(form: SubmissionFormat) -> list[str]:
    """Return the ids of a new submission: the test ids in the sample's order, or in natural order.

    Raises:
        PodiumError: the sample's ids are not the ingested test ids.
    """
    sample = form.inputs.sample or Path("no sample")
    return ordered_ids(sample, form.columns, form.test_ids())
