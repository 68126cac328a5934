"""`podium predict` and `podium tile`: pictures and slides of no competition."""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated

import typer

from podium.competitions import COMPETITIONS
from podium.core.errors import PodiumError, SettingsError, guarded
from podium.evaluation.competition import PredictOptions


@guarded
def predict(
    images: Annotated[list[Path], typer.Argument(help="Files of pictures, or slides.")],
    model: Annotated[Path, typer.Option(help="A trained artefact.")] = Path("models/photos.keras"),
    weights_dir: Annotated[Path, typer.Option(help="Where local ImageNet weights lie.")] = Path(
        "data/weights"
    ),
    out: Annotated[
        Path | None, typer.Option(help="Slides: where masks, GeoJSON and overlays go.")
    ] = None,
    mpp: Annotated[
        float | None, typer.Option(help="Slides: micrometres per pixel where they do not say it.")
    ] = None,
) -> None:
    """Classify, read or segment pictures with a trained model; prints CSV.

    Photos: path, class, each probability. Captchas: path, text (or expression and value), and the
    probability of that text. Slides: path, probability of tumour, share of the area that is tumour.
    """
    if missing := [path for path in images if not path.is_file()]:
        raise SettingsError(f"{missing[0]}: no such file\nremedy: give paths of pictures")
    from podium.training import artefact

    task = artefact.read_task(model)
    makers = [each for each in COMPETITIONS.values() if task in (each.name, each.task)]
    if not makers:
        raise PodiumError(f"{model}: a model for {task}, which is no competition of this version")
    csv_lines = resolve_name(makers[0].predictor)
    for line in csv_lines(model, images, PredictOptions(weights_dir, out, mpp)):
        print(line)


@guarded
def tile(
    slides: Annotated[list[Path], typer.Argument(help="Slides of any format OpenSlide opens.")],
    out: Annotated[Path, typer.Option(help="A folder for tiles, pictures and states.")] = Path(
        "tiles"
    ),
    size: Annotated[int, typer.Option(help="Side of a tile, pixels.")] = 256,
    overlap: Annotated[int, typer.Option(help="How many pixels neighbours share.")] = 0,
    target_mpp: Annotated[
        float | None, typer.Option(help="Micrometres per pixel; without it, --level counts.")
    ] = None,
    level: Annotated[int, typer.Option(help="Level of the slide, 0 = finest.")] = 0,
    mpp: Annotated[
        float | None, typer.Option(help="Of slides that do not say theirs, or say it wrong.")
    ] = None,
    min_tissue: Annotated[float, typer.Option(help="Share of tissue; 0 keeps all tiles.")] = 0.1,
) -> None:
    """Cut slides into tiles of tissue: <slide>.h5 with pixels and coordinates, <slide>.png to see.

    Prints CSV. Slides that are done already are not cut again; a broken one stops no other.
    """
    from podium.core.files import file_sha256
    from podium.slides.export import refuse_shared_outputs
    from podium.slides.tiling import Job, Plan, tile_slide

    if not 0 <= overlap < size:
        raise SettingsError(f"--overlap {overlap} must lie between 0 and the tile's {size} px")
    refuse_shared_outputs(slides)
    plan = Plan(size, size - overlap, target_mpp, level, min_tissue)
    out.mkdir(parents=True, exist_ok=True)
    print("slide,state,grid,tiles,unreadable,reason")
    failed = 0
    for path in slides:
        if not path.is_file():
            raise SettingsError(f"{path}: no such file\nremedy: give paths of slides")
        tiled = tile_slide(Job(path.stem, path, file_sha256(path), mpp), plan, out, threads=2)
        failed += tiled.state == "failed"
        reason = tiled.reason.replace("\n", "; ").replace('"', "'")
        counts = f"{tiled.n_grid},{tiled.n_tiles},{tiled.n_unreadable}"
        print(f'{path.stem},{tiled.state},{counts},"{reason}"', flush=True)
    if failed:
        raise PodiumError(f"{failed} of {len(slides)} slides could not be tiled; see above")
