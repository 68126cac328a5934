"""Path data: every command by hand, curves against their formulas, and damaged data."""

import time
from itertools import pairwise

import numpy as np
import pytest
from shapely import Polygon

from podium.slides.annotations.limits import Budget, Unusable
from podium.slides.annotations.svg_shapes import path_rings

FINE = 1e-3


def ring(data, tolerance=FINE):
    """The only subpath of `data` that is more than a point."""
    (found,) = [one for one in path_rings(data, tolerance, Budget()) if len(one) > 1]
    return found


LINES = {
    "absolute": "M10 20 L30 20 L30 50",
    "implicit lines after M": "M10 20 30 20 30 50",
    "several in one L": "M10 20 L30 20 30 50",
    "relative": "m10 20 l20 0 l0 30",
    "implicit lines after m": "m10 20 20 0 0 30",
    "H and V": "M10 20H30V50",
    "h and v": "M10,20h20v30",
    "no spaces": "M10-0M10 20h2e1v+30",
    "closed": "M10 20 L30 20 L30 50 Z",
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name):
    assert ring(LINES[name]).tolist() == [[10, 20], [30, 20], [30, 50]]


def test_a_command_letter_stands_for_all_that_follows():
    found = ring("M10 20H99 30V77 50h1 2v3 4")
    corners = [[10, 20], [99, 20], [30, 20], [30, 77], [30, 50], [31, 50], [33, 50]]
    assert found.tolist() == [*corners, [33, 53], [33, 57]]


def test_subpaths():
    found = path_rings("M0 0H9V9z m20 0h5v5z h2v2 M1 1 2 2 3 0", FINE, Budget())
    assert [one.tolist() for one in found if len(one) > 1] == [
        [[0, 0], [9, 0], [9, 9]],
        [[20, 0], [25, 0], [25, 5]],
        [[20, 0], [22, 0], [22, 2]],  # goes on where the last one closed
        [[1, 1], [2, 2], [3, 0]],
    ]


def bezier(t, *controls):
    """de Casteljau's construction, in complex numbers."""
    points = [np.full_like(t, complex(*control), dtype=complex) for control in controls]
    while len(points) > 1:
        points = [(1 - t) * a + t * b for a, b in pairwise(points)]
    return points[0]


def curve_of(found):
    return found @ (1, 1j)


CURVES = {
    "C": ("M0 0 C 10 30 40 -20 50 10", [[(0, 0), (10, 30), (40, -20), (50, 10)]]),
    "c": ("M5 5 c 10 30 40 -20 50 10", [[(5, 5), (15, 35), (45, -15), (55, 15)]]),
    "S mirrors": (
        "M0 0 C 10 30 40 -20 50 10 S 80 50 90 0",
        [[(0, 0), (10, 30), (40, -20), (50, 10)], [(50, 10), (60, 40), (80, 50), (90, 0)]],
    ),
    "s mirrors": (
        "M0 0 C 10 30 40 -20 50 10 s 30 40 40 -10",
        [[(0, 0), (10, 30), (40, -20), (50, 10)], [(50, 10), (60, 40), (80, 50), (90, 0)]],
    ),
    "S alone": ("M0 0 S 80 50 90 0", [[(0, 0), (0, 0), (80, 50), (90, 0)]]),
    "S after Q": (
        "M0 0 Q 10 40 20 0 S 80 50 90 0",
        [[(0, 0), (10, 40), (20, 0)], [(20, 0), (20, 0), (80, 50), (90, 0)]],
    ),
    "Q": ("M0 0 Q 30 60 50 10", [[(0, 0), (30, 60), (50, 10)]]),
    "q": ("M1 2 q 30 60 50 10", [[(1, 2), (31, 62), (51, 12)]]),
    "T mirrors": (
        "M0 0 Q 30 60 50 10 T 90 0",
        [[(0, 0), (30, 60), (50, 10)], [(50, 10), (70, -40), (90, 0)]],
    ),
    "T twice": (
        "M0 0 Q 10 10 20 0 t 20 0 20 0",
        [
            [(0, 0), (10, 10), (20, 0)],
            [(20, 0), (30, -10), (40, 0)],
            [(40, 0), (50, 10), (60, 0)],
        ],
    ),
    "T alone": ("M0 0 T 90 0", [[(0, 0), (90, 0)]]),
    "T after C": (
        "M0 0 C 10 30 40 -20 50 10 T 90 0",
        [[(0, 0), (10, 30), (40, -20), (50, 10)], [(50, 10), (90, 0)]],
    ),
}


@pytest.mark.parametrize("name", CURVES)
def test_curves_against_de_casteljau(name):
    data, pieces = CURVES[name]
    found = curve_of(ring(data))
    true = np.concatenate([bezier(np.linspace(0, 1, 4001), *controls) for controls in pieces])
    distance = np.abs(found[:, None] - true[None]).min(axis=1)
    assert distance.max() < 0.03  # every corner lies on the curve
    chords = np.concatenate([found[:-1] + s * np.diff(found) for s in np.linspace(0, 1, 20)])
    assert np.abs(true[::40, None] - chords[None]).min(axis=1).max() < 0.1  # none of it is missing
    assert found[-1] == complex(*pieces[-1][-1])


@pytest.mark.parametrize("tolerance", [1.0, 0.1, 0.01])
def test_chords_of_a_curve_stay_within_the_tolerance_and_are_not_too_many(tolerance):
    controls = (0, 0), (0, 100), (100, 100), (100, 0)
    found = curve_of(ring("M0 0 C 0 100 100 100 100 0", tolerance))
    n_chords = len(found) - 1
    t = (np.arange(n_chords) + 0.5) / n_chords
    off = np.abs(bezier(t, *controls) - (found[1:] + found[:-1]) / 2)
    assert off.max() < tolerance
    assert off.max() > tolerance / 4


