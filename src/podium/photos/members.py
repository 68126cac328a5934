"""The members of a blend of photo models, as arrays: what each says of new pictures.

A member is a mapping as `core.array_tree` writes it: its `type`, the `extractors` whose features it
takes, joined in that order, and its `parts`, one for each split or, of heads without columns beside
the pictures, one for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.photos.column_codes import Code, encode
from podium.photos.stored_models import Stored, components, predict_stored, require_trees, scaled

if TYPE_CHECKING:
    from podium.photos.fusion import FusedHeads

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Member = Mapping[str, Any]
Predictor = Callable[[Mapping[str, Features], pd.DataFrame | None], Floats]
Part = Callable[[Features, pd.DataFrame | None], Floats]
AT_ONCE = 4096  # rows


def heads_member(
    extractors: Sequence[str], heads: Sequence[FusedHeads], codes: Sequence[list[Code]] = ()
) -> Member:
    """Return trained heads as a member.

    Args:
        extractors: whose features they take.
        heads: one layer with a head for each split; or one for each split, with columns.
        codes: of the columns beside the pictures, for each layer; empty without.
    """
    each_codes = codes or [[]] * len(heads)
    parts = [
        {"layer": _stored_heads(layer), "columns": list(own)}
        for layer, own in zip(heads, each_codes, strict=True)
    ]
    return {"type": "heads", "extractors": list(extractors), "parts": parts}


def _stored_heads(layer: FusedHeads) -> Stored:
    weights = {name: getattr(layer, name).numpy() for name in ("mean", "scale", "kernel", "bias")}
    return {"kind": layer.kind, **weights}


def columns_of(member: Member) -> list[str]:
    """Return the columns beside the pictures that a member needs."""
    codes = [code for part in member.get("parts", []) for code in part.get("columns", [])]
    return list(dict.fromkeys(code["name"] for code in codes))


def member_values(
    member: Member, features: Mapping[str, Features], columns: pd.DataFrame | None = None
) -> Floats:
    """Return what a member predicts of N pictures, (N, K): the mean over splits.

    Args:
        member: of any type.
        features: (N, D) of each extractor.
        columns: beside the pictures as text, N rows; None: it needs none.
    """
    return predictor(member)(features, columns)


def predictor(member: Member) -> Predictor:
    """Return what predicts as a member does, see `member_values`, made ready once.

    Raises:
        Exception: of many kinds, the member is broken.
    """
    if member["type"] == "constant":
        row = member["values"].mean(0)
        return lambda features, columns: np.repeat(row[None], _n_rows(features), axis=0)
    names, make = member["extractors"], _MAKERS[member["type"]]
    parts = [make(part) for part in member["parts"]]

    def predict(features: Mapping[str, Features], columns: pd.DataFrame | None) -> Floats:
        rows = np.concatenate([features[name] for name in names], axis=1)
        values = [part(rows, columns) for part in parts]
        return np.asarray(np.concatenate(values, axis=1).mean(1))

    return predict


def _n_rows(features: Mapping[str, Features]) -> int:
    return len(next(iter(features.values())))


def _of_heads(part: Stored) -> Part:
    """Predictions (N, M, K) of the heads of a layer."""
    values, codes = _head_values(part["layer"]), part["columns"]
    return lambda rows, columns: values(_with_columns(rows, columns, codes))


def _head_values(stored: Stored) -> Callable[[Features], Floats]:
    """What gives the values (N, M, K) of stored heads on rows (N, D): NumPy alone."""
    n_features, n_heads, n_outputs = stored["kernel"].shape
    shapes = {"mean": (n_features, n_heads, 1), "bias": (n_heads, n_outputs)}
    for name, shape in (shapes | {"scale": shapes["mean"]}).items():
        if stored[name].shape != shape:
            raise ValueError(f"{name} is {stored[name].shape}, the kernel asks for {shape}")
    kernel = stored["kernel"] / stored["scale"]  # as `FusedHeads` computes it
    offset = (stored["mean"].astype(np.float64) * kernel).sum(0) - stored["bias"]
    link = _LINKS[stored["kind"]]
    return lambda rows: link(np.tensordot(rows, kernel, 1) - offset)


def _softmax(outputs: Floats) -> Floats:
    powers = np.exp(outputs - outputs.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def _sigmoid(outputs: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-outputs)))


_LINKS: Mapping[str, Callable[[Floats], Floats]] = {
    "classes": _softmax,
    "labels": _sigmoid,
    "number": lambda outputs: outputs,
}


def _of_linear(part: Stored) -> Part:
    """Predictions (N, 1, K)."""

    def predict(rows: Features, columns: pd.DataFrame | None) -> Floats:
        parts = [predict_stored(part["model"], scaled(part["scaler"], each))
                 for each in _blocks(rows)]  # fmt: skip
        return np.concatenate(parts)[:, None]

    return predict


def _of_trees(part: Stored) -> Part:
    """Predictions (N, 1, K)."""
    require_trees(part["model"])

    def predict(rows: Features, columns: pd.DataFrame | None) -> Floats:
        parts = [components(part["pca"], scaled(part["scaler"], each)) for each in _blocks(rows)]
        learnt = _with_columns(np.concatenate(parts), columns, part["columns"])
        return predict_stored(part["model"], learnt)[:, None]

    return predict


def _blocks(rows: Features) -> list[Features]:
    return [rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)]


def _with_columns(rows: Features, columns: pd.DataFrame | None, codes: Sequence[Code]) -> Features:
    if not codes:
        return rows
    assert columns is not None
    return np.concatenate([rows, encode(columns, codes)], axis=1)


_MAKERS: Mapping[str, Callable[[Stored], Part]] = {
    "heads": _of_heads,
    "linear": _of_linear,
    "trees": _of_trees,
}
