"""From a file to an annotation: every format, every refusal in one line, and hostile files."""

import gzip
import json
import os
import re
import time

import numpy as np
import pytest
from PIL import Image
from shapely import GEOSException, Polygon, box

from podium.core.errors import PodiumError
from podium.slides.annotations import limits
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.load import SUFFIXES, by_stem, load

SIZE = (80, 60)
SVG = '<svg><polygon fill="none" points="10,20 40,20 40,50 10,50"/></svg>'
SQUARE = [[10, 20], [40, 20], [40, 50], [10, 50], [10, 20]]
GEOJSON = json.dumps({"type": "Polygon", "coordinates": [SQUARE]})
AT = "".join(f'<Coordinate Order="{k}" X="{x}" Y="{y}"/>' for k, (x, y) in enumerate(SQUARE))
ASAP = (
    '<ASAP_Annotations><Annotations><Annotation Type="Polygon" PartOfGroup="_0"><Coordinates>'
    f"{AT}</Coordinates></Annotation></Annotations></ASAP_Annotations>"
)
TEXTS = {".svg": SVG, ".xml": ASAP, ".geojson": GEOJSON, ".json": GEOJSON, ".SVG": SVG}


@pytest.fixture
def put(tmp_path):
    def write(content, name="s1.svg"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path, size=SIZE, **options):
    """The one line that says what is wrong; a line with the remedy follows it."""
    with pytest.raises(PodiumError) as caught:
        load(path, size, **options)
    lines = re.fullmatch(r"([^\n]*)\nremedy: ([^\n]+)", str(caught.value))
    assert lines, str(caught.value)
    assert lines[1].startswith(f"{path}: ")
    return lines[1].removeprefix(f"{path}: ")


@pytest.mark.parametrize("suffix", TEXTS)
def test_every_format_gives_the_same_regions(put, suffix):
    path = put(TEXTS[suffix], f"s1{suffix}")
    annotation = load(path, SIZE)
    assert annotation.regions.equals(box(10, 20, 40, 50))
    assert annotation.area == 900
    assert annotation.source == path
    assert annotation.notes == ()


def test_a_mask_gives_them_too(tmp_path):
    mask = np.zeros((60, 80), np.uint8)
    mask[20:50, 10:40] = 255
    Image.fromarray(mask).save(tmp_path / "s1.png")
    assert load(tmp_path / "s1.png", SIZE).regions.equals(box(10, 20, 40, 50))
    Image.fromarray(mask * 0).save(tmp_path / "s2.png")
    assert load(tmp_path / "s2.png", SIZE).area == 0


def test_classes_reach_the_formats_that_have_them(put):
    assert load(put(ASAP, "a.xml"), SIZE, ClassPlan(labels={"_0": 1})).area == 900
    assert load(put(ASAP, "a.xml"), SIZE, ClassPlan(labels={"tumor": 1})).area == 0
    assert load(put(GEOJSON, "a.geojson"), SIZE, ClassPlan(labels={"tumor": 1})).area == 0


def test_formats_without_classes_are_tumour_whatever_classes_are_named(put):
    annotation = load(put(SVG), SIZE, ClassPlan(labels={"tumor": 1}))
    assert (annotation.area, annotation.areas, annotation.notes) == (900, {}, ())


def test_what_hangs_over_the_slide_is_cut_off_and_told(put):
    annotation = load(put(SVG), (25, 60))
    assert annotation.area == 15 * 30
    assert annotation.notes == (
        "50.0% of its area lies outside the slide (25x60 px) and was cut off",
    )


def test_an_outline_off_the_slide_is_refused(put):
    assert refusal(put(SVG), (10, 10)) == (
        "all of it lies outside the slide, in x 10 to 40, y 20 to 50 of 10x10 px: wrong frame?"
    )


def test_a_background_is_told(put):
    path = put('<svg><rect width="100%" height="100%"/></svg>')
    assert load(path, SIZE).notes == (
        "it covers the whole slide: a background among the outlines?",
    )


def test_another_suffix(put):
    assert refusal(put("x", "s1.txt")) == (
        "not one of .svg, .xml, .ndpa, .geojson, .json, .png, .tif, .tiff, .geojson.gz, "
        ".json.gz, .svg.gz, .xml.gz"
    )


@pytest.mark.parametrize("suffix", [".geojson.gz", ".json.gz", ".xml.gz", ".svg.gz", ".GeoJSON.GZ"])
def test_packed_files(put, suffix):
    text = TEXTS[suffix.lower().removesuffix(".gz")]
    path = put(gzip.compress(text.encode()), f"s1{suffix}")
    assert load(path, SIZE).regions.equals(box(10, 20, 40, 50))


def test_a_packed_bomb_is_not_unpacked(put):
    path = put(gzip.compress(bytes(3 << 20)), "s1.geojson.gz")
    assert refusal(path, max_bytes=1 << 20) == "it unpacks to more than 1 MB"
    start = time.process_time()
    path = put(gzip.compress(bytes(1 << 30), 1), "s2.geojson.gz")
    assert refusal(path) == "it unpacks to more than 64 MB"
    assert time.process_time() - start < 60


