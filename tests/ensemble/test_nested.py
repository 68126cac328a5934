"""Nested scores: no row has a say in its own prediction, at any depth."""

import numpy as np

from competition import blend_settings, simulated
from podium.ensemble import blend
from podium.ensemble.methods import methods, step_of
from podium.ensemble.nested import Step, cross_fitted, nested, refolded
from podium.evaluation import calibration
from podium.evaluation.calibration import Calibration

NONE = {"none": calibration.unfitted}


def log_loss(probs, truth):
    return -np.log(probs[np.arange(len(truth)), truth]).mean()


def marks(probs):
    """What tells rows apart: the first model's probability of class 0."""
    return set(probs[0, :, 0].tolist())


def memorising(probs, truth):
    """Certain of the truth of every row it was given, and even about all others."""
    told = dict(zip(probs[0, :, 0].tolist(), truth.tolist(), strict=True))

    def combine(rows):
        known = [told.get(mark) for mark in rows[0, :, 0].tolist()]
        even = np.full(rows.shape[2], 1 / rows.shape[2])
        return np.array([even if k is None else np.eye(rows.shape[2])[k] for k in known])

    return combine


class Recording:
    """The mean, and a note of the rows that every fit and every use of it saw."""

    def __init__(self):
        self.uses = []

    def __call__(self, probs, truth):
        seen = marks(probs)

        def combine(rows):
            self.uses.append((seen, marks(rows)))
            return rows.mean(0)

        return combine


# ---- cross_fitted


def test_each_fold_is_blended_by_the_others():
    library, _ = simulated(0, n_classes=3)
    folds = library.folds[0]
    found = cross_fitted(blend.weighted, library.oof, library.truth, folds)
    for fold in range(3):
        rest = folds != fold
        fit = blend.weighted(library.oof[:, rest], library.truth[rest])
        np.testing.assert_array_equal(found[~rest], fit(library.oof[:, ~rest]))


def test_a_memorising_fit_is_perfect_naively_and_knows_nothing_out_of_fold():
    library, _ = simulated(1)
    probs, truth, folds = library.oof, library.truth, library.folds[0]
    assert (memorising(probs, truth)(probs)[np.arange(60), truth] == 1).all()
    np.testing.assert_array_equal(cross_fitted(memorising, probs, truth, folds), 0.5)
    step = Step({"memory": memorising, "again": memorising}, NONE)
    np.testing.assert_array_equal(nested(step, probs, truth, folds, library.groups)["none"], 0.5)


def test_no_fit_meets_the_rows_it_is_used_on_before():
    library, _ = simulated(2, n_folds=4)
    recording = Recording()
    step = Step({"recording": recording}, NONE)
    nested(step, library.oof, library.truth, library.folds[0], library.groups)
    assert len(recording.uses) == 4 * (3 + 1)
    of = {mark: fold for mark, fold in zip(library.oof[0, :, 0], library.folds[0], strict=True)}
    for seen, used in recording.uses:
        assert not {of[mark] for mark in seen} & {of[mark] for mark in used}
    depth = [len({of[mark] for mark in seen}) for seen, _ in recording.uses]
    assert depth == [2, 2, 2, 3] * 4  # three inner fits and an outer one, fold by fold


# ---- nested


def full_step():
    return step_of(blend_settings(method="best", methods=["single", "weighted", "caruana", "rank"]))


def test_what_is_planted_in_a_fold_changes_all_folds_but_that_one():
    library, _ = simulated(3, n_rows=90)
    probs, truth, folds, groups = library.oof, library.truth, library.folds[0], library.groups
    before = nested(full_step(), probs, truth, folds, groups)
    assert list(before) == ["none", "clip", "temperature", "isotonic"]
    for fold in range(3):
        inside = folds == fold
        after = nested(full_step(), probs, np.where(inside, 1 - truth, truth), folds, groups)
        for name in before:
            np.testing.assert_array_equal(after[name][inside], before[name][inside])
            assert (after[name][~inside] != before[name][~inside]).any()


def test_nothing_planted_in_one_row_reaches_the_others_of_its_fold():
    library, _ = simulated(4, n_rows=90)
    known = methods(blend_settings())
    step = Step({name: known[name] for name in ("mean", "weighted", "logistic")}, NONE)
    before = nested(step, library.oof, library.truth, library.folds[0], library.groups)["none"]
    planted = library.oof.copy()
    planted[:, 7] = [0.999, 0.001]
    after = nested(step, planted, library.truth, library.folds[0], library.groups)["none"]
    fellows = (library.folds[0] == library.folds[0][7]) & (np.arange(90) != 7)
    np.testing.assert_array_equal(after[fellows], before[fellows])
    assert (after[7] != before[7]).any()


