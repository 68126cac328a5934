"""Geometry by hand: bow-ties, parts that are no areas, what lies off the slide."""

import re
from pathlib import Path

import pytest
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from podium.core.errors import PodiumError
from podium.slides.annotations.overlay import merged
from podium.slides.annotations.regions import Annotation, clean, clipped

BOW_TIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])  # two triangles of 25 each


def annotation(*parts):
    return Annotation(MultiPolygon(parts), Path("somewhere/s1.svg"), ("a note",))


def test_a_bow_tie_keeps_both_halves():
    found = clean(BOW_TIE)
    assert found.is_valid
    assert found.area == 50
    assert BOW_TIE.buffer(0).area < 50  # why buffer(0) is not for us


def test_points_lines_and_empty_parts_go():
    mixed = GeometryCollection(
        [box(0, 0, 2, 3), Point(9, 9), LineString([(0, 9), (9, 9)]), Polygon()]
    )
    nested = GeometryCollection([mixed, MultiPolygon([box(5, 5, 6, 6)])])
    found = clean(nested)
    assert found.geom_type == "MultiPolygon"
    assert sorted(part.area for part in found.geoms) == [1, 6]
    assert clean(LineString([(0, 0), (1, 1)])).is_empty
    assert clean(Polygon([(0, 0), (5, 5), (9, 9)])).is_empty


def test_parts_that_overlap_or_share_a_side_become_one():
    found = merged([box(0, 0, 4, 4), box(2, 0, 6, 4), box(6, 0, 8, 4), box(20, 0, 21, 1)])
    assert sorted(part.area for part in found.geoms) == [1, 32]
    assert found.is_valid
    assert merged([]).is_empty


def test_what_lies_within_the_slide_stays_as_it_is():
    before = annotation(box(0, 0, 100, 50))
    assert clipped(before, (100, 50)) is before


def test_what_hangs_over_is_cut_off_and_said():
    found = clipped(annotation(box(-10, -10, 10, 10), box(40, 20, 60, 30)), (50, 25))
    assert found.area == 100 + 50  # of 400 + 200
    assert found.regions.bounds == (0, 0, 50, 25)
    assert found.notes[0] == "a note"
    assert "75.0% of its area lies outside the slide (50x25 px)" in found.notes[1]


def test_a_hair_over_the_edge_is_not_worth_a_word():
    found = clipped(annotation(box(0, 0, 100.05, 50)), (100, 50))
    assert found.area == 5000
    assert found.notes == ("a note",)


def test_what_only_touches_the_slide_lies_outside():
    outside = annotation(box(100, 0, 200, 50))
    says = r"somewhere/s1\.svg: all of it lies outside .* x 100 to 200, y 0 to 50 of 100x50 px: "
    with pytest.raises(PodiumError, match=says + "wrong frame"):
        clipped(outside, (100, 50))


def test_the_refusal_is_one_line_and_a_remedy():
    with pytest.raises(PodiumError) as caught:
        clipped(annotation(box(1000, 1000, 1100, 1100)), (100, 50))
    assert re.fullmatch(r"somewhere/s1\.svg: .*\nremedy: .*level 0.*", str(caught.value))


def test_no_region_at_all_is_no_tumour():
    nothing = annotation()
    assert clipped(nothing, (100, 50)) is nothing
    assert nothing.area == 0
