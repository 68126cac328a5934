"""A blend and its scores, on competitions whose truth is known."""

import numpy as np
import pytest

from competition import blend_settings, simulated
from podium.ensemble.blend_scores import summary_lines
from podium.ensemble.fit_blend import fit_blend, ladder, weights
from podium.ensemble.methods import step_of
from podium.ensemble.nested import nested
from podium.ensemble.prediction_set import PredictionSet
from podium.evaluation.metrics import scores
from podium.evaluation.predictions import check, classes_of, probabilities
from podium.evaluation.scores import LOG_LOSS

EVERY = ["mean", "geometric", "rank", "weighted", "caruana", "logistic", "ridge"]


def log_loss(probs, truth):
    return -np.log(np.clip(probs[np.arange(len(truth)), truth], 1e-15, 1)).mean()


# ---- how honest the scores are


@pytest.mark.parametrize(
    ("changes", "flattered", "n_competitions"),
    [
        ({"method": "caruana", "picks": 20, "methods": ["single"]}, 0.02, 20),
        ({"method": "logistic", "logistic_c": 1.0, "methods": ["single"]}, 0.2, 6),
        ({"method": "best", "methods": ["single", "mean", "caruana", "logistic"]}, 0.05, 6),
    ],
)
def test_the_nested_score_is_nearer_to_fresh_rows_than_the_naive_one(
    changes, flattered, n_competitions
):
    naive, honest = [], []
    for seed in range(n_competitions):
        library, truth = simulated(seed, n_models=25, n_rows=60, n_test=1000, n_folds=4)
        found = fit_blend(library, blend_settings(**changes))
        fresh = log_loss(found.fitted(library.test)["none"], truth)
        naive.append(found.metrics["naive"]["log_loss"]["value"] - fresh)
        honest.append(found.metrics["nested"]["log_loss"]["value"] - fresh)
    assert np.mean(naive) < -flattered
    assert abs(np.mean(honest)) < abs(np.mean(naive)) / 2
    assert np.mean(np.abs(honest)) < np.mean(np.abs(naive))


def test_models_that_know_nothing_are_not_made_to_look_good():
    library, _ = simulated(0, n_models=30, n_rows=80)
    rng = np.random.default_rng(0)
    noise = rng.dirichlet([1, 1], library.oof.shape[:2])
    idle = PredictionSet(**(vars(library) | {"oof": noise}))
    settings = blend_settings(method="logistic", methods=EVERY, logistic_c=1.0)
    found = fit_blend(idle, settings).metrics
    assert found["naive"]["log_loss"]["value"] < 0.5
    assert found["nested"]["log_loss"]["value"] > np.log(2)
    assert all(one["nested"]["value"] > 0.6 for one in found["methods"].values())


# ---- metrics


def test_metrics_hold_together():
    library, _ = simulated(1, seeds=(0, 4), n_test=6)
    settings = blend_settings(method="best", methods=EVERY, calibrate="temperature")
    found = fit_blend(library, settings)
    metrics, truth = found.metrics, library.truth
    each = [
        nested(step_of(settings), library.oof, truth, folds, library.groups)
        for folds in library.folds
    ]
    honest = [one["temperature"] for one in each]
    for key in ("log_loss", "accuracy", "auc"):
        wanted = np.mean([scores(probs, truth)[key] for probs in honest])
        assert metrics["nested"][key]["value"] == pytest.approx(wanted)
    rowwise = np.mean([scores(probs, truth)["log_loss_se"] for probs in honest])
    nested_loss = metrics["nested"]["log_loss"]
    assert nested_loss["se"] == pytest.approx(rowwise, rel=0.3)  # groups are rows
    assert nested_loss["low"] < nested_loss["value"] < nested_loss["high"]
    assert nested_loss["n"] == len(truth)
    for name in ("none", "clip", "temperature", "isotonic"):
        wanted = np.mean([log_loss(one[name], truth) for one in each])
        assert metrics["calibration"][name]["log_loss"]["value"] == pytest.approx(wanted)
    assert metrics["n_models"] == 5
    assert metrics["method"] == found.fitted.method
    naive = log_loss(found.fitted(library.oof)["temperature"], truth)
    assert metrics["naive"]["log_loss"]["value"] == pytest.approx(naive)
    gap = nested_loss["value"] - metrics["naive"]["log_loss"]["value"]
    assert metrics["optimism"] == pytest.approx(gap)
    alone = [log_loss(probs, truth) for probs in library.oof]
    best = int(np.argmin(alone))
    assert metrics["single"]["model"] == f"m{best}"
    assert metrics["single"]["log_loss"]["value"] == pytest.approx(alone[best])
    difference = metrics["difference"]
    assert difference["value"] == pytest.approx(nested_loss["value"] - alone[best])
    assert difference["low"] < difference["value"] < difference["high"]


