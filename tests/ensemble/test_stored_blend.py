"""Fitted blends as values and arrays: kept in a file they say the same."""

from __future__ import annotations

import numpy as np
import pytest

from competition import blend_settings, simulated
from ensemble.test_decided_blends import EVERY, with_labels
from podium.core.array_tree import read_tree, write_tree
from podium.core.errors import PodiumError
from podium.ensemble.blend import Weighted
from podium.ensemble.fit_blend import fit_blend
from podium.ensemble.methods import DECIDED, METHODS
from podium.ensemble.prediction_set import PredictionSet
from podium.ensemble.stored_blend import StoredBlend, blend_of, needed_alone, restored, stored
from podium.evaluation.calibration import Calibration
from podium.evaluation.scores import METRICS
from podium.evaluation.table_kinds import Number


def library_of(kind: str, n_classes: int = 3) -> PredictionSet:
    if kind == "labels":
        return with_labels()
    library, _ = simulated(1, n_rows=60, n_test=10, n_classes=n_classes)
    if kind == "classes":
        return library
    rng = np.random.default_rng(0)
    truth = rng.normal(size=70) * 10
    values = (truth + rng.normal(size=(len(library.models), 70)) * 3)[..., None]
    facts = {"kind": Number(), "truth": truth[:60], "oof": values[:, :60], "test": values[:, 60:]}
    return PredictionSet(**(vars(library) | facts))


def check(library: PredictionSet, settings, metric, path) -> None:
    """The stored blend says of test rows what the fitted one does."""
    found = fit_blend(library, settings, metric)
    calibrators = found.fitted.calibrators
    whole = StoredBlend(
        library.kind.name, library.kind.names, found.fitted.method,
        dict.fromkeys(library.models, "0"), found.fitted.combine,
        calibrators[found.calibrated], calibrators.get(DECIDED),
    )  # fmt: skip
    blend = needed_alone(whole)
    write_tree(path, blend.as_tree())
    again = blend_of(read_tree(path, "blend"), path)
    kept = [library.models.index(name) for name in again.tables]
    values, decided = again(library.test[kept])
    expected = found.fitted(library.test)
    np.testing.assert_allclose(values, expected[found.calibrated], rtol=0, atol=1e-12)
    assert (decided is None) == (DECIDED not in expected)
    if decided is not None:
        np.testing.assert_array_equal(decided, expected[DECIDED])
    assert sum(again.weights().values()) == pytest.approx(1)


CASES = [
    *(("classes", method, "temperature", "log_loss") for method in EVERY),
    *(("labels", method, "temperature", "log_loss") for method in EVERY),
    *(("number", method, "none", "rmse") for method in METHODS["number"]),
    *(("classes", "weighted", how, "log_loss") for how in ("none", "clip", "isotonic")),
    *(("labels", "weighted", how, "macro_f1") for how in ("clip", "isotonic")),
    ("labels", "geometric", "temperature", "micro_f1"),
    ("classes", "weighted", "temperature", "quadratic_kappa"),
    ("classes", "caruana", "none", "macro_f1"),
    ("classes", "mean", "none", "accuracy"),
]


@pytest.mark.parametrize(("kind", "method", "how", "metric"), CASES, ids=map("-".join, CASES))
def test_a_stored_blend_says_what_the_fitted_one_did(tmp_path, kind, method, how, metric):
    settings = blend_settings(method=method, methods=[method], calibrate=how)
    check(library_of(kind), settings, METRICS[metric], tmp_path / "blend.h5")


@pytest.mark.parametrize("method", ["weighted", "caruana", "logistic", "ridge"])
def test_two_classes_and_weights_of_each(tmp_path, method):
    settings = blend_settings(method=method, methods=[method], per_class=True)
    check(library_of("classes", 2), settings, METRICS["log_loss"], tmp_path / "blend.h5")
    check(library_of("labels"), settings, METRICS["log_loss"], tmp_path / "blend.h5")


def test_models_without_weight_are_not_needed():
    weights = Weighted(np.array([0.0, 0.25, 0.0, 0.75]))
    blend = StoredBlend("classes", ["a", "b"], "weighted", dict.fromkeys("pqrs", ""), weights,
                        Calibration())  # fmt: skip
    kept = needed_alone(blend)
    assert kept.weights() == {"s": 0.75, "q": 0.25}
    probs = np.random.default_rng(0).dirichlet([1, 1], (4, 5))
    np.testing.assert_allclose(kept(probs[[1, 3]])[0], blend(probs)[0], atol=1e-12)


TREE = {
    "kind": "classes", "names": ["a", "b"], "method": "mean", "models": ["m"],
    "tables": {"m": "0"}, "combine": stored(Weighted(np.ones(1))),
    "calibrator": stored(Calibration()), "decide": None,
}  # fmt: skip


def test_the_plain_tree_is_a_blend():
    np.testing.assert_allclose(blend_of(TREE, "x")(np.array([[[0.2, 0.8]]]))[0], [[0.2, 0.8]])


@pytest.mark.parametrize(
    "part",
    [
        {"combine": {"class": "system", "command": "true"}},
        {"combine": {"class": "Weighted"}},
        {"combine": stored(Weighted(np.ones(3)))},
        {"combine": None},
        {"combine": {"class": "Calibration"}},
        {"calibrator": {"class": "Calibration", "temperature": "hot"}},
        {"calibrator": stored(Calibration(temperature=float("nan")))},
        {"tables": {}},
        {"kind": "text"},
    ],
    ids=["unknown", "short", "shape", "none", "other", "text", "nan", "tables", "kind"],
)
def test_a_broken_one_is_refused(part):
    with pytest.raises(PodiumError, match=r"x: not a blend of photo models .*\nremedy: run dvc"):
        blend_of({**TREE, **part}, "x")


def test_only_known_classes_are_made():
    with pytest.raises(KeyError):
        restored({"class": "PosixPath", "path": "/"})
