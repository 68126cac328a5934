"""Read every raw slide once: its size and scale, its tumour as GeoJSON, its fold."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.core.printable import printable
from podium.core.raw_folder import write_quarantine
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.class_report import class_lines
from podium.slides.dataset import summary, table_of
from podium.slides.ingest import assign_folds, ingest, warnings
from podium.slides.sample import SAMPLE, check_columns, check_sample
from podium.slides.source import read_raw_folder
from podium.stages.arguments import parse, warnings_in, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --slides, --annotations, --quarantine and --metrics."""
    args = parse(__doc__, argv, "source", "slides", "annotations", "quarantine", "metrics")
    params = load_params(args.params)
    raw = read_raw_folder(args.source, params.slides.missing_annotation)
    check_columns(args.source / SAMPLE, ClassPlan.of(params.slides).names)
    test = [entry.slide for entry in raw.entries if entry.split == "test"]
    sample_note = check_sample(args.source / SAMPLE, raw.sample, test)
    ingested = ingest(args.source, raw.entries, params.slides, args.annotations)
    rows = assign_folds(ingested.rows, params.ingest_slides)
    left_out = [*ingested.left_out, *raw.left_out]
    write_table(args.slides, table_of(rows))
    quarantined = write_quarantine(args.quarantine, left_out)
    counts = summary(rows, len(ingested.left_out)) | {"n_quarantined": len(left_out)}
    print(", ".join(f"{name} {value}" for name, value in counts.items()))
    notes = [*warnings(rows), *([sample_note] if sample_note else [])]
    notes_of_slides = [f"{row.slide}: {row.notes}" for row in rows if row.notes]
    lines = [*(f"note: {note}" for note in notes), *notes_of_slides]
    lines += [f"left out: {args.source / row.path}: {row.reason}" for row in ingested.left_out]
    lines += class_lines(ingested.annotations, params.slides)
    write_metrics(args, counts | warnings_in(lines))
    table_note = [f"annotations: run lengths of {raw.run_table}"] if raw.run_table else []
    for line in [*table_note, *lines, *quarantined]:
        print(printable(line))


if __name__ == "__main__":
    main()
