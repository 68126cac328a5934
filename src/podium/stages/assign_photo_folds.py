"""Assign train photos to folds: stratified by class, near-duplicates together."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.pictures.dataset import read_items
from podium.pictures.folds import rare_class_lines
from podium.pictures.look_alikes import (
    assign_folds,
    copies_of,
    group_look_alikes,
    pair_table,
    read_looks,
    summary_lines,
)
from podium.stages.arguments import parse, warnings_in, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --folds (id, group, seed, fold), --duplicates and --metrics from --items."""
    args = parse(__doc__, argv, "items", "folds", "duplicates", "metrics")
    params = load_params(args.params).assign_photo_folds
    items = read_items(args.items)
    train, test = items.query("split == 'train'"), items.query("split == 'test'")
    looks, distance = read_looks(train), params.duplicate_distance
    groups, pairs = group_look_alikes(looks, distance)
    copies = copies_of(looks, read_looks(test), distance)
    folds = assign_folds(train, groups, params.n_folds, params.seeds)
    table = pd.concat([pair_table(train, train, pairs), pair_table(train, test, copies)])
    write_table(args.folds, folds)
    write_table(args.duplicates, table)
    labels = train["label"].to_numpy(dtype=str)
    lines = [*summary_lines(train, groups, table)]
    lines += rare_class_lines(labels, groups, params.n_folds)
    write_metrics(args, {"n_look_alike_pairs": len(table), **warnings_in(lines)})
    print("\n".join(lines))


if __name__ == "__main__":
    main()
