"""`podium compare`: models, settings and revisions side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.cli import completion
from podium.cli.numbers import whole_number
from podium.competitions import COMPETITIONS, competition_named
from podium.core.errors import SettingsError, guarded


@guarded
def compare(
    competition: Annotated[
        str,
        typer.Argument(
            metavar="COMPETITION",
            help=f"One of {', '.join(COMPETITIONS)}.",
            autocompletion=completion.competitions,
        ),
    ],
    revisions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="REV",
            help="Experiments, branches, tags or commits; none: HEAD and all its experiments.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="Show this model only; may be given again."),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="REV[:MODEL]", help="To compare with; without: the model that is handed in."
        ),
    ] = None,
    md: Annotated[Path | None, typer.Option(help="Write Markdown there.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one page with a plot there.")] = None,
    draws: Annotated[int, whole_number("Draws of the paired bootstrap.", 1)] = 2000,
    seed: Annotated[int, whole_number("Seed of the paired bootstrap.", 0)] = 0,
) -> None:
    """Compare models and experiments: scores, minutes, settings.

    Every model is paired with the baseline on the same rows; look-alikes and slides of one patient
    are drawn together. Tables come out of DVC's cache, and the workspace stays as it is.

    Examples:
        podium compare photos
        podium compare photos main exp-a --model dense --html compare.html
        podium compare slides --baseline main:fcn
    """
    from podium.comparison import compare_pages
    from podium.comparison.compare import Choice
    from podium.comparison.compare import compare as compare_models
    from podium.comparison.experiments import read_all
    from podium.core.files import write_text

    compared = competition_named(competition).with_task()
    name, _, baseline_model = (baseline or "").partition(":")
    if baseline and ":" in baseline and not baseline_model:
        raise SettingsError(f"--baseline {baseline}: no model\nremedy: REV or REV:MODEL")
    results, notes = read_all(Path.cwd(), compared, revisions or [], name or None)
    choice = Choice(name or None, baseline_model or None, model or [], draws, seed)
    comparison = compare_models(compared, results, choice)
    comparison.notes += notes
    print(compare_pages.text(comparison))
    for path, page in ((md, compare_pages.markdown), (html, compare_pages.html)):
        if path:
            write_text(path, page(comparison))
            print(f"{path}: written")
