"""Losses by hand; those of readers and of slides stand beside their networks."""

from __future__ import annotations

import numpy as np
import pytest

from podium.models.losses import class_weights, head_loss


def test_balanced_class_weights_by_hand():
    truth = np.array([0, 0, 0, 1])  # 4 / (2 * 3), 4 / (2 * 1)
    assert class_weights(truth, 2, "balanced") == pytest.approx([4 / 6, 2.0])
    assert class_weights(truth, 2, "none").tolist() == [1, 1]


def test_the_loss_of_two_heads_by_hand():
    probs = np.array([[[0.5, 0.5], [0.9, 0.1]], [[0.25, 0.75], [0.2, 0.8]]], dtype=np.float32)
    truth = np.array([[0, 0], [1, 1]])
    weights = np.array([[1, 2], [1, 0]], dtype=np.float32)  # the second head skips the second row
    n_rows = np.array([2, 1], dtype=np.float32)
    by_hand = (-np.log(0.5) - np.log(0.75)) / 2 - 2 * np.log(0.9)
    assert float(head_loss(truth, np.log(probs), weights, n_rows)) == pytest.approx(by_hand)
