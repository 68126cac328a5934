"""`podium page`: the page of the last run with its revision and all experiments, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.core.errors import PodiumError, first_line, guarded

if TYPE_CHECKING:
    from podium.comparison.compare import Comparison
    from podium.page.run_facts import RunFacts


@guarded
def page(
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("runs/page.html"),
    params: Annotated[Path, typer.Option(help="The settings.")] = Path("params.yaml"),
) -> None:
    """Write the last run's page with revision and experiments.

    It has what differs between equal runs: the revision and the files that differ from it, seconds,
    devices and versions, and models and experiments side by side as podium compare has them.
    `reports/index.html`, which dvc repro writes, has the rest alone.

    Examples:
        podium page
        podium page --out page.html
    """
    from podium.competitions import COMPETITIONS
    from podium.core.files import write_text
    from podium.core.params import load_params
    from podium.page.run_facts import read_facts
    from podium.page.this_run import this_run
    from podium.page.whole_page import page as whole_page

    settings, root = load_params(params).model_dump(), params.resolve().parent
    each = [read_facts(root, competition, settings) for competition in COMPETITIONS.values()]
    compared = {facts.competition.name: _compared(facts) for facts in each}
    write_text(out, whole_page(each, this_run(each, compared)))
    print(f"{out}: written")


def _compared(facts: RunFacts) -> Comparison | str:
    """Models and experiments of a competition, or why there are none."""
    from podium.comparison.compare import Choice, compare
    from podium.comparison.experiments import read_all

    try:
        results, notes = read_all(facts.root, facts.competition)
        comparison = compare(facts.competition, results, Choice())
    except PodiumError as error:
        return first_line(error)
    comparison.notes += notes
    return comparison
