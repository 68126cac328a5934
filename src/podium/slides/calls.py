"""Slide-level calls and the threshold of masks, both fitted on out-of-fold slides only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from podium import predictions
from podium.slides.findings import Finding
from podium.slides.scoring import LEVELS, Counts, auc, best_level, curve, judged, scores

CLASSES = ["normal", "tumour"]
CALLED = 0.5  # a slide less likely to have tumour than this has none marked on it
_FAR = 1 / LEVELS  # no score is nearer to 0 or 1
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Caller:
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


def fitted(findings: Sequence[Finding]) -> Caller:
    """Platt's logistic of the scores of slides with a label; the score itself where all are alike.

    The penalty of scikit-learn's default keeps few slides from making certain. Where heat says
    less than nothing, the share of slides with tumour is all that is known.
    """
    known = [one for one in findings if one.row.label]
    truth = np.array([int(one.row.label) for one in known])
    if len(np.unique(truth)) < 2:
        return Caller()
    x = _logit(np.array([one.hottest for one in known]))[:, None]
    model = LogisticRegression().fit(x, truth)
    if model.coef_[0, 0] < 0:
        return Caller(0.0, float(_logit(truth.mean())))
    return Caller(float(model.coef_[0, 0]), float(model.intercept_[0]))


def level_for(findings: Sequence[Finding]) -> int:
    """The level of heat from which on pixels are tumour: of the best pooled F1."""
    known = [one.histogram for one in findings if one.known]
    total = np.sum(known, axis=0) if known else np.zeros((2, LEVELS), dtype=np.int64)
    return best_level(total) if total[1].any() else LEVELS // 2


@dataclass(frozen=True)
class Call:
    """A slide with its probability of tumour, and the level of heat from which on it is tumour."""

    finding: Finding
    probability: float
    level: int

    @property
    def counts(self) -> Counts:
        """Pixels of the mask by the truth."""
        return Counts.at(self.finding.histogram, self.level)


def call(findings: Sequence[Finding], learnt_from: Sequence[Finding]) -> list[Call]:
    """Calls of slides, with threshold and probability fitted on others.

    A slide that is called free of tumour has no level: nothing is marked on it.
    """
    caller, level = fitted(learnt_from), level_for(learnt_from)
    p = caller(np.array([one.hottest for one in findings])).tolist()
    return [
        Call(one, its, level if its >= CALLED else LEVELS)
        for one, its in zip(findings, p, strict=True)
    ]


def out_of_fold(findings: Sequence[Finding]) -> list[Call]:
    """Calls of train slides, fold by fold, fitted on the slides of the other folds."""
    found = []
    for fold in sorted({one.row.fold for one in findings}):
        mine = [one for one in findings if one.row.fold == fold]
        found += call(mine, [one for one in findings if one.row.fold != fold])
    return found


def table(oof: Sequence[Call], test: Sequence[Call], seed: int) -> pd.DataFrame:
    """The prediction table of slides."""
    return pd.concat(
        [_rows(part, split, seed) for part, split in ((oof, "oof"), (test, "test")) if part],
        ignore_index=True,
    )


def _rows(part: Sequence[Call], split: str, seed: int) -> pd.DataFrame:
    p = np.array([one.probability for one in part])
    ids, of = zip(*((one.finding.row.slide, one.finding.row.fold) for one in part), strict=True)
    pairs = np.stack([1 - p, p], axis=1)
    patients = [one.finding.row.patient for one in part]
    labels = [one.finding.row.label if split == "oof" else "" for one in part]
    known = predictions.Known(patients, [CLASSES[int(one)] if one else "" for one in labels])
    return predictions.rows(list(ids), split, np.array(of), seed, pairs, CLASSES, known)


def counts_table(oof: Sequence[Call]) -> pd.DataFrame:
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


def metrics(oof: Sequence[Call], n_bootstrap: int) -> dict[str, Any]:
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


def precision_recall(findings: Sequence[Finding]) -> pd.DataFrame:
    """Threshold, precision, recall and F1 over all pixels of slides with known tumour."""
    known = [one.histogram for one in findings if one.known]
    rows = curve(np.sum(known, axis=0)) if known else []
    return pd.DataFrame(rows, columns=pd.Index(["threshold", "precision", "recall", "f1"]))