@pytest.mark.parametrize(
    "data", [b"no gzip", gzip.compress(GEOJSON.encode(), mtime=0)[:-20]], ids=["no gzip", "cut"]
)
def test_a_packed_file_that_is_damaged(put, data):
    assert refusal(put(data, "s1.geojson.gz")).startswith("not readable as gzip (")


def test_a_tiff_is_a_mask_too(tmp_path):
    mask = np.zeros((60, 80), np.uint8)
    mask[20:50, 10:40] = 255
    for name, values in (("s1.tif", mask), ("s2.tiff", mask > 0)):
        Image.fromarray(values).save(tmp_path / name)
        assert load(tmp_path / name, SIZE).regions.equals(box(10, 20, 40, 50))
    Image.fromarray(mask.astype(np.float32)).save(tmp_path / "s3.tif")
    assert refusal(tmp_path / "s3.tif") == "its values are no whole numbers"
    (tmp_path / "s4.tif").write_bytes((tmp_path / "s1.tif").read_bytes()[:90])
    assert refusal(tmp_path / "s4.tif").startswith(("damaged", "not a TIFF"))


def test_classes_and_their_areas_are_said(put):
    outline = {"type": "Polygon", "coordinates": [SQUARE]}
    corner = {"type": "Polygon", "coordinates": [[[0, 0], [8, 0], [8, 6], [0, 6], [0, 0]]]}

    def of(*pairs):
        return json.dumps([
            {"type": "Feature", "geometry": shape, "properties": {"classification": {"name": name}}}
            for shape, name in pairs
        ])  # fmt: skip

    alone = load(put(of((outline, "Tumor")), "a.geojson"), SIZE)
    assert (alone.notes, alone.areas, alone.tumour) == ((), {"Tumor": 900}, {"Tumor"})
    two = load(put(of((outline, "Tumor"), (corner, "Metastasis")), "b.geojson"), SIZE)
    assert two.area == 948
    assert two.notes == (
        "classes: Tumor 18.8%, Metastasis 1.0% of the slide; taken as tumour: Tumor, Metastasis",
    )
    denied = load(put(of((outline, "Tumor"), (corner, "Normal tissue")), "c.geojson"), SIZE)
    assert (denied.area, denied.tumour) == (900, {"Tumor"})
    assert denied.notes[-1] == (
        "classes: Tumor 18.8%, Normal tissue 1.0% of the slide; taken as tumour: Tumor"
    )
    stroma = ClassPlan(labels={"stroma": 1})
    asked = load(put(of((outline, "Stroma")), "d.geojson"), SIZE, stroma)
    assert asked.area == 900
    assert load(put(of((outline, "Stroma")), "d.geojson"), SIZE).area == 0
    groups = ASAP.replace("_0", "Vessel") + ASAP.replace("_0", "tumour").replace('X="', 'X="3')
    both = load(
        put(
            groups.replace("</Annotations></ASAP_Annotations><ASAP_Annotations><Annotations>", ""),
            "e.xml",
        ),
        (800, 60),
    )
    assert both.areas == {"Vessel": 900, "tumour": 900}
    assert both.tumour == {"Vessel", "tumour"}


@pytest.mark.parametrize("kind", ["fifo", "nothing"])
def test_what_is_no_regular_file_is_not_opened(tmp_path, kind):
    path = tmp_path / "s1.svg"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "gone.svg")
    reason = "a link to a file that is missing" if kind == "nothing" else "no regular file"
    assert refusal(path) == reason


# ---- hostile and damaged files

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]><svg><text>&i;</text></svg>"
)
QUADRATIC = f'<!DOCTYPE svg [<!ENTITY a "{"x" * 100_000}">]><svg>{"&a;" * 100_000}</svg>'
EXTERNAL = '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg><text>&a;</text></svg>'
PARAMETER = '<!DOCTYPE svg [<!ENTITY % a SYSTEM "http://localhost:1/x.dtd"> %a;]><svg/>'


@pytest.mark.parametrize("suffix", [".svg", ".xml"])
@pytest.mark.parametrize(
    "text", [BOMB, QUADRATIC, EXTERNAL, PARAMETER], ids=["bomb", "blowup", "external", "parameter"]
)
def test_entities_are_refused_at_once(put, text, suffix):
    path = put(
        text.replace("svg>", "ASAP_Annotations>") if suffix == ".xml" else text, "s" + suffix
    )
    start = time.process_time()
    assert refusal(path) == "it declares XML entities"
    assert time.process_time() - start < 20


