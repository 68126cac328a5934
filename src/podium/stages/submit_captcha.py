"""Write the checked submission of one captcha task, with its manifest and as plain lines."""

from __future__ import annotations

from collections.abc import Sequence

from podium.captcha import submission
from podium.captcha.competitions import competition
from podium.captcha.dataset import read_facts, read_texts
from podium.captcha.tasks import task_named
from podium.core.errors import guarded
from podium.core.files import file_sha256, write_json, write_text
from podium.core.params import load_params
from podium.evaluation import outcome
from podium.evaluation.predictions import read_text_predictions
from podium.stages.arguments import parse
from podium.submission import writing


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, its manifest and --metrics from the table of elected texts."""
    args = parse(__doc__, argv, "captchas", "table", "blend", "out", "metrics", names=["task"])
    params = load_params(args.params)
    task_named(args.task)
    table = read_text_predictions(args.table)
    what = competition(args.task)
    kept_ids, kept_truth = read_texts(args.captchas, "validation")
    kept = submission.texts_of(args.table, table, "holdout", kept_ids)
    metrics = {"validation": what.scores(kept_truth, kept)}

    ids, truth = read_texts(args.captchas, "test")  # in the sample's order
    if not ids:
        write_json(args.metrics, metrics)
        writing.write_nothing(args.out, "there are no test pictures: metrics only")
        write_text(args.out.with_suffix(".txt"), "")
        print("\n".join(submission.summary_lines(metrics, [])))
        return
    texts = submission.texts_of(args.table, table, "test", ids)
    frame = submission.frame(args.task, ids, texts)
    writing.check_ids(args.out, frame, ids)
    submission.check_texts(args.out, frame, read_facts(args.captchas).charset)
    test = submission.test_scores(args.task, truth, texts)
    metrics |= {"test": test} if test else {}
    empty = frame[frame.iloc[:, -1] == ""]["id"].tolist()
    manifest = {
        "task": args.task,
        "not_computable": empty,
        "scores": {"blend": outcome.read(args.blend), **metrics},
        "inputs": {str(path): file_sha256(path) for path in (args.captchas, args.table)},
        "params": params.model_dump(),
    }
    writing.write(args.out, frame, manifest)
    write_text(args.out.with_suffix(".txt"), submission.lines(frame))
    write_json(args.metrics, metrics)
    print("\n".join([*submission.summary_lines(metrics, empty), f"{args.out}: checked"]))


if __name__ == "__main__":
    main()
