"""`podium submit`: shows a submission, hands it in to Kaggle and enters its score in the ledger."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from podium.cli import send_submission
from podium.cli.competitions import SLUGS
from podium.cli.manifests import checked_manifest, show
from podium.core.errors import SettingsError, guarded


@guarded
def submit(
    name: Annotated[str, typer.Argument(help="A submission, e.g. photos.")],
    folder: Annotated[Path, typer.Option(help="Where submissions lie.")] = Path("submissions"),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be handed in.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Hand it in without asking.")] = False,
    message: Annotated[
        str | None, typer.Option(help="Said with it; method, nested score and revision without.")
    ] = None,
    slug: Annotated[
        str | None, typer.Option(help="What Kaggle calls the competition in its address.")
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the score.", min=0)] = 600,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Hand nothing in: fetch the score of an earlier time.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Hand in a file that was handed in before.")
    ] = False,
    params: Annotated[Path, typer.Option(help="Says where the pictures come from.")] = Path(
        "params.yaml"
    ),
) -> None:
    """Hand a submission in to Kaggle, after checking it, showing it and asking.

    Without a terminal to ask on, and without --yes, it is only shown. Kaggle's score goes into
    submissions/ledger.csv, beside the local ones.
    """
    ours = send_submission.Ours(name, folder, checked_manifest(name, folder))
    show(name, folder, ours.manifest)
    slug = slug or SLUGS.get(name)
    if dry_run or not (fetch or yes or _agreed(name, slug)):
        return
    if slug is None:
        raise SettingsError(
            f"{name}: its competition was not on Kaggle\nremedy: --slug names one that is; or hand "
            f"the file in by hand, then podium ledger add {name}"
        )
    from podium.kaggle.client import signed_in

    if fetch:
        send_submission.fetch(signed_in(), slug, ours)
        return
    send_submission.refuse_unfit(ours, params, again)
    kaggle = signed_in()
    after = send_submission.send(kaggle, slug, ours, message, again)
    send_submission.await_score(kaggle, slug, ours, after, wait)


def _agreed(name: str, slug: str | None) -> bool:
    """Whether a person at the terminal wants it handed in; without a terminal, how to."""
    if slug is None:
        print(f"not sent: {name} was not on Kaggle; --slug names a competition that is")
        return False
    if sys.stdin.isatty() and sys.stdout.isatty():
        return typer.confirm(f"hand it in to {slug}?")
    print(f"not sent, nobody to ask: podium submit {name} --yes hands it in to {slug}")
    return False
