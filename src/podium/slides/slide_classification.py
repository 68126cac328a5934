"""Slide-level calls and the threshold of masks, both fitted on out-of-fold slides only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from podium.evaluation import predictions
from podium.slides.scoring import (
    LEVELS,
    MIN_PROBABILITY,
    Counts,
    auc,
    best_level,
    curve,
    judged,
    scores,
)
from podium.slides.slide_results import SlideResult

CLASSES = ["normal", "tumour"]
_FAR = 1 / LEVELS  # no score is nearer to 0 or 1
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PlattScaling:
    """From a slide's score to its probability of tumour: p = 1 / (1 + exp(-(a * logit + b)))."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, hottest: Floats) -> Floats:
        """Probabilities (N,) of scores (N,)."""
        found = 1 / (1 + np.exp(-(self.slope * _logit(hottest) + self.intercept)))
        return np.asarray(found, dtype=np.float64)


def _logit(scores: Floats) -> Floats:
    inside = np.clip(scores, _FAR, 1 - _FAR)
    return np.log(inside / (1 - inside))


def hottest(finding: SlideResult) -> float:
    """The mean heat of the slide's hottest part: what decides whether tumour is marked on it."""
    return finding.hottest


def mean_heat(finding: SlideResult) -> float:
    """The mean heat of all pixels."""
    pixels = finding.histogram.sum(0)
    return float(pixels @ (np.arange(LEVELS) + 0.5) / LEVELS / max(1, pixels.sum()))


