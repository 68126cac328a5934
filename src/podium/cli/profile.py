"""`podium profile`: named settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.core.errors import SettingsError, guarded


@guarded
def profile(
    name: Annotated[
        str, typer.Argument(help="full, long, book, fine or smoke: a file in profiles/.")
    ],
    params: Annotated[Path, typer.Option(help="The settings to change.")] = Path("params.yaml"),
    folder: Annotated[Path, typer.Option(help="Where profiles lie.")] = Path("profiles"),
) -> None:
    """Write a profile's settings into params.yaml and print the diff."""
    from podium.core import profiles
    from podium.core.params import load_params

    names = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in names:
        raise SettingsError(f"{name}: no such profile; {folder} has {', '.join(names) or 'none'}")
    diff = profiles.apply(folder / f"{name}.yaml", params)
    load_params(params)
    print(diff or f"{params} already is at profile {name}")
    print("undo with: git checkout params.yaml")
