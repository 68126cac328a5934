"""Blend the predictions of all models of a competition, and say how good the blend will be."""

from __future__ import annotations

from collections.abc import Sequence

from podium.competitions import competition_named
from podium.core.array_tree import write_tree
from podium.core.errors import guarded
from podium.core.params import load_params
from podium.ensemble.blend_competition import blend_section, blend_tables, tables_to_blend
from podium.ensemble.blend_scores import summary_lines
from podium.evaluation.predictions import write_predictions
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the blended table --out, --fitted and --metrics from the tables in the folder --tables.

    What is asked for is read below --root, where the registry says. --fitted gets how the blend
    makes one prediction out of those of its models.
    """
    paths = ("tables", "out", "fitted", "metrics")
    args = parse(__doc__, argv, *paths, names=["competition"], folders=["root"])
    competition = competition_named(args.competition).with_task(args.root)
    params = load_params(args.params)
    section, metric = blend_section(competition, params), competition.table_metrics[0]
    tables = tables_to_blend(competition, args.tables, params, args.root)
    blended = blend_tables(tables, section, metric)
    write_predictions(args.out, blended.table, section.model_dump())
    write_tree(args.fitted, blended.fitted)
    write_metrics(args, blended.metrics)
    print("\n".join(summary_lines(blended.metrics, metric)))


if __name__ == "__main__":
    main()
