"""Blends of labels and of numbers, and of classes by other metrics than log loss."""

from __future__ import annotations

import numpy as np
import pytest

from competition import blend_settings, simulated
from podium.core.errors import PodiumError, SettingsError
from podium.ensemble import blend, selection
from podium.ensemble.fit_blend import fit_blend
from podium.ensemble.losses import loss_of
from podium.ensemble.methods import METHODS, methods, step_of
from podium.ensemble.prediction_set import PredictionSet, load
from podium.evaluation.predictions import (
    RowFacts,
    check,
    read_predictions,
    value_rows,
    write_predictions,
)
from podium.evaluation.scores import ACCURACY, LOG_LOSS, MAE, RMSE
from podium.evaluation.table_kinds import Labels, Number

NOISE = (0.4, 0.6, 2.0)  # of three models


def a_set(kind, oof, truth, test) -> PredictionSet:
    n = len(truth)
    return PredictionSet(
        models=[f"m{m}" for m in range(len(oof))],
        kind=kind,
        ids=[f"r{k}" for k in range(n)],
        oof=oof,
        truth=truth,
        groups=np.arange(n) // 2,
        seeds=[0],
        folds=(np.arange(n) // 2 % 3)[None],
        test_ids=[f"t{k}" for k in range(test.shape[1])],
        test=test,
    )


def numbers(seed=0, n=90, n_test=400):
    """Three models of a number, and the truth (T,) of test rows."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n + n_test)
    oof = np.stack([truth + noise * rng.normal(size=len(truth)) for noise in NOISE])[:, :, None]
    return a_set(Number(), oof[:, :n], truth[:n], oof[:, n:]), truth[n:]


def labels(seed=0, n=90, n_test=400):
    """Three models of two labels, and which the test rows have (T, 2)."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((n + n_test, 2)) < (0.3, 0.6)).astype(int)
    signal = 2.0 * (2 * truth - 1)
    logits = np.stack([signal + 3 * noise * rng.normal(size=signal.shape) for noise in NOISE])
    probs = 1 / (1 + np.exp(-logits))
    return a_set(Labels(["cat", "dog"]), probs[:, :n], truth[:n], probs[:, n:]), truth[n:]


def rmse(values, truth):
    return np.sqrt(((values[:, 0] - truth) ** 2).mean())


# ---- numbers


@pytest.mark.parametrize("metric", [RMSE, MAE])
@pytest.mark.parametrize("method", METHODS["number"])
def test_numbers_are_blended_by_their_metric(tmp_path, method, metric):
    models, truth = numbers()
    settings = blend_settings(method=method, methods=list(METHODS["number"]))
    found = fit_blend(models, settings, metric)
    check(tmp_path, found.table)
    inside = np.clip(models.test[0], models.truth.min(), models.truth.max())
    alone = rmse(inside, truth)
    fresh = rmse(found.fitted(models.test)["none"], truth)
    if method in ("weighted", "caruana", "ridge"):
        assert fresh < alone * 0.95  # the two good models are better than one
    if method == "single":
        assert fresh == alone
    nested = found.metrics["nested"]
    assert found.metrics["metric"] == metric.key
    assert {"mae", "rmse"} <= set(nested)
    assert nested["rmse"]["value"] == pytest.approx(fresh, rel=0.25)
    assert set(found.metrics["methods"]) == set(METHODS["number"])


def test_weights_of_squared_errors_are_those_of_least_squares():
    models, _ = numbers()
    fitted = blend.weighted_by(loss_of(RMSE))(models.oof, models.truth)
    x, y = models.oof[:, :, 0].T, models.truth
    grid = [(a, b, 1 - a - b) for a in np.linspace(0, 1, 101) for b in np.linspace(0, 1 - a, 101)]
    best = min(grid, key=lambda w: ((x @ np.array(w) - y) ** 2).mean())
    assert fitted.weights == pytest.approx(best, abs=0.02)
    assert fitted.weights.sum() == pytest.approx(1)
    assert fitted.weights.min() >= 0


def test_numbers_refuse_what_is_for_probabilities():
    for name in ("geometric", "rank", "logistic"):
        with pytest.raises(SettingsError, match=f"^blend method {name}: it is for probabilities"):
            step_of(blend_settings(method=name), "number")


def test_settings_of_probabilities_do_not_concern_numbers():
    models, _ = numbers()
    usual = blend_settings(
        method="mean", methods=["single", "geometric", "mean"], calibrate="temperature"
    )
    found = fit_blend(models, usual, RMSE)
    assert set(found.metrics["methods"]) == {"single", "mean"}
    assert set(found.metrics["calibration"]) == {"none"}
    wild = found.fitted(np.full_like(models.test, 1e6))["none"]
    assert (wild == models.truth.max()).all()  # no number beyond those of the train rows


# ---- labels


@pytest.mark.parametrize("per_class", [False, True])
@pytest.mark.parametrize("calibrate", ["none", "temperature"])
@pytest.mark.parametrize("method", METHODS["labels"])
def test_labels_are_blended_each_for_itself(tmp_path, method, calibrate, per_class):
    models, truth = labels()
    settings = blend_settings(method=method, calibrate=calibrate, per_class=per_class)
    found = fit_blend(models, settings, LOG_LOSS)
    check(tmp_path, found.table)
    probs = found.fitted(models.test)[calibrate]
    assert probs.shape == truth.shape
    assert ((probs > 0.5) == truth).mean() > 0.8
    assert (probs.sum(1) > 1).any()  # independent of each other
    assert found.metrics["nested"]["log_loss"]["value"] < np.log(2)


def test_a_label_is_blended_as_two_classes():
    models, _ = labels()
    geometric = methods(blend_settings(), "labels", LOG_LOSS)["geometric"]
    found = geometric(models.oof, models.truth)(models.test)
    logits = np.log(models.test / (1 - models.test)).mean(0)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)))