def test_a_calibration_is_fitted_on_cross_fitted_rows_of_other_folds():
    library, _ = simulated(5, n_folds=4)
    probs, truth, folds = library.oof, library.truth, library.folds[0]
    given = []

    def noting(values, classes):
        given.append((values, classes))
        return Calibration()

    nested(Step({"weighted": blend.weighted}, {"noting": noting}), probs, truth, folds, folds)
    assert len(given) == 4
    for fold, (values, classes) in enumerate(given):
        rest = folds != fold
        wanted = cross_fitted(blend.weighted, probs[:, rest], truth[rest], folds[rest])
        np.testing.assert_array_equal(values, wanted)
        np.testing.assert_array_equal(classes, truth[rest])


def test_all_calibrations_are_of_one_blend():
    library, _ = simulated(6)
    ways = {"none": calibration.unfitted, "clip": calibration.fixed_clip(0.2)}
    step = Step({"mean": blend.mean}, ways)
    found = nested(step, library.oof, library.truth, library.folds[0], library.groups)
    np.testing.assert_allclose(found["none"], library.oof.mean(0))
    np.testing.assert_allclose(found["clip"], library.oof.mean(0).clip(0.2, 0.8))


# ---- Step


def test_a_step_takes_what_is_best_on_rows_it_was_not_fitted_on():
    library, _ = simulated(7)
    facts = library.oof, library.truth, library.folds[0], library.groups
    for order in (["memory", "mean"], ["mean", "memory"]):
        fits = {"memory": memorising, "mean": blend.mean}
        found = Step({name: fits[name] for name in order}, NONE).fit(*facts)
        assert found.method == "mean"
        np.testing.assert_allclose(found(library.oof)["none"], library.oof.mean(0))


def test_of_equal_methods_the_first_is_taken():
    library, _ = simulated(8)
    facts = library.oof, library.truth, library.folds[0], library.groups
    for order in (["a", "b"], ["b", "a"]):
        assert Step(dict.fromkeys(order, blend.mean), NONE).fit(*facts).method == order[0]


def test_the_choice_is_the_lowest_cross_fitted_loss():
    taken = set()
    for seed in range(8):
        library, _ = simulated(seed, n_models=8, n_rows=40)
        fits = {name: methods(blend_settings())[name] for name in ("logistic", "mean", "single")}
        folds = library.folds[0]
        losses = {
            name: log_loss(cross_fitted(fit, library.oof, library.truth, folds), library.truth)
            for name, fit in fits.items()
        }
        found = Step(fits, NONE).fit(library.oof, library.truth, folds, library.groups)
        assert found.method == min(losses, key=losses.get)
        taken.add(found.method)
    assert len(taken) > 1


def test_the_fitted_blend_is_fitted_on_all_rows():
    library, _ = simulated(9)
    facts = library.oof, library.truth, library.folds[0], library.groups
    found = Step({"weighted": blend.weighted}, NONE).fit(*facts)
    wanted = blend.weighted(library.oof, library.truth)
    np.testing.assert_array_equal(blend.weights_of(found.combine), blend.weights_of(wanted))


# ---- refolded


def test_folds_stay_as_they_are_while_there_are_two():
    folds, groups, truth = np.array([4, 2, 4]), np.array([0, 1, 2]), np.array([0, 1, 0])
    assert refolded(folds, groups, truth) is folds


def test_one_fold_is_halved_by_whole_groups():
    groups = np.array([7, 7, 3, 9, 3, 12, 9, 9])
    found = refolded(np.full(8, 5), groups, np.zeros(8, int))
    assert set(found.tolist()) == {0, 1}
    for group in np.unique(groups):
        assert len(set(found[groups == group].tolist())) == 1
    assert len(np.unique(groups[found == 0])) == 2


def test_both_halves_hold_both_classes_in_whatever_order_groups_come():
    for truth in (np.arange(20) % 2, np.arange(20) // 10, np.arange(20) // 2 % 2):
        found = refolded(np.zeros(20, int), np.arange(20), truth)
        assert np.bincount(2 * found + truth).tolist() == [5, 5, 5, 5]


def test_one_group_stays_whole_and_a_step_is_fitted_to_it():
    truth, folds, groups = np.array([0, 1, 0, 1]), np.zeros(4, int), np.full(4, 8)
    assert len(set(refolded(folds, groups, truth).tolist())) == 1
    fitted = full_step().fit(np.full((2, 4, 2), 0.5), truth, folds, groups)
    for probs in fitted(np.full((2, 3, 2), 0.5)).values():
        np.testing.assert_allclose(probs, 0.5, atol=0.1)


def test_two_folds_nest():
    library, _ = simulated(10, n_folds=2)
    facts = library.oof, library.truth, library.folds[0], library.groups
    found = nested(full_step(), *facts)
    for probs in found.values():
        assert np.isfinite(probs).all()
        np.testing.assert_allclose(probs.sum(1), 1)
    memory = nested(Step({"a": memorising, "b": memorising}, NONE), *facts)
    np.testing.assert_array_equal(memory["none"], 0.5)
