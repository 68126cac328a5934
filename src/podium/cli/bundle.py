"""`podium bundle`: the blend as a folder that answers without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.cli import completion
from podium.competitions import competition_named
from podium.core.errors import SettingsError, guarded


@guarded
def bundle(
    name: Annotated[
        str,
        typer.Argument(
            metavar="COMPETITION", help="photos.", autocompletion=completion.competitions
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The folder to write; bundles/photos without.")
    ] = None,
    slug: Annotated[
        str | None, typer.Option(help="What Kaggle calls the competition in its address.")
    ] = None,
    weights_dir: Annotated[
        Path, typer.Option(help="Where ImageNet weights of your own lie.")
    ] = Path("data/weights"),
    params: Annotated[Path, typer.Option(help="The settings.")] = Path("params.yaml"),
) -> None:
    """Write all that a competition by notebook needs into one folder.

    That is the blend with all its models, the weights of their networks, the modules it takes, and
    a notebook that writes submission.csv from a folder of test pictures, without a network. An
    earlier bundle is replaced; any other folder is left alone.

    Examples:
        podium bundle photos
        podium bundle photos --out /tmp/bundle
    """
    refuse_others(name)
    from podium.core.params import load_params
    from podium.photos.bundle import Project, write_bundle

    called = slug or competition_named(name).kaggle_slug
    settings = load_params(params)
    project = Project(Path(), settings, weights_dir, called)
    bundled = write_bundle(project, out or Path("bundles") / name)
    print(f"{bundled.folder}: {bundled.n_bytes / 1e6:.0f} MB, {bundled.models}")
    pictures = f"data/{settings.photos.source}/photos"
    print(f"try it: PODIUM_INPUT={pictures} python {bundled.folder}/submission.py")


def refuse_others(name: str) -> None:
    """Raise a SettingsError for a competition that has no bundles."""
    if competition_named(name).name != "photos":
        raise SettingsError(f"{name}: bundles are for photos only\nremedy: podium bundle photos")
