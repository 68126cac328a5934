from __future__ import annotations

import numpy as np
import pytest

import photo_networks
from podium.models.losses import PictureLoss
from podium.photos.networks.targets import Targets, targets_of, values_of

LEARNT = np.arange(6)


def targets(kind: str, **changes: object) -> Targets:
    task = photo_networks.task(kind, **changes)
    return targets_of(task.data, LEARNT, task.settings, task.task.ordered)


def losses(kind: str, rows: np.ndarray, outputs: list) -> list[float]:
    return PictureLoss(kind).call(rows, np.array(outputs, np.float32)).numpy().tolist()


def test_classes_are_indicators_and_the_loss_is_the_cross_entropy():
    rows = targets("classes").rows
    np.testing.assert_array_equal(rows, np.eye(3)[np.arange(8) % 3])
    assert losses("classes", rows[:1], [[0, 0, 0]]) == pytest.approx([np.log(3)])
    assert losses("classes", rows[:1], [[50, 0, 0]]) == pytest.approx([0], abs=1e-6)


def test_labels_weigh_yes_and_no_and_the_loss_is_the_mean_over_labels():
    rows = targets("labels").rows
    assert rows[:2].tolist() == [[0, 0, 1, 1], [1, 0, 0, 1]]
    assert losses("labels", rows[:1], [[0, 0]]) == pytest.approx([np.log(2)])
    assert losses("labels", rows[1:2], [[50, -50]]) == pytest.approx([0], abs=1e-6)


def test_numbers_are_standardised_by_the_rows_learnt_and_come_back():
    about = targets("number")
    assert (about.mean, about.scale) == (125.0, pytest.approx(np.arange(0, 60, 10).std()))
    values = values_of("number", about.rows, about)
    np.testing.assert_allclose(values[:, 0], 100 + 10 * np.arange(8), atol=1e-4)
    assert losses("number", np.array([[2.0]]), [[0]]) == [2.0]


def test_a_number_that_never_varies_is_no_division_by_zero():
    task = photo_networks.task("number")
    task.data.truth[:] = 7.0
    about = targets_of(task.data, LEARNT, task.settings, False)
    assert np.isfinite(about.rows).all()


def test_smoothing_of_grades_goes_to_their_neighbours():
    rows = targets("ordered", label_smoothing=0.2).rows
    np.testing.assert_allclose(rows[:3], [[0.8, 0.2, 0], [0.1, 0.8, 0.1], [0, 0.2, 0.8]])
    rows = targets("classes", label_smoothing=0.3).rows
    np.testing.assert_allclose(rows[0], [0.8, 0.1, 0.1], rtol=1e-6)


def test_balanced_classes_weigh_alike_whatever_their_number():
    task = photo_networks.task(class_weight="balanced")
    task.data.truth[:6] = [0, 0, 0, 0, 1, 2]
    rows = targets_of(task.data, LEARNT, task.settings, False).rows[:6]
    np.testing.assert_allclose(rows.sum(0), [2, 2, 2])


def test_values_are_probabilities():
    nothing = Targets(np.zeros((1, 1), np.float32))
    outputs = np.array([[1000.0, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(values_of("classes", outputs, nothing), [[1, 0], [0.5, 0.5]])
    np.testing.assert_allclose(values_of("labels", outputs, nothing), [[1, 0.5], [0.5, 0.5]])
