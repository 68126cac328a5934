"""`podium export`: a trained model in a format that phones and servers run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.numbers import whole_number
from podium.core.errors import guarded

if TYPE_CHECKING:
    from podium.takeaway.portable import Pixels

NOT_COMPARED = (
    "{path}: {size:.1f} MB; NOT compared with the pipeline, since only a Mac runs Core ML. There, "
    "this compares it, and refuses what differs: podium export {model} --to coreml{flags}"
)


class Target(StrEnum):
    """What a model can be exported to."""

    ONNX = "onnx"
    DDDDOCR = "ddddocr"
    DDDDOCR_OLD = "ddddocr-1.5"
    LITERT = "litert"
    INT8 = "litert-int8"
    SAVEDMODEL = "savedmodel"
    COREML = "coreml"


@guarded
def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A trained model.")],
    to: Annotated[Target, typer.Option(help="The format.")],
    out: Annotated[
        Path | None, typer.Option(help="Where to; exports/<model>.<suffix> without.")
    ] = None,
    pictures: Annotated[
        list[Path] | None,
        typer.Option(help="Compare on these: files, folders, or globs in quotes; repeatable."),
    ] = None,
    most: Annotated[int, whole_number("Compare on so many pictures at most.", 1)] = 100,
    any_width: Annotated[
        bool, typer.Option("--any-width", help="Captcha readers (crnn): pictures of any width.")
    ] = False,
    with_map: Annotated[
        bool,
        typer.Option(
            "--with-map", help="Photo models: the class activation map as a second output."
        ),
    ] = False,
    weights_dir: Annotated[
        Path, typer.Option(help="Where ImageNet weights of your own lie.")
    ] = Path("data/weights"),
    params: Annotated[Path, typer.Option(help="Says where pictures at hand lie.")] = Path(
        "params.yaml"
    ),
) -> None:
    """Write a trained model in a format that runs elsewhere.

    Pixels go in, calibrated answers come out; preprocessing is inside. A JSON file beside it says
    what goes in and comes out. The exported model is run again, and refused if an answer differs
    by more than 0.0001 from the pipeline's; of litert-int8 the difference is only printed, and only
    a Mac can compare coreml. So it is with the map of --with-map: what each place adds to the logit
    of each class.

    Examples:
        podium export models/photos.keras --to onnx
        podium export models/photos.keras --to coreml --with-map
        podium export models/text-crnn.keras --to onnx --any-width
        podium export models/text-crnn.keras --to ddddocr
        podium export models/slides.keras --to litert --out phone/slides.tflite
    """
    from podium.takeaway import formats

    formats.require(to.value)
    with formats.quiet():
        from podium.takeaway.agreement import megabytes
        from podium.takeaway.ddddocr import for_ddddocr
        from podium.takeaway.export_model import export as write
        from podium.takeaway.export_model import portable

        graph = portable(model, weights_dir, any_width)
        if to.value.startswith("ddddocr"):
            graph = for_ddddocr(graph, to.value)
        if with_map:
            from podium.takeaway.map_output import with_map as add_map

            graph = add_map(graph)
    suffix = formats.FORMATS[to.value].suffix
    path = out or Path("exports") / f"{model.stem}{suffix or '-savedmodel'}"
    runs_here = formats.FORMATS[to.value].runs_here
    samples = _pictures(model, pictures, most, params) if runs_here else []
    compared = write(graph, to.value, path, samples)
    if compared:
        print(f"{path}: {compared.in_words()}")
    else:
        flags = " --with-map" if with_map else ""
        print(NOT_COMPARED.format(path=path, size=megabytes(path), model=model, flags=flags))


def _pictures(model: Path, named: list[Path] | None, most: int, params: Path) -> list[Pixels]:
    """Pixels (H, W, 3) of pictures that are named, or at hand in the project."""
    from podium.cli.inputs import files_named
    from podium.competitions import COMPETITIONS
    from podium.core.params import load_params
    from podium.takeaway.pictures_at_hand import pictures_at_hand, read_named
    from podium.training.model_file import read_task

    task = read_task(model)
    if named:
        paths = files_named(named, slides=False)[:most]
        return [read_named(path, task) for path in paths]
    settings = load_params(params).model_dump()
    competition = COMPETITIONS[task.removesuffix("-network")]
    return pictures_at_hand(params.resolve().parent, competition, settings, most)
