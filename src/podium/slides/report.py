"""What a person wants to see of slides: overlays, the precision/recall curve, scores in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from shapely import MultiPolygon

from podium.evaluation.plots import write_figure, write_picture
from podium.slides.annotations import raster
from podium.slides.heat import View
from podium.slides.scoring import LEVELS, threshold_of
from podium.slides.slide_classification import SlidePrediction
from podium.slides.stitch import heat_bands

WIDE = 480  # pixels of the longer side of one panel
_TRUTH, _FOUND = (0, 150, 60), (215, 25, 28)

Pixels = NDArray[np.uint8]


def overlay_png(
    path: Path, view: View, call: SlidePrediction, regions: MultiPolygon | None
) -> None:
    """The slide, its truth (green), and its heat with what counts as tumour outlined in red."""
    whole = view.slide.size
    width = max(1, round(WIDE * whole[0] / max(whole)))
    size = width, max(1, round(WIDE * whole[1] / max(whole)))
    plain = np.asarray(cv2.resize(view.thumbnail, size, interpolation=cv2.INTER_AREA), "u1")
    hot = small(call.finding.heat, size)
    colours = cv2.applyColorMap((hot * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[:, :, ::-1]
    share = np.clip(hot * 1.5, 0, 0.65)[:, :, None]
    mixed = (plain * (1 - share) + colours * share).astype(np.uint8)
    marked = (hot >= threshold_of(call.level)).astype(np.uint8)
    panels = [
        plain,
        _with_truth(plain, regions, whole[0] / width),
        _outlined(mixed, marked, _FOUND),
    ]
    row = np.hstack([np.pad(one, ((0, 0), (4, 4), (0, 0)), constant_values=255) for one in panels])
    sheet = np.pad(row, ((26, 4), (0, 0), (0, 0)), constant_values=255)
    grey, words = (30, 30, 30), _words(call)
    cv2.putText(sheet, words, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, grey, 1, cv2.LINE_AA)
    write_picture(path, Image.fromarray(sheet))


def _words(call: SlidePrediction) -> str:
    row = call.finding.row
    score = f"   F1 {call.counts.f1:.3f}" if call.finding.known else ""
    return f"{row.slide} ({row.split}): probability of tumour {call.probability:.2f}{score}"


def small(heat: Path, size: tuple[int, int]) -> NDArray[np.float32]:
    """A heat map at `size` = (w, h), for people."""
    rows = []
    for row, band in heat_bands(heat):
        step = max(1, band.shape[1] // (2 * size[0]))
        rows.append(band[-row % step :: step, ::step].copy())  # no view, which would keep it all
    found = cv2.resize(np.concatenate(rows), size, interpolation=cv2.INTER_AREA)
    return np.asarray(found, dtype=np.float32)


def _with_truth(plain: Pixels, regions: MultiPolygon | None, downsample: float) -> Pixels:
    picture = np.array(plain)
    if regions is None:
        words = "truth unknown"
        cv2.putText(picture, words, (10, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, _TRUTH, 2, cv2.LINE_AA)
        return picture
    mask = raster.mask(regions, (0.0, 0.0, plain.shape[1], plain.shape[0]), downsample)
    inside = mask > 0
    picture[inside] = (0.7 * picture[inside] + 0.3 * np.array(_TRUTH)).astype(np.uint8)
    return _outlined(picture, mask, _TRUTH)


def _outlined(picture: Pixels, mask: Pixels, colour: tuple[int, int, int]) -> Pixels:
    lines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    picture = np.ascontiguousarray(picture)
    cv2.drawContours(picture, lines, -1, colour, 2)
    return picture


def precision_recall_png(path: Path, table: pd.DataFrame, level: int) -> None:
    """Precision, recall and F1 over the threshold, and the one that was chosen."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    by_threshold, curve = figure.subplots(1, 2)
    for name in ("precision", "recall", "f1"):
        by_threshold.plot(table["threshold"], table[name], label=name)
    by_threshold.axvline(level / LEVELS, color="#888888", linestyle=":")
    by_threshold.set(xlabel="threshold", ylim=(0, 1), title="out-of-fold pixels of all slides")
    by_threshold.legend(frameon=False)
    curve.plot(table["recall"], table["precision"], marker=".")
    curve.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    write_figure(path, figure)


def summary_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Scores of network and baselines as lines of text."""
    lines = []
    for name in ("network", "all_background", "hed_otsu"):
        one = metrics.get(name)
        if isinstance(one, dict):
            low, high = one.get("tumour_f1_low"), one.get("tumour_f1_high")
            sure = f"(95 %: {low:.3f} to {high:.3f})" if low is not None else ""
            lines.append(
                f"{name:<15} tumour F1 {one['tumour_f1']:.4f} {sure:<24} "
                f"per slide {one['tumour_f1_macro']:.4f}  IoU {one['iou']:.4f}  "
                f"background F1 {one['background_f1']:.4f}"
            )
    if "slide_auc" in metrics:
        lines.append(f"{'slides':<15} AUC {metrics['slide_auc']:.4f}, n = {metrics['n_slides']}")
    return lines