def test_the_interval_draws_whole_groups():
    library, _ = simulated(2, n_rows=40)
    loose = blend_settings(method="mean", bootstrap=2000)
    pairs = [  # each row a second time: a group says no more for being larger
        PredictionSet(**(vars(library) | extra))
        for extra in ({"groups": np.arange(80)}, {"groups": np.arange(80) % 40})
    ]
    twice = {
        "oof": np.concatenate([library.oof] * 2, axis=1),
        "truth": np.tile(library.truth, 2),
        "folds": np.tile(library.folds, 2),
        "ids": [*library.ids, *(f"{name}b" for name in library.ids)],
    }
    found = [
        fit_blend(PredictionSet(**(vars(one) | twice)), loose).metrics["difference"]
        for one in pairs
    ]
    width = [one["high"] - one["low"] for one in found]
    assert width[1] == pytest.approx(width[0] * np.sqrt(2), rel=0.1)
    assert found[1]["se"] == pytest.approx(found[0]["se"] * np.sqrt(2), rel=0.1)


def test_the_ladder_is_of_all_methods_and_the_best_comes_first():
    library, _ = simulated(3, seeds=(0, 1))
    found = ladder(library, blend_settings(methods=EVERY, method="mean"))
    assert set(found) == {"single", *EVERY}
    honest = [one["nested"]["value"] for one in found.values()]
    assert honest == sorted(honest)
    plain = log_loss(library.oof.mean(0), library.truth)
    for side in ("naive", "nested"):
        assert found["mean"][side]["value"] == pytest.approx(plain)
    alone = min(log_loss(probs, library.truth) for probs in library.oof)
    assert found["single"]["naive"]["value"] == pytest.approx(alone)
    assert found["single"]["nested"]["value"] >= alone
    assert found["weighted"]["naive"]["value"] < alone + 1e-6


def test_weights_are_named_and_the_largest_comes_first():
    library, _ = simulated(4, n_models=8)
    fitted = fit_blend(library, blend_settings(method="caruana")).fitted
    found = weights(library, fitted)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    assert min(found.values()) > 0
    assert 1 < len(found) < 8
    for name, weight in found.items():
        assert fitted.combine.weights[int(name[1:])] == pytest.approx(weight, abs=1e-6)
    even = weights(library, fit_blend(library, blend_settings(method="mean")).fitted)
    assert even == {f"m{number}": 0.125 for number in range(8)}
    assert list(even) == library.models  # of equals the first comes first


@pytest.mark.parametrize("changes", [{"method": "rank"}, {"per_class": True}])
def test_blends_without_a_weight_per_model_list_none(changes):
    library, _ = simulated(5)
    assert fit_blend(library, blend_settings(**changes)).metrics["weights"] == {}


def test_the_same_settings_give_the_same_blend():
    library, _ = simulated(6, n_test=5)
    settings = blend_settings(method="best", methods=EVERY, calibrate="isotonic")
    one, other = (fit_blend(library, settings) for _ in range(2))
    assert one.metrics == other.metrics
    assert one.table.equals(other.table)


# ---- the table