# ---- classes by another metric


def test_log_loss_takes_the_fast_way_and_both_ways_pick_the_same():
    models, _ = simulated(0, n_models=6)
    chances = blend.true_class(models.oof, models.truth)
    fast = selection.select(chances, 12, 3, 0.7, 1)

    def loss(probs):
        return blend.log_loss(probs, models.truth)

    np.testing.assert_allclose(selection.select_by_loss(models.oof, loss, 12, 3, 0.7, 1), fast)
    assert loss_of(LOG_LOSS) is blend.log_loss


@pytest.mark.parametrize("method", METHODS["classes"])
def test_accuracy_may_be_what_counts(method):
    models, _ = simulated(3, n_rows=80)
    found = fit_blend(models, blend_settings(method=method), ACCURACY).metrics
    assert found["metric"] == "accuracy"
    assert 0.5 < found["nested"]["accuracy"]["value"] <= 1
    assert "log_loss" in found["nested"]
    best = max(probs.argmax(1).tolist() == models.truth.tolist() for probs in models.oof)
    assert found["single"]["accuracy"]["value"] >= best
    ladder = [one["nested"]["value"] for one in found["methods"].values()]
    assert ladder == sorted(ladder, reverse=True)  # more is better


# ---- tables


def table_of(models, m):
    kind = models.kind
    known = RowFacts(models.groups.tolist(), kind.truth_cells(models.truth))
    return value_rows(kind, models.ids, "oof", models.folds[0], 0, models.oof[m], known)


@pytest.mark.parametrize("make", [numbers, labels])
def test_tables_are_read_back_and_joined(tmp_path, make):
    models, _ = make(n_test=0)
    paths = [tmp_path / f"m{m}.csv" for m in range(3)]
    for m, path in enumerate(paths):
        write_predictions(path, table_of(models, m), {})
    found = load(paths)
    assert (found.models, found.kind.name) == (models.models, models.kind.name)
    np.testing.assert_allclose(found.oof, models.oof)
    np.testing.assert_array_equal(found.truth, models.truth)


def test_tables_of_two_kinds_are_not_joined(tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, make in zip(paths, (numbers, labels), strict=True):
        write_predictions(path, table_of(make()[0], 0), {})
    with pytest.raises(PodiumError, match=r"b\.csv: it holds labels, a\.csv number: another comp"):
        load(paths)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ("truth,y\n1,nan", r"1 rows are no finite numbers, e\.g\. r"),
        ("truth,y\nbig,1", "truth 'big' is no finite number"),
        ("truth,l_a,l_b\na,1.5,0", r"1 rows are no probabilities of labels \(0 to 1 each\)"),
        ("truth,l_a,l_b\na;c,0.5,0", "truth 'c' is none of its labels"),
    ],
)
def test_tables_that_cannot_be_right(tmp_path, columns, says):
    header, cells = columns.split("\n")
    path = tmp_path / "t.csv"
    path.write_text(f"id,split,fold,seed,{header}\nr,oof,0,0,{cells}\n")
    with pytest.raises(PodiumError, match=rf"t\.csv: {says}"):
        read_predictions(path)
