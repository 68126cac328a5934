"""What a raw folder of photos seems to hold, as settings; where two readings are possible, it asks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.core.errors import PodiumError, SettingsError
from podium.core.params import PhotoLayout, Photos
from podium.core.printable import printable
from podium.photos.inspect_places import choose_places
from podium.photos.inspect_tables import (
    RawTable,
    choose_columns,
    holds_sample_ids,
    is_sample,
    read_tables,
    sort_tables,
)
from podium.photos.inspect_targets import (
    candidates,
    choose_beside,
    choose_targets,
    group_candidates,
)
from podium.photos.known_competitions import known_competition
from podium.photos.layout import NO_TABLE, Dataset
from podium.photos.metric_fit import METRIC_NAMES, check_metric
from podium.photos.picture_ids import PictureIndex
from podium.photos.raw_contents import RawContents, read_contents
from podium.photos.sample import Sample, read_sample, shown
from podium.photos.targets import separator_of
from podium.pictures.entries import Entry
from podium.pictures.places import Places
from podium.pictures.source import PictureSource

NONE = "none"
KINDS = ("class", "labels", "ordered", "number")


@dataclass(frozen=True)
class Answers:
    """What a person says of a folder; '' and () are left to the files, `none` means there is none.

    Attributes:
        train: place of the train pictures.
        test: likewise.
        table: of the labels.
        sample: the sample submission.
        id: column of the ids.
        targets: columns to predict.
        kind: class, labels, ordered or number.
        group: column of what stays in one fold.
        columns: that models may use.
        metric: its name.
        competition: Kaggle's name for it, if it is one of COMPETITIONS.
    """

    train: str = ""
    test: str = ""
    table: str = ""
    sample: str = ""
    id: str = ""
    targets: tuple[str, ...] = ()
    kind: str = ""
    group: str = ""
    columns: tuple[str, ...] = ()
    metric: str = ""
    competition: str = ""


@dataclass
class Proposal:
    """Settings of a folder, why they are so, and what is still to be decided.

    Attributes:
        contents: what lies there.
        layout: keys of photos.layout.
        metric: of the settings.
        target: of the settings.
        lines: topic and what was found.
        questions: what the files leave open, each with the option that answers it.
    """

    contents: RawContents
    layout: dict[str, Any] = field(default_factory=lambda: NO_TABLE.model_dump())
    metric: str = "auto"
    target: str = "auto"
    lines: list[tuple[str, str]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    def photos(self, max_megapixels: float) -> Photos:
        """Return the section `photos` of the settings."""
        return Photos(
            source="raw", max_megapixels=max_megapixels, metric=self.metric, target=self.target,  # type: ignore[arg-type]
            layout=PhotoLayout(**self.layout),
        )  # fmt: skip

    def settle(self, dataset: Dataset) -> None:
        """Take over the kind of answer that the labels were found to be."""
        if self.layout["table"]:
            self.target = dataset.targets.answer
        if self.target != "labels":
            self.layout["separator"] = ""

    def settings(self) -> dict[str, Any]:
        """Return the keys of `photos` that are to be written."""
        return {"source": "raw", "metric": self.metric, "target": self.target,
                "layout": self.layout}  # fmt: skip


def propose(root: Path, answers: Answers) -> Proposal:
    """Return the settings that fit the raw folder at `root`.

    Raises:
        PodiumError: there are no pictures, or what a person says of them cannot be.
    """
    contents = read_contents(root)
    if not contents.pictures:
        raise PodiumError(
            f"{printable(root)}: no pictures\nremedy: put the competition's files there as they "
            "are, zips too, or say --source FOLDER"
        )
    proposal = Proposal(contents)
    layout = proposal.layout
    choice = choose_places(contents, answers.train, answers.test)
    proposal.questions += choice.questions
    if choice.questions:
        return proposal
    layout["train"], layout["test"] = choice.train, choice.test
    source = PictureSource(root, Places(choice.train, choice.test))
    train, test = source.pictures("train"), source.pictures("test")
    layout["sample"] = _sample_path(contents, answers.sample, proposal.questions)
    sample = _read_sample(source, layout["sample"])
    if proposal.questions:
        return proposal
    _Tables(source, proposal, answers, sample, train, test).settle()
    return proposal


def _sample_path(contents: RawContents, given: str, questions: list[str]) -> str:
    paths = [path for path in contents.tables if is_sample(path)]
    if given:
        return "" if given == NONE else given
    if len(paths) > 1:
        questions.append(f"--sample: which is the sample submission: {shown(paths)}, or {NONE}")
    return paths[0] if paths else ""


def _read_sample(source: PictureSource, path: str) -> Sample | None:
    return read_sample(source, NO_TABLE.model_copy(update={"sample": path})) if path else None


def split_kinds(words: Sequence[str], columns: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the words that say a kind of answer, for no column has that name, and the others.

    Args:
        words: columns or kinds.
        columns: of the table of labels.
    """
    kinds = [word for word in words if word in KINDS and word not in columns]
    return kinds, [word for word in words if word not in kinds]


