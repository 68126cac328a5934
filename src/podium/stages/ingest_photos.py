"""Check every photo once: one table of readable pictures, one list of the others."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.core.raw_folder import quarantine_lines
from podium.evaluation.task import write_task
from podium.photos.layout import places_of, read_dataset
from podium.photos.raw_tables import check_key
from podium.pictures.dataset import CheckCache, check_pictures, summary
from podium.pictures.quarantine import refuse_many_unreadable
from podium.pictures.source import PictureSource
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --items, --quarantine, --columns and --task from what lies in --source."""
    paths = ("source", "items", "quarantine", "columns", "task", "metrics")
    args = parse(__doc__, argv, *paths)
    params = load_params(args.params)
    source, tolerance = (
        PictureSource(args.source, places_of(params.photos)),
        params.ingest_photos.max_unreadable,
    )
    dataset = read_dataset(source, params.photos, tolerance)
    items, quarantine = check_pictures(
        source, CheckCache(params.photos.max_megapixels), dataset.entries, dataset.left_out
    )
    refuse_many_unreadable(
        args.source, items, quarantine, tolerance, "ingest_photos.max_unreadable"
    )
    task = dataset.task(set(items["label"][items["split"] == "train"]))
    both = pd.concat([items, quarantine])
    check_key(args.source, task, both["id"][both["split"] == "test"].tolist())
    for path, table in (
        (args.items, items), (args.quarantine, quarantine), (args.columns, dataset.columns),
    ):  # fmt: skip
        write_table(path, table)
    write_task(args.task, task)
    counts = {**summary(items, quarantine), "n_classes": len(task.names)}
    write_metrics(args, counts)
    print(f"{args.source}: {counts}")
    for line in [*source.notes(), *quarantine_lines(args.quarantine, quarantine)]:
        print(line)


if __name__ == "__main__":
    main()
