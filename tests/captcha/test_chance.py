from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.special import expit

from podium.captcha.chance import (
    Chance,
    calibration_error,
    chance_summary,
    fit_chance,
    honest_chances,
    logits_of,
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
    assert chance.as_list() == pytest.approx([slope, offset, 0], abs=0.15)
    logs, right = drawn(4000, slope, offset, 2)
    assert calibration_error(chance.apply(logs), right) < 0.03  # fresh texts


def test_what_fits_no_allowed_text_is_unsure() -> None:
    """The likeliest allowed text, where all allowed ones together are next to impossible."""
    logs, right = drawn(2000, 1.0, 0.0, 3)
    nonsense = np.arange(2000) % 7 == 0
    logs, right = np.where(nonsense, np.log(0.99), logs), right & ~nonsense
    masses = np.where(nonsense, -60.0, -4.0)
    blind, chance = fit_chance(logs, right), fit_chance(logs, right, masses)
    assert chance.apply(np.log([0.99]), [-60.0])[0] < 0.1
    assert calibration_error(chance.apply(logs, masses), right) < 0.03
    assert calibration_error(blind.apply(logs), right) > 0.05
    halves = honest_chances(logs, right, masses)
    assert calibration_error(halves, right) < 0.04


def test_without_mistakes_no_text_is_certain() -> None:
    chance = fit_chance(np.log([0.9, 0.8, 0.95]), [True] * 3)
    assert 0.9 < chance.apply([np.log(0.9)])[0] < 0.9999


@pytest.mark.parametrize(
    ("where_right", "where_wrong"),
    [pytest.param(-0.3, 0.0, id="right-ones-less"), pytest.param(-9.0, -0.1, id="far-less")],
)
def test_texts_that_fit_no_allowed_one_are_never_surer(
    where_right: float, where_wrong: float
) -> None:
    """Though wrong texts happen to have more mass than right ones among the held-out."""
    right = np.arange(60) % 6 != 0
    logs, masses = np.log(np.where(right, 0.95, 0.6)), np.where(right, where_right, where_wrong)
    chance = fit_chance(logs, right, masses)
    assert chance.mass >= 0
    assert chance.apply(np.log([0.1]), [-20.0])[0] < 0.5
    assert chance.as_list() == pytest.approx(fit_chance(logs, right).as_list(), abs=0.01)


def test_a_half_is_corrected_by_the_other() -> None:
    logs, right = drawn(400, 1.0, 2.0, 3)
    chances = honest_chances(logs.tolist(), right.tolist())
    own = honest_chances(logs, np.where(np.arange(400) == 7, ~right, right))
    other = own != chances
    assert not other[7]  # what is true of a text has no say in its chance
    assert other.sum() == 200
    np.testing.assert_allclose(
        chances[other], fit_chance(logs[~other], right[~other]).apply(logs[other])
    )
    assert honest_chances([-0.5], [True])[0] == pytest.approx(np.exp(-0.5))


def test_halves_do_not_part_pictures_that_take_turns() -> None:
    """Two looks in turns, one read better than the reader says and one read worse."""
    turn, (logs, _) = np.arange(2000) % 2, drawn(2000, 1.0, 0.0, 5)
    right = np.random.default_rng(6).random(2000) < expit(logits_of(logs) + np.where(turn, 2, -2))
    assert calibration_error(honest_chances(logs, right), right.tolist()) < 0.05


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
