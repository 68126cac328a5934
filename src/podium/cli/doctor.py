"""`podium doctor`: what stands in the way of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.errors import PodiumError, guarded

if TYPE_CHECKING:
    from podium.health import Finding


@guarded
def doctor(
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what takes seconds: TensorFlow's devices.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Remove a table of locks that a kill has broken.")
    ] = False,
) -> None:
    """Look at versions, devices, disk, memory, scratch, locks and weights.

    Exit status 0: nothing stands in the way; 1: something of the project is missing; 3: the machine
    is not up to it.
    """
    findings = []
    for one in _looked_at(quick, fix):
        sign = {"ok": "ok", "note": "note"}.get(one.state, "FAULT")
        print(f"{sign:<6} {one.what:<28} {one.text}", flush=True)
        findings.append(one.state)
    if "machine" in findings:
        raise typer.Exit(3)
    if "data" in findings:
        raise typer.Exit(1)


def _looked_at(quick: bool, fix: bool) -> Iterator[Finding]:
    from podium import health

    yield health.python()
    yield health.packages(Path("requirements/cpu.txt"))
    yield health.disk("disk", Path.cwd())
    yield health.memory()
    yield health.scratch()
    yield health.locks(Path.cwd(), fix)
    yield from _weights()
    if not quick:
        yield health.devices()


def _weights() -> Iterator[Finding]:
    from podium import health
    from podium.params import read_yaml

    try:
        extractors = read_yaml(Path("params.yaml"))["extractors"]
        sources = {str(name): str(one["weights"]) for name, one in extractors.items()}
    except (PodiumError, KeyError, TypeError, AttributeError) as error:
        yield health.Finding("weights", "data", f"params.yaml: {str(error).splitlines()[0]}")
        return
    yield from health.weights(sources, Path("data/weights"))
