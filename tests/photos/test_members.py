"""Models as arrays say what the trained ones did: each kind of model, for each kind of target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from photos.test_fusion import head
from photos.test_kinds import KINDS, TREES, train_rows
from podium.core.array_tree import read_tree, write_tree
from podium.photos.boosting import fit_boosting
from podium.photos.crossval import TrainRows
from podium.photos.linear import fit_linear, priors
from podium.photos.members import columns_of, heads_member, member_values, predictor
from podium.photos.split_heads import fit_heads, fit_with_columns

HEAD = head(epochs=3, dropout=0.2)


def rows(kind: str, rng, columns: bool = False) -> tuple[TrainRows, np.ndarray]:
    """120 train rows, 40 test rows, and their features (160, 6)."""
    signal = rng.normal(size=(120, 3))
    features = rng.normal(size=(160, 6)).astype(np.float32)
    features[:120, :3] += signal
    beside = None
    if columns:
        sex = [("m", "f", "")[k % 3] for k in range(160)]
        age = [str(k) if k % 5 else "NA" for k in range(160)]
        beside = pd.DataFrame({"sex": sex, "age": age}, dtype=str)
    data = train_rows(kind, signal, n_folds=3, columns=beside)
    return replace(data, test_ids=[f"t{k}" for k in range(40)], content=[""] * 160), features


def parts_of(name: str, data: TrainRows, features: np.ndarray) -> tuple[dict, np.ndarray]:
    """A member on the extractors x and y, and what the trained model says of all rows (N, M, K)."""
    if name == "linear":
        values, parts = fit_linear(features, data, [0.1, 1.0], 1000)
    elif name == "trees":
        values, parts = fit_boosting(features, data, TREES, 0, 1000)
    elif data.columns is not None:
        seeing = fit_with_columns(features, data, HEAD, 0)
        return heads_member(["x", "y"], seeing.layers, seeing.codes), seeing.values
    else:
        from podium.photos.fusion import head_values

        layer, _ = fit_heads(features, data, HEAD, 0)
        return heads_member(["x", "y"], [layer]), head_values(layer, features)
    return {"type": name, "extractors": ["x", "y"], "parts": parts}, values


def kept(member: dict, tmp_path) -> dict:
    write_tree(tmp_path / "m.h5", {"m": member})
    return read_tree(tmp_path / "m.h5", "members")["m"]


@pytest.mark.parametrize("columns", [False, True], ids=["pictures", "columns"])
@pytest.mark.parametrize("name", ["linear", "trees", "heads"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_member_says_what_its_models_did(tmp_path, rng, kind, name, columns):
    data, features = rows(kind, rng, columns)
    member, values = parts_of(name, data, features)
    again = kept(member, tmp_path)
    parts = {"x": features[120:, :2], "y": features[120:, 2:]}
    beside = data.columns.iloc[120:] if columns else None
    found = member_values(again, parts, beside)
    np.testing.assert_allclose(found, values[120:].mean(1), rtol=1e-6, atol=1e-6)
    assert columns_of(again) == (["sex", "age"] if columns and name != "linear" else [])


@pytest.mark.parametrize("truth", [[0, 1] * 60, [0, 1, 3] * 40, [2] * 120])
@pytest.mark.parametrize("name", ["linear", "trees"])
def test_classes_that_train_rows_lack(tmp_path, rng, name, truth):
    data, features = rows("classes", rng)
    four = replace(data.kind, names=["a", "b", "c", "d"])
    data = replace(data, truth=np.array(truth), kind=four)
    member, values = parts_of(name, data, features)
    found = member_values(kept(member, tmp_path), {"x": features[:, :2], "y": features[:, 2:]})
    np.testing.assert_allclose(found, values.mean(1), rtol=1e-6, atol=1e-7)
    assert (found > 0).all()


def test_the_prior_is_the_same_for_all(tmp_path, rng):
    data, features = rows("labels", rng)
    member = {"type": "constant", "extractors": [], "values": priors(data)}
    found = member_values(kept(member, tmp_path), {"": features[:3]})
    np.testing.assert_allclose(found, np.repeat(priors(data).mean(0)[None], 3, axis=0))


def test_trees_that_lead_back_are_refused(rng):
    data, features = rows("classes", rng)
    member, _ = parts_of("trees", data, features)
    member["parts"][0]["model"]["models"][0]["left"][:] = 0
    with pytest.raises(ValueError, match="leads nowhere"):
        predictor(member)
