"""Write the checked photo submission and its manifest."""

from __future__ import annotations

from collections.abc import Sequence

from podium import outcome, submission
from podium.errors import guarded
from podium.files import file_sha256, read_table, write_json
from podium.params import load_params
from podium.photos import handing_in
from podium.photos.crossval import load_rows, oof_scores
from podium.photos.dataset import QUARANTINE_COLUMNS, read_items
from podium.predictions import read_predictions
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, its manifest and --metrics from the blended table."""
    args = parse(
        __doc__, argv, "source", "items", "quarantine", "folds", "table", "blend", "out", "metrics"
    )
    params = load_params(args.params)
    table = read_predictions(args.table)
    data = load_rows(read_items(args.items), args.folds)
    unreadable = read_table(args.quarantine, *QUARANTINE_COLUMNS).query("split == 'test'")
    metrics = {"oof": oof_scores(table, data)}
    test_ids = data.test_ids + unreadable["id"].tolist()
    if not test_ids:
        write_json(args.metrics, metrics)
        submission.write_nothing(args.out, "there are no test pictures: metrics only")
        print("\n".join(handing_in.summary_lines(metrics, [])))
        return
    columns = handing_in.columns_of(data.classes)
    ids = submission.ordered_ids(args.source / "sample_submission.csv", columns, test_ids)
    probs, filled = handing_in.test_probabilities(table, data, ids)
    frame = handing_in.frame(ids, probs, data.classes)
    submission.check(args.out, frame, ids)
    test = handing_in.test_scores(args.source / "test_labels.csv", ids, probs, data.classes)
    metrics |= {"test": test} if test else {}
    manifest = {
        "classes": data.classes,
        "filled_with_prior": filled,
        "scores": {"blend": outcome.read(args.blend), **metrics},
        "inputs": {str(path): file_sha256(path) for path in (args.items, args.folds, args.table)},
        "params": params.model_dump(),
    }
    submission.write(args.out, frame, manifest)
    write_json(args.metrics, metrics)
    print("\n".join([*handing_in.summary_lines(metrics, filled), f"{args.out}: checked"]))


if __name__ == "__main__":
    main()