def test_the_table_has_nested_rows_and_test_rows(tmp_path):
    library, _ = simulated(7, n_test=9, n_classes=3)
    settings = blend_settings(method="weighted", calibrate="clip", clip=0.05)
    found = fit_blend(library, settings)
    table = found.table
    check(tmp_path, table)
    assert classes_of(table) == ["c0", "c1", "c2"]
    oof, test = table[table["split"] == "oof"], table[table["split"] == "test"]
    honest = nested(step_of(settings), library.oof, library.truth, library.folds[0], library.groups)
    np.testing.assert_array_equal(probabilities(oof), honest["clip"])
    np.testing.assert_array_equal(probabilities(test), found.fitted(library.test)["clip"])
    assert probabilities(table).min() == pytest.approx(0.05)
    assert oof["id"].tolist() == library.ids
    assert oof["fold"].tolist() == library.folds[0].tolist()
    assert oof["truth"].tolist() == [f"c{k}" for k in library.truth]
    assert oof["group"].tolist() == [str(group) for group in library.groups]
    assert test["id"].tolist() == library.test_ids
    assert (set(test["fold"]), set(test["truth"]), set(table["seed"])) == ({-1}, {""}, {0})


def test_every_seed_of_folds_has_rows_of_its_own(tmp_path):
    library, _ = simulated(8, seeds=(3, 8), n_test=4)
    table = fit_blend(library, blend_settings()).table
    check(tmp_path, table)
    assert len(table) == 2 * 60 + 4
    parts = [table[(table["split"] == "oof") & (table["seed"] == seed)] for seed in library.seeds]
    for part, folds in zip(parts, library.folds, strict=True):
        assert part["fold"].tolist() == folds.tolist()
    assert (probabilities(parts[0]) != probabilities(parts[1])).any()
    assert set(table[table["split"] == "test"]["seed"]) == {3}


def test_a_library_without_test_rows_makes_a_table_without(tmp_path):
    library, _ = simulated(9)
    table = fit_blend(library, blend_settings(method="ridge", calibrate="isotonic")).table
    check(tmp_path, table)
    assert set(table["split"]) == {"oof"}


# ---- little to go by


@pytest.mark.parametrize("calibrate", ["none", "clip", "temperature", "isotonic"])
@pytest.mark.parametrize("per_class", [False, True])
@pytest.mark.parametrize("case", ["two folds", "absent class", "one model", "few rows"])
def test_small_competitions(tmp_path, calibrate, per_class, case):
    shape = {
        "two folds": {"n_folds": 2},
        "absent class": {"n_classes": 3},
        "one model": {"n_models": 1},
        "few rows": {"n_rows": 8, "n_folds": 2},
    }[case]
    library, _ = simulated(10, n_test=5, **shape)
    if case == "absent class":  # one fold has no c2, and all others lie in another
        moved = np.where(library.truth == 2, 1, np.arange(60) // 2 % 3)
        library = PredictionSet(**(vars(library) | {"folds": moved[None], "groups": np.arange(60)}))
    settings = blend_settings(
        method="best", methods=EVERY, calibrate=calibrate, per_class=per_class, bootstrap=5
    )
    found = fit_blend(library, settings)
    check(tmp_path, found.table)
    assert np.isfinite(found.metrics["nested"]["log_loss"]["value"])
    assert all(np.isfinite(one["nested"]["value"]) for one in found.metrics["methods"].values())


def test_a_library_of_one_class_is_scored_without_an_area():
    library, _ = simulated(11)
    one = PredictionSet(**(vars(library) | {"truth": np.zeros_like(library.truth)}))
    found = fit_blend(one, blend_settings(method="best", methods=EVERY, calibrate="isotonic"))
    assert "auc" not in found.metrics["nested"]


# ---- for people


def test_the_summary_by_hand():
    metrics = {
        "method": "mean",
        "metric": "log_loss",
        "n_models": 2,
        "nested": {"log_loss": {"value": 0.25, "se": 0.01}},
        "single": {"model": "dense", "log_loss": {"value": 0.3}},
        "naive": {"log_loss": {"value": 0.2}},
        "difference": {"value": -0.05, "low": -0.08, "high": 0.02},
        "methods": {"mean": {"naive": {"value": 0.2}, "nested": {"value": 0.25}}},
    }
    assert summary_lines(metrics, LOG_LOSS) == [
        "method          naive   nested   log loss",
        "mean           0.2000   0.2500",
        "best single model dense: 0.3000",
        "blend (mean) of 2: naive 0.2000, nested 0.2500 +- 0.0100, against the single one -0.0500 "
        "(95 %: -0.0800 to +0.0200)",
    ]
