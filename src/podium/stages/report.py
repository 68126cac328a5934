"""Put what all competitions gave together for people: a page, model cards, and the blends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podium.comparison.results import read_result
from podium.comparison.results_page import all_warnings
from podium.competitions import COMPETITIONS
from podium.core.errors import guarded
from podium.core.files import write_text
from podium.core.params import load_params
from podium.ensemble import report
from podium.ensemble.blend_scores import first_value
from podium.evaluation.competition import Competition, Settings
from podium.page import whole_page
from podium.page.cards import cards
from podium.page.run_facts import RunFacts, read_facts
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the page --page of the run below --root, and a card of each model to --cards.

    Timings, which differ between equal runs, go to a page in runs/ that the other one links to.
    The blends alone go to --out and the picture --picture, from metrics in the folder --metrics.
    """
    args = parse(__doc__, argv, "metrics", "out", "picture", "page", "cards", folders=["root"])
    settings = load_params(args.params).model_dump()
    rows = [_row(args.metrics, competition, settings) for competition in COMPETITIONS.values()]
    blends = report.markdown(rows)
    write_text(args.out, blends)
    report.picture(args.picture, rows)
    each = [read_facts(args.root, competition, settings) for competition in COMPETITIONS.values()]
    write_text(args.page, whole_page.page(each))
    write_text(args.root / whole_page.TIMINGS, whole_page.timings_page(each))
    _write_cards(args.cards, each)
    print("\n".join([*blends.splitlines()[2:9], *report.warning_lines(rows)]))


def _write_cards(folder: Path, each: Sequence[RunFacts]) -> None:
    """Write the cards of all models; those of models that are gone go too."""
    texts = {name: text for facts in each for name, text in cards(facts).items()}
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.md"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        write_text(folder / name, text)


def _row(folder: Path, competition: Competition, settings: Settings) -> report.Row:
    blend, submitted = (
        _read(folder / f"{stage}_{competition.name}.json") for stage in ("blend", "submit")
    )
    test = first_value(submitted.get("test"), blend["metric"])
    warnings = all_warnings(read_result(folder, competition, settings))
    return report.Row(competition, blend, test, warnings)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
