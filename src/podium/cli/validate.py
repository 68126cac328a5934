"""`podium validate`: any submission beside what its competition wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.competitions import COMPETITIONS, refuse_unknown
from podium.core.errors import PodiumError, SettingsError, guarded

if TYPE_CHECKING:
    import pandas as pd

    from podium.core.params import Params
    from podium.submission.validation import Wanted


class Unknown(PodiumError):
    """Neither a sample submission nor ingested data say what a competition wants."""


@guarded
def validate(
    file: Annotated[Path, typer.Argument(help="A submission, ours or somebody else's.")],
    competition: Annotated[str, typer.Option(help=", ".join(COMPETITIONS))],
    sample: Annotated[
        Path | None, typer.Option(help="A sample submission to go by, not the project's.")
    ] = None,
    params: Annotated[Path, typer.Option(help="Says where the pictures come from.")] = Path(
        "params.yaml"
    ),
) -> None:
    """Check any submission against what its competition wants; list all faults, a line each.

    What is wanted comes from the competition's sample_submission.csv, or from the ingested data.
    Exit status 1 if there are faults; a note is none.
    """
    refuse_unknown(competition)
    for path in (file, *([sample] if sample else [])):
        if not path.is_file():
            raise SettingsError(f"{path}: no such file")
    print(fitting(file, competition, sample, params))


def fitting(file: Path, competition: str, sample: Path | None, params: Path) -> str:
    """That the submission `file` fits its `competition`, in words; faults and notes are printed.

    Args:
        file: a CSV file.
        competition: one of the project's.
        sample: a sample submission to go by, not the project's.
        params: says where the pictures come from.

    Raises:
        PodiumError: it does not fit.
        Unknown: nobody knows what the competition wants.
    """
    from podium.submission import validation

    table = validation.read_submission(file)
    if other := _other(table, competition):
        raise PodiumError(f"{file}: {other}\nremedy: name that competition, or another file")
    wanted, origin = _wanted(competition, sample, params)
    for line in (found := validation.faults(table, wanted)):
        print(f"{file}: {line}")
    for line in validation.notes(table, wanted):
        print(f"note: {line}")
    if found:
        n = validation.counted(len(found), "fault")
        raise PodiumError(f"{file}: {n}, it does not fit {competition} ({origin}); see above")
    return f"{file}: {validation.counted(len(table), 'row')}, fits {competition} ({origin})"


def _wanted(competition: str, sample: Path | None, params: Path) -> tuple[Wanted, str]:
    """What `competition` wants, and where that stands."""
    if sample is None:
        from podium.core.params import load_params

        own = _folder(competition, load_params(params)) / "sample_submission.csv"
        sample = own if own.is_file() else None
    else:
        _refuse_other_sample(sample, competition)
    data, stage = _ingested(competition)
    if sample is None and (absent := [path for path in data if not path.is_file()]):
        raise Unknown(
            f"{absent[0]}: no such file, and {own.name} is not in {own.parent}: nobody knows what "
            f"{competition} wants\nremedy: run dvc repro {stage}, or name a sample with --sample"
        )
    wanted = _room(competition)(sample, data)
    if not wanted.ids:
        raise PodiumError(f"{sample or data[0]}: {competition} has nothing to predict")
    return wanted, f"sample: {sample}" if sample else f"ids: {data[0]}"


def _folder(competition: str, params: Params) -> Path:
    """Where the pictures of a competition come from."""
    if competition.startswith("captcha-"):
        task = competition.removeprefix("captcha-")
        return Path("data", getattr(params.captcha, task).source, "captcha", task)
    return Path("data", getattr(params, competition).source, competition)


def _ingested(competition: str) -> tuple[list[Path], str]:
    """What was ingested of a competition, the table of test ids first, and the stage's name."""
    if competition == "photos":
        return [Path("data/photos/items.csv"), Path("data/photos/quarantine.csv")], "ingest_photos"
    if competition == "slides":
        return [Path("data/slides/slides.csv"), Path("data/slides/failed.csv")], "ingest_slides"
    task = competition.removeprefix("captcha-")
    stage = "generate_equations" if task == "equations" else f"generate_captcha@{task}"
    return [Path(f"data/captcha/{task}.h5")], stage


def _room(competition: str) -> Callable[[Path | None, list[Path]], Wanted]:
    if competition == "photos":
        from podium.photos import submission as photos

        return lambda sample, data: (
            photos.wanted_by_sample(sample) if sample else photos.wanted_by_data(*data)
        )
    if competition == "slides":
        from podium.slides import submission as slides

        return lambda sample, data: slides.wanted(sample, *data)
    from podium.captcha import submission as captcha

    task = competition.removeprefix("captcha-")
    return lambda sample, data: captcha.wanted(sample, task, *data)


def _refuse_other_sample(sample: Path, competition: str) -> None:
    from podium.submission import validation

    columns = tuple(validation.read_submission(sample).columns)
    if columns in _COLUMNS and competition not in _COLUMNS[columns]:
        fits = " or ".join(_COLUMNS[columns])
        raise SettingsError(
            f"{sample}: its columns are {','.join(columns)}: that is a sample for {fits}\n"
            f"remedy: name a sample of {competition}"
        )


_COLUMNS = {
    ("id", "label"): ["photos"],
    ("slide", "probability", "rle"): ["slides"],
    ("id", "text"): ["captcha-text"],
    ("id", "expression", "value"): ["captcha-arithmetic", "captcha-equations"],
}


def _other(table: pd.DataFrame, competition: str) -> str:
    """Which other competition `table` is a submission for, in words; '' if for none that is known.

    Arithmetic and equations have the same columns, but equations have several lines.
    """
    columns = tuple(table.columns)
    fits, why = _COLUMNS.get(columns, [competition]), f"its columns are {','.join(columns)}"
    if len(fits) > 1:
        texts = table["expression"][table["expression"] != ""]
        several = bool(texts.str.contains(";", regex=False).mean() > 0.5)
        fits = fits[several:][:1] if len(texts) else fits
        why += f" and most expressions have {'several lines' if several else 'one line'}"
    return "" if competition in fits else f"{why}: that is a submission for {fits[0]}"
