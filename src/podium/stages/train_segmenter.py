"""Train the networks that find tumour, one per fold, each without that fold's patients."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd

from podium.core.errors import guarded
from podium.core.files import json_sha256, write_table
from podium.core.params import load_params
from podium.core.throughput import total
from podium.slides import fcn, marked_classes
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.dataset import open_slide, read_slides
from podium.slides.segmenter import assemble, describe
from podium.slides.tensorboard import events_dir, logger
from podium.slides.tile_dataset import TileDataset
from podium.slides.training import train_fold
from podium.stages.arguments import parse, write_metrics
from podium.training import artefact, runtime


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, metrics and plots; events for TensorBoard go to the scratch folder."""
    args = parse(
        __doc__, argv, "source", "slides", "tiles", "weights-dir", "model", "metrics", "plots"
    )
    params = load_params(args.params)
    settings, rows = params.train_segmenter, read_slides(args.slides)
    plan = ClassPlan.of(params.slides)
    marked_classes.refuse_another_order(args.slides, rows, plan.words)
    opened = partial(open_slide, source=args.source, settings=params.slides)
    tiles = TileDataset(args.tiles, rows, len(plan.names), opened)
    content = json_sha256(
        {"slides": [row.content for row in rows], "tiles": tiles.fingerprint}
        | params.tile_slides.how_cut()
    )
    description = describe(params.slides, params.tile_slides)
    models, results = {}, {}
    events = events_dir(settings)
    print(f"to watch: tensorboard --logdir {events.parent}", flush=True)
    for fold in sorted(set(tiles.fold.tolist())):
        print(f"fold {fold}: {int((tiles.fold != fold).sum())} tiles to learn from", flush=True)
        runtime.set_up(settings.seed, settings.precision, params.device.deterministic)
        models[fold] = fcn.build(settings, args.weights_dir, description, len(plan.names))
        log = logger(args.plots / f"fold-{fold}", events / f"fold-{fold}")
        results[fold] = train_fold(models[fold], tiles, fold, settings, content, log)
    artefact.save(assemble(models, description), args.model)
    tile_f1 = {f"fold-{k}": float(result.curve["tumour_f1"].iloc[-1])
               for k, result in results.items()}  # fmt: skip
    curves = [result.curve.assign(fold=fold) for fold, result in results.items()]
    write_table(args.plots / "learning_curve.csv", pd.concat(curves, ignore_index=True))
    throughput = total([result.throughput for result in results.values()])
    metrics = {"tile_f1_mean": sum(tile_f1.values()) / len(tile_f1), "tile_f1": tile_f1}
    write_metrics(args, metrics, throughput, runtime.report())
    for result in results.values():
        result.checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
