"""`podium sweep`: the state of the experiments in DVC's queue."""

from __future__ import annotations

from pathlib import Path

import typer

from podium.core.errors import guarded

app = typer.Typer(help="Experiments in DVC's queue; docs/sweeps.md.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Experiments in DVC's queue; docs/sweeps.md tells how to fill it and run it."""


@app.command()
@guarded
def status() -> None:
    """List the experiments in the queue, and why some failed.

    Queued, running, done and failed ones, with their settings and logs.

    Examples:
        podium sweep status
    """
    from podium.comparison.sweep import report

    print("\n".join(report(Path.cwd())))