def test_an_external_dtd_is_not_fetched(put):
    dtd = '<!DOCTYPE svg SYSTEM "http://localhost:1/svg.dtd">'
    assert load(put(dtd + SVG), SIZE).area == 900


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty file"),
        (" \n", "empty file"),
        ("<svg><polygon", "not well-formed XML"),
        ("<svg></g></svg>", "not well-formed XML"),
        (b'<?xml version="1.0" encoding="martian"?><svg/>', "not well-formed XML"),
        (b"<svg>\xff\xfe</svg>", "not well-formed XML"),
        (b"\x00" * 100, "not well-formed XML"),
        (b"\x89PNG\r\n\x1a\n", "not well-formed XML"),
        ("<g>" * 5000, "its root element is <g>"),
        ("<svg>" + "<g>" * 5000, "its elements are nested deeper than 100"),
        ("<svg><line/></svg>", "it has no outline with an area"),
        (SVG.replace("10,20", "nan,20"), "'nan,20 40,20 40,50 1' where numbers are expected"),
        (SVG.replace("10,20", "1e999,20"), "a number is not finite or beyond"),
        (SVG.replace("10,20", "1e9,20"), "a number is not finite or beyond"),
    ],
)
def test_damaged_files(put, content, says):
    assert refusal(put(content)).startswith(says)


def test_a_file_over_the_limit_is_not_even_read(put, monkeypatch):
    path = put(SVG)
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda _: pytest.fail("was read"))
    assert refusal(path, max_bytes=60) == "0 MB, over the limit of 0 MB"


def test_the_limit_is_64_mb(tmp_path):
    path = tmp_path / "s1.geojson"
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    assert refusal(path) == "64 MB, over the limit of 64 MB"


def test_a_file_that_is_gone_or_a_folder(tmp_path):
    with pytest.raises(PodiumError, match=f"^{tmp_path / 'none.svg'}: no such file"):
        load(tmp_path / "none.svg", SIZE)


def test_outlines_that_geos_gives_up_on(put, monkeypatch):
    def give_up(*_):
        raise GEOSException("TopologyException: side location conflict")

    monkeypatch.setattr("podium.slides.annotations.svg.merged", give_up)
    assert refusal(put(SVG)).startswith("its outlines cannot be repaired (TopologyException")


@pytest.mark.parametrize("suffix", [".svg", ".xml", ".geojson"])
def test_too_many_points(put, suffix, monkeypatch):
    monkeypatch.setattr(limits, "MAX_POINTS", 3)
    assert refusal(put(TEXTS[suffix], f"s1{suffix}")) == "more than 3 points"
    monkeypatch.setattr(limits, "MAX_POINTS", 5)
    assert load(put(TEXTS[suffix], f"s1{suffix}"), SIZE).area == 900


def test_a_file_of_lists_in_lists_is_refused_before_it_is_built(put, monkeypatch):
    monkeypatch.setattr("podium.slides.annotations.geojson.MAX_LISTS", 7)
    text = '{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 9]]]}'
    assert load(put(text, "s1.geojson"), SIZE).area == 81
    text = text.replace("[0, 9]", "[0, 9], [0, 4]")
    assert refusal(put(text, "s1.geojson")) == "it has 8 lists and objects, over 7"
    with pytest.raises(PodiumError, match="over 7\nremedy: simplify the outlines"):
        load(put("[" * 100, "s1.geojson"), SIZE)


def test_an_xml_tree_has_a_limit(put, monkeypatch):
    monkeypatch.setattr("podium.slides.annotations.xml_events.MAX_ELEMENTS", 3)
    assert refusal(put(f"<svg>{'<g/>' * 3}</svg>")) == "more than 3 elements"
    assert load(put(SVG.replace("<svg>", "<svg><g/>")), SIZE).area == 900


def test_an_outline_of_a_hundred_thousand_points_is_quick_in_one_attribute(put):
    turn = np.linspace(0, 2 * np.pi, 100_000, endpoint=False)
    outline = np.column_stack([np.cos(turn), np.sin(turn)]) * 1000 + 1000
    points = " ".join(f"{x:.17f},{y:.17f}" for x, y in outline)  # 4 MB
    path = put(f'<svg><polygon points="{points}"/></svg>')
    start = time.process_time()
    annotation = load(path, (2000, 2000))
    assert time.process_time() - start < 20
    assert annotation.area == pytest.approx(Polygon(outline).area)


# ---- which file belongs to which slide


def test_files_by_stem(put, tmp_path):
    for suffix in SUFFIXES:
        put("x", f"slide{suffix}{suffix}")
    put("x", "upper.GEOJSON")
    put("x", "notes.txt")
    put("x", "._hidden.svg")
    assert sorted(by_stem(tmp_path)) == sorted([*(f"slide{one}" for one in SUFFIXES), "upper"])
    assert by_stem(tmp_path).get("upper") == tmp_path / "upper.GEOJSON"
    assert by_stem(tmp_path).get("slide.svg") == tmp_path / "slide.svg.svg"
    assert by_stem(tmp_path).get("slide") is None
    assert by_stem(tmp_path).get("notes") is None
    assert by_stem(tmp_path / "none").get("s1") is None


def test_two_files_for_one_slide(put, tmp_path):
    put("x", "s1.svg")
    put("x", "s1.xml")
    with pytest.raises(PodiumError, match=r"s1\.xml: s1\.svg annotates the same slide\nremedy: "):
        by_stem(tmp_path)
