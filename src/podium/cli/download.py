"""`podium download`: a competition's files from Kaggle to data/raw."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from podium.competitions import COMPETITIONS
from podium.core.errors import SettingsError, guarded


@guarded
def download(
    competition: Annotated[
        str,
        typer.Argument(
            metavar="COMPETITION",
            help="photos, or the last part of the address of any competition on Kaggle.",
        ),
    ],
    to: Annotated[
        Path | None, typer.Option(help="A folder; data/raw/<competition> without it.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list the files and their sizes.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch files anew that differ from Kaggle's.")
    ] = False,
) -> None:
    """Fetch a competition's files from Kaggle.

    Kaggle's own client does it, signed in as you. Files that are there are left alone, and what a
    killed run left goes on. Checksums go into <folder>.sha256 (sha256sum -c reads it).

    Examples:
        podium download photos --dry-run
        podium download digit-recognizer --to digits
    """
    slug = _slug(competition)
    folder = to or Path("data/raw") / competition
    from podium.kaggle import download as work
    from podium.kaggle.client import signed_in

    kaggle = signed_in()
    if dry_run:
        steps = work.planned(kaggle.files(slug), folder, force)
        for step in steps:
            print(f"{work.in_words(step.file.n_bytes):>12}  {step.state:<8} {step.path}")
        total = sum(step.n_bytes for step in steps)
        print(f"{slug}: {len(steps)} files, {work.in_words(total)} to fetch")
        return
    sums = work.fetch(kaggle, slug, folder, force, quiet=not sys.stderr.isatty())
    print(f"{folder}: whole; its checksums: {sums}")


def _slug(competition: str) -> str:
    """Return what Kaggle calls a competition.

    Raises:
        SettingsError: it was not on Kaggle, or this cannot be a name there.
    """
    meant = [each for each in COMPETITIONS.values() if competition in (each.name, each.room)]
    if meant and meant[0].kaggle_slug:
        return meant[0].kaggle_slug
    if meant:
        task = "" if meant[0].name == competition else "/<task>"
        source = meant[0].room + task if task else meant[0].files.source
        raise SettingsError(
            f"{competition}: this competition was not on Kaggle, nothing can be fetched\n"
            f"remedy: put its files into data/raw/{source}/ by hand; data/raw/README.md says how"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", competition):
        raise SettingsError(
            f"{competition}: no name of a competition on Kaggle\n"
            "remedy: the last part of the address of its page, e.g. digit-recognizer"
        )
    return competition
