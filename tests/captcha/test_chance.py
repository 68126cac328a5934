from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from podium.captcha.chance import (
    Chance,
    calibration_error,
    chance_summary,
    fit_chance,
    honest_chances,
    reliability,
    table_chances,
    write_reliability_png,
)
from podium.captcha.report import mistakes, write_mistakes_png


def drawn(n: int, slope: float, offset: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities of a reader whose true chance is sigmoid(slope * logit + offset)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(1, 2, n)
    log_probs = -np.log1p(np.exp(-logits))
    return log_probs, rng.random(n) < 1 / (1 + np.exp(-slope * logits - offset))


def test_nothing_is_corrected_by_default() -> None:
    np.testing.assert_allclose(Chance().apply(np.log([0.1, 0.5, 0.9])), [0.1, 0.5, 0.9])
    assert Chance().apply([0.0, -1e6]).tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.5, -1.0), (2.0, 3.0)])
def test_the_correction_is_found(slope: float, offset: float) -> None:
    chance = fit_chance(*drawn(4000, slope, offset, 1))
    assert chance.as_list() == pytest.approx([slope, offset], abs=0.15)
    logs, right = drawn(4000, slope, offset, 2)
    assert calibration_error(chance.apply(logs), right) < 0.03  # fresh texts


def test_without_mistakes_no_text_is_certain() -> None:
    chance = fit_chance(np.log([0.9, 0.8, 0.95]), [True] * 3)
    assert 0.9 < chance.apply([np.log(0.9)])[0] < 0.9999


def test_a_half_is_corrected_by_the_other() -> None:
    logs, right = drawn(400, 1.0, 2.0, 3)
    chances = honest_chances(logs.tolist(), right.tolist())
    np.testing.assert_allclose(chances[1::2], fit_chance(logs[::2], right[::2]).apply(logs[1::2]))
    np.testing.assert_allclose(chances[::2], fit_chance(logs[1::2], right[1::2]).apply(logs[::2]))
    assert honest_chances([-0.5], [True])[0] == pytest.approx(np.exp(-0.5))


def test_surer_texts_that_are_right_less_often() -> None:
    logs, right = np.log(np.linspace(0.1, 0.95, 10)), np.arange(10) < 4
    chances = fit_chance(logs, right).apply(logs)
    assert chances == pytest.approx([0.4] * 10, abs=0.02)


def test_the_rows_of_a_table() -> None:
    logs, right = drawn(40, 1.0, 2.0, 3)
    table = pd.DataFrame(
        {"split": ["test"] * 5 + ["holdout"] * 35, "text": "a", "log_prob": logs,
         "truth": [""] * 5 + ["a" if hit else "b" for hit in right[5:]]}
    )  # fmt: skip
    chances = table_chances(table)
    np.testing.assert_array_equal(chances[5:], honest_chances(logs[5:], right[5:]))
    np.testing.assert_array_equal(chances[:5], fit_chance(logs[5:], right[5:]).apply(logs[:5]))
    np.testing.assert_array_equal(table_chances(table[5:]), chances[5:])
    np.testing.assert_allclose(table_chances(table[:5]), np.exp(logs[:5]))


def test_bins_and_their_error() -> None:
    chances, right = np.array([0.05, 0.05, 0.85, 0.85]), [False, True, True, True]
    bins = reliability(chances, right)
    assert bins["n"].tolist() == [2, 2]
    assert bins["right"].tolist() == [0.5, 1.0]
    assert calibration_error(chances, right) == pytest.approx((0.45 + 0.15) / 2)
    assert chance_summary(chances, right) == pytest.approx(
        {"mean": 0.45, "right": 0.75, "calibration_error": 0.3, "n": 4}
    )


def test_mistakes_by_their_corrected_chance(tmp_path: Path) -> None:
    truth, texts, chances = ["a", "b", "c", "d"], ["x", "b", "y", "z"], np.array([0.2, 1, 0.9, 0.2])
    assert mistakes(truth, texts, chances) == [2, 0, 3]
    pixels = np.zeros((4, 20, 30, 3), np.uint8)
    sheets = []
    for level in (1.0, 0.5):
        write_mistakes_png(tmp_path / "m.png", pixels, truth, texts, level * chances)
        sheets.append((tmp_path / "m.png").read_bytes())
    assert sheets[0] != sheets[1]


def test_the_plot(tmp_path: Path) -> None:
    write_reliability_png(tmp_path / "r.png", np.array([0.2, 0.9]), [False, True])
    with Image.open(tmp_path / "r.png") as picture:
        assert picture.width > 200
