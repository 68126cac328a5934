"""SVG: every shape and way of placing it, with areas by hand."""

import numpy as np
import pytest
from shapely import box

from podium.slides.annotations import svg
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.decide import NOTHING_THERE, decided
from podium.slides.annotations.limits import Budget, Unusable
from podium.slides.annotations.svg_values import numbers, transform

SIZE = (400, 300)
HEADER = '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
HEADER += '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'


def drawn(body, root="", size=SIZE):
    text = f'<svg xmlns="http://www.w3.org/2000/svg" {root}>{body}</svg>'
    return decided(svg.read(text.encode(), size), ClassPlan(), size)


def regions(body, root="", size=SIZE):
    found, *_ = drawn(body, root, size)
    assert found.is_valid
    return found


def rectangle(x=10, y=20, w=30, h=40, more=""):
    return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" {more}/>'


# ---- shapes


def test_the_competitions_dialect():
    polygon = '<polygon fill="none" points="{}" stroke="#f8691c" stroke-width="5"/>'
    one = polygon.format("10,20 40,20 40,60 10,60")
    two = polygon.format("100,100 160,100 100,180")
    data = f'{HEADER}<svg xmlns="http://www.w3.org/2000/svg">{one}\n{two}</svg>'
    found, notes, *_ = decided(svg.read(data.encode(), SIZE), ClassPlan(), SIZE)
    assert sorted(part.area for part in found.geoms) == [1200, 2400]
    assert found.bounds == (10, 20, 160, 180)
    assert notes == []


SHAPES = {
    "polygon": ('<polygon points="0 0,10,0 10 10"/>', 50),
    "another namespace": ('<s:polygon xmlns:s="x" points="0,0 8,0 8,8"/>', 32),
    "polyline is closed": ('<polyline points="0,0 10,0 10,10 0,10"/>', 100),
    "path": ('<path d="M 10 10 L 30 10 30 40 z"/>', 300),
    "rect": (rectangle(), 1200),
    "rect at the origin": ('<rect width="7" height="6"/>', 42),
    "rounded rect": (rectangle(w=40, h=30, more='rx="10" ry="5"'), 1200 - (4 - np.pi) * 50),
    "rect with rx alone": (rectangle(w=40, h=30, more='rx="6"'), 1200 - (4 - np.pi) * 36),
    "rect with ry alone": (rectangle(w=40, h=30, more='ry="6"'), 1200 - (4 - np.pi) * 36),
    "rx beyond half the width": (rectangle(w=40, h=40, more='rx="99"'), np.pi * 400),
    "circle": ('<circle cx="100" cy="90" r="50"/>', np.pi * 2500),
    "ellipse": ('<ellipse cx="100" cy="90" rx="60" ry="20"/>', np.pi * 1200),
    "lengths with units": ('<rect width="1in" height="10px"/>', 960),
    "lengths in percent": ('<rect width="10%" height="10%"/>', 40 * 30),
}


@pytest.mark.parametrize("name", SHAPES)
def test_area_of_a_shape(name):
    body, area = SHAPES[name]
    assert regions(body).area == pytest.approx(area, rel=0.003)


def test_circles_and_ellipses_lie_where_they_should():
    assert regions('<circle cx="100" cy="90" r="50"/>').bounds == pytest.approx(
        (50, 40, 150, 140), abs=0.05
    )
    found = regions('<ellipse cx="100" cy="90" rx="60" ry="20"/>')
    assert found.bounds == pytest.approx((40, 70, 160, 110), abs=0.05)


def test_a_chord_stays_within_the_tolerance_of_its_curve_however_far_it_is_scaled():
    body = '<g transform="scale(100)"><circle cx="1" cy="1" r="1"/></g>'
    (disk,) = regions(body).geoms
    corners = np.array(disk.exterior.coords)
    middles = (corners[1:] + corners[:-1]) / 2
    assert np.hypot(*(corners - 100).T) == pytest.approx(100)
    assert 100 - np.hypot(*(middles - 100).T).min() < svg.TOLERANCE * 1.01
    assert len(corners) < 150


def test_shapes_that_overlap_count_once():
    assert regions(rectangle() + rectangle() + rectangle(x=20)).area == 1600


# ---- fill rules

HOLE = "M0 0H100V100H0z M20 20H40V40H20z"  # both clockwise


@pytest.mark.parametrize(
    ("more", "area"),
    [
        ("", 10_000),
        ('fill-rule="nonzero"', 10_000),
        ('fill-rule="evenodd"', 9_600),
        ('style="fill:none; fill-rule: evenodd"', 9_600),
        ('fill-rule="evenodd" style="fill-rule:nonzero"', 10_000),
    ],
)
def test_holes_by_the_fill_rule(more, area):
    assert regions(f'<path d="{HOLE}" {more}/>').area == area


