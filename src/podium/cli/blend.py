"""`podium blend`: prediction tables from anywhere, blended as the pipeline would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli import completion
from podium.cli.inputs import require_file
from podium.competitions import COMPETITIONS, competition_named
from podium.core.errors import SettingsError, guarded

if TYPE_CHECKING:
    from podium.evaluation.competition import Competition


@guarded
def blend(
    tables: Annotated[
        list[Path],
        typer.Argument(metavar="TABLE", help="Prediction tables (CSV) of one competition."),
    ],
    method: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD", help="One of the methods above, or best; params.yaml's without."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the blended table there.")] = None,
    competition: Annotated[
        str | None,
        typer.Option(
            metavar="COMPETITION",
            help=f"Whose score and settings: {', '.join(COMPETITIONS)}.",
            autocompletion=completion.competitions,
        ),
    ] = None,
    params: Annotated[Path, typer.Option(help="The settings.")] = Path("params.yaml"),
) -> None:
    """Blend prediction tables, ours or made elsewhere.

    Rows are joined by id. A table has the columns id, split, fold, seed, truth, and p_<class> for
    each class, or l_<label> for each label, or y for a number; split is oof or test. Or id, split,
    fold, seed, truth, text, log_prob; split is holdout or test. A column group names rows that are
    not independent.

    Methods for probabilities: single, mean, geometric, rank, weighted, caruana, logistic, ridge;
    for numbers: single, mean, weighted, caruana, ridge; for texts: single, majority, confidence,
    calibrated. Settings: those of --competition; without it of photos, or of captcha-text.

    Prints each method's naive score, and the nested one, on rows that its weights did not see.

    Examples:
        podium blend predictions/tables/photos/dense.csv theirs.csv
        podium blend a.csv b.csv --method mean --out blended.csv
    """
    from podium.core.files import read_table
    from podium.core.nearest import did_you_mean
    from podium.core.params import load_params
    from podium.ensemble.blend_competition import blend_section, blend_tables
    from podium.ensemble.blend_scores import summary_lines
    from podium.evaluation.predictions import write_predictions
    from podium.evaluation.scores import USUAL, WHOLE_STRING
    from podium.evaluation.table_kinds import kind_of

    for path in tables:
        require_file(path)
    kind = kind_of(read_table(tables[0])).name
    chosen = _competition(competition, kind)
    section = blend_section(chosen, load_params(params))
    if method is not None:
        offered = ("best", *_methods(kind))
        if method not in offered:
            hint = did_you_mean(method, offered)
            raise SettingsError(f"--method {method}: unknown{hint}; known are {', '.join(offered)}")
        section = section.model_copy(update={"method": method})
    usual = WHOLE_STRING if kind == "text" else USUAL[kind][0]
    metric = chosen.table_metrics[0] if competition else usual
    blended = blend_tables(tables, section, metric)
    if out is not None:
        write_predictions(out, blended.table, section.model_dump())
    print("\n".join(summary_lines(blended.metrics, metric)))


def _competition(name: str | None, kind: str) -> Competition:
    named = competition_named(name or ("captcha-text" if kind == "text" else "photos"))
    return named.with_task()


def _methods(kind: str) -> tuple[str, ...]:
    from podium.ensemble.methods import METHODS
    from podium.ensemble.voting import VOTES

    return tuple(VOTES) if kind == "text" else METHODS[kind]
