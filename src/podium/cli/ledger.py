"""`podium ledger`: what was handed in, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli import completion
from podium.cli.inputs import require_file
from podium.cli.manifests import checked_manifest
from podium.cli.numbers import number
from podium.competitions import COMPETITIONS, competition_named
from podium.core.errors import guarded
from podium.core.git_state import revision

if TYPE_CHECKING:
    from podium.submission.ledger import Entry

app = typer.Typer(
    help="Record and show what was handed in, and what came of it.", no_args_is_help=True
)

LOCAL = "without: the manifest's."
WHERE = "Where submissions and ledger.csv lie."
SUBMISSIONS = Path("submissions")


@app.command()
@guarded
def add(
    competition: Annotated[
        str,
        typer.Argument(
            metavar="COMPETITION",
            help=f"One of {', '.join(COMPETITIONS)}.",
            autocompletion=completion.competitions,
        ),
    ],
    public: Annotated[float | None, number("Score on the public leaderboard.")] = None,
    private: Annotated[float | None, number("Score on the private leaderboard.")] = None,
    note: Annotated[str, typer.Option(help="Whatever is worth remembering.")] = "",
    file: Annotated[
        Path | None, typer.Option(help="A file of your own; its local scores are options.")
    ] = None,
    method: Annotated[str, typer.Option(help="How models were blended.")] = "",
    oof: Annotated[float | None, number(f"Local score out of fold; {LOCAL}")] = None,
    nested: Annotated[float | None, number(f"Local score of nested folds; {LOCAL}")] = None,
    test: Annotated[float | None, number(f"Local score on the answer key; {LOCAL}")] = None,
    folder: Annotated[Path, typer.Option(help=WHERE)] = SUBMISSIONS,
    force: Annotated[bool, typer.Option("--force", help="Replace what is recorded.")] = False,
) -> None:
    """Enter a submission, or the leaderboard's scores of one.

    A row is known by its competition and the sha256 of its file, so that scores can be filled in
    later. A submission of pictures that were drawn here is refused, as podium submit does.

    Examples:
        podium ledger add photos --public 0.0414
        podium ledger add slides --file theirs.csv --nested 0.91 --note "their model"
    """
    registered = competition_named(competition)
    scores = dict(public=public, private=private, oof=oof, nested=nested, test=test)
    from podium.kaggle.submit import refuse_standin
    from podium.submission import ledger

    cells = {}
    if file is None or file.resolve() == (folder / f"{competition}.csv").resolve():
        manifest = checked_manifest(competition, folder)
        refuse_standin(registered, manifest)
        cells = ledger.local_cells(manifest.get("scores"))
    cells |= {f"{name}_score": ledger.cell_of(s) for name, s in scores.items() if s is not None}
    cells |= {"method": method} if method else {}
    path = file or folder / f"{competition}.csv"
    require_file(path)
    print(ledger.as_text([enter(competition, path, folder, cells, note, force)]))


@app.command()
@guarded
def show(
    competition: Annotated[
        str | None,
        typer.Argument(
            metavar="COMPETITION",
            help="Only this one.",
            autocompletion=completion.competitions,
        ),
    ] = None,
    folder: Annotated[Path, typer.Option(help=WHERE)] = SUBMISSIONS,
) -> None:
    """Print the ledger, newest last.

    Examples:
        podium ledger show
        podium ledger show photos
    """
    if competition:
        competition_named(competition)
    from podium.submission import ledger

    path = folder / "ledger.csv"
    entries = [row for row in ledger.read(path) if competition in (None, row.competition)]
    empty = f"{path}: nothing entered yet{f' for {competition}' if competition else ''}"
    print(ledger.as_text(entries) if entries else f"{empty}; see podium ledger add --help")


@app.command()
@guarded
def plot(
    out: Annotated[Path, typer.Option(help="A PNG file.")] = Path("plots/ledger.png"),
    folder: Annotated[Path, typer.Option(help=WHERE)] = SUBMISSIONS,
) -> None:
    """Draw local scores against the leaderboard's.

    A panel per competition, nested scores across: does the local score foretell the other?

    Examples:
        podium ledger plot --out plots/ledger.png
    """
    from podium.submission import ledger, ledger_figure

    n_rows = ledger_figure.write(out, ledger.read(folder / "ledger.csv"))
    print(f"{out}: {n_rows} row{'' if n_rows == 1 else 's'} with both scores")


def enter(
    competition: str,
    path: Path,
    folder: Path,
    cells: Mapping[str, str],
    note: str = "",
    force: bool = False,
) -> Entry:
    """Enter the file at `path` into the ledger of `folder`, or fill in its row; that row.

    Args:
        competition: the file's.
        path: of what was handed in.
        folder: where ledger.csv lies.
        cells: method and scores by their columns; '' where nothing is known.
        note: whatever is worth remembering.
        force: replace what the row holds.
    """
    from podium.core.files import file_sha256
    from podium.submission import ledger

    entry = ledger.Entry(
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        competition=competition,
        sha256=file_sha256(path)[: ledger.SHA_LENGTH],
        revision=revision(folder),
        note=" ".join(note.split()),
        **cells,
    )
    return ledger.record(folder / "ledger.csv", entry, force)
