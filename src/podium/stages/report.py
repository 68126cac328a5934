"""Put the blends of all competitions, and every stage's warnings, together for people."""

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
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the page --out and the picture --picture from metrics in the folder --metrics."""
    args = parse(__doc__, argv, "metrics", "out", "picture")
    settings = load_params(args.params).model_dump()
    rows = [_row(args.metrics, competition, settings) for competition in COMPETITIONS.values()]
    page = report.markdown(rows)
    write_text(args.out, page)
    report.picture(args.picture, rows)
    print("\n".join([*page.splitlines()[2:9], *report.warning_lines(rows)]))


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
