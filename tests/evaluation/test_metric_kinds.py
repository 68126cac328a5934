"""Metrics that are more than a ratio of sums: by scikit-learn, by hand, at the ends, and drawn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    roc_auc_score,
    root_mean_squared_error,
)

from podium.core.errors import PodiumError, SettingsError
from podium.evaluation.intervals import bootstrap, score, standard_error, value_of
from podium.evaluation.scores import METRICS, metric_named
from podium.evaluation.target_fit import fits, why_not_fitting

N = 60


def value(name, predictions, truth):
    metric = metric_named(name)
    return value_of(metric.row_terms(np.asarray(predictions), np.asarray(truth)), metric)


def classes(rng, k=4, n=N):
    return rng.dirichlet(np.ones(k), n).round(2), rng.integers(0, k, n)  # rounded: there are ties


def labels(rng, k=3, n=N):
    return rng.random((n, k)).round(1), rng.integers(0, 2, (n, k))


def one_hot(indices, k):
    return np.eye(k)[indices]


# ---- scikit-learn's values


def test_classes_are_scored_as_by_scikit_learn(rng):
    probs, truth = classes(rng)
    said = probs.argmax(1)
    assert value("accuracy", probs, truth) == accuracy_score(truth, said)
    assert value("micro_f1", probs, truth) == pytest.approx(f1_score(truth, said, average="micro"))
    assert value("macro_f1", probs, truth) == pytest.approx(f1_score(truth, said, average="macro"))
    columns = [roc_auc_score(truth == k, probs[:, k]) for k in range(4)]
    assert value("mean_auc", probs, truth) == pytest.approx(np.mean(columns))
    grades = np.floor(probs @ np.arange(4) + 0.5)
    kappa = cohen_kappa_score(grades, truth, weights="quadratic")
    assert value("quadratic_kappa", probs, truth) == pytest.approx(kappa)
    decided = value("quadratic_kappa", one_hot(said, 4), truth)
    assert decided == pytest.approx(cohen_kappa_score(said, truth, weights="quadratic"))


def test_two_classes_are_ranked_as_by_scikit_learn(rng):
    probs, truth = classes(rng, 2)
    area = roc_auc_score(truth, probs[:, 1])
    assert len(np.unique(probs[:, 1])) < N
    assert value("auc", probs, truth) == value("mean_auc", probs, truth) == pytest.approx(area)


def test_labels_are_scored_as_by_scikit_learn(rng):
    probs, truth = labels(rng)
    said = (probs >= 0.5).astype(int)
    for average in ("micro", "macro"):
        expected = f1_score(truth, said, average=average)
        assert value(f"{average}_f1", probs, truth) == pytest.approx(expected)
    assert value("mean_auc", probs, truth) == pytest.approx(roc_auc_score(truth, probs))
    probs = probs.clip(0.01, 0.99)
    each = [log_loss(truth[:, k], probs[:, k]) for k in range(3)]
    assert value("log_loss", probs, truth) == pytest.approx(np.mean(each))


def test_numbers_are_scored_as_by_scikit_learn(rng):
    values, truth = rng.normal(size=(N, 1)), rng.normal(size=N)
    assert value("mae", values, truth) == pytest.approx(mean_absolute_error(truth, values))
    assert value("rmse", values, truth) == pytest.approx(root_mean_squared_error(truth, values))


# ---- by hand


def test_average_precision_by_hand():
    probs = [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]
    assert value("map@2", probs, [0, 1, 2]) == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert value("map@5", probs, [0, 1, 2]) == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    # true are the first and the third: 1 of 1, 2 of 3; of none 0; of all three at 2: both places
    truth = [[1, 0, 1], [0, 0, 0], [1, 1, 1]]
    assert value("map@3", probs, truth) == pytest.approx(((1 + 2 / 3) / 2 + 0 + 1) / 3)
    assert value("map@2", probs, truth) == pytest.approx((1 / 2 + 0 + 1) / 3)


def test_equals_are_ranked_in_the_order_of_columns():
    assert value("map@1", [[0.5, 0.5], [0.5, 0.5]], [0, 1]) == 0.5


def test_kappa_by_hand():
    # grades 0 1 2 against 0 2 2: apart 0 + 1 + 0 = 1; by chance, all pairs: 0-0 0, 0-2 4 twice,
    # 1-0 1, 1-2 1 twice, 2-0 4, 2-2 0: 8 + 1 + 2 + 4 = 15, over 3 rows = 5; 1 - 1 / 5
    assert value("quadratic_kappa", one_hot([0, 1, 2], 3), [0, 2, 2]) == pytest.approx(0.8)


def test_macro_f1_by_hand():
    # cat: 1 right, 1 missed: 2 / 3; dog: 1 right, 1 too many: 2 / 3; no bird anywhere: left out
    probs = one_hot([0, 1, 1], 3)
    assert value("macro_f1", probs, [0, 0, 1]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("name", "best", "worst"),
    [
        ("log_loss", 0, 34.5387764),  # -ln 1e-15
        ("auc", 1, 0), ("mean_auc", 1, 0), ("accuracy", 1, 0), ("macro_f1", 1, 0),
        ("micro_f1", 1, 0), ("quadratic_kappa", 1, -1), ("map@1", 1, 0),
    ],
)  # fmt: skip
def test_perfect_and_worst(name, best, worst):
    truth = np.array([0, 1, 0, 1])
    assert value(name, one_hot(truth, 2), truth) == pytest.approx(best, abs=1e-9)
    assert value(name, one_hot(1 - truth, 2), truth) == pytest.approx(worst)


@pytest.mark.parametrize(
    ("name", "alone"), [("auc", 0.5), ("mean_auc", 0.5), ("macro_f1", 1), ("quadratic_kappa", 1)]
)
def test_one_class_alone(name, alone):
    assert value(name, one_hot([1, 1, 1], 2), [1, 1, 1]) == alone


def test_a_column_without_a_pair_is_left_out_of_the_mean():
    probs = np.array([[0.2, 0.5], [0.8, 0.5], [0.6, 0.1]])
    assert value("mean_auc", probs, [[0, 1], [1, 1], [1, 1]]) == 1


def test_all_the_same_is_a_guess():
    assert value("auc", np.full((4, 2), 0.5), [0, 1, 0, 1]) == 0.5


@pytest.mark.parametrize("name", [name for name in METRICS if name not in ("rmse", "mae")])
@pytest.mark.parametrize("shape", ["more truths", "no rows"])
def test_shapes_that_do_not_fit_are_refused(name, shape):
    truth = np.array([0, 1, 0]) if shape == "more truths" else np.empty(0, dtype=int)
    probs = np.full((2 if shape == "more truths" else 0, 2), 0.5)
    with pytest.raises(ValueError, match=r"\(\d, 2\) probabilities for \(\d,\) truths"):
        value(name, probs, truth)


# ---- drawn


@pytest.mark.parametrize("name", list(METRICS))
def test_a_draw_of_groups_is_the_score_of_their_rows(rng, name):
    metric = METRICS[name]
    values, truth = {
        "classes": lambda: classes(rng, 2 if name == "auc" else 4),
        "number": lambda: (rng.normal(size=(N, 1)), rng.normal(size=N)),
    }[metric.kinds[0]]()
    groups = np.arange(N) // 3
    found = bootstrap([metric.row_terms(values, truth)], groups, 5, 7, metric)[:, 0]
    chosen = np.random.default_rng(7).integers(0, 20, (5, 20))
    for drawn, one in zip(chosen, found, strict=True):
        rows = np.concatenate([np.flatnonzero(groups == group) for group in drawn])
        again = value_of(metric.row_terms(values[rows], truth[rows]), metric)
        assert one == pytest.approx(again)


@pytest.mark.parametrize("name", ["auc", "quadratic_kappa", "macro_f1"])
def test_intervals_and_standard_errors_agree(rng, name):
    metric = METRICS[name]
    probs, truth = classes(rng, 2, 400)
    probs = 0.8 * probs + 0.2 * one_hot(truth, 2)
    terms = metric.row_terms(probs, truth)
    drawn = score(metric, terms, np.arange(400), 1000)
    assert drawn.low < drawn.value < drawn.high
    assert drawn.high - drawn.low == pytest.approx(3.92 * drawn.se, rel=0.1)
    assert standard_error(terms, np.arange(400), metric) == pytest.approx(drawn.se, rel=0.1)


def test_the_error_of_an_area_is_that_of_hanley_and_mcneil(rng):
    # 1982: for an area A of exponential scores, Q1 = A / (2 - A), Q2 = 2 A A / (1 + A)
    truth = np.arange(1000) % 2
    second = rng.exponential(1 + 2 * truth)
    metric = METRICS["auc"]
    drawn = score(metric, metric.row_terms(np.stack([-second, second], 1), truth), range(1000), 500)
    area = 0.75
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + 499 * (q1 + q2 - 2 * area**2)) / 500**2
    assert drawn.value == pytest.approx(area, abs=0.04)
    assert drawn.se == pytest.approx(variance**0.5, rel=0.15)


# ---- names, and what they fit


def test_names():
    assert list(METRICS) == [
        "log_loss", "auc", "mean_auc", "accuracy", "macro_f1", "micro_f1", "quadratic_kappa",
        "rmse", "mae", "map@5",
    ]  # fmt: skip
    assert (metric_named("map@17").k, metric_named("map@17").key) == (17, "map@17")
    assert metric_named("auc") is METRICS["auc"]


@pytest.mark.parametrize(
    ("name", "near"), [("logloss", "log_loss"), ("kappa", "quadratic_kappa"), ("map@0", "map@5")]
)
def test_an_unknown_name_gets_the_nearest(name, near):
    with pytest.raises(SettingsError, match=f"^{name}: no such metric; did you mean {near}"):
        metric_named(name)


@pytest.mark.parametrize(
    ("name", "kind", "ordered", "n_names", "why"),
    [
        ("rmse", "classes", False, 2, "rmse is for number, the target is classes"),
        ("accuracy", "labels", False, 2, "accuracy is for classes, the target is labels"),
        ("quadratic_kappa", "classes", False, 5, "quadratic_kappa is for ordered classes"),
        ("auc", "classes", False, 3, "auc is for two classes or one label, not 3 classes"),
        ("auc", "labels", False, 2, "auc is for two classes or one label, not 2 labels"),
        ("log_loss", "number", False, 0, "log_loss is for classes or labels, the target is numb"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit(name, kind, ordered, n_names, why):
    assert why_not_fitting(METRICS[name], kind, ordered, n_names).startswith(why)
    assert not fits(METRICS[name], kind, ordered, n_names)


@pytest.mark.parametrize(
    ("name", "kind", "ordered", "n_names"),
    [
        ("quadratic_kappa", "classes", True, 5), ("auc", "classes", False, 2),
        ("auc", "labels", False, 1), ("mean_auc", "labels", False, 11),
        ("rmse", "number", False, 0),
        ("map@5", "classes", False, 900),
    ],
    ids=str,
)  # fmt: skip
def test_what_fits(name, kind, ordered, n_names):
    assert fits(METRICS[name], kind, ordered, n_names)


# ---- one's own


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A function that writes a module of one's own into the working folder; its lines."""
    monkeypatch.chdir(tmp_path)

    def write(name, *lines):
        (tmp_path / f"{name}.py").write_text("\n".join(lines) + "\n")

    return write


