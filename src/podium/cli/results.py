"""`podium results`: the scores of the last run, one line for each competition."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.core.errors import guarded


@guarded
def results(
    params: Annotated[Path, typer.Option(help="The settings.")] = Path("params.yaml"),
) -> None:
    """Show scores, baselines, minutes and warnings of the last run.

    A line for each competition, with its submission, and what to type next; `make repro` ends with
    it. After a clone there are only the numbers that are in git.

    Examples:
        podium results
    """
    from podium.comparison import results_page
    from podium.comparison.results import read_result
    from podium.competitions import COMPETITIONS
    from podium.core.params import load_params

    settings = load_params(params).model_dump()
    root = params.resolve().parent
    rows = [read_result(root / "metrics", each, settings) for each in COMPETITIONS.values()]
    print("\n".join(results_page.text(rows, settings, root)))
