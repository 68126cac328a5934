"""A fitted blend as plain values and arrays: what turns the predictions of models into one.

Stored are the way to blend, its weights, the calibration that is applied and, where the metric
scores decisions, what decides. Only the classes named here are made of what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.ensemble.blend import Combine, Floats, Geometric, Ranked, Weighted
from podium.ensemble.by_label import Decided, EachLabel, LabelCalibration
from podium.ensemble.stacking import NumberStack, Stack
from podium.evaluation.calibration import Calibration, Calibrator, Isotonic, Range
from podium.evaluation.decisions import Cuts, Favoured, Thresholds

Tree = Mapping[str, Any]
CLASS = "class"


@dataclass(frozen=True)
class LinearModel:
    """What is used of scikit-learn's linear models: coefficients (k, D) and intercepts (k,)."""

    coef: Floats
    intercept: Floats

    def predict(self, rows: Floats) -> Floats:
        """Return what it says of rows (N, D): (N, k), or (N,) of one output."""
        values = rows @ self.coef.T + self.intercept
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_proba(self, rows: Floats) -> Floats:
        """Return probabilities (N, K) of classes."""
        logits = rows @ self.coef.T + self.intercept
        if logits.shape[1] == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        powers = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))


CLASSES: Mapping[str, Any] = {
    each.__name__: each
    for each in (
        Weighted, Geometric, Ranked, EachLabel, Stack, NumberStack, LinearModel,
        Calibration, Isotonic, Range, LabelCalibration, Decided, Favoured, Thresholds, Cuts,
    )
}  # fmt: skip


def stored(value: Any) -> Any:
    """Return a part of a fitted blend as plain values and arrays."""
    if is_dataclass(value):
        parts = {field.name: stored(getattr(value, field.name)) for field in fields(value)}
        return {CLASS: type(value).__name__, **parts}
    if isinstance(value, list | tuple):
        return [stored(each) for each in value]
    if hasattr(value, "coef_"):
        coef, intercept = np.atleast_2d(value.coef_), np.atleast_1d(value.intercept_)
        return stored(LinearModel(coef, intercept))
    if isinstance(value, np.generic):
        return value.item()
    return value


def restored(tree: Any) -> Any:
    """Return the part of a fitted blend that `stored` made this of.

    Raises:
        KeyError: a class that is none of CLASSES.
        TypeError: it lacks a part.
    """
    if isinstance(tree, list):
        return [restored(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    parts = {name: restored(each) for name, each in tree.items() if name != CLASS}
    return CLASSES[tree[CLASS]](**parts)


@dataclass(frozen=True)
class StoredBlend:
    """A fitted blend.

    Attributes:
        kind: of the predictions: classes, labels or number.
        names: of the classes or labels.
        method: the name of the way to blend.
        tables: the models it needs, in order, and the sha256 of each one's prediction table.
        combine: of predictions (M, T, K).
        calibrator: of what that gives (T, K).
        decide: from what `combine` gives to decisions (T, K); None where none are made.
    """

    kind: str
    names: Sequence[str]
    method: str
    tables: Mapping[str, str]
    combine: Combine
    calibrator: Calibrator
    decide: Calibrator | None = None

    def __call__(self, predictions: Floats) -> tuple[Floats, Floats | None]:
        """Return the blend (T, K) of predictions (M, T, K), and the decisions (T, K) or None."""
        blended = self.combine(predictions)
        decided = self.decide.apply(blended) if self.decide else None
        return self.calibrator.apply(blended), decided

    def weights(self) -> dict[str, float]:
        """Return the weight of each model, largest first; equal ones where it has no such."""
        each = getattr(self.combine, "weights", None)
        if each is None or each.ndim != 1:
            each = np.full(len(self.tables), 1 / len(self.tables))
        pairs = zip(self.tables, map(float, each), strict=True)
        return dict(sorted(pairs, key=lambda pair: -pair[1]))

    def as_tree(self) -> Tree:
        """Return it as plain values and arrays."""
        return {
            "kind": self.kind,
            "names": list(self.names),
            "method": self.method,
            "models": list(self.tables),
            "tables": dict(self.tables),
            "combine": stored(self.combine),
            "calibrator": stored(self.calibrator),
            "decide": stored(self.decide),
        }


def needed_alone(blend: StoredBlend) -> StoredBlend:
    """Return the same blend without the models that have no weight in it."""
    needed = _needed(blend.combine, len(blend.tables))
    kept = [name for name, is_needed in zip(blend.tables, needed, strict=True) if is_needed]
    tables = {name: blend.tables[name] for name in kept}
    return replace(blend, tables=tables, combine=_without(blend.combine, needed))


def _needed(combine: Combine, n_models: int) -> NDArray[np.bool_]:
    """Which of the models (M,) have a part in a blend; a ValueError if it is of other many."""
    if isinstance(combine, Weighted):
        if len(combine.weights) != n_models:
            raise ValueError(f"{len(combine.weights)} weights of {n_models} models")
        return np.asarray((combine.weights.reshape(n_models, -1) > 0).any(1))
    if isinstance(combine, EachLabel):
        return np.asarray(np.any([_needed(part, n_models) for part in combine.parts], axis=0))
    return np.ones(n_models, dtype=np.bool_)


def _without(combine: Combine, needed: NDArray[np.bool_]) -> Combine:
    if isinstance(combine, Weighted):
        return Weighted(combine.weights[needed])
    if isinstance(combine, EachLabel):
        return EachLabel([_without(part, needed) for part in combine.parts])
    return combine


def blend_of(tree: Tree, path: object) -> StoredBlend:
    """Return the blend that a tree holds, tried on a row.

    Args:
        tree: as `StoredBlend.as_tree` gives it.
        path: where it is from, for messages.

    Raises:
        PodiumError: it is no blend of probabilities or numbers, or a broken one.
    """
    try:
        parts = {name: restored(tree[name]) for name in ("combine", "calibrator", "decide")}
        tables = {str(name): str(tree["tables"][name]) for name in tree["models"]}
        names = [str(name) for name in tree["names"]]
        blend = StoredBlend(str(tree["kind"]), names, str(tree["method"]), tables, **parts)
        if blend.kind not in ("classes", "labels", "number"):
            raise ValueError(f"it blends {blend.kind}")
        _needed(blend.combine, len(tables))
        n_outputs = len(names) if blend.kind != "number" else 1
        tried = blend(np.full((len(tables), 1, n_outputs), 1 / n_outputs))[0]
        if tried.shape != (1, n_outputs) or not np.isfinite(tried).all():
            raise ValueError(f"it gives {tried.shape} for {n_outputs} outputs")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise PodiumError(
            f"{path}: not a blend of photo models ({error})\nremedy: run dvc repro blend@photos"
        ) from None
    return blend
