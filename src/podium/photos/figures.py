"""Pictures of trained photo models: the ladder, curves, confusions, labels, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from podium.evaluation.plots import write_figure
from podium.evaluation.scores import Metric
from podium.photos.crossval import Floats, TrainRows
from podium.photos.report import confused_pairs, indicators, reliability

BLUE, GREY, DARK = "#4477aa", "#bbbbbb", "#222222"
MATRIX_CLASSES = 20  # more have no room in a matrix
BARS = 30  # most bars of one picture
INTERVAL_NOTE = (
    "lines: 95 % intervals over train pictures, each predicted by a model that never saw it;\n"
    "test pictures get the mean of all folds' models, as a rule a little better than this"
)


def write_pictures(folder: Path, curve: pd.DataFrame, values: Floats, data: TrainRows) -> None:
    """Draw what there is to see of one model's out-of-fold predictions.

    Args:
        folder: of the pictures.
        curve: epoch, train_loss, stop_loss.
        values: out of fold, (N, K).
        data: the train rows.
    """
    if data.kind.name == "number":
        numbers_png(folder / "curves.png", curve, values, data)
        return
    curves_png(folder / "curves.png", curve, values, data)
    if data.kind.name == "classes":
        confusion_png(folder / "confusion.png", values, data)
    else:
        labels_png(folder / "labels.png", values, data)


def ladder_png(
    path: Path,
    model_scores: Mapping[str, Mapping[str, Mapping[str, Any]]],
    metrics: Sequence[Metric],
) -> None:
    """Draw a bar of the first metric per model, with its interval and the next metric in words.

    Args:
        path: of the PNG.
        model_scores: value, low and high by metric and model.
        metrics: the first is drawn.
    """
    main = metrics[0]
    sign = -1 if main.lower_is_better else 1
    order = sorted(model_scores, key=lambda name: sign * model_scores[name][main.key]["value"])
    scores = [model_scores[name][main.key] for name in order]
    values = np.array([score["value"] for score in scores])
    ends = np.array(
        [[score.get(end, score["value"]) for end in ("low", "high")] for score in scores]
    )
    errors = np.abs(ends.T - values)
    figure = Figure(figsize=(9, 0.42 * len(order) + 1.5), layout="constrained")
    axes = figure.subplots()
    axes.barh(order, values, xerr=errors, color=BLUE, error_kw={"ecolor": DARK})
    reach = max(float(ends.max()), 1e-9)
    for row, name in enumerate(order):
        others = [
            f"{metric.name} {_digits(model_scores[name][metric.key]['value'])}"
            for metric in metrics[1:]
        ]
        text = "   ".join([f"  {_digits(values[row])}", *others])
        axes.text(max(ends[row, 1], 0), row, text, va="center", fontsize=9)
    axes.set_xlim(min(0.0, float(ends.min())), reach * 1.6)
    better = "lower" if main.lower_is_better else "higher"
    axes.set_xlabel(f"out-of-fold {main.name} ({better} is better)\n{INTERVAL_NOTE}", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    write_figure(path, figure)


def _digits(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.4g}"


def curves_png(path: Path, curve: pd.DataFrame, probs: Floats, data: TrainRows) -> None:
    """Draw learning curve, ROC and calibration side by side.

    Args:
        path: of the PNG.
        curve: epoch, train_loss, stop_loss.
        probs: out of fold, (N, K).
        data: the train rows.
    """
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    learning, roc, calibration = figure.subplots(1, 3)
    _learning(learning, curve, "log loss")
    is_true = indicators(data)  # all classes pooled
    fpr, tpr, _ = roc_curve(is_true.ravel(), probs.ravel())
    roc.plot(fpr, tpr, color=BLUE)
    pooled = "" if probs.shape[1] < 3 else f", {probs.shape[1]} {data.kind.name} pooled"
    roc.set(title=f"ROC, out of fold{pooled}", xlabel="false positive rate")
    roc.set_ylabel("true positive rate")
    bins = reliability(probs, is_true)
    calibration.plot([0, 1], [0, 1], color=GREY)
    calibration.plot(bins["predicted"], bins["true_share"], marker="o", color=BLUE)
    calibration.set(title="calibration, out of fold", xlabel="predicted", ylabel="true share")
    write_figure(path, figure)


def _learning(axes: Any, curve: pd.DataFrame, loss: str) -> None:
    """Draw train and stop loss by epoch."""
    for column in ("train_loss", "stop_loss"):
        axes.plot(curve["epoch"], curve[column], label=column.replace("_", " "))
    axes.set(title="learning curve, mean of heads", xlabel="epoch", ylabel=loss)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)


def numbers_png(path: Path, curve: pd.DataFrame, values: Floats, data: TrainRows) -> None:
    """Draw the learning curve, and predicted against true numbers with the line of equality.

    Args:
        path: of the PNG.
        curve: epoch, train_loss, stop_loss.
        values: out of fold, (N, 1).
        data: the train rows.
    """
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    learning, scatter = figure.subplots(1, 2)
    _learning(learning, curve, "half squared error, standardised")
    ends = [min(data.truth.min(), values.min()), max(data.truth.max(), values.max())]
    scatter.plot(ends, ends, color=GREY, zorder=1)
    dots = {"s": 10, "alpha": max(0.05, min(0.6, 300 / len(values))), "linewidths": 0}
    scatter.scatter(data.truth, values[:, 0], color=BLUE, zorder=2, **dots)
    scatter.set(title="out of fold; grey: equal", xlabel="true", ylabel="predicted")
    scatter.set_aspect("equal", adjustable="box")
    write_figure(path, figure)


def confusion_png(path: Path, probs: Floats, data: TrainRows) -> None:
    """Draw the confusion matrix; of many classes the pairs that are confused most.

    Args:
        path: of the PNG.
        probs: out of fold, (N, K).
        data: the train rows.
    """
    if len(data.names) > MATRIX_CLASSES:
        pairs = confused_pairs(probs, data)[:BARS][::-1]
        texts = [f"{row.actual} as {row.predicted}" for row in pairs.itertuples()]
        title = f"pictures of one class taken for another, of {len(data.names)} classes"
        shares = [f" {row.count_} ({row.share:.0%})" for row in pairs.itertuples()]
        _bars(path, texts, pairs["count_"], f"{title}\n(and of the true class)", shares)
        return
    n_classes = len(data.names)
    counts = confusion_matrix(data.truth, probs.argmax(1), labels=range(n_classes))
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    names = [_short(name) for name in data.names]
    longest = max(len(name) for name in names)
    side = max(4.2, 0.5 * n_classes + 0.1 * longest + 1.5)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.6 else DARK
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(n_classes), names, rotation=90 if n_classes * longest > 20 else 0)
    axes.set_yticks(range(n_classes), names)
    axes.set(title="pictures, out of fold", xlabel="predicted", ylabel="true")
    write_figure(path, figure)


def labels_png(path: Path, probs: Floats, data: TrainRows) -> None:
    """Draw the area under the ROC of each label with its number of pictures; worst at the top.

    Args:
        path: of the PNG.
        probs: out of fold, (N, K).
        data: the train rows.
    """
    areas = {
        name: (roc_auc_score(data.truth[:, k], probs[:, k]), int(data.truth[:, k].sum()))
        for k, name in enumerate(data.names)
        if 0 < data.truth[:, k].sum() < len(data.truth)
    }
    order = sorted(areas, key=lambda name: -areas[name][0])[-BARS:]
    title = "area under the ROC of each label, out of fold"
    if len(areas) > BARS:
        title += f" (the {BARS} worst of {len(areas)})"
    texts = [f" {areas[name][0]:.3f}, {areas[name][1]} pictures" for name in order]
    _bars(path, order, [areas[name][0] for name in order], title, texts, 1.0)


def _bars(
    path: Path,
    names: Sequence[str],
    widths: Any,
    title: str,
    texts: Sequence[str],
    limit: float | None = None,
) -> None:
    """Draw horizontal bars with a text at the end of each; a single one needs no picture.

    Args:
        path: of the PNG.
        names: of the bars; the last is at the top.
        widths: of the bars.
        title: of the picture.
        texts: at the ends of the bars.
        limit: the last tick; None: widths are counts.
    """
    if len(names) < 2:
        return
    figure = Figure(figsize=(8, 0.28 * max(len(names), 3) + 1), layout="constrained")
    axes = figure.subplots()
    axes.barh(range(len(names)), widths, color=BLUE)
    axes.set_yticks(range(len(names)), [_short(name, 48) for name in names])
    if limit is None:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    else:
        axes.set_xticks(np.linspace(0, limit, 5))
    for row, (width, text) in enumerate(zip(widths, texts, strict=True)):
        axes.text(width, row, text, va="center", fontsize=9)
    axes.margins(x=0.3)
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    write_figure(path, figure)


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