# ---- arcs


def test_a_quarter_circle():
    found = ring("M10 0 A 10 10 0 0 1 0 10 L 0 0")
    assert Polygon(found).area == pytest.approx(np.pi * 25, rel=1e-3)
    assert np.hypot(*found[:-1].T) == pytest.approx(10)


@pytest.mark.parametrize(
    ("flags", "area", "bounds"),
    [
        # from (10, 0) to (0, 10) on a circle of 10 about (0, 0) or about (10, 10); the chord cuts
        # off 25 pi - 50
        ("0 1", 25 * np.pi - 50, (0, 0, 10, 10)),
        ("0 0", 25 * np.pi - 50, (0, 0, 10, 10)),
        ("1 1", 75 * np.pi + 50, (0, 0, 20, 20)),
        ("1 0", 75 * np.pi + 50, (-10, -10, 10, 10)),
    ],
)
def test_the_four_arcs_between_two_points(flags, area, bounds):
    found = Polygon(ring(f"M10 0 A 10 10 0 {flags} 0 10"))
    assert found.area == pytest.approx(area, rel=1e-3)
    assert found.bounds == pytest.approx(bounds, abs=1e-3)


def test_the_side_an_arc_bulges_to():
    assert Polygon(ring("M10 0 A 10 10 0 0 1 0 10")).centroid.x > 5
    assert Polygon(ring("M10 0 A 10 10 0 0 0 0 10")).centroid.x < 5


def test_an_ellipse_turned_by_30_degrees():
    turn = np.exp(1j * np.pi / 6)
    start, end = 20 * turn, -20 * turn
    begin, back = (f"{z.real} {z.imag}" for z in (start, end))
    found = curve_of(ring(f"M{begin} A 20 5 30 0 1 {back} 20 5 30 0 1 {begin}"))
    flat = found / turn
    assert (flat.real / 20) ** 2 + (flat.imag / 5) ** 2 == pytest.approx(1)
    assert Polygon(np.column_stack([found.real, found.imag])).area == pytest.approx(
        100 * np.pi, rel=1e-3
    )


def test_radii_too_small_are_grown_and_negative_ones_turned():
    grown = Polygon(ring("M0 0 A 1 1 0 0 1 20 0"))
    assert grown.area == pytest.approx(50 * np.pi, rel=1e-3)
    assert Polygon(ring("M0 0 A -10 -10 0 0 1 20 0")).area == pytest.approx(grown.area)


def test_arcs_that_are_lines_or_nothing():
    assert ring("M0 0 A 0 5 0 0 1 20 0 L 5 5").tolist() == [[0, 0], [20, 0], [5, 5]]
    assert ring("M3 3 A 5 5 0 1 1 3 3 L 5 5").tolist() == [[3, 3], [3, 3], [5, 5]]


def test_flags_that_run_together():
    plain = ring("M10 0 a 10 10 0 0 1 -10 10 a 10 10 0 0 1 -10 -10")
    assert ring("M10 0a10 10 0 01-10 10 10 10 0 01-10-10").tolist() == plain.tolist()
    assert ring("M10 0a10,10,0,0,1-10,10a10 10 0 0 1-10-10").tolist() == plain.tolist()


# ---- damaged data


@pytest.mark.parametrize(
    "data",
    [
        "L 1 2",
        "1 2 3",
        "M L 1 2",
        "M0 0 L",
        "M 1",
        "M 1 2 3",
        "M0 0 C 1 2 3 4 5",
        "M0 0 H 1 x",
        "M0 0 B 1 2",
        "M0 0 Z 5",
        "M0 0 A 5 5 0 2 1 9 9",
        "M0 0 A 5 5 0 1 1 9",
        "M0 0 L 1e400 2",
        "M0 0 L nan 2",
        "M0 0 L 2e9 2",
    ],
)
def test_data_that_are_no_path(data):
    with pytest.raises(Unusable):
        path_rings(data, FINE, Budget())


def test_no_data_are_no_path_but_no_fault():
    assert path_rings("", FINE, Budget()) == []
    assert path_rings("  ", FINE, Budget()) == []


def test_a_long_row_of_digits_costs_no_time():
    start = time.process_time()
    with pytest.raises(Unusable):
        path_rings("M0 0 A" + "1" * 200_000, FINE, Budget())
    assert time.process_time() - start < 20


@pytest.mark.parametrize("segment", ["L1 2", "z", "C1 2 3 4 5 6", " 1 2"])
def test_a_path_of_a_million_segments_is_refused_before_it_is_followed(segment, monkeypatch):
    monkeypatch.setattr("svgelements.Path", lambda _: pytest.fail("was followed"))
    with pytest.raises(Unusable, match="a path has more than 500,000 segments"):
        path_rings("M0 0" + segment * 1_000_000, FINE, Budget())


@pytest.mark.timeout(60)  # svgelements alone would take hours
def test_many_subpaths_without_a_start_of_their_own():
    assert len(path_rings("M0 0" + "z" * 20_000 + "L5 5z" * 20_000, FINE, Budget())) == 40_000


@pytest.mark.parametrize("radius", ["1e-200", "1e-160", "-1e-300"])
def test_arcs_that_overflow(radius):
    with pytest.raises(Unusable, match="an arc overflows: its radii are too small or too large"):
        path_rings(f"M0 0 A {radius} {radius} 0 0 1 9 9", FINE, Budget())


def test_curves_spend_the_budget():
    with pytest.raises(Unusable, match="points"):
        path_rings("M0 0 C 0 1e8 1e8 1e8 1e8 0", 1e-9, Budget(5000))
