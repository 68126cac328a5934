"""Train the networks that find tumour, one per fold, each without that fold's patients."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from podium.core.errors import guarded
from podium.core.files import json_sha256, write_table
from podium.core.params import load_params
from podium.core.throughput import total
from podium.slides import fcn
from podium.slides.dataset import read_slides
from podium.slides.segmenter import assembled, description_of
from podium.slides.tensorboard import events_dir, logger
from podium.slides.tile_dataset import TileDataset
from podium.slides.training import teach
from podium.stages.arguments import parse, write_metrics
from podium.training import artefact, runtime


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the artefact, metrics and plots; events for TensorBoard go to the scratch folder."""
    args = parse(__doc__, argv, "slides", "tiles", "weights-dir", "model", "metrics", "plots")
    params = load_params(args.params)
    settings, rows = params.train_segmenter, read_slides(args.slides)
    bank = TileDataset(args.tiles, rows)
    content = json_sha256(
        {"slides": [row.content for row in rows], "bank": bank.fingerprint}
        | params.tile_slides.model_dump()
    )
    description = description_of(params.slides, params.tile_slides)
    models, done = {}, []
    events = events_dir(settings)
    print(f"to watch: tensorboard --logdir {events.parent}", flush=True)
    for fold in sorted(set(bank.fold.tolist())):
        print(f"fold {fold}: {int((bank.fold != fold).sum())} tiles to learn from", flush=True)
        runtime.set_up(settings.seed, settings.precision, params.device.deterministic)
        model = fcn.build(settings, args.weights_dir, description)
        log = logger(args.plots / f"fold-{fold}", events / f"fold-{fold}")
        models[fold] = model
        done.append(teach(model, bank, fold, settings, content, log))
    artefact.save(assembled(models, description), args.model)
    last = [float(one.curve["tumour_f1"].iloc[-1]) for one in done]
    found = {"tile_f1": {f"fold-{k}": one for k, one in zip(models, last, strict=True)}}
    curves = [one.curve.assign(fold=fold) for fold, one in zip(models, done, strict=True)]
    write_table(args.plots / "learning_curve.csv", pd.concat(curves, ignore_index=True))
    throughput = total([one.throughput for one in done])
    write_metrics(
        args, {"tile_f1_mean": sum(last) / len(last), **found}, throughput, runtime.report()
    )
    for one in done:
        one.checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
