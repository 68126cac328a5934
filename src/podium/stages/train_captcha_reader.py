"""Train one captcha reader, and read the validation and test pictures with it."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from podium.captcha.dataset import read_facts, read_texts
from podium.core import hardware
from podium.core.errors import guarded
from podium.core.files import write_json, write_table
from podium.core.params import load_params
from podium.stages.arguments import parse, warnings_in, write_metrics

if TYPE_CHECKING:
    import pandas as pd

    from podium.captcha.training import ReaderTraining
    from podium.captcha.validation import Validation


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, the prediction table, metrics and plots of --reader."""
    args = parse(__doc__, argv, "captchas", "model", "table", "metrics", "plots", names=["reader"])
    params = load_params(args.params)
    # below, so that the processes which draw pictures do not import TensorFlow
    from podium.captcha import report, training
    from podium.captcha.chance import chance_summary
    from podium.captcha.reader import LogitPredictor, keep_chance, with_finder
    from podium.captcha.validation import read_split, validate
    from podium.evaluation.predictions import text_rows, write_text_predictions
    from podium.training import artefact, runtime

    facts = read_facts(args.captchas)
    if why := training.why_left_out(args.reader, args.captchas, facts, params):
        return _leave_out(args, why)
    job = training.reader_training(args.reader, args.captchas, facts, params)
    settings, validation, finder = job.settings, job.validation, job.facts.finder
    runtime.set_up(settings.seed, settings.precision, params.device.deterministic)
    model = training.build_reader(job)
    predict = LogitPredictor(model)
    result = training.train_reader(job, model, predict, max(1, hardware.cores() // 2))

    held_out = validate(job, predict)
    scores, readings = held_out.scores, held_out.readings
    keep_chance(model, held_out.chance)
    artefact.save(with_finder(model, finder) if finder else model, args.model)
    test_ids, test_readings = read_texts(args.captchas, "test")[0], read_split(job, predict, "test")
    table = [
        text_rows(validation.ids, "holdout", settings.seed, readings, validation.texts),
        text_rows(test_ids, "test", settings.seed, test_readings),
    ]
    write_text_predictions(args.table, table, settings.model_dump())
    _write_plots(args, job, held_out, result.curve)
    warning = report.baseline_warning(job.constant.text, scores)
    metrics = {
        "validation": scores,
        "chance": chance_summary(held_out.chances, held_out.right),
        "learnt_from": training.training_data_summary(job),
    }
    write_metrics(args, metrics | warnings_in(warning), result.throughput, runtime.report())
    result.checkpoint.unlink(missing_ok=True)
    print("\n".join([*report.summary_lines(scores), *warning]))


def _leave_out(args: argparse.Namespace, why: str) -> None:
    """Write outputs without readings: other readers can learn these pictures, this one cannot."""
    from podium.captcha.report import confusion_table, empty_curve
    from podium.evaluation.predictions import text_rows, write_text_predictions

    write_json(args.model, {"left_out": why})
    write_text_predictions(args.table, [text_rows([], "test", 0, [])], {})
    write_table(args.plots / "learning_curve.csv", empty_curve())
    write_table(args.plots / "confusion.csv", confusion_table(Counter()))
    line = f"WARNING: reader {args.reader} is left out: {why}"
    write_metrics(args, warnings_in([line]))
    print(line)


def _write_plots(
    args: argparse.Namespace, job: ReaderTraining, held_out: Validation, curve: pd.DataFrame
) -> None:
    """Write the tables and pictures of --plots."""
    from podium.captcha import report
    from podium.captcha.chance import write_reliability_png
    from podium.captcha.equations.error_analysis import write_error_png
    from podium.captcha.equations.sample_sheet import write_readings_png
    from podium.captcha.reader import CaptchaReader
    from podium.captcha.scoring import confusions
    from podium.captcha.validation import validation_error_table

    validation, readings = job.validation, held_out.readings
    texts = [reading.text for reading in readings]
    confused = confusions(validation.texts, texts)
    write_table(args.plots / "learning_curve.csv", curve)
    write_table(args.plots / "confusion.csv", report.confusion_table(confused))
    report.write_curves_png(args.plots / "curves.png", curve, confused)
    write_reliability_png(args.plots / "reliability.png", held_out.chances, held_out.right)
    report.write_mistakes_png(
        args.plots / "mistakes.png", validation.pixels, validation.texts, texts, held_out.chances
    )
    if job.task == "equations":
        errors = validation_error_table(job, readings)
        write_table(args.plots / "breakdown.csv", errors)
        write_error_png(args.plots / "breakdown.png", errors)
        if job.is_drawn:
            reader = CaptchaReader(args.model)
            write_readings_png(args.plots / "readings.png", reader, job.pictures.seed_validation)


if __name__ == "__main__":
    main()
