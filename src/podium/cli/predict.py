"""`podium predict` and `podium tile`: pictures and slides of no competition."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.numbers import number, whole_number
from podium.competitions import COMPETITIONS
from podium.core.errors import EnvironmentFault, PodiumError, SettingsError, guarded
from podium.core.printable import printable
from podium.evaluation.competition import Competition, PredictOptions

if TYPE_CHECKING:
    from podium.evaluation.file_answers import Cell, FileAnswer

MOST_NAMES = 10  # of files without an answer in the last message


@guarded
def predict(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Pictures or slides: files, folders, or globs in quotes; of slides, tables, too.",
        ),
    ],
    model: Annotated[Path, typer.Option(help="A trained model.")] = Path("models/photos.keras"),
    table: Annotated[
        Path | None, typer.Option(help="Write the answers there: a .csv or .json file.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Slides: a folder for masks, GeoJSON and overlays.")
    ] = None,
    explain: Annotated[
        Path | None,
        typer.Option(help="Photos, captchas: a folder for PNGs of where the model looks."),
    ] = None,
    mpp: Annotated[
        float | None,
        number("Slides: micrometres per pixel, whatever the files say.", 0.05, 20),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(help="Photos: a table with columns beside the pictures, ids first."),
    ] = None,
    weights_dir: Annotated[
        Path, typer.Option(help="Where ImageNet weights of your own lie.")
    ] = Path("data/weights"),
) -> None:
    """Predict pictures or slides with a trained model.

    Prints CSV: path, then the answer. Photos: class and the probability of each class, by the whole
    blend; stderr says which models that is. Captchas: text (or expression and value) and its
    probability. Slides: probability of tumour, the share of the area that is tumour, and a state:
    done, no tiles (no tissue found: the probability is that of any slide) or failed.

    A broken file stops no other one: at the end all of them are named, and the exit status is 1.

    Examples:
        podium predict cat.jpg dog.jpg
        podium predict holiday/ --table answers.csv
        podium predict 'captchas/*.png' --model models/text-crnn.keras
        podium predict cat.jpg --explain explained
        podium predict S1.svs --model models/slides.keras --out marked
        podium predict slides.csv --model models/slides.keras --table answers.csv
    """
    from podium.cli import answer_tables, inputs

    if table:
        answer_tables.refuse_other_suffix(table)
    competition = competition_of(model)
    paths = inputs.files_named(images, slides=competition.room == "slides")
    write = _explainer(competition, paths, model, explain, weights_dir) if explain else None
    names, answers = resolve_name(competition.predictor)(
        model, paths, PredictOptions(weights_dir, out, mpp, columns)
    )
    faulty: list[Path] = []
    rows, header = _rows(answers, len(paths), faulty), ["path", *names]
    if table:
        print(f"{table}: {answer_tables.write(table, header, rows)} rows")
    else:
        # a bar on the same terminal takes the place of sys.stdout, and keeps off the rows
        stream = None if sys.stdout.isatty() else sys.stdout
        print(answer_tables.csv_line(header), file=stream)
        for row in rows:
            print(answer_tables.csv_line(row), file=stream, flush=True)
    answered = [path for path in paths if path not in faulty]
    unexplained = _explain(write, answered, explain, model) if explain and write else []
    _refuse_faulty({"answer": faulty, "explanation": unexplained}, len(paths))


def _explainer(
    competition: Competition, paths: Sequence[Path], model: Path, folder: Path, weights_dir: Path
) -> Callable[[Path, Path], None]:
    """What explains a picture, and its folder; refuses what cannot be explained.

    Args:
        competition: that the model was trained for.
        paths: of the pictures.
        model: that is explained.
        folder: for PNGs; made.
        weights_dir: where ImageNet weights of one's own lie.
    """
    from podium.takeaway.shared_names import refuse_shared_names

    if competition.room == "slides":
        raise SettingsError(
            "--explain: not for slides\nremedy: --out marked, whose overlays show it"
        )
    refuse_shared_names(paths)
    from podium.takeaway.explain_model import explainer

    write = explainer(model, weights_dir)
    folder.mkdir(parents=True, exist_ok=True)
    return write


def _explain(
    write: Callable[[Path, Path], None], paths: Sequence[Path], folder: Path, model: Path
) -> list[Path]:
    """Write `<picture>.png` for each picture that has an answer, and return those without one.

    Args:
        write: explains a picture.
        paths: of the pictures.
        folder: for PNGs.
        model: that is explained.
    """
    unexplained = []
    for path in paths:
        try:
            write(path, folder / f"{path.stem}.png")
        except EnvironmentFault:
            raise
        except PodiumError as error:
            unexplained.append(path)
            print("no explanation:", str(error).replace("\n", "; "), file=sys.stderr)
    n = len(paths) - len(unexplained)
    print(f"{folder}: {n} pictures of where {printable(model)} looks", file=sys.stderr)
    return unexplained


def competition_of(model: Path) -> Competition:
    """Return the competition that a model was trained for; TensorFlow is not needed to tell.

    Raises:
        PodiumError: it is no model, or one for something else.
    """
    from podium.training.model_file import read_task

    task = read_task(model).removesuffix("-network")  # of a competition's blend
    for competition in COMPETITIONS.values():
        if task in (competition.name, competition.task):
            return competition
    raise PodiumError(
        f"{printable(model)}: a model for {printable(task)}, which is no competition\n"
        f"remedy: give a model for one of {', '.join(COMPETITIONS)}"
    )


def _rows(answers: Iterable[FileAnswer], n: int, faulty: list[Path]) -> Iterator[Sequence[Cell]]:
    """Each answer as a row of the table, under a progress bar; `faulty` gets files without one."""
    from podium.core.progress import progress

    for answer in progress(answers, n, "files"):
        if answer.fault:
            faulty.append(answer.path)
            fault = answer.fault.replace("\n", "; ")
            print(f"no answer: {printable(fault)}", file=sys.stderr)
        if answer.cells:
            yield [printable(answer.path), *answer.cells]


def _refuse_faulty(faulty: Mapping[str, Sequence[Path]], n: int) -> None:
    """Raise a PodiumError if any of n files lacks an answer or an explanation."""
    lines = []
    for lacking, paths in faulty.items():
        have = "has" if len(paths) == 1 else "have"
        names = ", ".join(map(str, paths[:MOST_NAMES]))
        more = f" and {len(paths) - MOST_NAMES} more" if len(paths) > MOST_NAMES else ""
        if paths:
            lines.append(f"{len(paths)} of {n} files {have} no {lacking}, see above: {names}{more}")
    if lines:
        raise PodiumError("\n".join(lines))


@guarded
def tile(
    slides: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Slides: files, folders, or globs in quotes."),
    ],
    out: Annotated[Path, typer.Option(help="A folder for tiles, pictures and states.")] = Path(
        "tiles"
    ),
    size: Annotated[int, whole_number("Side of a tile, pixels.", 1)] = 256,
    overlap: Annotated[int, whole_number("How many pixels neighbours share.", 0)] = 0,
    target_mpp: Annotated[
        float | None,
        number("Micrometres per pixel of the tiles; without it, --level counts.", 0.05, 20),
    ] = None,
    level: Annotated[int, whole_number("Level of the slide, 0 is the finest.", 0)] = 0,
    mpp: Annotated[
        float | None,
        number("Micrometres per pixel of slides that do not say it, or wrongly.", 0.05, 20),
    ] = None,
    min_tissue: Annotated[
        float, number("Share of a tile that is tissue; 0 keeps all tiles.", 0, 1)
    ] = 0.1,
) -> None:
    """Cut slides into tiles of tissue.

    Writes <slide>.h5 with pixels and coordinates, and <slide>.png to look at. Prints CSV, a line a
    slide. Slides that are done already are not cut again; a broken one stops no other, and the exit
    status is 1.

    Examples:
        podium tile S1.svs
        podium tile slides/ --size 512 --target-mpp 0.5 --out tiles
    """
    from podium.cli.answer_tables import csv_line
    from podium.cli.inputs import files_named
    from podium.core.files import file_sha256
    from podium.slides.export import refuse_shared_outputs
    from podium.slides.tiling import Job, Plan, tile_slide

    if not 0 <= overlap < size:
        raise SettingsError(f"--overlap {overlap} must lie between 0 and the tile's {size} px")
    paths = files_named(slides, slides=True)
    refuse_shared_outputs(paths)
    plan = Plan(size, size - overlap, target_mpp, level, min_tissue)
    out.mkdir(parents=True, exist_ok=True)
    print("slide,state,grid,tiles,unreadable,reason")
    failed = []
    for path in paths:
        content = path.is_file() and file_sha256(path)  # a table may name what is gone
        tiled = tile_slide(Job(path.stem, path, content or "", mpp), plan, out, threads=2)
        failed += [path] if tiled.state == "failed" else []
        counts = map(str, (tiled.n_grid, tiled.n_tiles, tiled.n_unreadable))
        reason = printable(tiled.reason.replace("\n", "; "))
        print(csv_line([printable(path.stem), tiled.state, *counts, reason]), flush=True)
    if failed:
        raise PodiumError(f"{len(failed)} of {len(paths)} slides could not be tiled; see above")
