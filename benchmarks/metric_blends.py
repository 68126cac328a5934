"""Simulated competitions of other metrics: a blend fitted for the metric beside one for log loss.

Models of known skill, some of which share their mistakes and some of which are too sure, predict
rows of known truth. Two whole steps (best of the methods, weights, calibration, decisions) are
fitted on the out-of-fold rows, one for the metric and one for log loss (of numbers: for the mean
absolute error), and meet 20,000 fresh rows. The one for log loss decides as is usual without a
metric: the likeliest class, labels from one half on.
Part of `benchmarks/honesty.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from podium.core.params import Blend
from podium.ensemble.methods import DECIDED, calibration_of, step_of
from podium.ensemble.nested import nested
from podium.evaluation.intervals import value_of
from podium.evaluation.scores import LOG_LOSS, MAE, METRICS, Metric

FRESH = 20_000
MODELS = 8
ROWS = (150, 600)
Drawn = tuple[np.ndarray, np.ndarray]  # predictions (M, N, K) and truth


def mistakes(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Mistakes (M, ...) of models, of which a part is shared by each third of them."""
    shared = rng.normal(size=(3, *shape))[np.arange(MODELS) % 3]
    return shared + rng.normal(size=(MODELS, *shape))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (..., K) of logits (..., K)."""
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def skills(rng: np.random.Generator) -> Drawn:
    """How strongly each model sees the truth, and how sure it says it is, (M, 1, 1) each."""
    return rng.uniform(0.5, 3, (MODELS, 1, 1)), np.linspace(0.5, 2, MODELS)[:, None, None]


def two_classes(rng: np.random.Generator, n: int, skill: Drawn) -> Drawn:
    """Two classes, a fifth of the rows of the second."""
    truth = (rng.random(n) < 0.2).astype(np.int64)
    logits = skill[0] * np.eye(2)[truth] + mistakes(rng, n, 2) + (1, 0)
    return softmax(logits * skill[1]), truth


def rare_classes(rng: np.random.Generator, n: int, skill: Drawn) -> Drawn:
    """Five classes, each half as frequent as the one before."""
    shares = 0.5 ** np.arange(5)
    truth = rng.choice(5, n, p=shares / shares.sum())
    logits = skill[0] * np.eye(5)[truth] + mistakes(rng, n, 5) + np.log(shares)
    return softmax(logits * skill[1]), truth


def grades(rng: np.random.Generator, n: int, skill: Drawn) -> Drawn:
    """Five grades, most rows of the lowest."""
    truth = rng.choice(5, n, p=(0.5, 0.1, 0.25, 0.05, 0.1))
    seen = truth[:, None] + 1.5 * mistakes(rng, n, 1) / skill[0]
    return softmax(-((np.arange(5) - seen) ** 2) * skill[1] / 2), truth


def labels(rng: np.random.Generator, n: int, skill: Drawn) -> Drawn:
    """Six labels, from one row in twenty to one in two."""
    shares = np.linspace(0.05, 0.5, 6)
    truth = (rng.random((n, 6)) < shares).astype(np.int64)
    logits = skill[0] * (2 * truth - 1) + mistakes(rng, n, 6) + np.log(shares / (1 - shares))
    return 1 / (1 + np.exp(-logits * skill[1])), truth


def numbers(rng: np.random.Generator, n: int, skill: Drawn) -> Drawn:
    """A number from 1 to 100."""
    truth = np.clip(rng.normal(40, 20, n), 1, 100)
    return truth[:, None] + 20 * mistakes(rng, n, 1) / skill[0], truth


CASES: dict[str, tuple[str, str, Callable[[np.random.Generator, int, Drawn], Drawn]]] = {
    "auc": ("auc", "classes", two_classes),
    "quadratic_kappa": ("quadratic_kappa", "classes", grades),
    "macro_f1 of labels": ("macro_f1", "labels", labels),
    "micro_f1 of labels": ("micro_f1", "labels", labels),
    "mean_auc of labels": ("mean_auc", "labels", labels),
    "macro_f1 of classes": ("macro_f1", "classes", rare_classes),
    "rmse": ("rmse", "number", numbers),
}


def score(metric: Metric, values: np.ndarray, truth: np.ndarray) -> float:
    """The metric's value."""
    return value_of(metric.row_terms(values, truth), metric)


def competition(name: str, number: int, n_rows: int, settings: Blend) -> dict[str, float]:
    """Nested and fresh score of both blends of one competition, higher better."""
    key, kind, draw = CASES[name]
    metric, usual = METRICS[key], MAE if kind == "number" else LOG_LOSS
    rng = np.random.default_rng([number, n_rows, list(CASES).index(name)])
    skill = skills(rng)
    (oof, truth), (unseen, fresh) = draw(rng, n_rows, skill), draw(rng, FRESH, skill)
    folds, groups = rng.permutation(n_rows) % 5, np.arange(n_rows)
    sign = -1 if metric.lower_is_better else 1
    scores = {}
    for side, by in (("own", metric), ("usual", usual)):
        step = step_of(settings, kind, by)
        how = DECIDED if by.decided else calibration_of(settings, kind)
        fitted = step.fit(oof, truth, folds, groups)
        scores[side] = sign * score(metric, fitted(unseen)[how], fresh)
        if by is metric:
            honest = nested(step, oof, truth, folds, groups)[how]
            scores["nested"] = sign * score(metric, honest, truth)
            scores["naive"] = sign * score(metric, fitted(oof)[how], truth)
    return scores


def summary(each: list[dict[str, float]]) -> dict[str, float]:
    """Mean scores on fresh rows, the gain of the metric's own blend, and the bias of its score."""
    columns = {side: np.array([scores[side] for scores in each]) for side in each[0]}
    figures: dict[str, float] = {"competitions": len(each)}
    differences = {
        "gain": columns["own"] - columns["usual"],
        "nested_bias": columns["nested"] - columns["own"],
        "naive_bias": columns["naive"] - columns["own"],
    }
    figures |= {side: round(float(abs(columns[side].mean())), 4) for side in ("own", "usual")}
    for name, values in differences.items():
        figures[name] = round(float(values.mean()), 4)
        figures[f"{name}_se"] = round(float(values.std(ddof=1) / np.sqrt(len(values))), 4)
    figures["wins"] = round(float((differences["gain"] > 0).mean()), 3)
    return figures


def of_every_metric(n_each: int, settings: Blend) -> dict[str, dict[str, float]]:
    """Return the summary of `n_each` competitions of each metric and number of rows; print them.

    Args:
        n_each: how many.
        settings: of the blend.
    """
    results = {}
    for name in CASES:
        for n_rows in ROWS:
            each = [competition(name, number, n_rows, settings) for number in range(n_each)]
            results[f"{name}, {n_rows} rows"] = summary(each)
            print(name, n_rows, results[f"{name}, {n_rows} rows"], flush=True)
    return results
