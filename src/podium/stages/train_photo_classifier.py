"""Train the fused photo classifier and everything it is compared with, on the same folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from podium.core.array_tree import write_tree
from podium.core.errors import guarded
from podium.core.files import file_sha256, write_table
from podium.core.params import load_params
from podium.core.throughput import ThroughputMeter
from podium.evaluation.predictions import write_predictions
from podium.evaluation.scores import Metric
from podium.evaluation.table_files import path_in
from podium.evaluation.task import read_task
from podium.photos.artefact import build_artefact, members_tree
from podium.photos.crossval import TrainRows, load_rows
from podium.photos.figures import ladder_png, write_pictures
from podium.photos.mistakes import mistakes_png
from podium.photos.models import PhotoModels
from podium.photos.report import write_tables
from podium.photos.score_lines import sample_lines, summary_lines
from podium.photos.scoring import fold_scores, mean_oof, task_metrics
from podium.photos.training import train_all
from podium.pictures.dataset import read_items
from podium.pictures.source import PictureSource
from podium.stages.arguments import parse, write_metrics
from podium.training import artefact, runtime


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, all models as arrays, the prediction tables, metrics and plots."""
    inputs = ("source", "items", "task", "columns", "folds", "features")
    args = parse(__doc__, argv, *inputs, "model", "members", "tables", "metrics", "plots")
    params = load_params(args.params)
    settings = params.train_photo_classifier
    runtime.set_up(settings.seed, deterministic=params.device.deterministic)
    items, task = read_items(args.items), read_task(args.task)
    data, metrics = load_rows(items, args.folds, task, args.columns), task_metrics(task)
    meter, n_rows = ThroughputMeter(), len(data.ids) * len(data.splits)
    with meter.measure(n_rows):
        trained = train_all(params, data, args.features)
    found = trained.metrics(data, settings.head, metrics)
    assert trained.heads is not None
    alone = mean_oof(trained.tables[trained.alone], data)
    artefact.save(build_artefact(trained.heads, params, data, args.features, alone), args.model)
    provenance = params.model_dump(include={"photos", "extractors", "train_photo_classifier"})
    hashes = {}
    for name, table in trained.tables.items():
        path = path_in(args.tables, name, table)
        write_predictions(path, table, provenance)
        hashes[name] = file_sha256(path)
    members = members_tree(trained.members, params, data, args.features, hashes)
    write_tree(args.members, members)
    oof = mean_oof(trained.tables[settings.head], data)
    write_tables(args.plots, oof, data)
    write_pictures(args.plots, trained.curves[settings.head], oof, data)
    _write_ladder(args.plots, trained, data, found["oof"], metrics)
    path_of, source = dict(zip(items["id"], items["path"], strict=True)), PictureSource(args.source)

    def read(name: str) -> bytes:
        return source.read(path_of[name])

    mistakes_png(args.plots / "mistakes.png", oof, data, read, params.photos.max_megapixels)
    throughput = meter.throughput(n_rows, settings.batch_size)
    write_metrics(args, found, throughput, runtime.report())
    print("\n".join([*summary_lines(found, metrics), *sample_lines(data, settings.sample)]))


def _write_ladder(
    folder: Path,
    trained: PhotoModels,
    data: TrainRows,
    scores: Mapping[str, Any],
    metrics: Sequence[Metric],
) -> None:
    """Write how all models learnt and what they score."""
    curves = [curve.assign(model=name) for name, curve in trained.curves.items()]
    write_table(folder / "learning_curve.csv", pd.concat(curves))
    write_table(folder / "folds.csv", fold_scores(trained.tables, data, metrics))
    ladder_png(folder / "ladder.png", scores, metrics)


if __name__ == "__main__":
    main()
