"""The command line, `podium ...`: a file per command."""

# Commands import what they need inside their functions, so that `podium --help` stays quick.
from __future__ import annotations

from typing import Annotated

import typer

from podium import __version__
from podium.cli import (
    blend,
    compare,
    doctor,
    download,
    inspect,
    ledger,
    plan,
    predict,
    profile,
    submit,
    sweep,
    validate,
)

app = typer.Typer(
    help="Image competitions, from raw files to checked submissions. The pipeline: dvc repro.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Image competitions, from raw files to checked submissions. The pipeline: dvc repro."""


for command in (
    predict.predict,
    predict.tile,
    blend.blend,
    validate.validate,
    download.download,
    submit.submit,
    compare.compare,
    profile.profile,
    plan.plan,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(inspect.app, name="inspect")
app.add_typer(ledger.app, name="ledger")
app.add_typer(sweep.app, name="sweep")
