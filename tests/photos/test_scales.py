"""Features that hardly vary over a few train pictures do not drown the others."""

from __future__ import annotations

import numpy as np
import pytest

from podium.photos.scales import floored


def test_a_deviation_far_below_the_others_of_its_extractor_is_raised():
    deviation = np.array([1.0, 1.0, 0.01, 3.0, 0.02, 0.02, 0.001, 0.02])
    np.testing.assert_allclose(
        floored(deviation, [4, 4]), [1.0, 1.0, 0.5, 3.0, 0.02, 0.02, 0.01, 0.02]
    )
    assert floored(deviation)[6] == pytest.approx(0.5 * np.median(deviation))
    assert deviation[2] == 0.01  # what was given stays


def test_each_head_has_a_floor_of_its_own():
    deviation = np.array([[1.0, 8.0], [1.0, 8.0], [0.1, 0.1]])
    np.testing.assert_allclose(floored(deviation)[2], [0.5, 4.0])


def test_features_that_never_vary_are_left_as_they_are():
    np.testing.assert_array_equal(floored(np.zeros(3)), np.ones(3))
