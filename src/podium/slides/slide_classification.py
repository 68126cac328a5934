"""Slides classified by their heat, and the threshold of masks; both fitted out of fold only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from podium.evaluation import predictions
from podium.slides import scoring
from podium.slides.class_scoring import (
    best_level_of_classes,
    pooled_histogram,
)
from podium.slides.scoring import LEVELS, MIN_PROBABILITY, Counts
from podium.slides.slide_results import SlideResult

CLASSES = ["normal", "tumour"]
_MIN_DISTANCE = 1 / LEVELS  # no score is nearer to 0 or 1
Floats = NDArray[np.float64]
Results = Sequence[SlideResult]


@dataclass(frozen=True)
class PlattScaling:
    """From a slide's score to its probability of tumour: p = 1 / (1 + exp(-(a * logit + b)))."""

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, scores: Floats) -> Floats:
        """Probabilities (N,) of scores (N,) between 0 and 1."""
        p = 1 / (1 + np.exp(-(self.slope * _logit(scores) + self.intercept)))
        return np.asarray(p, dtype=np.float64)


def _logit(scores: Floats) -> Floats:
    inside = np.clip(scores, _MIN_DISTANCE, 1 - _MIN_DISTANCE)
    return np.log(inside / (1 - inside))


def top_heat(result: SlideResult) -> float:
    """The mean heat of the slide's hottest part: it decides whether tumour is marked."""
    return result.top_heat


def mean_heat(result: SlideResult) -> float:
    """The mean heat of all pixels."""
    pixels = result.levels
    return float(pixels @ (np.arange(LEVELS) + 0.5) / LEVELS / max(1, pixels.sum()))


