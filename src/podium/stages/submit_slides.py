"""Write the checked slide submission and its manifest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from podium import outcome, submission
from podium.errors import guarded
from podium.files import file_sha256, read_table, write_json
from podium.params import load_params
from podium.predictions import read_predictions
from podium.slides import handing_in
from podium.slides.dataset import read_slides
from podium.slides.report import summary_lines
from podium.stages.arguments import parse


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
        submission.write_nothing(args.out, "there are no test slides: metrics only")
        return
    sample = args.source / "sample_submission.csv"
    ids = submission.ordered_ids(sample, handing_in.COLUMNS, test)
    labels = [int(row.label) for row in rows if row.split == "train" and row.label]
    prior = float(np.mean(labels)) if labels else 0.5
    frame, filled = handing_in.frame(ids, table, args.masks, prior)
    submission.check_ids(args.out, frame, ids)
    handing_in.check(args.out, frame, rows)
    draws, classes = params.submit_slides.bootstrap, params.slides.classes or None
    found = handing_in.test_scores(args.source, frame, rows, draws, classes)
    scores = {"test": found} if found else {}
    manifest = {
        "rle": "column-major, counted from 1, level 0; empty = no tumour",
        "filled_with_prior": filled,
        "scores": {"blend": outcome.read(args.blend), **scores},
        "inputs": {str(path): file_sha256(path) for path in (args.slides, args.table)},
        "params": params.model_dump(),
    }
    submission.write(args.out, frame, manifest)
    write_json(args.metrics, scores)
    print("\n".join([*summary_lines(found), f"{args.out}: {len(frame)} slides, checked"]))
    if filled:
        print(f"{len(filled)} slides could not be predicted and hold the share of tumour slides")


if __name__ == "__main__":
    main()
