"""Write the checked submission of one captcha task, with its manifest and as plain lines."""

from __future__ import annotations

from collections.abc import Sequence

from podium import submission
from podium.captcha import handing_in
from podium.captcha.competitions import competition
from podium.captcha.dataset import read_facts, read_texts
from podium.captcha.tasks import task_named
from podium.errors import guarded
from podium.files import file_sha256, write_json, write_text
from podium.params import load_params
from podium.predictions import read_text_predictions
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, its manifest and --metrics from the tables of the chosen readers."""
    args = parse(__doc__, argv, "captchas", "tables", "out", "metrics", names=["task"])
    params = load_params(args.params)
    task_named(args.task)
    readers = handing_in.chosen_readers(args.task, params)
    paths = [args.tables / f"{reader}.csv" for reader in readers]
    tables = [(path, read_text_predictions(path)) for path in paths]
    what = competition(args.task)
    kept_ids, kept_truth = read_texts(args.captchas, "validation")
    each = [handing_in.readings_of(*table, "holdout", kept_ids) for table in tables]
    metrics = {"validation": what.scores(kept_truth, handing_in.vote(each))}
    if len(readers) > 1:
        texts_by = {
            name: [one.text for one in them] for name, them in zip(readers, each, strict=True)
        }
        metrics |= {
            f"validation.{name}": what.scores(kept_truth, texts) for name, texts in texts_by.items()
        }

    ids, truth = read_texts(args.captchas, "test")  # in the sample's order
    if not ids:
        write_json(args.metrics, metrics)
        submission.write_nothing(args.out, "there are no test pictures: metrics only")
        write_text(args.out.with_suffix(".txt"), "")
        print("\n".join(handing_in.summary_lines(metrics, [])))
        return
    texts = handing_in.vote([handing_in.readings_of(*table, "test", ids) for table in tables])
    frame = handing_in.frame(args.task, ids, texts)
    submission.check_ids(args.out, frame, ids)
    handing_in.check_texts(args.out, frame, read_facts(args.captchas).charset)
    test = handing_in.test_scores(args.task, truth, texts)
    metrics |= {"test": test} if test else {}
    empty = frame[frame.iloc[:, -1] == ""]["id"].tolist()
    manifest = {
        "task": args.task,
        "readers": readers,
        "not_computable": empty,
        "scores": metrics,
        "inputs": {str(path): file_sha256(path) for path in (args.captchas, *paths)},
        "params": params.model_dump(),
    }
    submission.write(args.out, frame, manifest)
    write_text(args.out.with_suffix(".txt"), handing_in.lines(frame))
    write_json(args.metrics, metrics)
    print("\n".join([*handing_in.summary_lines(metrics, empty), f"{args.out}: checked"]))


if __name__ == "__main__":
    main()
