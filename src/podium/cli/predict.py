"""`podium predict` and `podium tile`: pictures and slides of no competition."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from podium.core.errors import PodiumError, SettingsError, guarded


@guarded
def predict(
    images: Annotated[list[Path], typer.Argument(help="Picture files, or slides.")],
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

    task = artefact.task_of(model)
    if task == "photos":
        lines = _classify(model, images, weights_dir)
    elif task == "slides":
        lines = _segment(model, images, out, mpp)
    else:
        lines = _read_captchas(model, images)
    for line in lines:
        print(line)


def _classify(model: Path, images: list[Path], weights_dir: Path) -> Iterator[str]:
    from podium.photos.classifier import PhotoClassifier

    classifier = PhotoClassifier(model, weights_dir)
    yield ",".join(["path", "class", *(f"p_{name}" for name in classifier.classes)])
    for start in range(0, len(images), classifier.batch_size):
        part = images[start : start + classifier.batch_size]
        for path, probs in zip(part, classifier.classify(part), strict=True):
            values = [f"{value:.6f}" for value in probs]
            yield ",".join([str(path), classifier.classes[int(probs.argmax())], *values])


def _segment(model: Path, images: list[Path], out: Path | None, mpp: float | None) -> Iterator[str]:
    from podium.slides import predict_files

    yield from predict_files.csv_lines(model, images, predict_files.FileOptions(out, mpp))


def _read_captchas(model: Path, images: list[Path]) -> Iterator[str]:
    from podium.captcha.competitions import competition
    from podium.captcha.reader import BATCH, CaptchaReader

    reader = CaptchaReader(model)
    what = competition(reader.task)
    yield ",".join(["path", *what.columns[1:], "probability"])
    for start in range(0, len(images), BATCH):
        part = images[start : start + BATCH]
        for path, found in zip(part, reader.read_files(part), strict=True):
            values = [found.text, *what.answers(found.text)]
            yield ",".join([str(path), *values, f"{math.exp(found.log_prob):.6f}"])


@guarded
def tile(
    slides: Annotated[list[Path], typer.Argument(help="Slides of any format OpenSlide opens.")],
    out: Annotated[Path, typer.Option(help="A folder for tiles, pictures and states.")] = Path(
        "tiles"
    ),
    size: Annotated[int, typer.Option(help="Side of a tile, pixels.")] = 256,
    overlap: Annotated[int, typer.Option(help="Pixels that neighbours share.")] = 0,
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
    from podium.slides.tiling import Job, Plan, tile_slide

    if not 0 <= overlap < size:
        raise SettingsError(f"--overlap {overlap} must lie between 0 and the tile's {size} px")
    plan = Plan(size, size - overlap, target_mpp, level, min_tissue)
    out.mkdir(parents=True, exist_ok=True)
    print("slide,state,grid,tiles,unreadable,reason")
    failed = 0
    for path in slides:
        if not path.is_file():
            raise SettingsError(f"{path}: no such file\nremedy: give paths of slides")
        found = tile_slide(Job(path.stem, path, file_sha256(path), mpp), plan, out, threads=2)
        failed += found.state == "failed"
        reason = found.reason.replace("\n", "; ").replace('"', "'")
        counts = f"{found.n_grid},{found.n_tiles},{found.n_unreadable}"
        print(f'{path.stem},{found.state},{counts},"{reason}"', flush=True)
    if failed:
        raise PodiumError(f"{failed} of {len(slides)} slides could not be tiled; see above")
