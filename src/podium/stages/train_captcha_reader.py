"""Train one captcha reader, and read the validation and test pictures with it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from podium.captcha.dataset import read_facts, read_texts
from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, the prediction table, metrics and plots of --reader."""
    args = parse(__doc__, argv, "captchas", "model", "table", "metrics", "plots", names=["reader"])
    params = load_params(args.params)
    # below, so that the processes which draw pictures do not import TensorFlow
    from podium.captcha import report, training
    from podium.captcha.equations.error_analysis import breakdown_png
    from podium.captcha.equations.sample_sheet import readings_png
    from podium.captcha.reader import CaptchaReader, Logits, with_finder
    from podium.captcha.scoring import confusions
    from podium.evaluation.predictions import text_rows, write_text_predictions
    from podium.training import artefact, runtime

    what = training.lesson(args.reader, args.captchas, read_facts(args.captchas), params)
    runtime.set_up(what.settings.seed, what.settings.precision, params.device.deterministic)
    model = training.new_model(what)
    logits = Logits(model)
    processes = max(1, len(os.sched_getaffinity(0)) // 2)
    result = training.teach(what, model, logits, processes)

    validation = what.validation
    found, readings = training.validation_scores(what, logits)
    finder = what.facts.finder
    artefact.save(with_finder(model, finder) if finder else model, args.model)
    tests = training.read_all(what, logits, "test")
    test_ids = read_texts(args.captchas, "test")[0]
    seed = what.settings.seed
    table = [
        text_rows(validation.ids, "holdout", seed, readings, validation.texts),
        text_rows(test_ids, "test", seed, tests),
    ]
    write_text_predictions(args.table, table, what.settings.model_dump())
    confused = confusions(validation.texts, [one.text for one in readings])
    write_table(args.plots / "learning_curve.csv", result.curve)
    write_table(args.plots / "confusion.csv", report.confusion_table(confused))
    report.curves_png(args.plots / "curves.png", result.curve, confused)
    report.mistakes_png(args.plots / "mistakes.png", validation.pixels, validation.texts, readings)
    if what.task == "equations":
        groups = training.groups(what, readings)
        write_table(args.plots / "breakdown.csv", groups)
        breakdown_png(args.plots / "breakdown.png", groups)
        if training.is_drawn(what):
            reader = CaptchaReader(args.model)
            readings_png(args.plots / "readings.png", reader, what.pictures.seed_validation)
    metrics = {"validation": found, "learnt_from": training.learnt_from(what)}
    write_metrics(args, metrics, result.throughput, runtime.report())
    result.checkpoint.unlink(missing_ok=True)
    print("\n".join(report.summary_lines(found)))


if __name__ == "__main__":
    main()
