"""scikit-learn's models as plain arrays, and what these predict: NumPy alone, nothing to unpickle.

A stored model is a mapping of arrays, as `core.array_tree` writes it. The arithmetic is that of
scikit-learn, in the same dtypes, so that predictions are those of the trained model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]  # (N, D) float32 or float64
Floats = NDArray[np.float64]
Stored = Mapping[str, Any]
AT_ONCE = 1 << 22  # rows times trees that are looked up at once


def stored_scaler(scaler: Any) -> Stored:
    """Return a fitted `StandardScaler` as arrays."""
    return {"mean": np.asarray(scaler.mean_), "scale": np.asarray(scaler.scale_)}


def scaled(scaler: Stored, rows: Rows) -> Rows:
    """Return standardised rows (N, D), in their own dtype."""
    out = rows.copy()
    out -= scaler["mean"]
    out /= scaler["scale"]
    return out


def stored_components(pca: Any) -> Stored:
    """Return a fitted `PCA` as arrays."""
    return {"components": np.asarray(pca.components_), "mean": np.asarray(pca.mean_)}


def components(pca: Stored, rows: Rows) -> Rows:
    """Return the principal components (N, C) of rows (N, D), in their own dtype."""
    turned: Rows = rows @ pca["components"].T
    turned -= pca["mean"].reshape(1, -1) @ pca["components"].T
    return turned


def stored_model(model: Any) -> Stored:
    """Return a fitted linear model, or boosted trees, of scikit-learn as arrays.

    The trees lie end to end: `left` and `right` are rows of the table of all nodes; a leaf leads
    to itself.
    """
    if hasattr(model, "coef_"):
        coef, intercept = np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)
        return {"coef": coef, "intercept": np.asarray(intercept, dtype=coef.dtype)}
    trees = [tree.nodes for iteration in model._predictors for tree in iteration]
    starts = np.cumsum([0, *(len(nodes) for nodes in trees[:-1])])
    leaf = np.concatenate([nodes["is_leaf"].astype(bool) for nodes in trees])
    own = np.arange(len(leaf))

    def child(side: str) -> NDArray[np.int32]:
        rows = [nodes[side].astype(np.int64) + start
                for nodes, start in zip(trees, starts, strict=True)]  # fmt: skip
        return np.where(leaf, own, np.concatenate(rows)).astype(np.int32)

    def column(name: str) -> NDArray[Any]:
        return np.concatenate([nodes[name] for nodes in trees])

    return {
        "start": np.asarray(starts, dtype=np.int64),
        "feature": np.where(leaf, 0, column("feature_idx")).astype(np.int32),
        "threshold": column("num_threshold"),
        "left": child("left"),
        "right": child("right"),
        "value": column("value"),
        "base": np.asarray(model._baseline_prediction, dtype=np.float64).reshape(-1),
    }


def require_trees(estimator: Stored) -> None:
    """Check that the nodes of the trees of a stored `Estimator` lead to nodes after them.

    Raises:
        ValueError: one leads back, or to nowhere.
    """
    for part in estimator.get("labels", []):
        require_trees(part)
    for model in estimator.get("models", []):
        own, n_nodes = np.arange(len(model["left"])), len(model["left"])
        for side in ("left", "right"):
            if (model[side] < own).any() or (model[side] >= n_nodes).any():
                raise ValueError("a tree that leads nowhere")


def raw_values(model: Stored, rows: Rows) -> Rows:
    """Return what a stored model says of rows (N, D) before any link, (N, k) float32 or 64."""
    if "coef" in model:
        return np.asarray(rows @ model["coef"].T + model["intercept"])
    step = max(1, AT_ONCE // len(model["start"]))
    parts = [_tree_sums(model, rows[k : k + step]) for k in range(0, len(rows), step)]
    return np.concatenate(parts) if parts else np.zeros((0, len(model["base"])))


def _tree_sums(model: Stored, rows: Rows) -> Floats:
    """The sums (n, k) of the leaves that rows (n, D) end in, of the k trees of all iterations."""
    at = np.tile(model["start"], (len(rows), 1))  # (n, trees)
    row, values = np.arange(len(rows))[:, None], rows.astype(np.float64)
    for _ in range(len(model["left"])):
        goes_left = values[row, model["feature"][at]] <= model["threshold"][at]
        following = np.where(goes_left, model["left"][at], model["right"][at])
        if np.array_equal(following, at):
            break
        at = following
    leaves = model["value"][at].reshape(len(rows), -1, len(model["base"]))
    return np.asarray(model["base"] + leaves.sum(1))


def class_probabilities(raw: Rows) -> Floats:
    """Return probabilities (N, K) of logits (N, K); of (N, 1) those of two classes."""
    if raw.shape[1] == 1:
        second = 1 / (1 + np.exp(-raw[:, 0]))
        return np.stack([1 - second, second], axis=1)
    powers = np.exp(raw - raw.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def predict_stored(estimator: Stored, rows: Rows) -> Floats:
    """Return the predictions (N, K) that a stored `Estimator` makes of rows (N, D)."""
    if "labels" in estimator:
        each = [predict_stored(part, rows)[:, 1] for part in estimator["labels"]]
        return np.stack(each, axis=1)
    if "learnt" not in estimator:
        values = raw_values(estimator["models"][0], rows)[:, :1].astype(np.float64)
        return np.asarray(values * estimator["scale"] + estimator["mean"])
    probs = np.ones((len(rows), 1))
    if estimator["models"]:
        probs = class_probabilities(raw_values(estimator["models"][0], rows))
    return with_missing(probs, estimator["learnt"], estimator["n_rows"], estimator["n_outputs"])


def with_missing(probs: Floats, learnt: NDArray[np.int64], n_rows: int, n_classes: int) -> Floats:
    """Return probabilities (n, K) of all classes, from those (n, k) of the classes in train rows.

    A class that they lack gets the share of one row more, so that no picture is impossible.

    Args:
        probs: (n, k).
        learnt: the k classes, by their index.
        n_rows: train rows.
        n_classes: K.
    """
    if len(learnt) == n_classes:
        return probs
    share = 1 / (n_rows + n_classes - len(learnt))
    full = np.full((len(probs), n_classes), share)
    full[:, learnt] = probs * (1 - share * (n_classes - len(learnt)))
    return full
