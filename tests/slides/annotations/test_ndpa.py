"""NDP.view's annotations: nanometres from the slide's own origin, titles as classes, circles."""

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.slides.annotations import load, ndpa
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.decide import NOTHING_THERE, decided
from podium.slides.annotations.frame import Frame
from podium.slides.annotations.limits import Unusable

# 1000 x 600 px of 0.5 x 0.25 um; the centre lies at (2 mm, -1 mm)
FRAME = Frame((1000, 600), mpp=(0.5, 0.25), centre=(2_000_000.0, -1_000_000.0))


def nm(x, y):
    """The point of NDP.view that is (x, y) in level-0 pixels, by hand."""
    return 2_000_000 + (x - 500) * 500, -1_000_000 + (y - 300) * 250


def outline(*corners, title="tumor", kind="freehand", closed="1", radius=""):
    at = "".join("<point><x>{:.0f}</x><y>{:.0f}</y></point>".format(*nm(*one)) for one in corners)
    if kind == "circle":
        x, y = nm(*corners[0])
        shape = f"<x>{x:.0f}</x><y>{y:.0f}</y><radius>{radius}</radius>"
    else:
        shape = f"<measuretype>0</measuretype><closed>{closed}</closed><pointlist>{at}</pointlist>"
    return (
        f'<ndpviewstate id="1"><title>{title}</title><details/><coordformat>nanometers'
        f'</coordformat><annotation type="{kind}" displayname="a" color="#000000">{shape}'
        "</annotation></ndpviewstate>"
    )


def square(x, y, side, **about):
    return outline((x, y), (x + side, y), (x + side, y + side), (x, y + side), **about)


def document(*states):
    return f'<?xml version="1.0"?><annotations>{"".join(states)}</annotations>'.encode()


def read(*states, classes=None, frame=FRAME):
    plan = ClassPlan(labels=dict.fromkeys(classes, 1) if classes else None)
    return decided(ndpa.read(document(*states), frame), plan, frame.size)


def test_outlines_in_level_0_pixels():
    found = read(square(100, 50, 40))
    assert found.regions.bounds == (100, 50, 140, 90)
    assert found.regions.area == 1600
    assert found.areas == {"tumor": 1600}


def test_decimal_commas():
    frame = Frame((1000, 600), mpp=(0.5, 0.5), centre=(0.0, 0.0))
    corners = ("0,5", "0"), ("10000,5", "0"), ("10000,5", "5000,0"), ("0,5", "5000,0")
    points = "".join(f"<point><x>{x}</x><y>{y}</y></point>" for x, y in corners)
    head, _, tail = square(0, 0, 5).partition("<pointlist>")
    found = read(f"{head}<pointlist>{points}</pointlist>{tail.partition('</pointlist>')[2]}",
                 frame=frame)  # fmt: skip
    assert found.regions.bounds == pytest.approx((500.001, 300, 520.001, 310))
    assert found.regions.area == pytest.approx(200)


def test_a_file_without_annotations_was_looked_at():
    found = read()
    assert found.regions.is_empty
    assert found.notes == [NOTHING_THERE]


def test_titles_are_classes():
    states = square(0, 0, 10), square(50, 0, 20, title="stroma"), square(90, 0, 5, title="")
    assert read(*states).areas == {"tumor": 100, "stroma": 400, "no class": 25}
    assert read(*states).tumour == {"tumor", "no class"}
    assert read(*states, classes=["stroma"]).regions.area == 400
    assert read(*states, classes=["other"]).regions.is_empty


def test_circles_and_what_has_no_area():
    frame = Frame((1000, 600), mpp=(0.5, 0.5), centre=(0.0, 0.0))
    circle = "<x>0</x><y>5000</y><radius>10000</radius>"
    state = outline((0, 0), kind="circle", radius=1).split("<x>")[0] + circle + "</annotation>"
    found = read(state + "</ndpviewstate>", square(0, 0, 5, closed="0"),
                 square(0, 0, 5, kind="pin"), frame=frame)  # fmt: skip
    assert found.regions.area == pytest.approx(np.pi * 20**2, rel=1e-3)
    assert found.regions.bounds == pytest.approx((480, 290, 520, 330), abs=0.1)
    assert found.notes == ["outlines without an area, left out: 2"]


def test_a_slide_that_does_not_say_where_its_origin_lies():
    with pytest.raises(Unusable, match="does not say from where"):
        read(square(0, 0, 5), frame=Frame((1000, 600)))


def test_the_name_of_its_file(tmp_path):
    path = tmp_path / "S1.ndpi.ndpa"
    path.write_bytes(document(square(100, 50, 40)))
    assert (load.kind_of(path), load.stem_of(path)) == (".ndpa", "S1.ndpi")
    assert load.load(path, FRAME.size, frame=FRAME).area == 1600
    with pytest.raises(PodiumError, match=r"S1.ndpi.ndpa: its points are nanometres"):
        load.load(path, FRAME.size)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (document(square(0, 0, 5).replace("<x>1750000</x>", "<x>1e999</x>", 1)), "a point"),
        (document(square(0, 0, 5).replace("<x>1750000</x>", "", 1)), "lacks its x or y"),
        (b"<annotations>", "not well-formed"),
    ],
)
def test_what_cannot_be_read(data, says):
    with pytest.raises(Unusable, match=says):
        ndpa.read(data, FRAME)
