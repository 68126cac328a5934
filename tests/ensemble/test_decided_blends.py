"""Blends for metrics of ranks and of decisions: what they choose, score and write."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from competition import blend_settings, simulated
from podium.ensemble import blend
from podium.ensemble.fit_blend import fit_blend
from podium.ensemble.losses import choice_loss, log_loss, loss_of
from podium.ensemble.methods import DECIDED, methods, step_of
from podium.ensemble.nested import nested
from podium.ensemble.prediction_set import PredictionSet
from podium.evaluation.decisions import in_table
from podium.evaluation.intervals import value_of
from podium.evaluation.metric_terms import by_id, pooled_score, terms_of_table
from podium.evaluation.predictions import read_predictions, write_predictions
from podium.evaluation.scores import METRICS
from podium.evaluation.table_kinds import Labels, kind_of

EVERY = ["single", "mean", "geometric", "rank", "weighted", "caruana", "logistic", "ridge"]


def with_labels(seed=0, n=90, n_test=30):
    """Three models of two labels."""
    library, _ = simulated(seed, n_models=3, n_rows=n, n_test=n_test)
    rng = np.random.default_rng(seed)
    truth = (rng.random((n + n_test, 2)) < (0.15, 0.5)).astype(int)
    noise = rng.normal(size=(3, n + n_test, 2)) * np.array([1, 2, 3])[:, None, None]
    probs = 1 / (1 + np.exp(2 - 3 * truth - noise))
    facts = {"kind": Labels(["cat", "dog"]), "truth": truth[:n]}
    arrays = {"oof": probs[:, :n], "test": probs[:, n:]}
    return PredictionSet(**(vars(library) | facts | arrays))


def value(name, values, truth):
    return value_of(METRICS[name].row_terms(values, truth), METRICS[name])


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("name", ["auc", "macro_f1", "quadratic_kappa", "map@5"])
def test_every_method_serves_every_metric_of_classes(name, method):
    n_classes = 2 if name == "auc" else 3
    library, _ = simulated(1, n_rows=60, n_test=10, n_classes=n_classes)
    settings = blend_settings(method=method, methods=["mean", method], calibrate="temperature")
    found = fit_blend(library, settings, METRICS[name])
    score = found.metrics["nested"][name]
    assert found.metrics["metric"] == name
    assert score["low"] <= score["value"] <= score["high"]
    assert score["value"] > 0.3
    assert {"log_loss", "accuracy"} <= set(found.metrics["nested"])
    assert ("decision" in found.table) == METRICS[name].decided
    assert set(found.metrics["methods"]) == {"single", "mean", method}


@pytest.mark.parametrize("name", ["macro_f1", "micro_f1", "mean_auc", "log_loss", "map@5"])
@pytest.mark.parametrize("method", ["weighted", "caruana", "geometric", "best"])
def test_labels(name, method):
    library = with_labels()
    found = fit_blend(library, blend_settings(method=method, calibrate="isotonic"), METRICS[name])
    assert {"log_loss", "mean_auc", name} <= set(found.metrics["nested"])
    assert ("decision" in found.table) == METRICS[name].decided


# ---- decisions


def test_decisions_are_nested_and_scored():
    library, _ = simulated(2, n_rows=90, n_test=12, n_classes=4)
    metric, settings = METRICS["quadratic_kappa"], blend_settings(calibrate="temperature")
    found = fit_blend(library, settings, metric)
    step = step_of(settings, "classes", metric)
    each = nested(step, library.oof, library.truth, library.folds[0], library.groups)
    oof = found.table[found.table["split"] == "oof"]
    np.testing.assert_array_equal(in_table(kind_of(oof), oof), each[DECIDED])
    expected = value("quadratic_kappa", each[DECIDED], library.truth)
    assert found.metrics["nested"]["quadratic_kappa"]["value"] == pytest.approx(expected)
    probs = value("log_loss", each["temperature"], library.truth)
    assert found.metrics["nested"]["log_loss"]["value"] == pytest.approx(probs)
    test = found.table[found.table["split"] == "test"]
    np.testing.assert_array_equal(in_table(kind_of(oof), test), found.fitted(library.test)[DECIDED])


def test_a_fold_has_no_say_in_its_decisions():
    library = with_labels()
    turned = np.where((library.folds[0] == 1)[:, None], 1 - library.truth, library.truth)
    tables = [
        fit_blend(PredictionSet(**(vars(library) | {"truth": truth})), blend_settings(),
                  METRICS["macro_f1"]).table
        for truth in (library.truth, turned)
    ]  # fmt: skip
    one, other = (table[(table["split"] == "oof") & (table["fold"] == 1)] for table in tables)
    assert one["decision"].tolist() == other["decision"].tolist()
    assert tables[0]["decision"].tolist() != tables[1]["decision"].tolist()


def test_the_single_model_gets_decisions_too():
    library = with_labels(3, n=300)
    found = fit_blend(library, blend_settings(methods=["single"]), METRICS["macro_f1"]).metrics
    plain = max(value("macro_f1", probs, library.truth) for probs in library.oof)
    assert found["single"]["macro_f1"]["value"] > plain


def test_a_blend_is_compared_by_its_decisions_and_a_model_by_those_of_other_folds(tmp_path):
    library = with_labels(4, n=200)
    metric = METRICS["micro_f1"]
    found = fit_blend(library, blend_settings(method="single", methods=["single"]), metric)
    write_predictions(tmp_path / "blend.csv", found.table, {})
    read_predictions(tmp_path / "blend.csv", "decision")
    write_predictions(tmp_path / "model.csv", found.table.drop(columns="decision"), {})
    write_predictions(tmp_path / "none.csv", found.table.assign(decision="-"), {})
    scores = {}
    for name in ("blend", "model", "none"):
        terms = terms_of_table(tmp_path / f"{name}.csv", [metric])["micro F1"]
        scores[name] = pooled_score(by_id(terms), metric)
    assert scores["blend"] == pytest.approx(found.metrics["nested"]["micro_f1"]["value"])
    assert scores["model"] == pytest.approx(scores["blend"], abs=0.05)
    assert scores["none"] == 0  # it is its decisions that count


# ---- weights


def test_weights_for_an_area_beat_those_for_log_loss_on_their_own_rows():
    library, _ = simulated(5, n_models=6, n_rows=300)
    sharp = library.oof ** np.linspace(0.2, 4, 6)[:, None, None]
    oof = sharp / sharp.sum(2, keepdims=True)
    by_area = methods(blend_settings(), "classes", METRICS["auc"])["weighted"](oof, library.truth)
    by_loss = methods(blend_settings())["weighted"](oof, library.truth)
    assert by_area.weights.sum() == pytest.approx(1)
    assert by_area.weights.min() >= 0
    areas = [roc_auc_score(library.truth, each(oof)[:, 1]) for each in (by_area, by_loss)]
    assert areas[0] > areas[1]
    assert areas[0] >= max(roc_auc_score(library.truth, probs[:, 1]) for probs in oof)


def test_labels_share_their_weights_the_fast_way():
    library = with_labels(6, n=200)
    fast = methods(blend_settings(), "labels")["weighted"](library.oof, library.truth)
    slow = blend.weighted_by(log_loss)(library.oof, library.truth)
    assert log_loss(fast(library.oof), library.truth) <= log_loss(
        slow(library.oof), library.truth
    ) + 1e-9  # fmt: skip


def test_what_is_chosen_by():
    probs, truth = np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([[1, 0], [1, 1]])
    assert (
        choice_loss(METRICS["macro_f1"], "labels")(probs, truth) == -1
    )  # at thresholds of its own
    assert loss_of(METRICS["macro_f1"])(probs, truth) == -0.5
    assert choice_loss(METRICS["log_loss"], "labels") is log_loss
