"""Assign train photos to folds: stratified by target, near-duplicates and groups together.

Settings of networks that cannot be trained are refused here, before anything slow runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from podium.core.errors import guarded
from podium.core.files import write_json, write_table
from podium.core.params import load_params
from podium.evaluation.task import read_task
from podium.photos.networks.names import check_networks
from podium.photos.networks.start import check_starts
from podium.pictures.dataset import read_items
from podium.pictures.folds import joined, rare_class_lines
from podium.pictures.look_alikes import (
    NOTES,
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
    """Write --folds (id, group, seed, fold), --duplicates, --metrics, and names of --networks."""
    args = parse(__doc__, argv, "items", "task", "folds", "duplicates", "networks", "metrics")
    settings = load_params(args.params)
    check_networks(settings)
    params = settings.assign_photo_folds
    items, task = read_items(args.items), read_task(args.task)
    check_starts(settings.photo_networks, task)
    train, test = items.query("split == 'train'"), items.query("split == 'test'")
    looks, distance = read_looks(train), params.duplicate_distance
    groups, pairs = group_look_alikes(looks, distance)
    copies = copies_of(looks, read_looks(test), distance)
    together = joined(groups, train["group"]) if "group" in train else groups
    folds = assign_folds(train, together, params.n_folds, params.seeds, task)
    table = pd.concat([pair_table(train, train, pairs), pair_table(train, test, copies)])
    if task.kind == "number":  # look-alikes may well have two numbers
        table["note"] = table["note"].replace(NOTES[1], NOTES[0])
    write_table(args.folds, folds)
    write_table(args.duplicates, table)
    write_json(args.networks, {"networks": list(settings.photo_networks)})
    lines = [*summary_lines(train, groups, table, of_numbers=task.kind == "number")]
    if (n_together := len(set(together))) < (n_alike := len(set(groups))):
        lines.append(f"{n_alike} groups of look-alikes are {n_together} with the group column")
    if task.kind == "classes":
        labels = train["label"].to_numpy(dtype=str)
        lines += rare_class_lines(labels, together, params.n_folds)
    write_metrics(args, {"n_look_alike_pairs": len(table), **warnings_in(lines)})
    print("\n".join(lines))


if __name__ == "__main__":
    main()
