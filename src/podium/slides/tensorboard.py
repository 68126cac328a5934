"""Logs of a training run, epoch by epoch: DVCLive's files and TensorBoard's events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dvclive.live import Live

from podium.core.files import json_sha256, scratch_dir
from podium.core.params import TrainSegmenter
from podium.training.runtime import tf


def events_dir(settings: TrainSegmenter) -> Path:
    """The folder of a run's events in the scratch folder, named by its settings."""
    name = f"{settings.encoder}-rate{settings.learning_rate:g}-l2-{settings.l2:g}"
    number = json_sha256(settings.model_dump())[:8]
    return scratch_dir("tensorboard") / f"{name}-batch{settings.batch_size}-{number}"


def logger(plots: Path, events: Path) -> Callable[[dict[str, float]], None]:
    """A function that logs the figures of one epoch, `epoch` among them.

    Args:
        plots: folder of DVCLive's metrics.json and plots/metrics/*.tsv.
        events: folder of TensorBoard's event file; one of an earlier run is removed.
    """
    live = Live(str(plots), dvcyaml=None, save_dvc_exp=False, report=None, monitor_system=False)
    if live._dvc_repo is not None:
        live._dvc_repo.close()  # DVCLive opens the repository to name the run and never closes it
    for old in events.glob("events.out.tfevents.*"):
        old.unlink()
    writer = tf.summary.create_file_writer(str(events))

    def log(figures: dict[str, float]) -> None:
        step = int(figures["epoch"])
        live.step = step
        for name, value in figures.items():
            if name != "epoch":
                live.log_metric(name, value)
                with writer.as_default():
                    tf.summary.scalar(name, value, step)
        live.make_summary()  # type: ignore[no-untyped-call]
        writer.flush()

    return log
