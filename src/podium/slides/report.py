"""Slides for people: overlays, the precision/recall curve, scores in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from podium.core.printable import printable
from podium.evaluation.lettering import put_words
from podium.evaluation.plots import write_figure, write_picture
from podium.slides.annotations import raster
from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.annotations.pixel_mask import Regions
from podium.slides.annotations.stored import colour_of
from podium.slides.class_scoring import labels_of, total_heat
from podium.slides.reader import Pixels
from podium.slides.scoring import LEVELS, threshold_of
from podium.slides.slide_classification import SlidePrediction
from podium.slides.slide_results import SlideResult
from podium.slides.stitch import Heat

FAINT = 0.1  # heat up to this is not drawn: black glass round the tiles says nothing
_TRUTH_COLOUR, _TUMOUR_COLOUR, _UNKNOWN_COLOUR = (0, 150, 60), (215, 25, 28), (128, 128, 128)


def overlay_png(path: Path, slide: SlidePrediction, samples: Heat) -> None:
    """Draw three panels: the slide, its truth (green), its heat with what is marked in red.

    Classes have colours of their own; what is unknown is grey.

    Args:
        path: of the picture.
        slide: predicted.
        samples: (H, W) or (K, H, W), every `heat_step`-th pixel of its heat map.
    """
    plain, regions = slide.result.preview, slide.result.regions
    size = plain.shape[1], plain.shape[0]
    layers = [_resized(layer, size) for layer in samples.reshape(-1, *samples.shape[-2:])]
    heat = total_heat(np.stack(layers) if len(layers) > 1 else layers[0])
    colours = cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)[:, :, ::-1]
    share = np.clip((heat - FAINT) * 1.6, 0, 0.65)[:, :, None]
    mixed = (plain * (1 - share) + colours * share).astype(np.uint8)
    if len(layers) > 1:
        mixed = np.array(plain)
    for label in range(1, len(layers) + 1):
        stacked = np.stack(layers) if len(layers) > 1 else layers[0]
        marked = labels_of(stacked, threshold_of(slide.level)) == label
        colour = colour_of(label) if len(layers) > 1 else _TUMOUR_COLOUR
        mixed = _outlined(mixed, marked.astype(np.uint8), colour)
    truth = _with_truth(plain, regions, slide.result.grid.size[0] / size[0])
    panels = [plain, truth, mixed]
    row = np.hstack([np.pad(p, ((0, 0), (4, 4), (0, 0)), constant_values=255) for p in panels])
    sheet = np.pad(row, ((26, 4), (0, 0), (0, 0)), constant_values=255)
    put_words(sheet, title_of(slide), (8, 18), 0.45)
    write_picture(path, Image.fromarray(sheet))


def _resized(layer: Heat, size: tuple[int, int]) -> Heat:
    is_smaller = size[0] < layer.shape[1]  # else squares of equal pixels would show
    how = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(layer, size, interpolation=how), dtype=np.float32)


def heat_step(result: SlideResult) -> int:
    """How many pixels of a heat map lie between those that an overlay shows, in each direction."""
    return max(1, result.grid.frame[0] // (2 * result.preview.shape[1]))


def title_of(slide: SlidePrediction) -> str:
    """The title of an overlay: slide, split, probability and, where the truth is known, F1."""
    row = slide.result.row
    score = f"   F1 {slide.counts.f1:.3f}" if slide.result.has_truth else ""
    score += "" if slide.result.has_tiles else "   NO TILES: that is the share of tumour slides"
    outlined = "tumour" if slide.result.classes is None else "any class"
    return f"{row.slide} ({row.split}): probability of {outlined} {slide.probability:.2f}{score}"


def _with_truth(plain: Pixels, regions: Regions | None, downsample: float) -> Pixels:
    picture = np.array(plain)
    if regions is None:
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(picture, "truth unknown", (10, 24), font, 0.6, _TRUTH_COLOUR, 2, cv2.LINE_AA)
        return picture
    mask = raster.mask(regions, (0.0, 0.0, plain.shape[1], plain.shape[0]), downsample)
    labels = [label for label in np.unique(mask).tolist() if label]
    for label in labels:
        colour = _UNKNOWN_COLOUR if label == UNKNOWN else _truth_colour(label, max(labels))
        inside = mask == label
        picture[inside] = (0.7 * picture[inside] + 0.3 * np.array(colour)).astype(np.uint8)
        picture = _outlined(picture, inside.astype(np.uint8), colour)
    return picture


def _truth_colour(label: int, most: int) -> tuple[int, int, int]:
    return _TRUTH_COLOUR if most in (1, UNKNOWN) and label == 1 else colour_of(label)


def _outlined(picture: Pixels, mask: Pixels, colour: tuple[int, int, int]) -> Pixels:
    lines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    picture = np.ascontiguousarray(picture)
    cv2.drawContours(picture, lines, -1, colour, 2)
    return picture


def precision_recall_png(path: Path, table: pd.DataFrame, level: int, warning: str = "") -> None:
    """Draw precision, recall and F1 over the threshold, and mark the chosen one.

    Args:
        path: of the picture.
        table: of `slide_classification.precision_recall`.
        level: of the chosen threshold.
        warning: what must not be overlooked, written in red above the curves.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    by_threshold, curve = figure.subplots(1, 2)
    for name in ("precision", "recall", "f1"):
        by_threshold.plot(table["threshold"], table[name], label=name)
    by_threshold.axvline(level / LEVELS, color="#888888", linestyle=":")
    by_threshold.set(xlabel="threshold", ylim=(0, 1), title="out-of-fold pixels of all slides")
    by_threshold.legend(frameon=False)
    curve.plot(table["recall"], table["precision"], marker=".")
    curve.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1))
    if warning:
        figure.suptitle(warning, color="#b00020", fontsize=9, wrap=True)
    write_figure(path, figure)


