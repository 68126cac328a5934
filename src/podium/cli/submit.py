"""`podium submit`: shows a submission, hands it in to Kaggle and enters its score in the ledger."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium.cli import completion
from podium.cli.manifests import checked_manifest, show
from podium.cli.numbers import number
from podium.competitions import competition_named
from podium.core.errors import EnvironmentFault, PodiumError, SettingsError, first_line, guarded

if TYPE_CHECKING:
    from podium.kaggle.client import Kaggle, Sent
    from podium.submission.ledger import Entry


@guarded
def submit(
    name: Annotated[
        str,
        typer.Argument(
            metavar="COMPETITION",
            help="Whose submission, e.g. photos.",
            autocompletion=completion.competitions,
        ),
    ],
    folder: Annotated[Path, typer.Option(help="Where submissions lie.")] = Path("submissions"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be handed in.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Hand it in without asking.")] = False,
    message: Annotated[
        str | None, typer.Option(help="Said with it; without: method, nested score, revision.")
    ] = None,
    slug: Annotated[
        str | None, typer.Option(help="What Kaggle calls the competition in its address.")
    ] = None,
    wait: Annotated[float, number("Seconds to wait for the score.", 0)] = 600,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Hand nothing in: fetch the score of an earlier time.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Hand in a file that was handed in before.")
    ] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="Push this bundle as a notebook, instead of a file.")
    ] = None,
    params: Annotated[Path, typer.Option(help="Says where the pictures come from.")] = Path(
        "params.yaml"
    ),
) -> None:
    """Show a submission, ask, and hand it in to Kaggle.

    It is checked first. Without a terminal to ask on, and without --yes, it is only shown. Kaggle's
    score goes into submissions/ledger.csv, beside the local ones. With --bundle, a folder that
    podium bundle wrote becomes a private dataset and a notebook, which runs without internet.

    Examples:
        podium submit photos --dry-run
        podium submit photos --yes --message "larger tiles"
        podium submit photos --fetch
        podium submit photos --bundle bundles/photos --dry-run
    """
    if bundle:
        from podium.cli.push import Push

        push = Push(name, bundle, slug)
        push.show()
        if not dry_run and (yes or _agreed(name, push.slug)):
            push.send(wait)
        return
    slug = slug or competition_named(name).kaggle_slug or None
    ours = Submission(name, folder, checked_manifest(name, folder))
    show(name, folder, ours.manifest)
    if dry_run or not (fetch or yes or _agreed(name, slug)):
        return
    if slug is None:
        raise SettingsError(
            f"{name}: its competition was not on Kaggle\nremedy: --slug names one that is; or hand "
            f"the file in by hand, then podium ledger add {name}"
        )
    from podium.kaggle.client import signed_in

    if fetch:
        _fetch_scores(signed_in(), slug, ours)
        return
    _refuse_unfit(ours, params, again)
    kaggle = signed_in()
    after = _send(kaggle, slug, ours, message, again)
    _await_score(kaggle, slug, ours, after, wait)


def _agreed(name: str, slug: str | None) -> bool:
    """Whether a person at the terminal agrees to hand it in; without a terminal, say how to."""
    if slug is None:
        print(f"not sent: {name} was not on Kaggle; --slug names a competition that is")
        return False
    if sys.stdin.isatty() and sys.stdout.isatty():
        try:
            return typer.confirm(f"hand it in to {slug}?")
        except typer.Abort:
            raise KeyboardInterrupt from None
    print(f"not sent, nobody to ask: podium submit {name} --yes hands it in to {slug}")
    return False


@dataclass(frozen=True)
class Submission:
    """A submission of the project: for example photos, its folder, and its checked manifest."""

    name: str
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.folder / f"{self.name}.csv"

    @property
    def ledger(self) -> Path:
        """The ledger beside it."""
        return self.folder / "ledger.csv"


def _refuse_unfit(ours: Submission, params: Path, again: bool) -> None:
    """Raise for what must not be handed in: scored already, of a stand-in, or with faults."""
    from podium.cli.validate import Unknown, validated
    from podium.kaggle.submit import refuse_standin
    from podium.submission import ledger

    competition = competition_named(ours.name)
    entry = ledger.find(ledger.read(ours.ledger), ours.name, ours.manifest["sha256"])
    if entry and entry.public_score and not again:
        raise SettingsError(
            f"{ours.name}: this very file was handed in, its public score is {entry.public_score}\n"
            "remedy: --again hands it in once more"
        )
    refuse_standin(competition, ours.manifest)
    try:
        print(validated(ours.path, competition, None, params))
    except Unknown as error:
        print(f"note: not compared with the competition's ids: {first_line(error)}")


def _send(kaggle: Kaggle, slug: str, ours: Submission, own: str | None, again: bool) -> int:
    """Hand it in and enter it; the number of an earlier submission of the same file, else 0."""
    from podium.core.git_state import revision
    from podium.kaggle import submit as sending

    before = kaggle.sent(slug, sending.message_tag(ours.manifest))
    if before and before.state != "error" and not again:  # another machine's ledger may know
        raise SettingsError(
            f"{slug}: Kaggle has this very file already (number {before.ref}, {before.state})\n"
            "remedy: --fetch reads its score; --again hands it in once more"
        )
    message = sending.message(ours.manifest, revision(ours.folder), own)
    kaggle.send(slug, ours.path, message, quiet=not sys.stderr.isatty())
    print(f"handed in to {slug}: {message}")
    _enter(ours, {})
    return before.ref if before else 0


def _await_score(kaggle: Kaggle, slug: str, ours: Submission, after: int, seconds: float) -> None:
    """Wait for the score of what was handed in after number `after`, and enter it."""
    from rich.console import Console

    from podium.kaggle import submit as sending

    tag = sending.message_tag(ours.manifest)
    try:
        with Console(stderr=True).status("waiting for Kaggle's score"):
            sent = sending.wait_for_score(kaggle, slug, tag, after, seconds, time.sleep)
    except EnvironmentFault as fault:
        raise EnvironmentFault(f"{fault}\n  it was handed in; {_later(ours)}") from None
    _enter_score(ours, sent)


def _fetch_scores(kaggle: Kaggle, slug: str, ours: Submission) -> None:
    """Enter what Kaggle says by now of this file, and of others in the ledger that lack scores."""
    from podium.kaggle.submit import message_tag
    from podium.submission import ledger

    sent = kaggle.all_sent(slug)
    rows = [row for row in ledger.read(ours.ledger) if row.competition == ours.name]
    filled = [_filled(ours, row, sent) for row in rows]
    of_this = [each for each in sent if message_tag(ours.manifest) in each.message]
    if of_this:
        _enter_score(ours, of_this[-1])
    elif not any(filled):
        raise PodiumError(
            f"{ours.path}: Kaggle has no submission of this file from podium submit\n"
            f"remedy: podium submit {ours.name}; for what was handed in otherwise: "
            f"podium ledger add {ours.name} --public ..."
        )


def _filled(ours: Submission, row: Entry, sent: Sequence[Sent]) -> bool:
    """Whether Kaggle told a score of another file in the ledger that was not there."""
    from podium.kaggle.submit import message_tag
    from podium.submission import ledger

    of_row = [each for each in sent if message_tag({"sha256": row.sha256}) in each.message]
    if not of_row or ours.manifest["sha256"].startswith(row.sha256):
        return False
    new = replace(row, **{name: cell for name, cell in _cells(of_row[-1]).items() if cell})
    if new == row:
        return False
    print(ledger.as_text([ledger.record(ours.ledger, new, force=True)]))
    return True


def _enter_score(ours: Submission, sent: Sent | None) -> None:
    """Enter what Kaggle says into the ledger and print the row."""
    from podium.submission import ledger

    if sent is None or sent.state == "pending":
        print(f"no score yet; {_later(ours)}")
        return
    if sent.state != "complete":
        raise PodiumError(f"{ours.path}: Kaggle could not score it: {sent.fault or sent.state}")
    print(ledger.as_text([_enter(ours, _cells(sent))]))


def _cells(sent: Sent) -> dict[str, str]:
    from podium.submission.ledger import cell_of

    return {"public_score": cell_of(sent.public), "private_score": cell_of(sent.private)}


def _enter(ours: Submission, cells: Mapping[str, str]) -> Entry:
    """Its row of the ledger; of one that is there only Kaggle's scores are replaced."""
    from podium.cli.ledger import enter
    from podium.submission import ledger

    if not ledger.find(ledger.read(ours.ledger), ours.name, ours.manifest["sha256"]):
        cells = {**ledger.local_cells(ours.manifest["scores"]), **cells}
    return enter(ours.name, ours.path, ours.folder, cells, force=True)


def _later(ours: Submission) -> str:
    return f"podium submit {ours.name} --fetch reads its score later"
