"""Write the checked slide submission and its manifest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from podium.core.errors import guarded
from podium.core.files import file_sha256, read_table, write_json
from podium.core.params import load_params
from podium.evaluation import outcome
from podium.evaluation.predictions import read_predictions
from podium.slides import submission
from podium.slides.dataset import read_slides
from podium.slides.report import summary_lines
from podium.stages.arguments import parse
from podium.submission import writing


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, its manifest and --metrics."""
    args = parse(
        __doc__, argv, "source", "slides", "failed", "masks", "table", "blend",
        "out", "metrics",
    )  # fmt: skip
    params = load_params(args.params)
    rows, table = read_slides(args.slides), read_predictions(args.table)
    failed = read_table(args.failed, "slide", "split").query("split == 'test'")["slide"].tolist()
    test = [row.slide for row in rows if row.split == "test"] + failed
    if not test:
        write_json(args.metrics, {})
        writing.write_nothing(args.out, "there are no test slides: metrics only")
        return
    sample = args.source / "sample_submission.csv"
    ids = writing.ordered_ids(sample, submission.COLUMNS, test)
    labels = [int(row.label) for row in rows if row.split == "train" and row.label]
    prior = float(np.mean(labels)) if labels else 0.5
    frame, filled = submission.frame(ids, table, args.masks, prior)
    writing.check_ids(args.out, frame, ids)
    submission.check(args.out, frame, rows)
    draws, classes = params.submit_slides.bootstrap, params.slides.classes or None
    found = submission.test_scores(args.source, frame, rows, draws, classes)
    scores = {"test": found} if found else {}
    manifest = {
        "rle": "column-major, counted from 1, level 0; empty = no tumour",
        "filled_with_prior": filled,
        "scores": {"blend": outcome.read(args.blend), **scores},
        "inputs": {str(path): file_sha256(path) for path in (args.slides, args.table)},
        "params": params.model_dump(),
    }
    writing.write(args.out, frame, manifest)
    write_json(args.metrics, scores)
    print("\n".join([*summary_lines(found), f"{args.out}: {len(frame)} slides, checked"]))
    if filled:
        print(f"{len(filled)} slides could not be predicted and hold the share of tumour slides")


if __name__ == "__main__":
    main()
