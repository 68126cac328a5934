"""What there is to see of trained networks: curves, augmented pictures, lines of summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from podium.core.files import write_table
from podium.evaluation.plots import write_figure
from podium.photos.networks.batches import TrainPictures
from podium.photos.networks.targets import targets_of
from podium.photos.networks.task import NetworkTask, TrainedNetwork

ROWS, COLUMNS = 4, 8  # of the contact sheet


def write_plots(folder: Path, task: NetworkTask, trained: Sequence[TrainedNetwork]) -> None:
    """Write learning curves and augmented pictures.

    Args:
        folder: of the files.
        task: what was trained on.
        trained: of each split.
    """
    curves = curve_table(trained)
    write_table(folder / "learning_curve.csv", curves)
    curves_png(folder / "learning_curve.png", curves)
    augmented_png(folder / "augmented.png", task)


def curve_table(trained: Sequence[TrainedNetwork]) -> pd.DataFrame:
    """Return seed, fold, epoch, pictures, train_loss, held_out_loss of all networks."""
    parts = [
        network.curve.assign(seed=network.split.seed, fold=network.split.fold)
        for network in trained
    ]
    columns = ["seed", "fold", "epoch", "pictures", "train_loss", "held_out_loss"]
    return pd.concat(parts).reindex(columns=columns)


def curves_png(path: Path, curves: pd.DataFrame) -> None:
    """Draw train and held-out loss of each network by epoch."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    each = figure.subplots(1, 2, sharex=True)
    for axes, column in zip(each, ("train_loss", "held_out_loss"), strict=True):
        for (seed, fold), part in curves.groupby(["seed", "fold"]):
            axes.plot(part["epoch"], part[column], marker=".", label=f"seed {seed}, fold {fold}")
        axes.set(title=column.replace("_", " "), xlabel="epoch")
    if len(curves) and curves.groupby(["seed", "fold"]).ngroups <= 10:
        each[1].legend(frameon=False, fontsize=8)
    write_figure(path, figure)


def augmented_png(path: Path, task: NetworkTask) -> None:
    """Draw train pictures as they are (left) and as the first epochs show them."""
    split = task.data.splits[0]
    learnt = np.flatnonzero(~split.held_out)
    targets = targets_of(task.data, learnt, task.settings, task.task.ordered)
    pictures = TrainPictures(task.pixels, targets.rows, learnt, task.settings)
    figure = Figure(figsize=(1.5 * COLUMNS, 1.5 * ROWS), layout="constrained")
    for axes_row, row in zip(figure.subplots(ROWS, COLUMNS), np.resize(learnt, ROWS), strict=True):
        for column, axes in enumerate(axes_row):
            shown = pictures.picture(column - 1, int(row))[0] if column else task.pixels[row]
            axes.imshow(shown)
            axes.set_axis_off()
    figure.suptitle("left: as it is; beside it: as the first epochs show it", fontsize=10)
    write_figure(path, figure)
