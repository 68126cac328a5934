"""Which columns of the chosen tables are ids, target, group, and what models may use besides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from podium.core.printable import printable
from podium.photos.inspection.proposal import KINDS, NONE, Answers, Proposal
from podium.photos.inspection.tables import RawTable, choose_columns
from podium.photos.inspection.targets import (
    candidates,
    choose_beside,
    choose_targets,
    group_candidates,
)
from podium.photos.sample import Sample, shown
from podium.photos.targets import separator_of

_UNUSED_SHOWN = 12


def split_kinds(words: Sequence[str], columns: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the words that say a kind of answer, for no column has that name, and the others.

    Args:
        words: columns or kinds.
        columns: of the table of labels.
    """
    kinds = [word for word in words if word in KINDS and word not in columns]
    return kinds, [word for word in words if word not in kinds]


@dataclass
class ColumnInspection:
    """The columns of a table of labels, and what settings they lead to.

    Attributes:
        proposal: whose layout is filled in.
        answers: of a person.
        label: the table of labels.
        test_table: of the test pictures; None without.
        sample: the sample submission; None without.
        n_direct: how many test pictures the sample's ids mean without a table.
    """

    proposal: Proposal
    answers: Answers
    label: RawTable
    test_table: RawTable | None
    sample: Sample | None
    n_direct: int

    def settle(self) -> None:
        """Fill in the settings that columns decide."""
        layout = self.proposal.layout
        ids, file = choose_columns(self.label, self.test_table, self.sample, self.n_direct)
        layout["id"], layout["file"] = (self.answers.id, "") if self.answers.id else (ids, file)
        others = self._others()
        taken = [layout["id"], layout["file"], *self.label.naming]
        groups = self._group(taken)
        self._targets(taken, others, groups)
        self._beside([*taken, *groups, layout["group"], *layout["targets"]], others)

    def _others(self) -> pd.DataFrame | None:
        """The test table, if it has the columns of ids."""
        layout = self.proposal.layout
        keys = {layout["id"], layout["file"]} - {""}
        if self.test_table is None or not keys <= set(self.test_table.table.columns):
            return None
        layout["test_table"] = self.test_table.path
        return self.test_table.table

    def _group(self, taken: Sequence[str]) -> list[str]:
        """Settle the group column; the candidates."""
        answers, proposal = self.answers, self.proposal
        groups = group_candidates(self.label.table, taken)
        if answers.group:
            proposal.layout["group"] = "" if answers.group == NONE else answers.group
            proposal.say("group", f"{answers.group}, as you say")
        elif len(groups) == 1:
            ((name, n),) = groups.items()
            proposal.layout["group"] = name
            proposal.say(
                "group",
                f"{name}: its name says so, and {n} values stand for {len(self.label.table)} rows; "
                f"rows of one value stay in one fold; --group {NONE} if they need not",
            )
        elif groups:
            options = ", ".join(f"{name} ({n} values)" for name, n in groups.items())
            proposal.ask(f"--group: which pictures must stay in one fold: {options}, or {NONE}")
        return list(groups)

    def _targets(
        self, taken: Sequence[str], others: pd.DataFrame | None, groups: Sequence[str]
    ) -> None:
        proposal, table = self.proposal, self.label.table
        kinds, named = split_kinds(self.answers.targets, table.columns)
        proposal.target = kinds[0] if kinds else proposal.target
        if named:
            why = "as you say"
        else:
            free = candidates(table, [*taken, *groups], others)
            named, why = choose_targets(table, self.sample, free, taken)
        proposal.layout["targets"] = named
        if not named:
            proposal.ask(f"--target: {why}")
            return
        proposal.say("target", f"{shown(named)}: {why}")
        if len(named) == 1 and named[0] in table:
            self._kind(table[named[0]].tolist())

    def _kind(self, cells: list[str]) -> None:
        """Settle the separator, and the kind where the sample's columns tell it."""
        separator, sure = separator_of(cells)
        columns = set(self.sample.columns[1:]) if self.sample is not None else set()
        if separator and not sure and self.proposal.target == "auto" and columns & set(cells):
            self.proposal.target = "class"
        self.proposal.layout["separator"] = separator

    def _beside(self, taken: Sequence[str], others: pd.DataFrame | None) -> None:
        layout, given = self.proposal.layout, self.answers.columns
        used, unused = choose_beside(self.label.table, others, taken)
        layout["columns"] = used if not given else [name for name in given if name != NONE]
        if used:
            self.proposal.say(
                "columns",
                f"{shown(layout['columns']) or NONE} beside the pictures, in both tables; "
                f"--columns {NONE} leaves them out",
            )
        for name, reason in list(unused.items())[:_UNUSED_SHOWN]:
            self.proposal.say("columns", f"not {printable(name)}: {reason}")