def test_holes_by_their_direction():
    assert regions('<path d="M0 0H100V100H0z M20 20V40H40V20z"/>').area == 9_600


def test_the_fill_rule_is_handed_down():
    path = f'<path d="{HOLE}"/>'
    assert regions(f'<g fill-rule="evenodd"><g>{path}</g></g>').area == 9_600
    assert regions(f'<g fill-rule="evenodd"><g fill-rule="nonzero">{path}</g></g>').area == 10_000
    assert regions(f'<g fill-rule="evenodd">{rectangle(300)}</g>{path}').area == 11_200


# ---- transforms


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("translate(5)", (15, 20)),
        ("translate(5, -7)", (15, 13)),
        ("scale(2)", (20, 40)),
        ("scale(2 3)", (20, 60)),
        ("rotate(90)", (-20, 10)),
        ("rotate(90, 10, 0)", (-10, 0)),
        ("rotate(-90 10 20)", (10, 20)),
        ("skewX(45)", (30, 20)),
        ("skewY(45)", (10, 30)),
        ("matrix(1 2 3 4 5 6)", (10 + 60 + 5, 20 + 80 + 6)),
        ("translate(100) scale(2)", (120, 40)),
        ("scale(2), translate(100)", (220, 40)),
        ("", (10, 20)),
        (" translate ( 1,\n1 ) ", (11, 21)),
    ],
)
def test_where_a_transform_takes_the_point_10_20(text, point):
    assert transform(text) @ (10, 20, 1) == pytest.approx((*point, 1), abs=1e-12)


@pytest.mark.parametrize(
    "text",
    ["turn(3)", "scale(1 2 3)", "matrix(1 2 3)", "scale(2", "translate(a)", "rotate(1 2)", "x"],
)
def test_transforms_that_svg_does_not_have(text):
    with pytest.raises(Unusable):
        transform(text)


def test_groups_inside_each_other():
    body = f'<g transform="translate(100 50)"><g transform="scale(2)">{rectangle()}</g></g>'
    assert regions(body).equals(box(120, 90, 180, 170))
    turned = rectangle(more='transform="rotate(90)"')
    found = regions(f'<g transform="translate(100 0)">{turned}</g>')
    assert found.symmetric_difference(box(40, 10, 80, 40)).area == pytest.approx(0, abs=1e-9)


def test_a_transform_ends_with_its_group():
    found = regions(f'<g transform="translate(100)">{rectangle()}</g>{rectangle()}')
    assert found.bounds == (10, 20, 140, 60)


def test_a_mirrored_hole_is_a_hole():
    found = regions('<path transform="scale(-1 1)" d="M0 0H-100V100H0z M-20 20V40H-40V20z"/>')
    assert found.area == 9_600


# ---- viewports


@pytest.mark.parametrize(
    ("root", "bounds"),
    [
        ('width="400" height="300"', (10, 20, 40, 60)),
        ('viewBox="0 0 400 300"', (10, 20, 40, 60)),
        ('viewBox="0,0,200,150"', (20, 40, 80, 120)),
        ('width="400" height="300" viewBox="0 0 200 150"', (20, 40, 80, 120)),
        ('width="400px" height="300px" viewBox="5 10 400 300"', (5, 10, 35, 50)),
        ('width="100%" height="100%" viewBox="0 0 200 150"', (20, 40, 80, 120)),
        # 100 x 150 into 400 x 300: twice as large, 200 px spare in width
        ('viewBox="0 0 100 150"', (120, 40, 180, 120)),
        ('viewBox="0 0 100 150" preserveAspectRatio="xMinYMid"', (20, 40, 80, 120)),
        ('viewBox="0 0 100 150" preserveAspectRatio="xMaxYMid meet"', (220, 40, 280, 120)),
        ('viewBox="0 0 100 150" preserveAspectRatio="none"', (40, 40, 160, 120)),
        # 200 x 100 into 400 x 300: twice as large, 100 px spare in height
        ('viewBox="0 0 200 100"', (20, 90, 80, 170)),
        ('viewBox="0 0 200 100" preserveAspectRatio="xMidYMax"', (20, 140, 80, 220)),
        # sliced: three times as large, 200 px too wide
        ('viewBox="0 0 200 100" preserveAspectRatio="xMidYMid slice"', (-70, 60, 20, 180)),
    ],
)
def test_where_the_viewport_puts_a_rectangle(root, bounds):
    assert regions(rectangle(), root).bounds == pytest.approx(bounds)


