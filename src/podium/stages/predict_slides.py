"""Heat maps of all slides, out of fold where there is a truth; masks, calls and scores."""

from __future__ import annotations

from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import file_sha256, write_table
from podium.core.params import load_params
from podium.core.progress import progress
from podium.core.throughput import ThroughputMeter
from podium.evaluation import predictions
from podium.slides import report, slide_classification
from podium.slides.dataset import read_slides
from podium.slides.predict_dataset import Predictor
from podium.slides.predict_files import write_manner
from podium.slides.scoring import LEVELS
from podium.slides.segmenter import Segmenter
from podium.stages.arguments import parse, write_metrics
from podium.training import runtime

SETTINGS = {"slides", "ingest_slides", "tile_slides", "train_segmenter", "predict_slides"}


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write thresholds, masks, GeoJSON, run lengths, the table, metrics and plots."""
    args = parse(
        __doc__, argv, "source", "slides", "annotations", "model", "manner", "out", "tables",
        "metrics", "plots",
    )  # fmt: skip
    params = load_params(args.params)
    runtime.set_up(params.train_segmenter.seed, deterministic=params.device.deterministic)
    settings, rows = params.predict_slides, read_slides(args.slides)
    segmenter, weights = Segmenter(args.model), file_sha256(args.model)
    predictor = Predictor(args.source, args.annotations, segmenter, weights, params)
    meter = ThroughputMeter()
    findings = predictor.find_all(rows, meter)
    train = [one for one in findings if one.row.split == "train"]
    test = [one for one in findings if one.row.split == "test"]
    oof, called = slide_classification.out_of_fold(train), slide_classification.call(test, train)
    settings_of = params.model_dump(include=SETTINGS)
    for name, table in slide_classification.tables(
        train, test, params.train_segmenter.seed
    ).items():
        predictions.write_predictions(args.tables / f"{name}.csv", table, settings_of)
    level = slide_classification.level_for(train)
    metrics = slide_classification.metrics(oof, settings.bootstrap) | {
        "threshold": level / LEVELS,
        "n_left_out": len(rows) - len(findings),
    }
    most = params.tile_slides.max_unreadable
    write_manner(args.manner, weights, level, slide_classification.fitted(train), settings, most)
    curve = slide_classification.precision_recall(train)
    write_table(args.plots / "precision_recall.csv", curve)
    write_table(args.plots / "counts.csv", slide_classification.counts_table(oof))
    report.precision_recall_png(args.plots / "precision_recall.png", curve, level)
    for one in progress([*oof, *called], len(findings), "masks"):
        predictor.leave(one, args.out, args.plots)
    throughput = meter.throughput(meter.n_items, settings.batch_size)
    write_metrics(args, metrics, throughput, runtime.report())
    print("\n".join([*report.summary_lines(metrics), f"{args.out}: {len(findings)} slides"]))


if __name__ == "__main__":
    main()
