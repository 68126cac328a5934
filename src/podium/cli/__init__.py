"""The command line, `podium ...`: a file per command."""

# Commands import what they need inside their functions, so that `podium --help` stays quick.
from __future__ import annotations

from typing import Annotated

import typer

from podium import __version__
from podium.cli import (
    blend,
    bundle,
    compare,
    doctor,
    download,
    explain,
    export,
    inspect,
    learn_curve,
    ledger,
    page,
    plan,
    predict,
    profile,
    repro,
    results,
    serve,
    submit,
    sweep,
    validate,
)
from podium.cli.help import CommandGroup

app = typer.Typer(
    cls=CommandGroup,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text: quicker, and examples can be copied
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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
    """Image competitions, from raw files to checked submissions. The pipeline: dvc repro.

    Exit status: 0 done, 1 the data are at fault, 2 settings or command line, 3 the machine.
    """


for command in (
    predict.predict,
    predict.tile,
    serve.serve,
    blend.blend,
    validate.validate,
    download.download,
    submit.submit,
    bundle.bundle,
    explain.explain,
    export.export,
    results.results,
    page.page,
    compare.compare,
    profile.profile,
    repro.repro,
    plan.plan,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(inspect.app, name="inspect")
app.add_typer(learn_curve.app, name="learn-curve")
app.add_typer(ledger.app, name="ledger")
app.add_typer(sweep.app, name="sweep")