def test_a_viewport_inside_another():
    inner = (
        f'<svg x="100" y="50" width="200" height="100" viewBox="0 0 100 50">{rectangle(h=20)}</svg>'
    )
    assert regions(inner).bounds == (120, 90, 180, 130)
    share = '<svg width="50%" height="50%"><rect width="50%" height="50%"/></svg>'
    assert regions(share).bounds == (0, 0, 100, 75)


def test_a_drawing_of_another_size_than_the_slide_is_told():
    _, notes, *_ = drawn(rectangle(), 'width="800" height="600"')
    assert notes == [
        "the drawing is 800x600 px, the slide 400x300 px: taken as level-0 pixels all the same"
    ]


@pytest.mark.parametrize(
    "root",
    [
        'viewBox="0 0 100"',
        'viewBox="0 0 0 100"',
        'viewBox="0 0 -5 100"',
        'viewBox="a"',
        'width="2em"',
        'viewBox="0 0 9 9" preserveAspectRatio="middle"',
    ],
)
def test_viewports_that_make_no_sense(root):
    with pytest.raises(Unusable):
        drawn(rectangle(), root)


# ---- what is drawn and what is not


def test_definitions_and_hidden_things_are_no_regions():
    more = 'transform="translate(200)"'
    body = "".join(
        f"<{name} {extra}><g>{rectangle()}</g></{name.split()[0]}>"
        for name, extra in [
            ("defs", ""),
            ("clipPath", ""),
            ("mask", ""),
            ("symbol", ""),
            ("pattern", ""),
            ("marker", ""),
            ("g", 'display="none"'),
            ("g", 'style="display: none"'),
        ]
    )
    assert regions(body + rectangle(more=more)).bounds == (210, 20, 240, 60)


def test_shapes_without_an_area_are_told():
    flat = '<polyline points="0,0 9,9"/><path d=""/><rect width="5"/><circle r="0"/><polygon/>'
    found, notes, *_ = drawn(flat + rectangle())
    assert found.area == 1200
    assert notes == ["outlines without an area, left out: 5"]


# ---- copies


def test_copies_stand_where_they_are_put_and_take_over_what_is_around_them():
    original = f'<defs><g id="a" transform="scale(2)">{rectangle()}</g></defs>'
    copies = '<use href="#a" x="100"/><g transform="translate(0 100)"><use xlink:href="#a"/></g>'
    found = regions(original + copies, 'xmlns:xlink="http://www.w3.org/1999/xlink"')
    assert sorted(part.bounds for part in found.geoms) == [(20, 140, 80, 220), (120, 40, 180, 120)]
    path = f'<path id="p" d="{HOLE}"/>'
    assert regions(f'{path}<g fill-rule="evenodd"><use href="#p" x="200"/></g>').area == 19_600


def test_what_is_drawn_may_be_copied_before_and_after_it():
    found = regions(
        '<use href="#r" y="100"/>' + rectangle(more='id="r"') + '<use href="#r" x="100"/>'
    )
    assert found.area == 3 * 1200


def test_a_copied_symbol_has_a_viewport():
    symbol = f'<symbol id="s" viewBox="0 0 100 100">{rectangle()}</symbol>'
    assert regions(symbol + '<use href="#s" x="50" width="200" height="200"/>').equals(
        box(70, 40, 130, 120)
    )


def test_copies_of_nothing_are_told():
    _, notes, *_ = drawn('<use href="#a"/><use href="b.svg#r"/><use/>' + rectangle(more='id="r"'))
    assert notes == ["copies by <use> of nothing in the file, left out: 3"]


def test_a_copy_of_itself_is_refused():
    with pytest.raises(Unusable, match="copies by <use> are nested deeper than 100"):
        drawn('<g id="a"><use href="#a"/></g>')


def test_copies_of_copies_of_copies_are_refused(monkeypatch):
    monkeypatch.setattr(svg, "_MAX_COPIED", 1000)
    doubled = "".join(
        f'<g id="a{k}"><use href="#a{k - 1}"/><use href="#a{k - 1}"/></g>' for k in range(1, 40)
    )
    first = rectangle(more='id="a0"')
    with pytest.raises(Unusable, match="more than 1,000 elements copied by <use>"):
        drawn(f'<defs>{first}{doubled}</defs><use href="#a39"/>')


@pytest.mark.parametrize("body", ["<text>tumour</text>", '<line x2="9" y2="9"/>'])
def test_a_drawing_without_any_region(body):
    with pytest.raises(Unusable, match=r"no outline with an area\nremedy: export it"):
        drawn(body)


