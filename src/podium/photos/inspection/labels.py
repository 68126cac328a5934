"""The settings that tables lead to: the table of labels, its columns, kind and metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from podium.core.errors import SettingsError
from podium.core.printable import printable
from podium.evaluation.scores import METRICS
from podium.photos.inspection.columns import ColumnInspection, split_kinds
from podium.photos.inspection.known_competitions import known_competition
from podium.photos.inspection.proposal import NONE, Answers, Proposal
from podium.photos.inspection.tables import (
    RawTable,
    holds_sample_ids,
    read_tables,
    sort_tables,
)
from podium.photos.inspection.targets import candidates, choose_targets
from podium.photos.metric_fit import check_metric
from podium.photos.picture_ids import PictureIndex
from podium.photos.sample import Sample, shown
from podium.pictures.entries import Entry
from podium.pictures.source import PictureSource


@dataclass
class TableInspection:
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
        for note in notes:
            self.proposal.say("table", f"not read: {note}")
        for raw in tables:
            header = shown(list(map(str, raw.table.columns)), 12)
            self.proposal.say("table", f"{raw.path}: {len(raw.table):,} rows of {header}")
        has_test = self.test or self.answers.test == NONE
        mixed = not has_test and self._names_both(index[0], tables)
        layout = self.proposal.layout
        layout["test"] = layout["train"] if mixed else layout["test"]
        labels, tests = sort_tables(tables, self.sample, len(self.train), len(self.test), mixed)
        label = self._label_table(labels, tables)
        if self.proposal.questions:
            return
        direct = index[0 if mixed else 1].match(self.sample.ids) if self.sample else None
        if label is None:
            layout["test"] = "" if mixed else layout["test"]
            self._metric(of_table=False)
            return
        layout["table"] = label.path
        n_direct = direct.n_pictures if direct else 0
        test_table = self._test_table(label, tests)
        columns = (self.proposal, self.answers, label, test_table, self.sample, n_direct)
        ColumnInspection(*columns).settle()
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
        given, say, ask = self.answers.table, self.proposal.say, self.proposal.ask
        by_name = {entry.label for entry in self.train}
        named = len(by_name) > 1 and "" not in by_name
        if given == NONE:
            return None
        if given:
            return self._given_table(given, tables)
        chosen = labels if len(labels) == 1 else self._likeliest(labels)
        if len(chosen) > 1 or (labels and not chosen):
            paths = [raw.path for raw in chosen or labels]
            ask(f"--table: which table holds the labels: {shown(paths)}, or {NONE}")
            return None
        if chosen and named and self.sample is None:
            ask(
                f"--table: labels may be in {chosen[0].path} or in the names of folders and files "
                f"({shown(sorted(by_name), 4)}): say --table {chosen[0].path} or --table {NONE}"
            )
            return None
        if chosen:
            others = [raw.path for raw in labels if raw is not chosen[0]]
            why = f"; {shown(others)} fits the sample less, or has several rows a picture"
            why = why if others else ""
            say("labels", f"{chosen[0].path}, whose rows mean the train pictures{why}")
            return chosen[0]
        if named:
            say("labels", "names of folders or files; no table means the train pictures")
        else:
            ask(
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
        self.proposal.say("labels", f"{path}, as you say")
        return raw

    def _target(self, raw: RawTable) -> tuple[list[str], str]:
        """The target columns of a table if it were the one of the labels."""
        taken = raw.naming
        return choose_targets(raw.table, self.sample, candidates(raw.table, taken, None), taken)

    def _test_table(self, label: RawTable, tests: Sequence[RawTable]) -> RawTable | None:
        tests = [raw for raw in tests if set(raw.table.columns) & set(label.table.columns)]
        if len(tests) > 1:
            paths = [raw.path for raw in tests]
            self.proposal.say("test rows", f"{shown(paths)}; the first is taken")
        return tests[0] if tests else None

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
            proposal.say("metric", f"{proposal.metric}, {known.target}: {known.source}")
        if proposal.metric != "auto":
            check_metric(proposal.metric, 0, "")
        elif of_table:
            proposal.ask(
                f"--metric: what the competition is scored by: {', '.join(METRICS)}, or "
                "module:function; or --competition SLUG"
            )
