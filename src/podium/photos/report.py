"""Plots and tables of trained photo models: curves, scores, the worst mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from sklearn.metrics import precision_recall_curve, roc_curve

from podium.core.files import write_table
from podium.core.picture_decoder import decode
from podium.evaluation.metrics import row_log_losses, scores
from podium.evaluation.plots import write_figure, write_picture
from podium.evaluation.predictions import probabilities
from podium.photos.crossval import TrainRows

Floats = NDArray[np.float64]
Truth = NDArray[np.int64]


def mean_oof(table: pd.DataFrame, data: TrainRows) -> Floats:
    """Return out-of-fold probabilities (N, K) of the train rows, means over fold seeds."""
    columns = [f"p_{name}" for name in data.classes]
    means = table[table["split"] == "oof"].groupby("id")[columns].mean()
    return means.loc[data.ids].to_numpy(dtype=np.float64)


def write_curves(folder: Path, probs: Floats, data: TrainRows) -> None:
    """Write ROC, precision/recall, confusion and calibration of probabilities as tables.

    Args:
        folder: of the tables.
        probs: (N, K).
        data: the train rows.
    """
    roc, pr = [], []
    for k in range(len(data.classes)) if len(data.classes) > 2 else [1]:
        is_class, name = data.truth == k, data.classes[k]
        fpr, tpr, _ = roc_curve(is_class, probs[:, k])
        roc.append(_thin(pd.DataFrame({"class": name, "fpr": fpr, "tpr": tpr})))
        precision, recall, _ = precision_recall_curve(is_class, probs[:, k])
        pr.append(_thin(pd.DataFrame({"class": name, "precision": precision, "recall": recall})))
    write_table(folder / "roc.csv", pd.concat(roc))
    write_table(folder / "precision_recall.csv", pd.concat(pr))
    names = np.array(data.classes)
    confusion = {"actual": names[data.truth], "predicted": names[probs.argmax(1)]}
    write_table(folder / "confusion.csv", pd.DataFrame(confusion))
    write_table(folder / "calibration.csv", reliability(probs, data.truth))


def _thin(table: pd.DataFrame, n_rows: int = 300) -> pd.DataFrame:
    return table.iloc[np.unique(np.linspace(0, len(table) - 1, n_rows).astype(int))]


def reliability(probs: Floats, truth: Truth, n_bins: int = 10) -> pd.DataFrame:
    """Return bins of probability over all classes: mean probability, share that is true, count.

    Args:
        probs: (N, K).
        truth: class indices (N,).
        n_bins: of equal width.
    """
    flat, is_true = probs.ravel(), np.eye(probs.shape[1])[truth].ravel()
    bins = np.minimum((flat * n_bins).astype(int), n_bins - 1)
    table = pd.DataFrame({"bin": bins, "predicted": flat, "true_share": is_true, "count": 1})
    grouped = table.groupby("bin")
    means = grouped[["predicted", "true_share"]].mean()
    return means.assign(count=grouped["count"].sum()).reset_index(drop=True)


def fold_scores(tables: Mapping[str, pd.DataFrame], data: TrainRows) -> pd.DataFrame:
    """Return columns model, seed, fold, log_loss, accuracy: a row per model and held-out fold."""
    truth = dict(zip(data.ids, data.truth, strict=True))
    score_rows = []
    for model, table in tables.items():
        for (seed, fold), part in table[table["split"] == "oof"].groupby(["seed", "fold"]):
            each = scores(probabilities(part), np.array([truth[name] for name in part["id"]]))
            score_rows.append((model, seed, fold, each["log_loss"], each["accuracy"]))
    return pd.DataFrame(
        score_rows, columns=pd.Index(["model", "seed", "fold", "log_loss", "accuracy"])
    )


def ladder_png(path: Path, model_scores: Mapping[str, Mapping[str, float]]) -> None:
    """Draw a bar of out-of-fold log loss per model, with one standard error and the accuracy."""
    order = sorted(model_scores, key=lambda name: -model_scores[name]["log_loss"])
    losses = [model_scores[name]["log_loss"] for name in order]
    figure = Figure(figsize=(8, 0.45 * len(order) + 1.2), layout="constrained")
    axes = figure.subplots()
    errors = [model_scores[name]["log_loss_se"] for name in order]
    axes.barh(order, losses, xerr=errors, color="#4477aa", error_kw={"ecolor": "#222222"})
    for row, name in enumerate(order):
        text = f"  {losses[row]:.4f}   accuracy {model_scores[name]['accuracy']:.4f}"
        axes.text(losses[row] + errors[row], row, text, va="center", fontsize=9)
    axes.set_xlim(0, max(losses) * 1.45)
    axes.set_xlabel("out-of-fold log loss (lower is better), bar: one standard error")
    axes.spines[["top", "right"]].set_visible(False)
    write_figure(path, figure)


def curves_png(path: Path, curve: pd.DataFrame, probs: Floats, truth: Truth) -> None:
    """Draw learning curve, ROC and calibration side by side.

    Args:
        path: of the PNG.
        curve: epoch, train_loss, stop_loss.
        probs: out of fold, (N, K).
        truth: class indices (N,).
    """
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    learning, roc, calibration = figure.subplots(1, 3)
    for column in ("train_loss", "stop_loss"):
        learning.plot(curve["epoch"], curve[column], label=column)
    learning.set(title="learning curve, mean of heads", xlabel="epoch", ylabel="log loss")
    learning.legend(frameon=False)
    is_true = np.eye(probs.shape[1])[truth].ravel()  # all classes pooled
    fpr, tpr, _ = roc_curve(is_true, probs.ravel())
    roc.plot(fpr, tpr)
    roc.set(title="ROC, out of fold", xlabel="false positive rate", ylabel="true positive rate")
    bins = reliability(probs, truth)
    calibration.plot([0, 1], [0, 1], color="#bbbbbb")
    calibration.plot(bins["predicted"], bins["true_share"], marker="o")
    calibration.set(title="calibration, out of fold", xlabel="predicted", ylabel="true share")
    write_figure(path, figure)


def mistakes_png(
    path: Path, probs: Floats, data: TrainRows, load: Callable[[str], bytes], max_megapixels: float
) -> None:
    """Draw the 20 pictures of highest loss with their true class and its probability.

    Args:
        path: of the PNG.
        probs: out of fold, (N, K).
        data: the train rows.
        load: id -> bytes of the picture.
        max_megapixels: of a picture.
    """
    losses = row_log_losses(probs, data.truth)
    worst = np.argsort(-losses, kind="stable")[:20]
    side, label = 160, 32
    sheet = Image.new("RGB", (5 * side, -(-len(worst) // 5) * (side + label)), "white")
    for place, row in enumerate(worst):
        picture = decode(load(data.ids[row]), max_megapixels)
        picture.thumbnail((side - 6, side - 6))
        left, top = place % 5 * side, place // 5 * (side + label)
        sheet.paste(picture, (left + (side - picture.width) // 2, top + 3))
        truth = data.truth[row]
        lines = f"{data.ids[row][-24:]}\n{data.classes[truth]}: {probs[row, truth]:.4f}"
        wrong = probs[row].argmax() != truth
        ImageDraw.Draw(sheet).text((left + 4, top + side), lines, "#bb2222" if wrong else "#222222")
    write_picture(path, sheet)
