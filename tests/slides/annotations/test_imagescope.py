"""Aperio ImageScope's XML: layers as classes, negative regions, rectangles, ellipses, rulers."""

import numpy as np
import pytest
from shapely import Point, box

from podium.slides.annotations import imagescope, load
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.decide import NOTHING_THERE, decided
from podium.slides.annotations.limits import Unusable


def region(*corners, kind="0", negative="0"):
    at = "".join(f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in corners)
    return (
        f'<Region Id="1" Type="{kind}" NegativeROA="{negative}"><Vertices>{at}</Vertices></Region>'
    )


def square(x, y, side, **about):
    return region((x, y), (x + side, y), (x + side, y + side), (x, y + side), **about)


def layer(*regions, name="", attribute="", colour="255"):
    body = "".join(regions)
    return (
        f'<Annotation Id="1" Name="{name}" ReadOnly="0" LineColor="{colour}" Visible="1">'
        f'<Attributes><Attribute Name="Description" Id="0" Value="{attribute}"/></Attributes>'
        f"<Regions><RegionAttributeHeaders/>{body}</Regions><Plots/></Annotation>"
    )


def document(*layers):
    return f'<Annotations MicronsPerPixel="0.25">{"".join(layers)}</Annotations>'.encode()


def read(*layers, classes=None):
    plan = ClassPlan(labels=dict.fromkeys(classes, 1) if classes else None)
    return decided(imagescope.read(document(*layers)), plan, (1000, 1000))


def test_outlines_in_level_0_pixels():
    found = read(layer(square(10, 20, 30), square(100.5, 100, 10)))
    assert found.regions.equals(box(10, 20, 40, 50).union(box(100.5, 100, 110.5, 110)))


def test_decimal_commas():
    found = read(layer(region(("0,5", 0), ("10,5", 0), ("10,5", 10), ("0,5", 10))))
    assert found.regions.equals(box(0.5, 0, 10.5, 10))


def test_a_negative_region_is_cut_out_of_its_own_layer():
    cut = layer(square(2, 2, 4, negative="1"), square(0, 0, 10), name="Tumor")
    other = layer(square(0, 0, 5), name="Cancer in situ")
    assert read(cut).regions.area == 84
    assert read(cut, other).regions.area == 84 + 9  # 5 x 5 fills 3 x 3 of the hole
    assert read(cut, other).areas == {"Tumor": 84, "Cancer in situ": 25}


def test_names_of_layers():
    layers = (
        layer(square(0, 0, 1), name="Tumor"),
        layer(square(2, 0, 1), attribute="metastasis"),
        layer(square(4, 0, 1), colour="65280"),
        layer(square(6, 0, 1), colour="255"),
    )
    assert list(read(*layers).areas) == ["Tumor", "metastasis", "#00ff00", "#ff0000"]


def test_layers_that_are_tumour():
    layers = layer(square(0, 0, 10), name="Tumor"), layer(square(20, 0, 5), name="Stroma")
    assert read(*layers).regions.area == 100  # the name of the other says that it is none
    assert read(*layers, classes=["stroma"]).regions.area == 25
    found = read(*layers, classes=["necrosis"])
    assert found.regions.is_empty
    assert "Stroma, Tumor" in found.notes[0]


def test_rectangles_ellipses_and_what_has_no_area():
    corners = (0, 0), (40, 0), (40, 20), (0, 20)
    assert read(layer(region(*corners, kind="1"))).regions.area == 800
    found = read(layer(region(*corners, kind="2"), region((0, 0), (9, 9), kind="4")))
    assert found.regions.area == pytest.approx(np.pi * 20 * 10, rel=1e-3)
    assert found.regions.contains(Point(39.9, 10))
    assert found.notes == ["outlines without an area, left out: 1"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (document(layer(region((0, 0), (1, 1)))), "no outline"),
        (document(layer(region(("a", 0), (1, 1), (2, 0)))), "a Vertex"),
        (b"<Annotations><Annotation><Regions><Region><Vertices><Vertex X='1'/>", "has no Y"),
        (b"<Annotations><Annotation>", "not well-formed"),
    ],
)
def test_what_cannot_be_read(data, says):
    with pytest.raises(Unusable, match=says):
        decided(imagescope.read(data), ClassPlan(), (100, 100))


@pytest.mark.parametrize("head", ["", '<?xml version="1.0"?>\n', "\ufeff", "<!-- by hand -->"])
def test_the_root_element_says_which_program_wrote_the_file(tmp_path, head):
    path = tmp_path / "S1.xml"
    path.write_bytes(head.encode() + document(layer(square(0, 0, 10), name="Tumor")))
    assert load.load(path, (100, 100)).area == 100
    path.write_text(head + "<ASAP_Annotations><Annotations/></ASAP_Annotations>", "utf-8")
    assert load.load(path, (100, 100)).notes == (NOTHING_THERE,)
