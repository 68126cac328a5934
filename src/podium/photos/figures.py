"""Pictures of trained photo models: the ladder, curves, confusions, numbers, the worst mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from podium.core.picture_decoder import decode
from podium.evaluation.plots import write_figure, write_picture
from podium.evaluation.scores import Metric
from podium.photos.crossval import Floats, TrainRows
from podium.photos.report import confused_pairs, indicators, reliability, row_losses

BLUE, GREY, DARK, RED = "#4477aa", "#bbbbbb", "#222222", "#bb2222"
MATRIX_CLASSES = 20  # more have no room in a matrix
BARS = 30  # most bars of one picture
MEAN_OF_HEADS = (
    "A bar is a 95 % interval over train pictures, each predicted by a model that never saw it.\n"
    "Test pictures get the mean of all folds' models, which is a little better."
)


def write_pictures(
    folder: Path, curve: pd.DataFrame, values: Floats, data: TrainRows
) -> None:
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
    path: Path, model_scores: Mapping[str, Mapping[str, Mapping[str, Any]]], metrics: Sequence[Metric]
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
    ends = np.array([[score.get(end, score["value"]) for end in ("low", "high")] for score in scores])
    errors = np.abs(ends.T - values)
    figure = Figure(figsize=(9, 0.42 * len(order) + 1.5), layout="constrained")
    axes = figure.subplots()
    axes.barh(order, values, xerr=errors, color=BLUE, error_kw={"ecolor": DARK})
    reach = max(float(ends.max()), 1e-9)
    for row, name in enumerate(order):
        others = [
            f"{metric.name} {model_scores[name][metric.key]['value']:.4f}" for metric in metrics[1:]
        ]
        text = "   ".join([f"  {values[row]:.4g}", *others])
        axes.text(max(ends[row, 1], 0), row, text, va="center", fontsize=9)
    axes.set_xlim(min(0.0, float(ends.min())), reach * 1.6)
    better = "lower" if main.lower_is_better else "higher"
    axes.set_xlabel(f"out-of-fold {main.name} ({better} is better)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.text(0.01, -0.01, MEAN_OF_HEADS, fontsize=8, va="top", color="#555555")
    write_figure(path, figure)


def curves_png(path: Path, curve: pd.DataFrame, probs: Floats, data: TrainRows) -> None:
    """Draw learning curve, ROC and calibration side by side; probabilities (N, K) out of fold."""
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
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False)


def numbers_png(path: Path, curve: pd.DataFrame, values: Floats, data: TrainRows) -> None:
    """Draw the learning curve, and predicted against true numbers with the line of equality."""
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
    """Draw the confusion matrix; of many classes the pairs that are confused most."""
    if len(data.names) > MATRIX_CLASSES:
        pairs = confused_pairs(probs, data)[:BARS][::-1]
        texts = [f"{row.actual} as {row.predicted}" for row in pairs.itertuples()]
        title = f"confused most often, out of fold ({len(data.names)} classes)"
        _bars(path, texts, pairs["count"], title, [f" {share:.0%}" for share in pairs["share"]])
        return
    n_classes = len(data.names)
    counts = confusion_matrix(data.truth, probs.argmax(1), labels=range(n_classes))
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = max(4.2, 0.5 * n_classes + 2)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.6 else DARK
            axes.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
    names = [_short(name) for name in data.names]
    axes.set_xticks(range(n_classes), names, rotation=90 if n_classes > 4 else 0)
    axes.set_yticks(range(n_classes), names)
    axes.set(title="pictures, out of fold", xlabel="predicted", ylabel="true")
    write_figure(path, figure)


def labels_png(path: Path, probs: Floats, data: TrainRows) -> None:
    """Draw the area under the ROC of each label with its number of pictures; worst at the top."""
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
    _bars(path, order, [areas[name][0] for name in order], title, texts)


def _bars(path: Path, names: Sequence[str], widths: Any, title: str, texts: Sequence[str]) -> None:
    """Draw horizontal bars with a text at the end of each; the last is at the top."""
    figure = Figure(figsize=(8, 0.28 * max(len(names), 3) + 1), layout="constrained")
    axes = figure.subplots()
    axes.barh(range(len(names)), widths, color=BLUE)
    axes.set_yticks(range(len(names)), [_short(name, 48) for name in names])
    for row, (width, text) in enumerate(zip(widths, texts, strict=True)):
        axes.text(width, row, text, va="center", fontsize=9)
    axes.margins(x=0.3)
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    write_figure(path, figure)


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def mistakes_png(
    path: Path, values: Floats, data: TrainRows, load: Callable[[str], bytes], max_megapixels: float
) -> None:
    """Draw the 20 pictures predicted worst with the true and the predicted answer.

    Args:
        path: of the PNG.
        values: out of fold, (N, K).
        data: the train rows.
        load: id -> bytes of the picture.
        max_megapixels: of a picture.
    """
    worst = np.argsort(-row_losses(values, data), kind="stable")[:20]
    side, label = 240, 66
    font = ImageFont.load_default(15)
    sheet = Image.new("RGB", (5 * side, -(-len(worst) // 5) * (side + label)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, row in enumerate(worst):
        picture = decode(load(data.ids[row]), max_megapixels)
        picture.thumbnail((side - 6, side - 6))
        left, top = place % 5 * side, place // 5 * (side + label)
        sheet.paste(picture, (left + (side - picture.width) // 2, top + 3))
        *lines, wrong = _said(values[row], data, int(row))
        text = "\n".join(_fitting(line, font, side - 8) for line in (data.ids[row], *lines))
        draw.text((left + 4, top + side), text, RED if wrong else DARK, font)
    write_picture(path, sheet)


def _fitting(text: str, font: Any, width: int) -> str:
    """The end of `text` that has room in `width` pixels."""
    start = 0
    while start < len(text) and font.getlength(("..." if start else "") + text[start:]) > width:
        start += 1
    return ("..." if start else "") + text[start:]


def _said(values: Floats, data: TrainRows, row: int) -> tuple[str, str, bool]:
    """What is true of a row, what was predicted, and whether that is wrong."""
    if data.kind.name == "number":
        return f"true {data.truth[row]:.4g}", f"predicted {values[0]:.4g}", True
    if data.kind.name == "labels":
        cells = data.kind.truth_cells(np.array([data.truth[row], values >= 0.5]))
        return f"true {cells[0]}", f"predicted {cells[1]}", cells[0] != cells[1]
    truth, likeliest = int(data.truth[row]), int(values.argmax())
    said = [f"{data.names[k]} {values[k]:.3f}" for k in (truth, likeliest)]
    return f"true {said[0]}", f"predicted {said[1]}", truth != likeliest