def hot_area(finding: SlideResult) -> float:
    """The share of pixels that are more likely tumour than not."""
    pixels = finding.histogram.sum(0)
    return float(pixels[LEVELS // 2 :].sum() / max(1, pixels.sum()))


Score = Callable[[SlideResult], float]
SCORES: dict[str, Score] = {"fcn": hottest, "fcn-mean": mean_heat, "fcn-area": hot_area}


def fitted(findings: Sequence[SlideResult], score: Score = hottest) -> PlattScaling:
    """Platt's logistic of the scores of slides with a label; the score itself where all are alike.

    The penalty of scikit-learn's default keeps few slides from making certain. Where heat says
    less than nothing, the share of slides with tumour is all that is known.
    """
    known = [one for one in findings if one.row.label]
    truth = np.array([int(one.row.label) for one in known])
    if len(np.unique(truth)) < 2:
        return PlattScaling()
    x = _logit(np.array([score(one) for one in known]))[:, None]
    model = LogisticRegression().fit(x, truth)
    if model.coef_[0, 0] < 0:
        return PlattScaling(0.0, float(_logit(truth.mean())))
    return PlattScaling(float(model.coef_[0, 0]), float(model.intercept_[0]))


def level_for(findings: Sequence[SlideResult]) -> int:
    """The level of heat from which on pixels are tumour: of the best pooled F1."""
    known = [one.histogram for one in findings if one.known]
    total = np.sum(known, axis=0) if known else np.zeros((2, LEVELS), dtype=np.int64)
    return best_level(total) if total[1].any() else LEVELS // 2


@dataclass(frozen=True)
class SlidePrediction:
    """A slide with its probability of tumour, and the level of heat from which on it is tumour."""

    finding: SlideResult
    probability: float
    level: int

    @property
    def counts(self) -> Counts:
        """Pixels of the mask by the truth."""
        return Counts.at(self.finding.histogram, self.level)


def call(
    findings: Sequence[SlideResult], learnt_from: Sequence[SlideResult]
) -> list[SlidePrediction]:
    """Calls of slides, with threshold and probability fitted on others.

    A slide that is called free of tumour has no level: nothing is marked on it.
    """
    caller, level = fitted(learnt_from), level_for(learnt_from)
    p = caller(np.array([one.hottest for one in findings])).tolist()
    return [
        SlidePrediction(one, its, level if its >= MIN_PROBABILITY else LEVELS)
        for one, its in zip(findings, p, strict=True)
    ]


def out_of_fold(findings: Sequence[SlideResult]) -> list[SlidePrediction]:
    """Calls of train slides, fold by fold, fitted on the slides of the other folds."""
    found = []
    for fold in sorted({one.row.fold for one in findings}):
        mine = [one for one in findings if one.row.fold == fold]
        found += call(mine, [one for one in findings if one.row.fold != fold])
    return found


def tables(
    train: Sequence[SlideResult], test: Sequence[SlideResult], seed: int
) -> dict[str, pd.DataFrame]:
    """Prediction tables of slides, by name: a call from each score, and the share of tumour.

    Train slides are called by a fit on the other folds, test slides by one on all.
    """
    found = {name: table(train, test, seed, called_by(score)) for name, score in SCORES.items()}
    return found | {"prior": table(train, test, seed, _share)}


CallBy = Callable[[Sequence[SlideResult], Sequence[SlideResult]], Floats]


def called_by(score: Score) -> CallBy:
    """What calls slides, given them and those to learn from, by one score of each."""
    return lambda these, others: fitted(others, score)(np.array([score(one) for one in these]))


def _share(findings: Sequence[SlideResult], others: Sequence[SlideResult]) -> Floats:
    labels = [int(one.row.label) for one in others if one.row.label]
    return np.full(len(findings), (sum(labels) + 1) / (len(labels) + 2))


def table(
    train: Sequence[SlideResult], test: Sequence[SlideResult], seed: int, call_by: CallBy
) -> pd.DataFrame:
    """The prediction table of slides as `call_by` calls them."""
    parts = []
    for fold in sorted({one.row.fold for one in train}):
        mine = [one for one in train if one.row.fold == fold]
        others = [one for one in train if one.row.fold != fold]
        parts.append(_rows(mine, "oof", seed, call_by(mine, others)))
    if test:
        parts.append(_rows(test, "test", seed, call_by(test, train)))
    return pd.concat(parts, ignore_index=True)


def _rows(part: Sequence[SlideResult], split: str, seed: int, p: Floats) -> pd.DataFrame:
    ids, of = zip(*((one.row.slide, one.row.fold) for one in part), strict=True)
    pairs = np.stack([1 - p, p], axis=1)
    patients = [one.row.patient for one in part]
    labels = [one.row.label if split == "oof" else "" for one in part]
    known = predictions.RowFacts(patients, [CLASSES[int(one)] if one else "" for one in labels])
    return predictions.rows(list(ids), split, np.array(of), seed, pairs, CLASSES, known)


def counts_table(oof: Sequence[SlidePrediction]) -> pd.DataFrame:
    """Pixels of each out-of-fold slide with known truth: slide, patient, fold, model, counts.

    `model` is network, or hed_otsu for the colour threshold.
    """
    found = []
    for one in oof:
        row, dark = one.finding.row, one.finding.threshold
        whose = {"slide": row.slide, "patient": row.patient, "fold": row.fold}
        if one.finding.known:
            found.append(whose | {"model": "network"} | asdict(one.counts))
            found += [whose | {"model": "hed_otsu"} | asdict(dark)] if dark else []
    names = ["slide", "patient", "fold", "model", *(one.name for one in fields(Counts))]
    return pd.DataFrame(found, columns=pd.Index(names))


def metrics(oof: Sequence[SlidePrediction], n_bootstrap: int) -> dict[str, Any]:
    """Scores of calls whose network saw none of the patients, threshold and call fitted on others.

    Beside them the mask that marks nothing, and the colour threshold.
    """
    known = [one for one in oof if one.finding.known]
    patients = [one.finding.row.patient for one in known]
    found: dict[str, Any] = {"n_slides": len(oof), "n_patients": len(set(patients))}
    if known:
        found |= judged([one.counts for one in known], patients, n_bootstrap)
        dark = [one.finding.threshold for one in known if one.finding.threshold]
        if len(dark) == len(known):
            found["hed_otsu"] = scores(dark)
    called = [one for one in oof if one.finding.row.label]
    truth = np.array([int(one.finding.row.label) for one in called])
    slides = auc(truth, np.array([one.probability for one in called]))
    return found | ({} if slides is None else {"slide_auc": slides})


def precision_recall(findings: Sequence[SlideResult]) -> pd.DataFrame:
    """Threshold, precision, recall and F1 over all pixels of slides with known tumour."""
    known = [one.histogram for one in findings if one.known]
    rows = curve(np.sum(known, axis=0)) if known else []
    return pd.DataFrame(rows, columns=pd.Index(["threshold", "precision", "recall", "f1"]))
