"""Write the checked photo submission and its manifest."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import file_sha256, read_table, write_json
from podium.core.params import load_params
from podium.evaluation import outcome
from podium.evaluation.predictions import read_predictions
from podium.photos import submission
from podium.photos.crossval import load_rows, oof_scores
from podium.pictures.dataset import QUARANTINE_COLUMNS, read_items
from podium.stages.arguments import parse
from podium.submission import writing


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
        writing.write_nothing(args.out, "there are no test pictures: metrics only")
        print("\n".join(submission.summary_lines(metrics, [])))
        return
    columns = submission.columns_of(data.classes)
    ids = writing.ordered_ids(args.source / "sample_submission.csv", columns, test_ids)
    probs, filled = submission.test_probabilities(table, data, ids)
    frame = submission.frame(ids, probs, data.classes)
    writing.check(args.out, frame, ids)
    test = submission.test_scores(args.source / "test_labels.csv", ids, probs, data.classes)
    metrics |= {"test": test} if test else {}
    manifest = {
        "classes": data.classes,
        "filled_with_prior": filled,
        "scores": {"blend": outcome.read(args.blend), **metrics},
        "inputs": {str(path): file_sha256(path) for path in (args.items, args.folds, args.table)},
        "params": params.model_dump(),
    }
    writing.write(args.out, frame, manifest)
    write_json(args.metrics, metrics)
    print("\n".join([*submission.summary_lines(metrics, filled), f"{args.out}: checked"]))


if __name__ == "__main__":
    main()