@dataclass
class _Tables:
    """The tables of a folder, and what settings they lead to."""

    source: PictureSource
    proposal: Proposal
    answers: Answers
    sample: Sample | None
    train: Sequence[Entry]
    test: Sequence[Entry]

    def settle(self) -> None:
        """Fill in the settings that tables decide."""
        index = PictureIndex(self.train), PictureIndex(self.test)
        tables, notes = read_tables(self.source, self.proposal.contents, *index)
        self.proposal.lines += [("table", f"not read: {note}") for note in notes]
        self.mixed = not self.test and self.answers.test != NONE and self._names_both(index[0], tables)
        layout = self.proposal.layout
        if self.mixed:
            layout["test"] = layout["train"]
        elif self.answers.test == NONE:
            layout["test"] = ""
        labels, tests = sort_tables(tables, self.sample, len(self.train), len(self.test), self.mixed)
        label = self._label_table(labels, tables)
        if self.proposal.questions:
            return
        self.direct = index[0 if self.mixed else 1].match(self.sample.ids) if self.sample else None
        if label is None:
            self._metric(of_table=False)
            return
        layout["table"] = label.path
        self._columns(label, self._test_table(label, tests))
        self._metric(of_table=True)

    def _names_both(self, train: PictureIndex, tables: Sequence[RawTable]) -> bool:
        """Whether the one place of pictures holds those of test, too."""
        if self.sample is not None:
            return bool(train.match(self.sample.ids).n_pictures) or any(
                holds_sample_ids(raw, self.sample) for raw in tables
            )
        return len(sort_tables(tables, None, len(self.train), 0, True)[1]) == 1

    def _label_table(
        self, labels: Sequence[RawTable], tables: Sequence[RawTable]
    ) -> RawTable | None:
        """The table of the labels; None where names of pictures and folders say them."""
        given, lines, questions = self.answers.table, self.proposal.lines, self.proposal.questions
        by_name = {entry.label for entry in self.train}
        named = len(by_name) > 1 and "" not in by_name
        if given == NONE:
            return None
        if given:
            return self._given_table(given, tables)
        chosen = labels if len(labels) == 1 else self._likeliest(labels)
        if len(chosen) > 1 or (labels and not chosen):
            paths = [raw.path for raw in chosen or labels]
            questions.append(f"--table: which table holds the labels: {shown(paths)}, or {NONE}")
            return None
        if chosen and named and self.sample is None:
            questions.append(
                f"--table: labels may be in {chosen[0].path} or in the names of folders and files "
                f"({shown(sorted(by_name), 4)}): say --table {chosen[0].path} or --table {NONE}"
            )
            return None
        if chosen:
            others = [raw.path for raw in labels if raw is not chosen[0]]
            why = f"; {shown(others)} fits the sample less, or has several rows a picture"
            why = why if others else ""
            lines.append(("labels", f"{chosen[0].path}, whose rows mean the train pictures{why}"))
            return chosen[0]
        if named:
            lines.append(("labels", "names of folders or files; no table means the train pictures"))
        else:
            questions.append(
                "--table: no table means the train pictures, and their names say no class; "
                f"the tables are {shown([raw.path for raw in tables]) or NONE}"
            )
        return None

    def _likeliest(self, labels: Sequence[RawTable]) -> list[RawTable]:
        """Tables with one row a picture, and of these the ones with the sample's own columns."""
        single = [raw for raw in labels if raw.has_one_row_each] or labels
        fitting = [raw for raw in single if self._target(raw)[0]]
        if self.sample is None:
            return fitting
        own = set(self.sample.columns[1:])
        return [raw for raw in fitting if own <= set(raw.table.columns)] or fitting

    def _given_table(self, path: str, tables: Sequence[RawTable]) -> RawTable:
        raw = next((raw for raw in tables if raw.path == path), None)
        if raw is None or not raw.train:
            what = "is no table that lies there" if raw is None else "means no train picture"
            raise SettingsError(
                f"--table: {printable(path)} {what}\n"
                f"remedy: choose one of {shown([other.path for other in tables])}, or {NONE}"
            )
        self.proposal.lines.append(("labels", f"{path}, as you say"))
        return raw

    def _target(self, raw: RawTable) -> tuple[list[str], str]:
        """The target columns of a table if it were the one of the labels."""
        pictures = [name for name in raw.train if name in raw.test or len(raw.train) > 1]
        taken = [max(raw.train, key=lambda name: raw.train[name].n_pictures), *pictures]
        return choose_targets(raw.table, self.sample, candidates(raw.table, taken, None), taken)

    def _test_table(self, label: RawTable, tests: Sequence[RawTable]) -> RawTable | None:
        tests = [raw for raw in tests if set(raw.table.columns) & set(label.table.columns)]
        if len(tests) > 1:
            paths = [raw.path for raw in tests]
            self.proposal.lines.append(("test rows", f"{shown(paths)}; the first is taken"))
        return tests[0] if tests else None

    def _columns(self, label: RawTable, test_table: RawTable | None) -> None:
        layout, answers = self.proposal.layout, self.answers
        n_direct = self.direct.n_pictures if self.direct else 0
        layout["id"], layout["file"] = choose_columns(label, test_table, self.sample, n_direct)
        if answers.id:
            layout["id"], layout["file"] = answers.id, ""
        pictures = {name for name, match in label.train.items()
                    if match.n_pictures == len(set(match.rows) - {-1}) > len(self.train) / 2}  # fmt: skip
        taken = [layout["id"], layout["file"], *pictures]
        keys = {layout["id"], layout["file"]} - {""}
        if test_table is not None and keys <= set(test_table.table.columns):
            layout["test_table"] = test_table.path
        others = test_table.table if layout["test_table"] and test_table is not None else None
        groups = self._group(label, taken)
        self._targets(label, taken, others, groups)
        taken += [layout["group"], *layout["targets"]]
        used, unused = choose_beside(label.table, others, taken)
        layout["columns"] = [] if answers.columns == (NONE,) else list(answers.columns) or used
        if used:
            self.proposal.lines.append(
                ("columns", f"{shown(layout['columns']) or NONE} beside the pictures, in both "
                 f"tables; --columns {NONE} leaves them out")
            )  # fmt: skip
        for name, reason in list(unused.items())[:12]:
            self.proposal.lines.append(("columns", f"not {printable(name)}: {reason}"))

    def _group(self, label: RawTable, taken: Sequence[str]) -> list[str]:
        """Settle the group column; the candidates."""
        answers, layout = self.answers, self.proposal.layout
        groups = group_candidates(label.table, taken)
        if answers.group:
            layout["group"] = "" if answers.group == NONE else answers.group
            self.proposal.lines.append(("group", f"{answers.group}, as you say"))
        elif len(groups) == 1:
            ((name, n),) = groups.items()
            layout["group"] = name
            self.proposal.lines.append(
                ("group", f"{name}: its name says so, and {n} values stand for "
                 f"{len(label.table)} rows; rows of one value stay in one fold; --group {NONE} "
                 "if they need not")
            )  # fmt: skip
        elif groups:
            options = ", ".join(f"{name} ({n} values)" for name, n in groups.items())
            self.proposal.questions.append(
                f"--group: which pictures must stay in one fold: {options}, or {NONE}"
            )
        return list(groups)

    def _targets(
        self, label: RawTable, taken: Sequence[str], others: Any, groups: Sequence[str]
    ) -> None:
        layout, answers = self.proposal.layout, self.answers
        kinds, named = split_kinds(answers.targets, label.table.columns)
        self.proposal.target = kinds[0] if kinds else self.proposal.target
        if named:
            layout["targets"] = named
            self.proposal.lines.append(("target", f"{shown(named)}, as you say"))
        else:
            free = candidates(label.table, [*taken, *groups], others)
            columns, why = choose_targets(label.table, self.sample, free, taken)
            layout["targets"] = columns
            if columns:
                self.proposal.lines.append(("target", f"{shown(columns)}: {why}"))
            else:
                self.proposal.questions.append(f"--target: {why}")
        if len(layout["targets"]) == 1 and layout["targets"][0] in label.table:
            cells = label.table[layout["targets"][0]].tolist()
            self._kind(cells)

    def _kind(self, cells: list[str]) -> None:
        separator, sure = separator_of(cells)
        columns = set(self.sample.columns[1:]) if self.sample is not None else set()
        if separator and not sure and not self.answers.kind and columns & set(cells):
            self.proposal.target = "class"
        if separator:
            self.proposal.layout["separator"] = separator

    def _metric(self, of_table: bool) -> None:
        """Settle the metric, which no file says."""
        answers, proposal = self.answers, self.proposal
        known = known_competition(answers.competition) if answers.competition else None
        proposal.metric = answers.metric or (known.metric if known else "auto")
        if not of_table:
            proposal.target = next(iter(split_kinds(answers.targets, ())[0]), "auto")
        if answers.kind or (known and proposal.target == "auto"):
            proposal.target = answers.kind or (known.target if known else "auto")
        if known:
            proposal.lines.append(("metric", f"{proposal.metric}, {known.target}: {known.source}"))
        if proposal.metric != "auto":
            check_metric(proposal.metric, 0, "")
        elif of_table:
            proposal.questions.append(
                f"--metric: what the competition is scored by: {', '.join(METRIC_NAMES)}, or "
                "module:function; or --competition SLUG"
            )
