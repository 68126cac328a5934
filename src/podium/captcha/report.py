"""Plots and summary of a trained reader: learning curve, confusions, most confident mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from podium.captcha.fonts import font_path, load_font
from podium.evaluation.plots import write_figure, write_picture

Floats = NDArray[np.float64]
MISTAKES = 24  # on the sheet
SHEET = (4, 1600)  # the most columns, and the largest width in pixels, of the sheet
FONT = "noto-sans-sc"  # has every character of every task


def write_curves_png(path: Path, curve: pd.DataFrame, confused: Counter[tuple[str, str]]) -> None:
    """Plot accuracy and loss against pictures seen, and the commonest confusions.

    Args:
        path: a PNG file.
        curve: the learning curve, one row an epoch.
        confused: how often each (true, read) pair of characters occurred.
    """
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    accuracy, loss, bars = figure.subplots(1, 3)
    accuracy.plot(curve["pictures"], curve["whole_string"], marker=".")
    accuracy.set(title="validation texts read whole", xlabel="pictures seen", ylabel="share")
    accuracy.set_ylim(top=1.0)
    loss.plot(curve["pictures"], curve["train_loss"], marker=".")
    loss.set(title="train loss", xlabel="pictures seen", yscale="log")
    top = confused.most_common(12)[::-1]
    bars.barh(range(len(top)), [count for _, count in top])
    names = [f"{truth} read as {text}" for (truth, text), _ in top]
    bars.set_yticks(range(len(top)), names, font=font_path(FONT))
    bars.set(title="commonest confusions" if top else "no character was confused", xlabel="times")
    for axes in (accuracy, loss, bars):
        axes.spines[["top", "right"]].set_visible(False)
    if not top:
        bars.axis("off")
    write_figure(path, figure)


def confusion_table(confused: Counter[tuple[str, str]]) -> pd.DataFrame:
    """One row (actual, predicted) for each mistaken character, commonest pairs first."""
    rows = [pair for pair, count in confused.most_common() for _ in range(count)]
    return pd.DataFrame(rows, columns=pd.Index(["actual", "predicted"]))


def empty_curve() -> pd.DataFrame:
    """The learning curve of a reader that learnt nothing."""
    return pd.DataFrame(columns=pd.Index(["pictures", "whole_string", "train_loss"]))


def summary_lines(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Lines of text for the scores metrics[group][name], or metrics[group] if it is a score."""
    return [
        f"{group:<14} {name:<20} {score['value']:.4f}  "
        f"(95 %: {score['low']:.4f} to {score['high']:.4f}, n = {score['n']})"
        for group, scores in metrics.items()
        for name, score in (scores if "n" not in scores else {"whole_string": scores}).items()
    ]


def baseline_warning(constant: str, scores: Mapping[str, Any]) -> list[str]:
    """Lines for a reader that is no better than one constant text for all; else none.

    Args:
        constant: that text.
        scores: as `validation.validate` gives them.
    """
    decoded = next(iter(scores["decoded"].values()))  # of whole texts
    baseline = scores["constant_text"]
    if decoded["value"] > baseline["value"]:
        return []
    return [
        f"WARNING: this reader gets {decoded['value']:.4f} of {decoded['n']} validation texts "
        f"right, no more than the one text {constant!r} for all would ({baseline['value']:.4f}).",
        "What to try: more epochs or a larger epoch_size (train_captcha_reader), model ctc where "
        "labels are few, more train pictures, step 4 and a larger width; and look at mistakes.png: "
        "are the labels right?",
    ]


def mistakes(truth: Sequence[str], texts: Sequence[str], chances: Floats) -> list[int]:
    """The rows that were read wrong, the most confident first.

    Args:
        truth: the true texts (N,).
        texts: what was read (N,).
        chances: (N,) of being right.
    """
    wrong = [row for row, text in enumerate(texts) if text != truth[row]]
    return sorted(wrong, key=lambda row: (-chances[row], row))


def write_mistakes_png(
    path: Path,
    pixels: NDArray[np.uint8],
    truth: Sequence[str],
    texts: Sequence[str],
    chances: Floats,
) -> None:
    """Draw a sheet of the most confident mistakes: picture, true text, text read, its chance.

    Args:
        path: a PNG file.
        pixels: (N, H, W, 3), RGB.
        truth: the true texts (N,).
        texts: what was read (N,).
        chances: (N,) of being right, corrected.
    """
    wrong = mistakes(truth, texts, chances)
    rows = wrong[:MISTAKES]
    h, w = pixels.shape[1:3]
    cell_w, cell_h = max(w, 150) + 10, h + 34
    columns = max(1, min(SHEET[0], SHEET[1] // cell_w))
    n_rows = max(1, -(-len(rows) // columns))
    sheet = Image.new("RGB", (columns * cell_w, n_rows * cell_h + 24), "white")
    pen, font = ImageDraw.Draw(sheet), load_font(FONT, 12)
    title = f"{len(wrong)} of {len(truth)} validation texts read wrong"
    pen.text((5, 5), f"{title}, the most confident first" if rows else title, "#222222", font)
    for place, row in enumerate(rows):
        left, top = place % columns * cell_w + 5, place // columns * cell_h + 24
        sheet.paste(Image.fromarray(pixels[row]), (left, top))
        pen.text((left, top + h + 1), f"says {truth[row]}", "#222222", font)
        pen.text((left, top + h + 15), f"read {texts[row]}  {chances[row]:.2f}", "#bb2222", font)
    write_picture(path, sheet)
