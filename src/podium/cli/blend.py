"""`podium blend`: prediction tables from anywhere, blended as the pipeline would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from podium.core.errors import SettingsError, guarded

if TYPE_CHECKING:  # pydantic takes a while to import
    from podium.core.params import Blend, TextBlend


@guarded
def blend(
    tables: Annotated[list[Path], typer.Argument(help="Prediction tables of one competition.")],
    method: Annotated[
        str | None, typer.Option(help="One of the methods above, or best; default: params.yaml's.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the blended table goes.")] = None,
    params: Annotated[Path, typer.Option(help="Settings.")] = Path("params.yaml"),
) -> None:
    """Blend prediction tables, ours or made elsewhere, joined by id.

    A table has the columns id, split, fold, seed, truth and p_<class> for each class; split is oof
    or test. Or id, split, fold, seed, truth, text, log_prob; split is holdout or test. A column
    group names rows that are not independent.

    Methods for probabilities (settings: blend_photos): single, mean, geometric, rank, weighted,
    caruana, logistic, ridge; for texts (blend_captcha.text): single, majority, confidence,
    calibrated.

    Prints each method's naive and nested score. Rows of the blended table are out of fold, too.
    """
    from podium.core.files import read_table
    from podium.core.params import load_params

    settings = load_params(params)
    if "text" in read_table(tables[0]):
        lines = _texts(tables, settings.blend_captcha.text, method, out)
    else:
        lines = _chances(tables, settings.blend_photos, method, out)
    print("\n".join(lines))


def _changed(method: str | None, known: tuple[str, ...]) -> dict[str, str]:
    """What `method` changes in a section; raises SettingsError for one that is not known."""
    if method is not None and method not in ("best", *known):
        raise SettingsError(f"--method {method}: unknown; known are best, {', '.join(known)}")
    return {"method": method} if method else {}


def _chances(tables: list[Path], section: Blend, method: str | None, out: Path | None) -> list[str]:
    from podium.core.params import BlendMethod
    from podium.ensemble.fit_blend import blended, summary_lines
    from podium.ensemble.prediction_set import load
    from podium.evaluation.predictions import write_predictions

    section = section.model_copy(update=_changed(method, get_args(BlendMethod)))
    found = blended(load(tables), section)
    if out is not None:
        write_predictions(out, found.table, section.model_dump())
    return summary_lines(found.metrics)


def _texts(
    tables: list[Path], section: TextBlend, method: str | None, out: Path | None
) -> list[str]:
    from podium.core.params import VotingMethod
    from podium.ensemble.text_ensemble import elect, load, summary_lines
    from podium.evaluation.predictions import write_text_predictions

    section = section.model_copy(update=_changed(method, get_args(VotingMethod)))
    found = elect(load(tables), section)
    if out is not None:
        write_text_predictions(out, [found.table], section.model_dump())
    return summary_lines(found.metrics)