def hot_area(result: SlideResult) -> float:
    """The share of pixels that are more likely tumour than not."""
    pixels = result.levels
    return float(pixels[LEVELS // 2 :].sum() / max(1, pixels.sum()))


HeatScore = Callable[[SlideResult], float]
SCORES: dict[str, HeatScore] = {"fcn": top_heat, "fcn-mean": mean_heat, "fcn-area": hot_area}


def fit_platt(results: Results, score: HeatScore = top_heat) -> PlattScaling:
    """Platt's logistic regression on the scores of slides that have a label.

    The penalty of scikit-learn's default keeps few slides from leading to certainty. Where all
    labels are alike, the score itself is the probability; where hotter slides have tumour less
    often, the share of slides with tumour is. Slides without tiles say nothing about scores.
    """
    labelled = [result for result in results if result.row.label and result.has_tiles]
    truth = np.array([int(result.row.label) for result in labelled])
    if len(np.unique(truth)) < 2:
        return PlattScaling()
    x = _logit(np.array([score(result) for result in labelled]))[:, None]
    model = LogisticRegression().fit(x, truth)
    if model.coef_[0, 0] < 0:
        return PlattScaling(0.0, float(_logit(truth.mean())))
    return PlattScaling(float(model.coef_[0, 0]), float(model.intercept_[0]))


def tumour_share(results: Results) -> float:
    """The share of tumour slides among those with a label: all that is known of an unseen one.

    Where all labels are alike, (n + 1) / (N + 2) keeps it from certainty; 0.5 without any label.
    """
    labels = [int(result.row.label) for result in results if result.row.label]
    n_tumour, n = sum(labels), len(labels)
    return n_tumour / n if 0 < n_tumour < n else (n_tumour + 1) / (n + 2)


def choose_level(results: Results) -> int:
    """The level of heat from which on pixels are marked: that of the best pooled F1.

    Of several classes it is the mean F1.
    """
    classes = [result.classes for result in results if result.has_truth and result.classes]
    if classes:
        pooled = pooled_histogram(classes)
        return best_level_of_classes(pooled) if pooled.heat[1:].any() else LEVELS // 2
    histograms = [result.histogram for result in results if result.has_truth]
    total = np.sum(histograms, axis=0) if histograms else np.zeros((2, LEVELS), dtype=np.int64)
    return scoring.best_level(total) if total[1].any() else LEVELS // 2


@dataclass(frozen=True)
class SlidePrediction:
    """A slide classified.

    Attributes:
        result: of the slide.
        probability: of tumour.
        level: of heat from which on a pixel is tumour.
    """

    result: SlideResult
    probability: float
    level: int

    @property
    def counts(self) -> Counts:
        """Pixels of the mask by the truth; of several classes, those of each added up."""
        if self.result.classes is None:
            return Counts.at_level(self.result.histogram, self.level)
        return scoring.pooled(self.class_counts)

    @property
    def class_counts(self) -> list[Counts]:
        """Pixels of the mask of each of several classes by the truth."""
        classes = self.result.classes
        labels = range(1, len(classes.tissue)) if classes else ()
        return [classes.counts(label, self.level) for label in labels if classes]


def classify(
    results: Results, platt: PlattScaling, level: int, prior: float
) -> list[SlidePrediction]:
    """Predictions of slides; one less likely than MIN_PROBABILITY has nothing marked.

    Args:
        results: of the slides.
        platt: from a slide's score to its probability.
        level: of heat from which on a pixel is tumour.
        prior: the probability of a slide without tiles, which has nothing marked.
    """
    probabilities = _of_seen(results, top_heat, platt, prior).tolist()
    return [
        SlidePrediction(result, p, level if result.has_tiles and p >= MIN_PROBABILITY else LEVELS)
        for result, p in zip(results, probabilities, strict=True)
    ]


def _of_seen(results: Results, score: HeatScore, platt: PlattScaling, prior: float) -> Floats:
    """Probabilities (N,) of slides by a score; those without tiles have the prior."""
    by_score = platt(np.array([score(result) for result in results]))
    return np.where([result.has_tiles for result in results], by_score, prior)


def fit_and_classify(results: Results, others: Results) -> list[SlidePrediction]:
    """Predictions of slides, with threshold and probability fitted on others."""
    return classify(results, fit_platt(others), choose_level(others), tumour_share(others))


def by_fold(results: Results) -> Iterator[tuple[list[SlideResult], list[SlideResult]]]:
    """For each fold, the slides in it and those of the other folds."""
    for fold in sorted({result.row.fold for result in results}):
        inside = [result for result in results if result.row.fold == fold]
        yield inside, [result for result in results if result.row.fold != fold]


def classify_out_of_fold(results: Results) -> list[SlidePrediction]:
    """Predictions of train slides, fold by fold, fitted on the slides of the other folds."""
    pairs = by_fold(results)
    return [slide for inside, others in pairs for slide in fit_and_classify(inside, others)]


# probabilities (N,) of slides, given them and the slides to fit on
Probabilities = Callable[[Results, Results], Floats]


def prediction_tables(train: Results, test: Results, seed: int) -> dict[str, pd.DataFrame]:
    """Prediction tables of slides, by name: one from each score, and the share of tumour.

    Args:
        train: slides, predicted by a fit on the other folds.
        test: slides, predicted by a fit on all train slides.
        seed: of the networks.
    """
    models = {name: platt_probabilities(score) for name, score in SCORES.items()}
    models["prior"] = _prior
    return {name: prediction_table(train, test, seed, model) for name, model in models.items()}


def platt_probabilities(score: HeatScore) -> Probabilities:
    """A function that fits Platt's scaling of `score` on some slides and applies it to others."""

    def of(results: Results, others: Results) -> Floats:
        return _of_seen(results, score, fit_platt(others, score), tumour_share(others))

    return of


def _prior(results: Results, others: Results) -> Floats:
    labels = [int(result.row.label) for result in others if result.row.label]
    return np.full(len(results), (sum(labels) + 1) / (len(labels) + 2))


def prediction_table(
    train: Results, test: Results, seed: int, probabilities: Probabilities
) -> pd.DataFrame:
    """The prediction table of slides by one model.

    Args:
        train: slides, predicted by a fit on the other folds.
        test: slides, predicted by a fit on all train slides.
        seed: of the networks.
        probabilities: the model.
    """
    parts = [
        _rows(inside, "oof", seed, probabilities(inside, others))
        for inside, others in by_fold(train)
    ]
    if test:
        parts.append(_rows(test, "test", seed, probabilities(test, train)))
    return pd.concat(parts, ignore_index=True)


def _rows(results: Results, split: str, seed: int, p: Floats) -> pd.DataFrame:
    rows = [result.row for result in results]
    labels = [row.label if split == "oof" else "" for row in rows]
    truth = [CLASSES[int(label)] if label else "" for label in labels]
    facts = predictions.RowFacts([row.patient for row in rows], truth)
    folds, pairs = np.array([row.fold for row in rows]), np.stack([1 - p, p], axis=1)
    return predictions.rows([row.slide for row in rows], split, folds, seed, pairs, CLASSES, facts)
