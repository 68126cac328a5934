"""`podium profile`: a named set of settings written into params.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.cli import completion
from podium.core.errors import guarded


@guarded
def profile(
    name: Annotated[
        str,
        typer.Argument(
            metavar="PROFILE",
            help="A file in profiles/: full, laptop, long, smoke, ...",
            autocompletion=completion.profiles,
        ),
    ],
    params: Annotated[Path, typer.Option(help="The settings to change.")] = Path("params.yaml"),
    folder: Annotated[Path, typer.Option(help="Where profiles lie.")] = Path("profiles"),
) -> None:
    """Write a named set of settings into params.yaml.

    Prints what changes. The profiles are the files in profiles/, which say what they are for.

    Examples:
        podium profile laptop
        podium profile full
    """
    from podium.core import profiles
    from podium.core.params import load_params

    profiles.refuse_unknown(name, folder)
    diff = profiles.apply(folder / f"{name}.yaml", params)
    load_params(params)
    print(diff or f"{params} already is at profile {name}")
    print("undo with: git checkout params.yaml")
