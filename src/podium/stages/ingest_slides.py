"""Read every raw slide once: its size and scale, its tumour as GeoJSON, its fold."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_json, write_table
from podium.core.params import load_params
from podium.slides.dataset import summary, table_of
from podium.slides.ingest import assign_folds, ingest, warnings
from podium.slides.source import read_entries
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --slides, --annotations, --failed and --metrics."""
    args = parse(__doc__, argv, "source", "slides", "annotations", "failed", "metrics")
    params = load_params(args.params)
    entries = read_entries(args.source, params.slides.missing_annotation)
    rows, failed = ingest(args.source, entries, params.slides, args.annotations)
    rows = assign_folds(rows, params.ingest_slides)
    write_table(args.slides, table_of(rows))
    write_table(args.failed, failed)
    counts = summary(rows, failed)
    write_json(args.metrics, counts)
    print(", ".join(f"{name} {value}" for name, value in counts.items()))
    for words in warnings(rows):
        print(f"note: {words}")
    for row in rows:
        if row.notes:
            print(f"{row.slide}: {row.notes}")
    for failure in failed.itertuples():
        print(f"left out: {failure.reason}")


if __name__ == "__main__":
    main()
