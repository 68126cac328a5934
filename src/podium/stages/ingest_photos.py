"""Look at every photo once: one table of readable pictures, one list of the others."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.pictures.dataset import (
    CheckCache,
    refuse_many_unreadable,
    summary,
    survey,
)
from podium.pictures.source import PictureSource
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --items and --quarantine from the pictures in --source."""
    args = parse(__doc__, argv, "source", "items", "quarantine", "metrics")
    params = load_params(args.params)
    source, cache = PictureSource(args.source), CheckCache(params.photos.max_megapixels)
    items, quarantine = survey(source, cache)
    refuse_many_unreadable(args.source, items, quarantine, params.ingest_photos.max_unreadable)
    write_table(args.items, items)
    write_table(args.quarantine, quarantine)
    write_metrics(args, summary(items, quarantine))
    print(f"{args.source}: {summary(items, quarantine)}")


if __name__ == "__main__":
    main()
