"""Winding numbers: hand-drawn crossings under both fill rules, and a brute-force comparison."""

import numpy as np
import pytest
from shapely import Point

from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.winding import filled, with_holes


def ring(*points):
    return np.array(points, dtype=np.float64)


def square(x, y, side, clockwise=True):
    corners = ring((x, y), (x + side, y), (x + side, y + side), (x, y + side))
    return corners if clockwise else corners[::-1]


BOW_TIE = ring((0, 0), (10, 10), (10, 0), (0, 10))
# a square of 10 whose outline runs on over its own start: 4 x 4 of it are enclosed twice
OVERRUN = ring((0, 4), (0, 10), (10, 10), (10, 0), (0, 0), (0, 4), (4, 4), (4, 0), (0, 0))


@pytest.mark.parametrize("rule", ["nonzero", "evenodd"])
def test_a_simple_ring_closed_or_not(rule):
    assert filled([square(3, 4, 10)], rule).area == 100
    closed = np.vstack([square(3, 4, 10), [(3, 4)]])
    assert filled([closed], rule).area == 100


@pytest.mark.parametrize("rule", ["nonzero", "evenodd"])
def test_both_halves_of_a_bow_tie(rule):
    assert filled([BOW_TIE], rule).area == pytest.approx(50)


def test_what_is_enclosed_twice_is_a_hole_by_the_evenodd_rule_only():
    pentagram = ring(*[(np.cos(k * 0.8 * np.pi), np.sin(k * 0.8 * np.pi)) for k in range(5)])
    inner = np.cos(0.4 * np.pi) / np.cos(0.2 * np.pi)  # radius of the pentagon in the middle
    tip = 2.5 * np.sin(0.4 * np.pi) * inner**2  # area of that pentagon
    star = 5 * inner * np.sin(0.2 * np.pi)  # of the star with its middle: ten equal triangles
    assert filled([pentagram], "nonzero").area == pytest.approx(star)
    assert filled([pentagram], "evenodd").area == pytest.approx(star - tip)


def test_an_outline_that_runs_over_its_own_start():
    assert filled([OVERRUN], "nonzero").area == 100
    assert filled([OVERRUN], "evenodd").area == 100 - 16


@pytest.mark.parametrize(
    ("clockwise", "nonzero"), [(True, 100), (False, 84)], ids=["same way", "other way"]
)
def test_a_ring_inside_another(clockwise, nonzero):
    rings = [square(0, 0, 10), square(2, 2, 4, clockwise)]
    assert filled(rings, "nonzero").area == nonzero
    assert filled(rings, "evenodd").area == 84


def test_an_island_in_a_hole():
    rings = [square(0, 0, 10), square(2, 2, 6, clockwise=False), square(4, 4, 2)]
    for rule in ("nonzero", "evenodd"):
        found = filled(rings, rule)
        assert found.area == 100 - 36 + 4
        assert len(found.geoms) == 2


def test_rings_too_short_enclose_nothing():
    assert filled([]).is_empty
    assert filled([ring((0, 0), (5, 5))]).is_empty
    assert filled([ring((0, 0), (5, 5), (9, 9))]).is_empty
    assert filled([ring((3, 3), (3, 3), (3, 3))]).is_empty
    assert filled([square(0, 0, 3), ring((1, 1))]).area == 9


@pytest.mark.parametrize("rule", ["nonzero", "evenodd"])
@pytest.mark.parametrize("seed", range(6))
def test_random_tangles_against_angles_summed_at_random_points(seed, rule):
    rng = np.random.default_rng(seed)
    rings = [rng.integers(0, 30, (rng.integers(3, 9), 2)).astype(float) for _ in range(3)]
    found = filled(rings, rule)
    assert found.is_valid
    for x, y in rng.uniform(0, 30, (200, 2)):
        turns = 0
        for corners in rings:
            z = (corners - (x, y)) @ (1, 1j)
            turns += round(np.angle(np.roll(z, -1) / z).sum() / (2 * np.pi))
        inside = turns != 0 if rule == "nonzero" else turns % 2 == 1
        assert found.contains(Point(x, y)) == inside


def test_a_scribble_is_refused_before_its_crossings_are_sought():
    scribble = np.random.default_rng(0).random((20_000, 2)) * 1000
    with pytest.raises(
        Unusable, match="more than 60,000 places where its outlines cross themselves"
    ):
        filled([scribble])


def test_a_long_outline_with_a_few_crossings_is_not_a_scribble():
    turn = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    outline = np.column_stack([np.cos(turn), np.sin(2 * turn)])  # a figure eight
    assert filled([outline]).area == pytest.approx(8 / 3, rel=1e-4)  # 4 int_0^(pi/2) sin 2t sin t


def test_holes_are_cut_whichever_way_they_run():
    for clockwise in (True, False):
        assert with_holes(square(0, 0, 10), [square(2, 2, 4, clockwise)]).area == 84


def test_holes_of_a_shell_that_crosses_itself():
    assert with_holes(BOW_TIE, [square(7, 4, 2)]).area == pytest.approx(46)
    assert with_holes(OVERRUN, [square(1, 1, 2)]).area == 96
    assert with_holes(square(0, 0, 10), [square(8, 8, 4)]).area == 96
    assert with_holes(ring((0, 0), (1, 1)), [square(0, 0, 1)]).is_empty


def test_a_line_that_runs_back_over_itself_keeps_the_area_at_any_angle(rng):
    for _ in range(200):
        ring = rng.integers(0, 100, (8, 2)).astype(float)
        spike = ring[3] + [[0, rng.integers(20, 90)], [0, -rng.integers(5, 40)]]
        ring = np.insert(ring, 4, spike, axis=0)
        c, s = np.cos(angle := rng.uniform(0, 6)), np.sin(angle)
        area = filled([ring], "evenodd").area
        assert filled([ring @ [[c, s], [-s, c]]], "evenodd").area == pytest.approx(area, rel=1e-5)