def baseline_warning(metrics: Mapping[str, Any]) -> dict[str, str]:
    """A sentence under `warning` if a trivial baseline beats the network out of fold."""
    if not metrics.get("loses_to_baseline"):
        return _class_warning(metrics.get("classes", {}))
    if "mean_f1" in metrics:
        ours, trivial = metrics["mean_f1"], metrics["mean_baseline_f1"]
        return {
            "warning": f"the network (mean F1 {ours:.3f}, out of fold) loses to marking all tissue "
            f"as one class (F1 {trivial:.3f})"
        }
    network, threshold = (metrics[name]["tumour_f1"]["value"] for name in ("network", "hed_otsu"))
    return {
        "warning": f"the network (tumour F1 {network:.3f}, out of fold) loses to a plain threshold "
        f"on colour (F1 {threshold:.3f})"
    }


def _class_warning(classes: Mapping[str, Any]) -> dict[str, str]:
    """A sentence under `warning` on the classes that all tissue marked as them beats."""
    values = {name: (each["f1"]["value"], each["baseline_f1"]["value"])
              for name, each in classes.items()}  # fmt: skip
    lost = [f"{name} (F1 {ours:.3f}, that has {trivial:.3f})"
            for name, (ours, trivial) in values.items() if ours < trivial]  # fmt: skip
    said = f"the network, out of fold, loses to marking all tissue as {', '.join(lost)}"
    return {"warning": said} if lost else {}


def warning_lines(metrics: Mapping[str, Any], unseen: Sequence[str], prior: float) -> list[str]:
    """What must not be overlooked about a run of predict_slides, as lines of text.

    Args:
        metrics: of the stage.
        unseen: slides without tiles.
        prior: the share of tumour slides, which test slides without tiles get.
    """
    lines = []
    if unseen:
        shown = ", ".join(unseen[:5]) + (", ..." if len(unseen) > 5 else "")
        lines.append(
            printable(
                f"WARNING: no tiles: {len(unseen)} slides were seen by no network and hold the "
                f"share of tumour slides ({prior:.3f} for test slides), nothing marked: {shown}"
            )
        )
        lines.append(
            "remedy: look at plots/predict_slides/<slide>.png; where there is tissue, lower "
            "tile_slides.min_tissue or tile_slides.tile, or raise tile_slides.thumbnail"
        )
    if warning := metrics.get("warning"):
        lines.append(f"WARNING: {warning}: its masks are worse than no training at all")
        lines.append(
            "remedy: podium inspect slides --write (it chooses scale, finest and epochs by the "
            "outlines; --minutes for longer training); check annotations and slides.classes; of a "
            "class alone: outline more of it, or merge it with another"
        )
    return lines


def summary_lines(metrics: Mapping[str, Any]) -> list[str]:
    """Scores of network and baselines as lines of text."""
    lines = []
    for name in ("network", "all_background", "hed_otsu"):
        if name in metrics:
            of = {key: score["value"] for key, score in metrics[name].items()}
            low, high = (metrics[name]["tumour_f1"][end] for end in ("low", "high"))
            lines.append(
                f"{name:<15} tumour F1 {of['tumour_f1']:.4f} (95 %: {low:.3f} to {high:.3f}) "
                f"per slide {of['tumour_f1_macro']:.4f}  IoU {of['iou']:.4f}  "
                f"background F1 {of['background_f1']:.4f}"
            )
    for name, scores in metrics.get("classes", {}).items():
        lines.append(
            f"{name:<15} F1 {scores['f1']['value']:.4f} (95 %: {scores['f1']['low']:.3f} to "
            f"{scores['f1']['high']:.3f})  all tissue marked as it: "
            f"{scores['baseline_f1']['value']:.4f}"
        )
    if "mean_f1" in metrics:
        lines.append(
            f"{'mean of classes':<15} F1 {metrics['mean_f1']:.4f}  all tissue: "
            f"{metrics['mean_baseline_f1']:.4f}"
        )
    if area := metrics.get("slide_auc"):
        lines.append(f"{'slides':<15} AUC {area['value']:.4f}, n = {area['n']}")
    return lines
