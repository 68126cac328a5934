"""Train the fused photo classifier and everything it is compared with, on the same folds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import Params, load_params
from podium.core.throughput import ThroughputMeter
from podium.evaluation.predictions import write_predictions
from podium.photos.crossval import Floats, TrainRows, load_rows
from podium.photos.report import (
    curves_png,
    fold_scores,
    ladder_png,
    mean_oof,
    mistakes_png,
    write_curves,
)
from podium.photos.score_lines import summary_lines
from podium.photos.training import PhotoModels, build_artefact, train_all
from podium.pictures.dataset import read_items
from podium.pictures.source import PictureSource
from podium.stages.arguments import parse, write_metrics
from podium.training import artefact, runtime


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, the prediction tables, metrics and plots."""
    args = parse(
        __doc__, argv, "source", "items", "folds", "features", "model", "tables", "metrics", "plots"
    )
    params = load_params(args.params)
    runtime.set_up(params.train_photo_classifier.seed, deterministic=params.device.deterministic)
    items = read_items(args.items)
    data = load_rows(items, args.folds)
    meter, n_rows = ThroughputMeter(), len(data.ids) * len(data.splits)
    with meter.measure(n_rows):
        trained = train_all(params, data, args.features)
    metrics = trained.metrics(data, params.train_photo_classifier.head)
    oof = mean_oof(trained.tables[params.train_photo_classifier.head], data)
    artefact.save(build_artefact(trained, params, data, args.features, oof), args.model)
    settings = params.model_dump(include={"photos", "extractors", "train_photo_classifier"})
    for name, table in trained.tables.items():
        write_predictions(args.tables / f"{name}.csv", table, settings)
    _write_plots(args.plots, trained, data, oof, params)
    path_of, source = dict(zip(items["id"], items["path"], strict=True)), PictureSource(args.source)

    def read(name: str) -> bytes:
        return source.read(path_of[name])

    mistakes_png(args.plots / "mistakes.png", oof, data, read, params.photos.max_megapixels)
    throughput = meter.throughput(n_rows, params.train_photo_classifier.batch_size)
    write_metrics(args, metrics, throughput, runtime.report())
    print("\n".join(summary_lines(metrics)))


def _write_plots(
    folder: Path, trained: PhotoModels, data: TrainRows, oof: Floats, params: Params
) -> None:
    curves = [curve.assign(model=name) for name, curve in trained.curves.items()]
    write_table(folder / "learning_curve.csv", pd.concat(curves))
    write_table(folder / "folds.csv", fold_scores(trained.tables, data))
    write_curves(folder, oof, data)
    ladder_png(folder / "ladder.png", trained.scores(data))
    curve = trained.curves[params.train_photo_classifier.head]
    curves_png(folder / "curves.png", curve, oof, data.truth)


if __name__ == "__main__":
    main()