def test_a_function_of_ones_own(own, rng):
    own("own_a", "def apart(values, truth):", "    return abs(values[:, 0] - truth).mean()",
        "apart.lower_is_better = True")  # fmt: skip
    metric = metric_named("own_a:apart")
    values, truth = rng.normal(size=(N, 1)), rng.normal(size=N)
    terms = metric.row_terms(values, truth)
    assert metric.lower_is_better
    assert fits(metric, "number")
    mine, theirs = (
        score(metric, terms, np.arange(N) // 2, 50),
        score(METRICS["mae"], METRICS["mae"].row_terms(values, truth), np.arange(N) // 2, 50),
    )
    assert mine.value == pytest.approx(theirs.value)
    assert (mine.se, mine.low, mine.high) == pytest.approx((theirs.se, theirs.low, theirs.high))


def test_it_gets_class_numbers_and_labels_as_they_are(own, rng):
    own("own_b", "def f(values, truth):", "    shape = values.shape, truth.shape, str(truth.dtype)",
        "    return {((6, 3), (6,), 'int64'): 1, ((6, 3), (6, 3), 'int64'): 2}[shape]",
        "f.lower_is_better = False")  # fmt: skip
    assert value("own_b:f", *classes(rng, 3, 6)) == 1
    assert value("own_b:f", *labels(rng, 3, 6)) == 2


@pytest.mark.parametrize(
    ("name", "lines", "says"),
    [
        ("own_missing:f", [], "No module named 'own_missing'"),
        ("own_c:g", ["def f(values, truth): return 0"], "has no attribute 'g'"),
        ("own_d:f", ["def f(values, truth): return 0"], "does not say which way is better"),
    ],
    ids=["module", "function", "direction"],
)
def test_functions_that_cannot_be_used(own, name, lines, says):
    if lines:
        own(name.partition(":")[0], *lines)
    with pytest.raises(SettingsError, match=f"^metric {name}: .*{says}.*\nremedy: "):
        metric_named(name)


def test_a_function_that_fails_is_named(own, rng):
    own("own_e", "def f(values, truth):", "    raise KeyError('x')", "f.lower_is_better = True")
    with pytest.raises(PodiumError, match=r"^metric own_e:f: KeyError: 'x'"):
        value("own_e:f", *classes(rng))
    own("own_g", "def f(values, truth):", "    return float('nan')", "f.lower_is_better = True")
    with pytest.raises(PodiumError, match="own_g:f: its score of all rows is no finite number"):
        value("own_g:f", *classes(rng))
