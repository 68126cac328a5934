"""`podium validate`: any submission beside what its competition asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli import completion
from podium.cli.inputs import require_file
from podium.competitions import COMPETITIONS, competition_named
from podium.core.errors import PodiumError, SettingsError, guarded

if TYPE_CHECKING:
    import pandas as pd

    from podium.evaluation.competition import Competition
    from podium.submission.format import SubmissionFormat


class Unknown(PodiumError):
    """Neither a sample submission nor ingested data say what a competition asks for."""


@guarded
def validate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A submission, ours or somebody else's.")
    ],
    competition: Annotated[
        str,
        typer.Option(
            metavar="COMPETITION",
            help=f"One of {', '.join(COMPETITIONS)}.",
            autocompletion=completion.competitions,
        ),
    ],
    sample: Annotated[
        Path | None, typer.Option(help="Go by this sample submission, not by the project's.")
    ] = None,
    params: Annotated[Path, typer.Option(help="Says where the pictures come from.")] = Path(
        "params.yaml"
    ),
) -> None:
    """Check a submission file against what its competition asks.

    Prints all faults, a line each; the exit status is 1 if there is one. Columns and ids come from
    the competition's sample_submission.csv, or from the ingested data.

    Examples:
        podium validate submissions/photos.csv --competition photos
        podium validate theirs.csv --competition captcha-text --sample sample_submission.csv
    """
    checked = competition_named(competition).with_task()
    for path in (file, *([sample] if sample else [])):
        require_file(path)
    print(validated(file, checked, sample, params))


def validated(file: Path, competition: Competition, sample: Path | None, params: Path) -> str:
    """Print faults and notes of the submission `file`; return in words that it fits.

    Args:
        file: a CSV file.
        competition: of the registry.
        sample: a sample submission to go by, not the project's.
        params: says where the pictures come from.

    Raises:
        PodiumError: it does not fit.
        Unknown: nobody knows what the competition asks for.
    """
    from podium.submission import cells, checking
    from podium.submission.format import expected_ids

    table = cells.read_submission(file)
    if other := _other(table, competition):
        raise PodiumError(f"{file}: {other}\nremedy: name that competition, or another file")
    form = _format(competition, sample, params)
    ids = expected_ids(form)
    if not ids:
        source = form.inputs.sample or form.inputs.items[0]
        raise PodiumError(f"{source}: {competition.name} has nothing to predict")
    for line in (faults := checking.faults(table, form, ids)):
        print(f"{file}: {line}")
    for line in checking.notes(table, form, ids):
        print(f"note: {line}")
    goes_by = form.inputs.sample
    origin = f"sample: {goes_by}" if goes_by else f"ids: {form.inputs.items[0]}"
    if faults:
        n = cells.counted(len(faults), "fault")
        raise PodiumError(
            f"{file}: {n}, it does not fit {competition.name} ({origin})\n"
            "remedy: mend what the lines above name"
        )
    return f"{file}: {cells.counted(len(table), 'row')}, fits {competition.name} ({origin})"


def _format(competition: Competition, sample: Path | None, params: Path) -> SubmissionFormat:
    """The format of `competition`, with a sample or with ingested data."""
    from podium.core.params import load_params
    from podium.submission.format import format_of, source_folder

    if sample is not None:
        _refuse_other_sample(sample, competition)
        return format_of(competition, Path(), None, sample)
    settings = load_params(params)
    form = format_of(competition, Path(), settings)
    absent = [path for path in form.inputs.items if not path.is_file()]
    if form.inputs.sample is None and absent:
        folder = source_folder(competition, Path(), settings)
        raise Unknown(
            f"{absent[0]}: no such file, and sample_submission.csv is not in {folder}: nobody "
            f"knows what {competition.name} asks for\n"
            f"remedy: run dvc repro {competition.ingest}, or name a sample with --sample"
        )
    return form


def _refuse_other_sample(sample: Path, competition: Competition) -> None:
    from podium.submission import cells

    columns = tuple(cells.read_submission(sample).columns)
    fitting = _with_columns(columns)
    if fitting and competition not in fitting:
        names = " or ".join(each.name for each in fitting)
        raise SettingsError(
            f"{sample}: its columns are {','.join(columns)}: that is a sample for {names}\n"
            f"remedy: name a sample of {competition.name}"
        )


def _with_columns(columns: tuple[str, ...]) -> list[Competition]:
    every = [each.with_task() for each in COMPETITIONS.values()]
    return [each for each in every if each.columns == columns]


def _other(table: pd.DataFrame, competition: Competition) -> str:
    """Which other competition `table` is a submission for, in words; '' if for none that is known.

    Arithmetic and equations have the same columns, but equations have several lines.
    """
    columns = tuple(table.columns)
    fitting = _with_columns(columns) or [competition]
    why = f"its columns are {','.join(columns)}"
    if len(fitting) > 1 and "expression" in table:
        texts = table["expression"][table["expression"] != ""]
        several = bool(texts.str.contains(";", regex=False).mean() > 0.5)
        fitting = fitting[several:][:1] if len(texts) else fitting
        why += f" and most expressions have {'several lines' if several else 'one line'}"
    fits = competition in fitting
    return "" if fits else f"{why}: that is a submission for {fitting[0].name}"
