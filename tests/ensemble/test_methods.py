"""Every way to blend, where there is little to blend: rows come out finite and sum to 1."""

import numpy as np
import pytest

from competition import blend_settings, simulated
from podium.ensemble.blend import weights_of
from podium.ensemble.methods import methods, step_of

NAMES = ["single", "mean", "geometric", "rank", "weighted", "caruana", "logistic", "ridge"]


def fitted(name, oof, truth, test, **changes):
    """What `name` makes of `test`, once it is held to be probabilities."""
    found = methods(blend_settings(**changes))[name](oof, truth)(test)
    assert found.shape == test.shape[1:]
    assert np.isfinite(found).all()
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(1), 1)
    return found


def test_every_name_has_a_method():
    assert list(methods(blend_settings())) == NAMES
    assert list(methods(blend_settings(per_class=True))) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("per_class", [False, True])
def test_one_model_is_itself(name, n_classes, per_class):
    library, _ = simulated(0, n_models=1, n_test=40, n_classes=n_classes)
    found = fitted(name, library.oof, library.truth, library.test, per_class=per_class)
    if name in ("single", "mean", "geometric", "weighted", "caruana"):
        np.testing.assert_allclose(found, library.test[0], atol=1e-12)
    elif n_classes == 2:  # stacks and ranks bend the one line there is, and turn nothing round
        order = np.argsort(library.test[0, :, 1])
        assert (np.diff(found[order, 1]) >= -1e-12).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_copies_of_a_model_are_that_model(name, n_classes):
    library, _ = simulated(1, n_models=1, n_test=40, n_classes=n_classes)
    copies = [np.repeat(one, 4, axis=0) for one in (library.oof, library.test)]
    found = fitted(name, copies[0], library.truth, copies[1])
    if name not in ("logistic", "ridge"):  # whose penalty is shared by four
        alone = fitted(name, library.oof, library.truth, library.test)
        np.testing.assert_allclose(found, alone, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_models_that_always_say_the_same(name):
    oof = np.array([np.tile([0.7, 0.3], (20, 1)), np.tile([0.5, 0.5], (20, 1))])
    truth = np.arange(20) // 14
    found = fitted(name, oof, truth, oof)
    np.testing.assert_allclose(found, found[:1].repeat(20, 0), atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [False, True])
def test_models_that_are_certain(name, wrong):
    truth = np.arange(24) % 3
    said = np.eye(3)[(truth + wrong) % 3]
    found = fitted(name, np.stack([said, said]), truth, np.stack([said, said]))
    if not wrong:
        np.testing.assert_array_equal(found.argmax(1), truth)


@pytest.mark.parametrize("name", NAMES)
def test_one_class_only_and_one_row_only(name):
    library, _ = simulated(2, n_test=7)
    fitted(name, library.oof, np.zeros_like(library.truth), library.test)
    fitted(name, library.oof[:, :1], library.truth[:1], library.test)


@pytest.mark.parametrize("name", ["logistic", "ridge"])
@pytest.mark.parametrize("seed", range(4))
def test_stacks_of_many_certain_models_fit_without_a_warning(name, seed):
    library, _ = simulated(seed, n_models=30, n_rows=40, n_test=10, n_classes=2 + seed % 2)
    sharp = library.oof**6 / (library.oof**6).sum(2, keepdims=True)
    strengths = {"logistic_c": 10.0, "ridge_alpha": 1e-3}
    fitted(name, sharp, library.truth, library.test, **strengths)


def test_settings_reach_the_methods():
    library, _ = simulated(3, n_models=9)
    changes = [{}, {"picks": 1}, {"bags": 7}, {"bag_share": 0.2}, {"seed": 1}]
    found = []
    for change in changes:
        fit = methods(blend_settings(**change))["caruana"]
        found.append(tuple(weights_of(fit(library.oof, library.truth))))
    assert len(set(found)) == len(changes)
    for name, change in (("logistic", {"logistic_c": 9.0}), ("ridge", {"ridge_alpha": 0.1})):
        one, other = (
            fitted(name, library.oof, library.truth, library.oof, **extra) for extra in ({}, change)
        )
        assert abs(one - other).max() > 1e-3


def test_a_step_tries_the_methods_it_is_told_to():
    assert list(step_of(blend_settings(method="rank")).methods) == ["rank"]
    tried = step_of(blend_settings(method="best", methods=["mean", "single"]))
    assert list(tried.methods) == ["mean", "single"]
    assert list(tried.calibrations) == ["none", "clip", "temperature", "isotonic"]
