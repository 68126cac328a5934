"""Heat maps of all slides, out of fold where there is a truth; masks, predictions and scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from podium.core.errors import guarded
from podium.core.files import file_sha256, write_json, write_table
from podium.core.params import Params, load_params
from podium.core.progress import progress
from podium.core.throughput import ThroughputMeter
from podium.evaluation import predictions
from podium.slides import marked_classes, oof_metrics, report, slide_classification, slide_tables
from podium.slides.dataset import read_slides
from podium.slides.export import write_outputs
from podium.slides.predict_dataset import Predictor, reference_stains
from podium.slides.predict_files import InferenceConfig
from podium.slides.scoring import LEVELS
from podium.slides.segmenter import Segmenter
from podium.slides.slide_classification import SlidePrediction
from podium.slides.slide_results import SlideResult
from podium.stages.arguments import parse, warnings_in, write_metrics
from podium.training import runtime

SETTINGS = {"slides", "ingest_slides", "tile_slides", "train_segmenter", "predict_slides"}


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write thresholds, masks, GeoJSON, run lengths, the tables, metrics and plots."""
    args = parse(
        __doc__, argv, "source", "slides", "annotations", "model", "manner", "out", "tables",
        "metrics", "plots",
    )  # fmt: skip
    params = load_params(args.params)
    runtime.set_up(params.train_segmenter.seed, deterministic=params.device.deterministic)
    settings, rows = params.predict_slides, read_slides(args.slides)
    segmenter, weights = Segmenter(args.model, params.device.engine), file_sha256(args.model)
    meter, references = ThroughputMeter(), reference_stains(rows, args.source, params)
    predictor = Predictor(args.source, args.annotations, segmenter, weights, params, references)
    results, failures = predictor.predict(rows, meter)
    train = [result for result in results if result.row.split == "train"]
    test = [result for result in results if result.row.split == "test"]
    platt, level = slide_classification.fit_platt(train), slide_classification.choose_level(train)
    prior, seed = slide_classification.tumour_share(train), params.train_segmenter.seed
    oof = slide_classification.classify_out_of_fold(train)
    slides = [*oof, *slide_classification.classify(test, platt, level, prior)]
    for name, table in slide_classification.prediction_tables(train, test, seed).items():
        predictions.write_predictions(args.tables / f"{name}.csv", table, _settings_of(params))
    config = InferenceConfig(
        weights, level, platt.slope, platt.intercept, settings.stride, settings.batch_size,
        params.tile_slides.max_unreadable, prior, settings.turns, predictor.stain,
        params.device.engine,
    )  # fmt: skip
    write_json(args.manner, asdict(config))
    marked_classes.write(args.out, segmenter.classes)
    write_table(args.out / "states.csv", slide_tables.states_table(slides, rows, failures))
    for slide in progress(slides, len(slides), "masks"):
        overlay = args.plots / f"{slide.result.row.slide}.png"
        write_outputs(slide, args.out, overlay, segmenter.classes)
    metrics = oof_metrics.metrics(oof, settings.bootstrap, segmenter.classes)
    unseen = [slide.result.row.slide for slide in slides if not slide.result.has_tiles]
    metrics |= {"threshold": level / LEVELS, "n_left_out": len(failures), "n_no_tiles": len(unseen)}
    metrics |= report.baseline_warning(metrics)
    _write_plots(args.plots, train, oof, level, metrics.get("warning", ""))
    warnings = report.warning_lines(metrics, unseen, prior)
    throughput = meter.throughput(meter.n_items, settings.batch_size)
    write_metrics(args, metrics | warnings_in(warnings), throughput, runtime.report())
    print("\n".join([*report.summary_lines(metrics), f"{args.out}: {len(results)} slides"]))
    print(end="".join(f"{line}\n" for line in warnings))


def _settings_of(params: Params) -> dict[str, Any]:
    """The settings that predictions depend on: their hash is in the tables."""
    own = {"slides": params.slides.how_read(), "tile_slides": params.tile_slides.how_cut()}
    own["predict_slides"] = params.predict_slides.how_seen()
    if params.device.engine != "tensorflow":
        own["device"] = {"engine": params.device.engine}
    return params.model_dump(include=SETTINGS) | own


def _write_plots(
    folder: Path,
    train: Sequence[SlideResult],
    oof: Sequence[SlidePrediction],
    level: int,
    warning: str,
) -> None:
    curve = slide_tables.precision_recall(train)
    write_table(folder / "precision_recall.csv", curve)
    write_table(folder / "counts.csv", slide_tables.counts_table(oof))
    report.precision_recall_png(folder / "precision_recall.png", curve, level, warning)


if __name__ == "__main__":
    main()
