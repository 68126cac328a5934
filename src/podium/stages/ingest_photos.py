"""Check every photo once: one table of readable pictures, one list of the others."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.photos.labels import require_classes
from podium.photos.raw_tables import check_raw_tables
from podium.pictures.dataset import CheckCache, check_pictures, summary
from podium.pictures.quarantine import quarantine_lines, refuse_many_unreadable
from podium.pictures.source import PictureSource
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --items and --quarantine from the pictures in --source."""
    args = parse(__doc__, argv, "source", "items", "quarantine", "metrics")
    params = load_params(args.params)
    source, cache = PictureSource(args.source), CheckCache(params.photos.max_megapixels)
    require_classes(source)
    items, quarantine = check_pictures(source, cache)
    tolerance, key = params.ingest_photos.max_unreadable, "ingest_photos.max_unreadable"
    refuse_many_unreadable(args.source, items, quarantine, tolerance, key)
    train = items["split"] == "train"
    test_ids = [
        name for part in (items, quarantine) for name in part["id"][part["split"] == "test"]
    ]
    check_raw_tables(args.source, sorted(set(items["label"][train])), test_ids)
    write_table(args.items, items)
    write_table(args.quarantine, quarantine)
    counts = {**summary(items, quarantine), "n_classes": int(items["label"][train].nunique())}
    write_metrics(args, counts)
    print(f"{args.source}: {counts}")
    for line in [*source.notes(), *quarantine_lines(args.quarantine, quarantine)]:
        print(line)


if __name__ == "__main__":
    main()
