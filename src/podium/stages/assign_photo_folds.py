"""Assign train photos to folds: stratified by class, near-duplicates together."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.pictures.dataset import read_items
from podium.pictures.look_alikes import assign_folds, look_alikes, pair_table
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --folds (id, group, seed, fold) and --duplicates from --items."""
    args = parse(__doc__, argv, "items", "folds", "duplicates")
    params = load_params(args.params).assign_photo_folds
    train = read_items(args.items).query("split == 'train'")
    pairs = look_alikes(train, params.duplicate_distance)
    folds = assign_folds(train, pairs, params.n_folds, params.seeds)
    write_table(args.folds, folds)
    write_table(args.duplicates, pair_table(train, pairs))
    print(
        f"{len(train)} pictures, {folds['group'].nunique()} groups, {len(pairs)} look-alike pairs"
    )


if __name__ == "__main__":
    main()
