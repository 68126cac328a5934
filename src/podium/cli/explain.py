"""`podium explain`: where a model looks, what its layers see, what it takes for a class."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.numbers import whole_number
from podium.core.errors import guarded


class What(StrEnum):
    """What is explained."""

    CAM = "cam"
    GRADCAM = "gradcam"
    MAPS = "maps"
    FILTERS = "filters"
    CLASS = "class"


@guarded
def explain(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A trained model.")],
    what: Annotated[
        What,
        typer.Option(
            help="cam: what speaks for and against a class, and where; gradcam: what speaks for "
            "it, of captcha readers for each character; maps: feature maps of a layer; filters: "
            "what its channels answer to; class: pictures taken for a class."
        ),
    ],
    pictures: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PICTURE]...", help="Files, folders, or globs in quotes."),
    ] = None,
    out: Annotated[Path, typer.Option(help="A folder for PNG files.")] = Path("explained"),
    layer: Annotated[
        str, typer.Option(help="maps, filters: the layer; the last convolution without.")
    ] = "",
    target: Annotated[
        str, typer.Option("--class", help="The class or label; what the model says without.")
    ] = "",
    steps: Annotated[int, whole_number("filters, class: steps of gradient ascent.", 1)] = 30,
    weights_dir: Annotated[
        Path, typer.Option(help="Where ImageNet weights of your own lie.")
    ] = Path("data/weights"),
) -> None:
    """Draw what a model sees: a PNG for each picture, with its scale.

    cam and class are for photo models. filters and class make pictures up, and take none.

    Examples:
        podium explain models/photos.keras cat.jpg --what cam
        podium explain models/text-crnn.keras captcha.png --what gradcam
        podium explain models/photos.keras --what class --steps 60
    """
    from podium.cli.inputs import files_named
    from podium.takeaway.explain_model import Explaining
    from podium.takeaway.explain_model import explain as explained

    paths = files_named(pictures, slides=False) if pictures else []
    how = Explaining(what.value, layer, target, steps)
    for path in explained(model, paths, out, how, weights_dir):
        print(path, flush=True)
