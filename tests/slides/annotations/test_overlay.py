"""Work that grows with the number of crossings is refused, however they are spread over a file."""

from functools import partial

import numpy as np
import pytest
import shapely
from shapely import Polygon, box

from podium.slides.annotations import overlay
from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.overlay import Crossings, merged, n_crossings, sides_of, without
from podium.slides.annotations.winding import filled, with_holes


def comb(teeth, *, upright=True):
    """A comb of 4 x teeth corners; an upright one and another cross 4 x teeth ** 2 times."""
    corners = [(0, 0)]
    for k in range(0, 2 * teeth, 2):
        corners += [(k, 4000), (k + 1, 4000), (k + 1, 1), (k + 2, 1)]
    corners.append((2 * teeth, 0))
    return np.array(corners, dtype=float)[:, :: 1 if upright else -1]


def scribble(n, seed=0):
    return np.random.default_rng(seed).random((n, 2)) * 1000


def zigzag(n):
    """`n` long strokes, all crossed by the one side that closes it, at the end of short ones."""
    x = np.arange(n) * 0.1
    strokes = np.column_stack([x, 10 + np.arange(n) % 2 * 3980])
    back = np.column_stack([x[-1] - np.arange(400) * 0.01, np.full(400, 2000.0)])
    return np.concatenate([strokes, back])


def sides(ring):
    return np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)


@pytest.mark.parametrize(("n", "seed"), [(30, 0), (300, 1)])
def test_crossings_are_counted(n, seed):
    ring = scribble(n, seed)
    lines = shapely.linestrings(sides(ring))
    pairs = shapely.STRtree(lines).query(lines, predicate="crosses").shape[1] / 2
    assert n_crossings(sides(ring)) == pairs


def test_the_guess_sees_half_of_the_crossings_or_all(monkeypatch):
    bar, posts = box(0, 0, 3e4, 1), [box(30 * k + 5, -1, 30 * k + 6, 2) for k in range(1_000)]
    all_sides = [sides(zigzag(1_000)), sides_of(np.array([bar, *posts])), sides(scribble(900))]
    exact = []
    for n_pairs, lowest in ((10**9, 1.0), (10, 0.4)):  # all sides, eight of them
        monkeypatch.setattr(overlay, "_PAIRS", n_pairs)
        guesses = [n_crossings(some) for some in all_sides]
        exact = exact or guesses
        assert all(lowest <= a / b <= 1.5 for a, b in zip(guesses, exact, strict=True))
    assert exact[:2] == [pytest.approx(1_000, rel=0.05), 4_000]


def test_valid_outlines_that_cross_too_often_are_refused():
    upright, lying = Polygon(comb(1_000)), Polygon(comb(1_000, upright=False))
    with pytest.raises(Unusable, match="more than 500,000 places where its outlines cross each"):
        merged([upright, lying])
    with pytest.raises(Unusable, match="cross each other"):
        without(upright, lying)
    with pytest.raises(Unusable, match="cross each other"):
        with_holes(comb(1_000), [comb(1_000, upright=False)])
    bars = [box(2 * k, 0, 2 * k + 0.3, 4000) for k in range(1_000)]
    with pytest.raises(Unusable, match="cross each other"):
        merged([*bars, *(box(0, 2 * k, 4000, 2 * k + 0.3) for k in range(1_000))])


def test_many_scribbles_are_refused_as_one_would_be(monkeypatch):
    monkeypatch.setattr(overlay, "MAX_TANGLED", 10_000)
    crossings = Crossings()
    for seed in range(5):  # of some 1,100 crossings
        assert filled([scribble(100, seed)], crossings=crossings).area > 4e5
    rings = [scribble(100, seed) for seed in range(10)]
    with pytest.raises(Unusable, match="cross themselves"):
        list(map(partial(filled, crossings=crossings), [[ring] for ring in rings]))
    with pytest.raises(Unusable, match="cross themselves"):
        with_holes(comb(10), rings)


def test_few_crossings_whose_faces_lie_behind_many_sides_are_refused(monkeypatch):
    monkeypatch.setattr(overlay, "MAX_TANGLED", 3_000)
    with pytest.raises(Unusable, match="cross themselves"):  # 2,000 faces, each behind 1,000
        filled([zigzag(2_000)])
    monkeypatch.setattr(overlay, "MAX_TANGLED", 9_000)
    assert filled([zigzag(2_000)]).area > 1e5


def test_outlines_that_share_sides_or_overlap_a_little_are_merged():
    squares = [box(x, y, x + 12, y + 12) for x in range(0, 600, 10) for y in range(0, 600, 10)]
    assert merged(squares).area == 602**2
    tiles = [box(x, y, x + 10, y + 10) for x in range(0, 1000, 10) for y in range(0, 1000, 10)]
    assert merged(tiles).area == 1000**2
