"""Simulated competitions: models whose skill is known, and as many fresh rows as one likes."""

from __future__ import annotations

import numpy as np

from podium.core.params import Blend
from podium.ensemble.prediction_set import PredictionSet
from podium.evaluation.table_kinds import Classes


def blend_settings(**changes: object) -> Blend:
    """Settings of a blend at a small size."""
    usual = {
        "leave_out": [],
        "methods": ["single", "mean", "weighted"],
        "method": "weighted",
        "calibrate": "none",
        "clip": 0.005,
        "per_class": False,
        "picks": 10,
        "bags": 3,
        "bag_share": 0.5,
        "logistic_c": 0.1,
        "ridge_alpha": 10.0,
        "bootstrap": 50,
        "seed": 0,
    }
    return Blend.model_validate(usual | changes)


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def model_probs(rng, truth, n_classes: int, noise: np.ndarray) -> np.ndarray:
    """Probabilities (M, N, K): the truth under noise of each model and noise that all share."""
    signal = 1.5 * np.eye(n_classes)[truth] + 0.7 * rng.normal(size=(len(truth), n_classes))
    own = rng.normal(size=(len(noise), *signal.shape))
    return softmax(signal + noise[:, None, None] * own)


def simulated(seed: int, n_models=5, n_rows=60, n_test=0, n_classes=2, n_folds=3, seeds=(0,)):
    """A library, and the truth (T,) of its test rows; rows 2 g and 2 g + 1 are one group."""
    rng = np.random.default_rng(seed)
    noise = rng.uniform(0.3, 2.5, n_models)
    truth = rng.integers(0, n_classes, n_rows + n_test)
    probs = model_probs(rng, truth, n_classes, noise)
    groups = np.arange(n_rows) // 2
    folds = [rng.permutation(groups.max() + 1)[groups] % n_folds for _ in seeds]
    library = PredictionSet(
        models=[f"m{number}" for number in range(n_models)],
        kind=Classes([f"c{number}" for number in range(n_classes)]),
        ids=[f"r{number}" for number in range(n_rows)],
        oof=probs[:, :n_rows],
        truth=truth[:n_rows],
        groups=groups,
        seeds=list(seeds),
        folds=np.array(folds),
        test_ids=[f"t{number}" for number in range(n_test)],
        test=probs[:, n_rows:],
    )
    return library, truth[n_rows:]
