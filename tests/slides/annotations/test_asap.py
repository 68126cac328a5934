"""ASAP's XML: groups, holes, orders, and what is no area."""

import pytest
from shapely import box

from podium.slides.annotations import asap
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.decide import NOTHING_THERE, decided
from podium.slides.annotations.limits import Unusable


def outline(x, y, side, group="Tumor", kind="Polygon"):
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    at = "".join(f'<Coordinate Order="{k}" X="{x}" Y="{y}" />' for k, (x, y) in enumerate(corners))
    return annotation(at, group, kind)


def annotation(coordinates, group="Tumor", kind="Polygon"):
    start = f'<Annotation Name="Annotation 0" Type="{kind}" PartOfGroup="{group}" Color="#F4FA58">'
    return f"{start}<Coordinates>{coordinates}</Coordinates></Annotation>"


def document(*annotations):
    groups = '<AnnotationGroups><Group Name="Tumor" PartOfGroup="None"><Attributes/></Group>'
    body = "".join(annotations)
    return (
        f'<?xml version="1.0"?><ASAP_Annotations><Annotations>{body}</Annotations>{groups}'
        "</AnnotationGroups></ASAP_Annotations>"
    ).encode()


def regions(*annotations, classes=None):
    return read(*annotations, classes=classes).regions


def read(*annotations, classes=None):
    plan = ClassPlan(labels=dict.fromkeys(classes, 1) if classes else None)
    return decided(asap.read(document(*annotations)), plan, (1000, 1000))


def test_outlines_in_level_0_pixels():
    found = regions(outline(10, 20, 30), outline(100.5, 100, 10))
    assert found.equals(box(10, 20, 40, 50).union(box(100.5, 100, 110.5, 110)))


@pytest.mark.parametrize("group", ["_0", "_1", "Tumor", "metastases", "anything"])
@pytest.mark.parametrize("hole", ["_2", "Exclusion", "exclusion", "normal"])
def test_groups_that_are_cut_out(group, hole):
    found = regions(outline(2, 2, 4, hole), outline(0, 0, 10, group))
    assert found.area == 84


def test_outlines_in_no_group_are_tumour_where_no_other_is():
    assert regions(outline(0, 0, 10, "None")).area == 100
    assert regions(outline(0, 0, 10, "None"), outline(2, 2, 4, "Exclusion")).area == 84


def test_wanted_groups_only():
    both = outline(0, 0, 10, "Tumor"), outline(100, 0, 20, "Stroma"), outline(2, 2, 4, "Exclusion")
    assert regions(*both).area == 84  # nobody says that stroma is tumour, and its name denies it
    assert regions(*both, classes=["tumor"]).area == 84
    assert regions(*both, classes=["tumor", "stroma"]).area == 484
    assert regions(*both, classes=["exclusion"]).area == 16


def test_a_file_without_the_wanted_groups_says_so():
    found, notes, *_ = read(outline(0, 0, 10, "Stroma"), classes=["tumor"])
    assert found.is_empty
    assert notes[0] == "it has outlines of Stroma only: taken as no tumour"


@pytest.mark.parametrize("kind", ["Polygon", "Spline", "Rectangle"])
def test_types_with_an_area(kind):
    assert regions(outline(0, 0, 10, kind=kind)).area == 100


@pytest.mark.parametrize("kind", ["Dot", "PointSet", "Measurement"])
def test_types_without_an_area(kind):
    found, notes, *_ = read(outline(0, 0, 9), outline(50, 0, 10, kind=kind))
    assert found.area == 81
    assert notes == ["outlines without an area, left out: 1"]
    with pytest.raises(Unusable, match="no outline with an area"):
        read(outline(50, 0, 10, kind=kind))


def test_the_order_of_points_is_the_one_they_state():
    points = {2: (10, 10), 0: (0, 0), 10: (0, 5), 3: (0, 10), 1: (10, 0)}
    at = "".join(f'<Coordinate Order="{k}" X="{x}" Y="{y}"/>' for k, (x, y) in points.items())
    assert regions(annotation(at)).area == 100


def test_decimal_commas():
    points = [("0,5", 0), ("10,5", 0), ("10,5", 10), ("0,5", 10)]
    at = "".join(f'<Coordinate Order="{k}" X="{x}" Y="{y}"/>' for k, (x, y) in enumerate(points))
    assert regions(annotation(at)).equals(box(0.5, 0, 10.5, 10))


def test_a_bow_tie_keeps_both_halves():
    points = [(0, 0), (10, 10), (10, 0), (0, 10)]
    at = "".join(f'<Coordinate Order="{k}" X="{x}" Y="{y}"/>' for k, (x, y) in enumerate(points))
    assert regions(annotation(at)).area == pytest.approx(50)


@pytest.mark.parametrize(
    "coordinate",
    [
        '<Coordinate X="1" Y="2"/>',
        '<Coordinate Order="0" Y="2"/>',
        '<Coordinate Order="0" X="1"/>',
        '<Coordinate Order="0" X="one" Y="2"/>',
        '<Coordinate Order="0" X="nan" Y="2"/>',
        '<Coordinate Order="0" X="1_0" Y="2"/>',
        '<Coordinate Order="0" X="\uff11" Y="2"/>',
        '<Coordinate Order="0" X="1e300" Y="2"/>',
    ],
)
def test_coordinates_that_cannot_be_read(coordinate):
    with pytest.raises(Unusable, match="oordinate"):
        asap.read(document(annotation(coordinate * 3)))


def test_a_file_without_outlines():
    with pytest.raises(Unusable, match=r"no outline with an area\nremedy: export it"):
        read(annotation(""))
    found = read()
    assert found.regions.is_empty
    assert found.notes == [NOTHING_THERE]


def test_what_is_in_no_group_beside_a_group_is_unknown_and_said():
    found = read(outline(0, 0, 10), outline(2, 2, 4, "None"))
    assert {label: part.area for label, part in found.regions.classes.items()} == {1: 84}
    assert found.regions.unknown.equals(box(2, 2, 6, 6))
    assert found.notes[0].startswith("outlines of None beside those of groups: taken as unknown")
    asked = read(outline(0, 0, 10), outline(20, 0, 4, "None"), classes=["tumor", "none"])
    assert asked.regions.area == 116


def test_another_programs_xml():
    with pytest.raises(Unusable, match=r"root element is <Annotations>, not <ASAP_Annotations>"):
        asap.read(b'<Annotations MicronsPerPixel="0.25"><Annotation/></Annotations>')
