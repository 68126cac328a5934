"""Train one network of the section photo_networks for each fold, and predict with all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from podium.core.errors import guarded, unknown
from podium.core.params import load_params
from podium.core.throughput import total
from podium.evaluation.predictions import write_predictions
from podium.evaluation.task import read_task
from podium.photos.crossval import load_rows, prediction_table
from podium.photos.linear import prior_table
from podium.photos.models import PhotoModels
from podium.photos.networks.artefact import build_artefact
from podium.photos.networks.choices import choose, settings_lines
from podium.photos.networks.fold_training import FoldTrainer
from podium.photos.networks.names import check_networks
from podium.photos.networks.pixel_cache import cached_pixels
from podium.photos.networks.report import write_plots
from podium.photos.networks.start import check_start
from podium.photos.networks.task import NetworkTask
from podium.photos.report import write_tables
from podium.photos.score_lines import summary_lines
from podium.photos.scoring import mean_oof, task_metrics
from podium.pictures.dataset import read_items
from podium.pictures.source import PictureSource
from podium.stages.arguments import parse, write_metrics
from podium.training import artefact, runtime


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, the prediction table, metrics and plots of --name."""
    inputs = ("source", "items", "task", "folds", "weights-dir")
    args = parse(__doc__, argv, *inputs, "model", "table", "metrics", "plots", names=["name"])
    params = load_params(args.params)
    if args.name not in params.photo_networks:
        raise unknown("photo network", args.name, params.photo_networks)
    check_networks(params)
    settings = params.photo_networks[args.name]
    runtime.set_up(settings.seed, settings.precision, params.device.deterministic)
    items, task = read_items(args.items), read_task(args.task)
    data, metrics = load_rows(items, args.folds, task), task_metrics(task)
    if settings.start.endswith(".keras"):
        check_start(args.name, settings, task)
    n_learnt = int(np.median([np.sum(~split.held_out) for split in data.splits]))
    choices = choose(settings, items, n_learnt, "GPU" if runtime.GPUS else "processor")
    print("\n".join(settings_lines(args.name, choices)), flush=True)
    in_order = items.set_index("id").loc[data.ids + data.test_ids].reset_index()
    read = PictureSource(args.source).read
    pixels = cached_pixels(in_order, read, choices.image_size, params.photos.max_megapixels)
    job = NetworkTask(
        args.name, settings, choices, data, task, pixels, params.train_photo_classifier,
        args.weights_dir,
    )  # fmt: skip
    trainer = FoldTrainer(job)
    trained, values = zip(*trainer.train_all(), strict=True)
    table = prediction_table(np.stack(values, axis=1), data)
    write_predictions(args.table, table, settings.model_dump())
    artefact.save(build_artefact(trainer, trained, params.photos.max_megapixels), args.model)
    write_plots(args.plots, job, trained)
    write_tables(args.plots, mean_oof(table, data), data)
    models = PhotoModels({args.name: table, "prior": prior_table(data)})
    found = models.metrics(data, args.name, metrics)
    chosen = {"image_size": choices.image_size, **choices.training.model_dump()}
    parts = [network.throughput for network in trained if network.throughput]
    throughput = total(parts) if parts else None
    write_metrics(args, found | {"chosen": chosen}, throughput, runtime.report())
    for network in trained:
        if network.checkpoint:
            network.checkpoint.unlink(missing_ok=True)
    print("\n".join(summary_lines(found, metrics)))


if __name__ == "__main__":
    main()
