"""What a competition is: its metrics, files, settings and formats, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podium.core.unused_raw import unused_raw
from podium.evaluation.scores import USUAL, Metric, metric_named
from podium.evaluation.target_fit import refuse_unfitting
from podium.evaluation.task import read_task

BLEND = "blend"  # the name of a competition's blend among its models

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Files:
    """The paths of a competition, relative to the project's folder.

    Attributes:
        source: folder of raw files below data/<standin or raw>/.
        tables: folder of prediction tables.
        blend: prediction table of the blend.
        items: what ingestion wrote and a submission needs, the file with the test ids first.
        key: the answer key: a name in the source folder, or '' for the first of `items`.
        predictions: folder of predictions that stand in no table, '' if there are none.
        counts: table of pixels by slide, '' if there is none.
        task: what ingestion says is asked for, '' if the competition never varies.
        networks: folder of the tables of those models that `photo_networks` names, '' if none can.
    """

    source: str
    tables: str
    blend: str
    items: tuple[str, ...]
    key: str
    predictions: str = ""
    counts: str = ""
    task: str = ""
    networks: str = ""


@dataclass(frozen=True)
class PredictOptions:
    """What `podium predict` is told besides model and files.

    Attributes:
        weights_dir: where local ImageNet weights lie.
        out: slides: folder of masks, GeoJSON and overlays; None: none are written.
        mpp: slides: micrometres per pixel, whatever files say; None: what they say.
        columns: photos: table of columns beside the pictures; None: there is none.
    """

    weights_dir: Path
    out: Path | None = None
    mpp: float | None = None
    columns: Path | None = None


@dataclass(frozen=True)
class Competition:
    """One competition.

    Attributes:
        name: as people type it, and as its submission is called.
        room: the package that knows its data.
        task: of rooms that have several, else ''.
        metrics: scores, the one that counts first.
        sections: dotted names of what concerns it in params.yaml.
        files: its paths.
        format: dotted name of the class that writes, checks and scores submissions.
        columns: of a usual submission; photos of more than two classes have one for each.
        source_setting: dotted name in params.yaml of the source, standin or raw; '': always raw.
        sample_setting: dotted name of the setting that names the sample submission; '': none does.
        ingest: name of the stage that writes `files.items`.
        timed: files in metrics/, without suffix, of all its stages but those that draw;
            `{section}` in a name stands for each key of that section (of readers, those of the
            task).
        score: where its first metric stands: a name as in `timed`, a colon, a dotted name in that
            file; '' for the blend's nested score.
        trivial: likewise, the score of what needs no training; `{metric}` stands for the metric
            of the blend; '' if there is none.
        submits: models whose predictions are handed in, the first one that exists; `params:` and a
            dotted name stands for what params.yaml holds there.
        predictor: dotted name of the function that gives the `FileAnswers` of `podium predict`, of
            the trained model, files and `PredictOptions`.
        kaggle_slug: what Kaggle calls the competition; '' if it is not there.
        book: its first metric as the book states it (see docs/questions.md), and of which pictures.
    """

    name: str
    room: str
    task: str
    metrics: tuple[Metric, ...]
    sections: tuple[str, ...]
    files: Files
    format: str
    columns: tuple[str, ...]
    source_setting: str = ""
    sample_setting: str = ""
    ingest: str = ""
    timed: tuple[str, ...] = ()
    score: str = ""
    trivial: str = ""
    submits: tuple[str, ...] = (BLEND,)
    predictor: str = ""
    kaggle_slug: str = ""
    book: tuple[float, str] | None = None

    def with_task(self, root: Path = Path()) -> Competition:
        """Return it with metrics and columns of the task that ingestion wrote below `root`.

        As it is where there is none. The task's metric comes first, then the usual ones.

        Raises:
            PodiumError: the task's file is broken.
            SettingsError: its metric is unknown, or does not fit what is predicted.
        """
        path = root / self.files.task
        if not self.files.task or not path.is_file():
            return self
        task = read_task(path)
        metric = metric_named(task.metric)
        refuse_unfitting(str(path), metric, task.kind, task.ordered, len(task.names))
        others = [other for other in USUAL[task.kind] if other.key != metric.key]
        return replace(self, metrics=(metric, *others), columns=task.sample.columns)

    @property
    def table_metrics(self) -> tuple[Metric, ...]:
        """The metrics that prediction tables are scored by, the one that counts first."""
        return tuple(metric for metric in self.metrics if metric.terms)

    @property
    def modules(self) -> list[str]:
        """The modules that the stages blend and submit import by name, which no import shows."""
        dotted = [self.format, *(metric.terms for metric in self.table_metrics)]
        return sorted({name.partition(":")[0] for name in dotted})

    @property
    def result_files(self) -> list[str]:
        """Everything that is read of a revision, folders and files."""
        files = self.files
        names = [files.tables, files.networks, files.blend, files.counts]
        return ["params.yaml", "metrics", *(name for name in names if name)]

    def network_tables(self, settings: Settings) -> list[str]:
        """Return the paths of the prediction tables of the networks that `settings` name."""
        names = self.entries(settings, "photo_networks") if self.files.networks else {}
        return [f"{self.files.networks}/{name}.csv" for name in names]

    def metric(self, name: str) -> Metric:
        """Return the metric that people call `name`."""
        return next(metric for metric in self.metrics if metric.name == name)

    def source_folder(self, settings: Settings) -> Path:
        """Return the folder of raw files, standin or raw as `settings` say."""
        kind = value_at(settings, self.source_setting) if self.source_setting else "raw"
        return Path("data", str(kind), self.files.source)

    def unused_raw(self, root: Path, settings: Settings) -> str:
        """Return what to say of raw files below `root` that drawn stand-ins are used instead of.

        '' if there are none.
        """
        return unused_raw(root / self.source_folder(settings))

    def entries(self, settings: Settings, section: str) -> dict[str, Any]:
        """Return what a section holds that is of this competition's task, where entries name one.

        Args:
            settings: of params.yaml.
            section: its dotted name.
        """
        value = value_at(settings, section)
        if not isinstance(value, Mapping):
            return {}
        return {
            name: entry
            for name, entry in value.items()
            if not isinstance(entry, Mapping) or entry.get("task", self.task) == self.task
        }

    def readers(self, settings: Settings) -> list[str]:
        """Return the names of the readers of this task; none where there is no task."""
        return list(self.entries(settings, "train_captcha_reader")) if self.task else []

    def submitted_models(self, settings: Settings) -> list[str]:
        """Return the models whose predictions are handed in, the first one that exists."""
        names: list[str] = []
        for entry in self.submits:
            value = value_at(settings, entry.removeprefix("params:")) if ":" in entry else entry
            names += value if isinstance(value, list) else [str(value)] if value else []
        return names

    def timed_metrics(self, settings: Settings) -> list[str]:
        """Return the files in metrics/, without suffix, of its stages."""
        return [name for entry in self.timed for name in self.names(settings, entry)]

    def names(self, settings: Settings, entry: str) -> list[str]:
        """Return the files in metrics/ that an entry of `timed` stands for, without suffix."""
        start, _, section = entry.rstrip("}").partition("{")
        keys = self.entries(settings, section) if section else [""]
        return [f"{start}{key}" for key in keys]


def value_at(settings: Settings, dotted: str) -> Any:
    """Return what `settings` hold under a dotted name; None where there is nothing."""
    value: Any = settings
    for name in dotted.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def flat(settings: Settings, prefix: str = "") -> dict[str, Any]:
    """Return nested settings under dotted names, each after `prefix`."""
    flattened: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flattened |= flat(value, f"{prefix}{name}.")
        else:
            flattened[f"{prefix}{name}"] = value
    return flattened
