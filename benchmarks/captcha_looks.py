"""What a reader of drawn sums makes of looks it never saw: one left out at a time.

A look is a style or a finish of `captcha.arithmetic` in params.yaml. For each look a reader learns
pictures with all others, and reads fresh pictures that have it; a change of `vary` of that name is
left out, too. `narrow+compressed` leaves out both at once. `none` leaves nothing out, and reads
fresh pictures of the whole mixture.

    python benchmarks/captcha_looks.py --looks narrow+compressed --pictures 500 --set vary=0.3 \
        on_the_fly=true epochs=16 epoch_size=4096 batch_size=64 precision=mixed_bfloat16
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from podium.captcha import variation
from podium.captcha.answer_rules import answer_rules
from podium.captcha.chance import calibration_error
from podium.captcha.dataset import read_facts
from podium.captcha.decoding import grammar_log_probs
from podium.captcha.generator import render_many
from podium.captcha.ingest import write_drawn_captchas
from podium.captcha.reader import LogitPredictor
from podium.captcha.tasks import Task, arithmetic_task
from podium.captcha.training import ReaderTraining, build_reader, reader_training, train_reader
from podium.captcha.validation import validate
from podium.core.params import Params, load_params
from podium.training import runtime

READER, SEED = "arithmetic-crnn", 91


def without(params: Params, looks: list[str]) -> Params:
    """`params` that do not draw `looks`."""
    arithmetic = params.captcha.arithmetic
    kept = {
        key: [name for name in getattr(arithmetic, key) if name not in looks]
        for key in ("styles", "finishes")
    }
    captcha = params.captcha.model_copy(update={"arithmetic": arithmetic.model_copy(update=kept)})
    return params.model_copy(update={"captcha": captcha})


def with_settings(params: Params, changes: list[str]) -> Params:
    """`params` with settings KEY=VALUE of the reader."""
    given = {key: YAML().load(value) for key, _, value in (one.partition("=") for one in changes)}
    reader = params.train_captcha_reader[READER]
    reader = type(reader).model_validate(reader.model_dump() | given)
    return params.model_copy(update={"train_captcha_reader": {READER: reader}})


def pictures_with(look: str, params: Params) -> Task:
    """A task whose pictures all have `look`: a style as drawn, or a finish on all styles."""
    drawn = params.captcha.arithmetic
    size = drawn.width, drawn.height
    if look in drawn.finishes:
        return arithmetic_task(size, drawn.styles, [look], finished=1.0)
    if look in drawn.styles:
        return arithmetic_task(size, [look], [])
    return arithmetic_task(size, drawn.styles, drawn.finishes, drawn.finished)


def trained(params: Params, folder: Path) -> tuple[ReaderTraining, LogitPredictor]:
    """A reader trained on the pictures that `params` draw into `folder`."""
    path, seen = folder / "captchas.h5", params.train_captcha_reader[READER]
    n_train = 256 if seen.on_the_fly else seen.epochs * seen.epoch_size
    enough = {"n_train": n_train, "n_test": 1}
    generated = params.generate_captcha.model_copy(update=enough)
    params = params.model_copy(update={"generate_captcha": generated})
    write_drawn_captchas(path, "arithmetic", params, 1)
    job = reader_training(READER, path, read_facts(path), params)
    runtime.set_up(job.settings.seed, job.settings.precision, params.device.deterministic)
    model = build_reader(job)
    predict = LogitPredictor(model)
    train_reader(job, model, predict, 1).checkpoint.unlink(missing_ok=True)
    return job, predict


def judged(job: ReaderTraining, predict: LogitPredictor, task: Task, n: int) -> dict[str, Any]:
    """Shares of `n` fresh pictures of `task` read right, and how sure the reader is of them."""
    pixels, truth = zip(*render_many(task, SEED, 0, n), strict=True)
    logits = predict(np.stack(pixels))
    readings = job.decoder.best(logits)
    texts = [reading.text for reading in readings]
    chances = validate(job, predict).chance.apply(*grammar_log_probs(job.decoder, logits, readings))
    right = np.array([text == true for text, true in zip(texts, truth, strict=True)])
    return {
        "value": answer_rules("arithmetic").scores(truth, texts)["value"],
        "chance_where_right": round(float(chances[right].mean()), 3),
        "chance_where_wrong": round(float(chances[~right].mean()), 3) if not right.all() else None,
        "calibration_error": round(calibration_error(chances, right.tolist()), 3),
    }


def main() -> None:
    """Print, and with --out write, the scores of each look that was left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", nargs="*", help="all, if none is named")
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--styles", nargs="+", help="to draw, instead of those of params.yaml")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    params = with_settings(load_params(Path("params.yaml")), args.set)
    if args.styles:
        drawn = params.captcha.arithmetic.model_copy(update={"styles": args.styles})
        captcha = params.captcha.model_copy(update={"arithmetic": drawn})
        params = params.model_copy(update={"captcha": captcha})
    changes = variation.CHANGES
    arithmetic = params.captcha.arithmetic
    results = {}
    for group in args.looks or ["none", *arithmetic.styles, *arithmetic.finishes]:
        looks, started = group.split("+"), time.process_time()
        variation.CHANGES = tuple(change for change in changes if change.__name__ not in looks)
        with tempfile.TemporaryDirectory() as folder:
            job, predict = trained(without(params, looks), Path(folder))
        minutes = round((time.process_time() - started) / 60, 1)
        for look in looks:
            results[look] = judged(job, predict, pictures_with(look, params), args.pictures)
            results[look] |= {"left_out": group, "processor_minutes": minutes}
            print(look, json.dumps(results[look]), flush=True)
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
