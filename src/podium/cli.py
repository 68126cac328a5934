"""`podium ...`: what people type outside `dvc repro`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from podium import __version__
from podium.errors import PodiumError, SettingsError, guarded

app = typer.Typer(
    help="Image competitions, from raw files to checked submissions. The pipeline: dvc repro.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Image competitions, from raw files to checked submissions. The pipeline: dvc repro."""


@app.command()
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
    from podium import artefact

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
    from podium.slides import prediction

    yield ",".join(prediction.COLUMNS)
    for path, probability, tumour in prediction.predict(model, images, out, mpp):
        yield f"{path},{probability:.6f},{tumour:.6f}"


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


@app.command()
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
    from podium.files import file_sha256
    from podium.slides.tiles import Job, Plan, tile_slide

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


@app.command()
@guarded
def submit(
    name: Annotated[str, typer.Argument(help="A submission, e.g. photos.")],
    folder: Annotated[Path, typer.Option(help="Where submissions lie.")] = Path("submissions"),
) -> None:
    """Show what would be handed in for a competition, after checking it against its manifest."""
    from podium.files import file_sha256

    path = folder / f"{name}.csv"
    manifest_path = path.with_suffix(".json")
    for needed in (path, manifest_path):
        if not needed.is_file():
            raise PodiumError(f"{needed}: no such file\nremedy: run dvc repro submit_{name}")
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    if manifest["sha256"] != file_sha256(path):
        raise PodiumError(
            f"{path}: changed since it was checked (sha256 differs from {manifest_path.name})\n"
            f"remedy: run dvc repro submit_{name}"
        )
    if "note" in manifest:
        raise PodiumError(f"{path}: nothing to hand in, {manifest['note']}")
    head = path.read_text(encoding="utf-8").splitlines()[:4]
    print(f"would send {path}: {manifest['rows']} rows, sha256 {manifest['sha256'][:16]}")
    print("\n".join(f"  {line}" for line in [*head, "..."]))
    print("\n".join(_score_lines(manifest["scores"])))
    if filled := manifest.get("filled_with_prior"):
        print(f"  {len(filled)} rows hold the class shares, their pictures cannot be read")
    if empty := manifest.get("not_computable"):
        print(f"  {len(empty)} rows have no value, their expressions cannot be computed")


def _score_lines(scores: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """Each score under its name; within a group, one line."""
    if "log_loss" in scores:
        yield f"  {name:<30} log loss {scores['log_loss']:.4f}  accuracy {scores['accuracy']:.4f}"
    elif "score" in scores:
        low, high = scores["low"], scores["high"]
        yield f"  {name:<30} {scores['score']:.4f}  (95 %: {low:.4f} to {high:.4f})"
    else:
        for key, value in scores.items():
            if isinstance(value, Mapping):
                yield from _score_lines(value, f"{name}.{key}".removeprefix("."))


@app.command()
@guarded
def profile(
    name: Annotated[
        str, typer.Argument(help="full, long, book, fine or smoke: a file in profiles/.")
    ],
    params: Annotated[Path, typer.Option(help="The settings to change.")] = Path("params.yaml"),
    folder: Annotated[Path, typer.Option(help="Where profiles lie.")] = Path("profiles"),
) -> None:
    """Write a profile's settings into params.yaml and print the diff."""
    from podium import profiles
    from podium.params import load_params

    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise SettingsError(f"{name}: no such profile; {folder} has {', '.join(known) or 'none'}")
    diff = profiles.apply(folder / f"{name}.yaml", params)
    load_params(params)
    print(diff or f"{params} already is at profile {name}")
    print("undo with: git checkout params.yaml")


if __name__ == "__main__":
    app()
