"""One submission handed in to Kaggle: what must not be, what is said, what comes of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podium.cli.competitions import refuse_unknown
from podium.core.errors import (
    EnvironmentFault,
    PodiumError,
    SettingsError,
    first_line,
)

if TYPE_CHECKING:
    from podium.kaggle.client import Kaggle, Sent
    from podium.submission.ledger import Entry


@dataclass(frozen=True)
class Ours:
    """A submission of the project.

    Attributes:
        name: for example photos.
        folder: where it lies, and the ledger.
        manifest: beside it, checked.
    """

    name: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """Of the file itself."""
        return self.folder / f"{self.name}.csv"


def refuse_unfit(ours: Ours, params: Path, again: bool) -> None:
    """Raise for what must not be handed in: scored already, of a stand-in, or with faults."""
    from podium.cli.validate import Unknown, fitting
    from podium.kaggle.submit import refuse_standin
    from podium.submission import ledger

    refuse_unknown(ours.name)
    entry = ledger.find(ledger.read(ours.folder / "ledger.csv"), ours.name, ours.manifest["sha256"])
    if entry and entry.public_score and not again:
        raise SettingsError(
            f"{ours.name}: this very file was handed in, its public score is {entry.public_score}\n"
            "remedy: --again hands it in once more"
        )
    refuse_standin(ours.name, ours.manifest)
    try:
        print(fitting(ours.path, ours.name, None, params))
    except Unknown as error:
        print(f"note: not compared with the competition's ids: {first_line(error)}")


def send(kaggle: Kaggle, slug: str, ours: Ours, own: str | None, again: bool) -> int:
    """Hand it in and enter it; the number of an earlier submission of the same file, else 0.

    Raises:
        SettingsError: Kaggle has it, without `again`: another machine's ledger may know.
    """
    from podium.cli.ledger import revision
    from podium.kaggle import submit

    before = kaggle.sent(slug, submit.mark(ours.manifest))
    if before and before.state != "error" and not again:
        raise SettingsError(
            f"{slug}: Kaggle has this very file already (number {before.ref}, {before.state})\n"
            "remedy: --fetch reads its score; --again hands it in once more"
        )
    said = submit.message(ours.manifest, revision(ours.folder), own)
    kaggle.send(slug, ours.path, said, quiet=not sys.stderr.isatty())
    print(f"handed in to {slug}: {said}")
    _enter(ours, {})
    return before.ref if before else 0


def await_score(
    kaggle: Kaggle,
    slug: str,
    ours: Ours,
    after: int,
    seconds: float,
) -> None:
    """Wait for the score of what was handed in after number `after`, and enter it."""
    from rich.console import Console

    from podium.kaggle import submit

    try:
        with Console(stderr=True).status("waiting for Kaggle's score"):
            found = submit.waited(
                kaggle, slug, submit.mark(ours.manifest), after, seconds, time.sleep
            )
    except EnvironmentFault as fault:
        raise EnvironmentFault(f"{fault}\n  it was handed in; {_later(ours)}") from None
    enter_score(ours, found)


def fetch(kaggle: Kaggle, slug: str, ours: Ours) -> None:
    """Enter what Kaggle says by now of this file, and of others in the ledger that lack scores.

    Raises:
        PodiumError: Kaggle knows none of them.
    """
    from podium.kaggle.submit import mark
    from podium.submission import ledger

    sent = kaggle.all_sent(slug)
    rows = [one for one in ledger.read(ours.folder / "ledger.csv") if one.competition == ours.name]
    filled = [_filled(ours, row, sent) for row in rows]
    this = [one for one in sent if mark(ours.manifest) in one.message]
    if this:
        enter_score(ours, this[-1])
    elif not any(filled):
        raise PodiumError(
            f"{ours.path}: Kaggle has no submission of this file from podium submit\n"
            f"remedy: podium submit {ours.name}; for what was handed in otherwise: "
            f"podium ledger add {ours.name} --public ..."
        )


def _filled(ours: Ours, row: Entry, sent: Sequence[Sent]) -> bool:
    """Whether Kaggle told a score of another file in the ledger that was not there."""
    from podium.kaggle.submit import mark
    from podium.submission import ledger

    its = [one for one in sent if mark({"sha256": row.sha256}) in one.message]
    if not its or ours.manifest["sha256"].startswith(row.sha256):
        return False
    new = replace(row, **{name: cell for name, cell in _cells(its[-1]).items() if cell})
    if new == row:
        return False
    print(ledger.as_text([ledger.record(ours.folder / "ledger.csv", new, force=True)]))
    return True


def enter_score(ours: Ours, found: Sent | None) -> None:
    """Enter what Kaggle says into the ledger and print the row.

    Raises:
        PodiumError: Kaggle could not score it.
    """
    from podium.submission import ledger

    if found is None or found.state == "pending":
        print(f"no score yet; {_later(ours)}")
        return
    if found.state != "complete":
        raise PodiumError(f"{ours.path}: Kaggle could not score it: {found.fault or found.state}")
    print(ledger.as_text([_enter(ours, _cells(found))]))


def _cells(found: Sent) -> dict[str, str]:
    from podium.submission.ledger import cell_of

    return {"public_score": cell_of(found.public), "private_score": cell_of(found.private)}


def _enter(ours: Ours, cells: Mapping[str, str]) -> Entry:
    """Its row of the ledger; of one that is there only Kaggle's scores are replaced."""
    from podium.cli.ledger import enter
    from podium.submission import ledger

    known = ledger.read(ours.folder / "ledger.csv")
    if not ledger.find(known, ours.name, ours.manifest["sha256"]):
        cells = {**ledger.local_cells(ours.manifest["scores"]), **cells}
    return enter(ours.name, ours.path, ours.folder, cells, force=True)


def _later(ours: Ours) -> str:
    return f"podium submit {ours.name} --fetch reads its score later"