@pytest.mark.parametrize("body", ["", "<g/>"])
def test_an_empty_drawing_was_looked_at(body):
    found, notes, *_ = drawn(body)
    assert found.is_empty
    assert notes[-1] == NOTHING_THERE


@pytest.mark.parametrize(
    "body",
    [
        '<polygon points="0,0 10,0 10"/>',
        '<polygon points="0,0 10,0 10,ten"/>',
        '<polygon points="0,0 10,0 nan,10"/>',
        '<polygon points="0,0 10,0 inf,10"/>',
        '<polygon points="0,0 10,0 1e99,10"/>',
        '<polygon points="0,0 10,0 1_0,10"/>',
        '<polygon points="0,0 10,0 9,9" transform="scale(1e9)"/>',
        '<polygon points="0,0 10,0 9,9" style="transform: scale(2)"/>',
        '<g transform="scale(1e8)"><g transform="scale(1e8)"><g transform="scale(1e8)"/></g></g>',
        f'<g transform="{"scale(1e8)" * 50}"/>',
        f'<g transform="{"scale(1e8)" * 50} scale(0)"/>',
        '<rect width="1e400" height="5"/>',
        '<rect width="ten" height="5"/>',
        '<path d="M0 0 L 5"/>',
    ],
)
def test_values_that_cannot_be_read(body):
    with pytest.raises(Unusable):
        drawn(body)


def test_what_overflows_is_told():
    with pytest.raises(Unusable, match=r"its transforms overflow: they scale beyond 1e\+18"):
        drawn(f'<g transform="{"scale(1e8)" * 50}">{rectangle()}</g>')
    for shape in ('<circle r="1e-200"/>', '<rect width="5" height="5" rx="1e-200"/>'):
        with pytest.raises(Unusable, match="an arc overflows: its radii are too small"):
            drawn(shape)
    with pytest.raises(Unusable, match=r"a coordinate is not finite or beyond 1e\+09 pixels"):
        drawn(rectangle(more='transform="scale(1e8)"'))


def test_another_root():
    with pytest.raises(Unusable, match="root element is <html>, not <svg>"):
        svg.read(b"<html><svg/></html>", SIZE)


# ---- lists of numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        (" 1,2 3\n4\t,5 ", [1, 2, 3, 4, 5]),
        ("1-2+3.5.25", [1, -2, 3.5, 0.25]),
        ("-1e2,.5E-1 4.", [-100, 0.05, 4]),
    ],
)
def test_lists_of_numbers(text, values):
    assert numbers(text, Budget()).tolist() == values


def test_a_long_list_spends_the_budget():
    values = [1.25 * k for k in range(100)]
    with pytest.raises(Unusable, match="more than 49 points"):
        numbers(" ".join(map(str, values)), Budget(49))
    assert numbers(" ".join(map(str, values)), Budget(50)).tolist() == values


# ---- style sheets, as Illustrator and Inkscape write them

HIDDEN = {
    "a class": (".st0{display:none;} .st1{fill:none;stroke:#f00}", 'class="st1 st0"'),
    "an id": ("#layer { display : none }", 'id="layer"'),
    "an element": ("rect{visibility:hidden}", ""),
    "element and class": ("/* no */ rect.off, path.off {visibility:collapse}", 'class="off"'),
    "the heavier rule": (".b{display:none} rect{display:inline}", 'class="b"'),
    "an attribute": ("", 'visibility="hidden"'),
    "a style": ("rect{visibility:visible}", 'style="visibility:hidden"'),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_is_not_drawn(name):
    sheet, more = HIDDEN[name]
    body = f"<style type='text/css'>{sheet}</style>{rectangle(more=more)}"
    found = regions(body + '<circle cx="150" cy="150" r="20"/>')
    assert found.area == pytest.approx(np.pi * 400, rel=0.01)


def test_what_a_hidden_group_shows_again_is_drawn():
    hidden = f'<g visibility="hidden">{rectangle()}<g>{rectangle(100)}</g>'
    shown = f"{rectangle(60, more=chr(39).join(['visibility=', 'visible', '']))}</g>"
    assert regions(hidden + shown).bounds == (60, 20, 90, 60)


def test_selectors_that_are_not_read_are_refused_where_they_matter():
    assert regions(f"<style>g > rect {{fill: red}}</style>{rectangle()}").area == 1200
    with pytest.raises(Unusable, match=r"'g > rect' chooses, which is not read\nremedy: save it"):
        drawn(f"<style>g > rect {{display: none}}</style>{rectangle()}")
