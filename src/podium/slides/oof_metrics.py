"""Scores of slides out of fold, and of each of several classes, beside trivial baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from podium.evaluation.scores import Score, as_dicts
from podium.slides import scoring
from podium.slides.annotations.class_plan import TUMOUR
from podium.slides.scoring import Counts
from podium.slides.slide_classification import SlidePrediction


def class_metrics(
    oof: Sequence[SlidePrediction], names: Sequence[str], n_bootstrap: int
) -> dict[str, Any]:
    """Scores of each class and their mean, beside those of all tissue marked as that class.

    Args:
        oof: out-of-fold predictions.
        names: of the classes.
        n_bootstrap: draws of patients for an interval.
    """
    with_truth = [slide for slide in oof if slide.result.has_truth and slide.result.classes]
    if not with_truth or len(names) == 1:
        return {}
    patients = [slide.result.row.patient for slide in with_truth]
    masks: dict[str, list[Counts]] = {}
    for label, name in enumerate(names, 1):
        masks[name] = [slide.class_counts[label - 1] for slide in with_truth]
        histograms = [slide.result.classes for slide in with_truth if slide.result.classes]
        masks[f"{name} everywhere"] = [each.all_tissue(label) for each in histograms]
    scores = scoring.score_masks(masks, patients, n_bootstrap)
    of_class = {
        name: {
            "f1": scores[name]["tumour_f1"].as_dict(),
            "iou": scores[name]["iou"].as_dict(),
            "baseline_f1": scores[f"{name} everywhere"]["tumour_f1"].as_dict(),
        }
        for name in names
    }
    mean = {key: float(np.mean([each[key]["value"] for each in of_class.values()]))
            for key in ("f1", "baseline_f1")}  # fmt: skip
    return {
        "classes": of_class, "mean_f1": mean["f1"], "mean_baseline_f1": mean["baseline_f1"],
        "loses_to_baseline": mean["f1"] < mean["baseline_f1"],
    }  # fmt: skip


def metrics(
    oof: Sequence[SlidePrediction], n_bootstrap: int, classes: Sequence[str] = (TUMOUR,)
) -> dict[str, Any]:
    """Scores of out-of-fold predictions, beside those of no mask and of the colour threshold.

    The network saw none of a slide's patients; threshold and probability were fitted on other
    folds. The pixels of several classes are added up, and each has scores of its own.

    Args:
        oof: out-of-fold predictions.
        n_bootstrap: draws of patients for an interval.
        classes: names of the labels 1, 2, ...
    """
    with_truth = [slide for slide in oof if slide.result.has_truth]
    patients = [slide.result.row.patient for slide in with_truth]
    values: dict[str, Any] = {"n_slides": len(oof), "n_patients": len(set(patients))}
    if with_truth:
        network = [slide.counts for slide in with_truth]
        masks = {"network": network, "all_background": [counts.unmarked for counts in network]}
        baselines = [slide.result.baseline for slide in with_truth if slide.result.baseline]
        if len(baselines) == len(with_truth):
            masks["hed_otsu"] = baselines
        scores = scoring.score_masks(masks, patients, n_bootstrap)
        values |= {model: as_dicts(of_model) for model, of_model in scores.items()}
        if "hed_otsu" in scores:
            ours, baseline = (scores[name]["tumour_f1"] for name in ("network", "hed_otsu"))
            values["loses_to_baseline"] = ours.value < baseline.value
    values |= class_metrics(oof, classes, n_bootstrap)
    labelled = [slide for slide in oof if slide.result.row.label]
    truth = np.array([int(slide.result.row.label) for slide in labelled])
    area = scoring.auc(truth, np.array([slide.probability for slide in labelled]))
    return values | ({} if area is None else {"slide_auc": Score(area, n=len(labelled)).as_dict()})
