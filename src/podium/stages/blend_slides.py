"""Blend slide-level calls into one, and say how good it will honestly be."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_json
from podium.core.params import load_params
from podium.ensemble.fit_blend import blended, summary_lines
from podium.ensemble.prediction_set import load, tables_in
from podium.evaluation.predictions import write_predictions
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the blended table --out and --metrics."""
    args = parse(__doc__, argv, "tables", "out", "metrics")
    settings = load_params(args.params).blend_slides
    found = blended(load(tables_in(args.tables, settings.leave_out)), settings)
    write_predictions(args.out, found.table, settings.model_dump())
    write_json(args.metrics, found.metrics)
    print("\n".join(summary_lines(found.metrics)))


if __name__ == "__main__":
    main()
