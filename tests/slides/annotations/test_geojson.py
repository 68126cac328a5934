"""GeoJSON: QuPath's shapes of file, its classes, and files written and read back."""

import json

import pytest
from shapely import MultiPolygon, Point, Polygon, box
from shapely.geometry import shape

from podium.slides.annotations import geojson
from podium.slides.annotations.class_plan import ClassPlan
from podium.slides.annotations.decide import NOTHING_THERE, decided
from podium.slides.annotations.limits import Unusable
from podium.slides.annotations.raster import polygons

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[2, 2], [6, 2], [6, 6], [2, 6], [2, 2]]
FAR = [[100, 0], [105, 0], [105, 5], [100, 5], [100, 0]]


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry, name=None, **properties):
    if name:
        properties["classification"] = {"name": name, "color": [200, 0, 0]}
    about = {"objectType": "annotation", **properties}
    return {"type": "Feature", "id": "x", "geometry": geometry, "properties": about}


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def read(document, classes=None):
    plan = ClassPlan(labels=dict.fromkeys(classes, 1) if classes else None)
    return decided(geojson.read(json.dumps(document).encode()), plan, (1000, 1000))


DOCUMENTS = {
    "collection": collection(feature(polygon(SQUARE, HOLE))),
    "feature": feature(polygon(SQUARE, HOLE)),
    "list of features": [feature(polygon(SQUARE, HOLE))],
    "geometry": polygon(SQUARE, HOLE),
    "multipolygon": {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE]]},
    "geometry collection": {
        "type": "GeometryCollection",
        "geometries": [
            {"type": "Point", "coordinates": [99, 99]},
            {"type": "GeometryCollection", "geometries": [polygon(SQUARE, HOLE)]},
        ],
    },
    "no properties": {"type": "Feature", "geometry": polygon(SQUARE, HOLE), "properties": None},
    "three dimensions": polygon([[*at, 7] for at in SQUARE], HOLE),
    "rings left open": polygon(SQUARE[:-1], HOLE[:-1]),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_square_with_a_hole(name):
    found, notes, *_ = read(DOCUMENTS[name])
    assert found.area == 84
    assert found.geom_type == "MultiPolygon"
    assert notes == []


def test_a_byte_order_mark():
    data = b"\xef\xbb\xbf" + json.dumps(polygon(SQUARE)).encode()
    assert geojson.read(data).parts["no class"].area == 100


def test_features_that_overlap_count_once():
    found, *_ = read(collection(feature(polygon(SQUARE)), feature(polygon(HOLE))))
    assert found.area == 100


@pytest.mark.parametrize(
    "classification",
    [
        {"name": "Tumor"},
        {"name": "tumor: Positive", "colorRGB": -65536},
        {"names": ["Tumor", "Positive"]},
        "Tumor",
    ],
)
def test_classes_in_all_their_spellings(classification):
    tumour = feature(polygon(SQUARE), classification=classification)
    document = collection(tumour, feature(polygon(FAR), "Stroma"), feature(polygon(FAR)))
    assert read(document)[0].area == 125
    found, notes, *_ = read(document, ["tumor"])
    assert found.area == 100
    assert "taken as tumour: " in notes[0]


def test_classes_that_qupath_ignores():
    document = collection(feature(polygon(SQUARE), "Ignore*"), feature(polygon(FAR), "Tumor"))
    found, notes, *_ = read(document)
    assert found.area == 25
    assert notes[0].endswith("taken as tumour: Tumor")
    assert read(document, ["ignore*"])[0].area == 100


def test_a_file_without_the_wanted_class_says_so():
    found, notes, *_ = read(collection(feature(polygon(SQUARE), "Stroma")), ["tumor"])
    assert found.is_empty
    assert notes[0] == "it has outlines of Stroma only: taken as no tumour"


def test_points_and_lines_are_told():
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    flat = [feature(line), feature(None), feature(polygon()), feature(polygon([[0, 0], [5, 5]]))]
    found, notes, *_ = read(collection(feature(polygon(SQUARE)), *flat))
    assert found.area == 100
    assert notes == ["outlines without an area, left out: 4"]


def test_a_bow_tie_keeps_both_halves():
    assert read(polygon([[0, 0], [10, 10], [10, 0], [0, 10]]))[0].area == pytest.approx(50)


@pytest.mark.parametrize("document", [collection(), []])
def test_a_file_without_outlines_was_looked_at(document):
    found = read(document)
    assert found.regions.is_empty
    assert found.notes == [NOTHING_THERE]


def test_a_file_without_areas():
    with pytest.raises(Unusable, match=r"no outline with an area\nremedy: export it"):
        read(feature(None))


NOT_GEOJSON = {
    "no json": b"{",
    "no text": b"\x80\x81\x82",
    "a number": b"7",
    "a string": b'"Polygon"',
    "another object": b'{"version": "4.5", "shapes": []}',
    "features are no list": b'{"type": "FeatureCollection", "features": {}}',
    "no coordinates": b'{"type": "Polygon"}',
    "coordinates of a point": b'{"type": "Polygon", "coordinates": [1, 2]}',
    "flat ring": b'{"type": "Polygon", "coordinates": [[1, 2, 3, 4]]}',
    "ragged ring": b'{"type": "Polygon", "coordinates": [[[1, 2], [3], [4, 5]]]}',
    "ring of one number each": b'{"type": "Polygon", "coordinates": [[[1], [3], [4]]]}',
    "null": b'{"type": "Polygon", "coordinates": [[[1, 2], [3, null], [4, 5]]]}',
    "NaN": b'{"type": "Polygon", "coordinates": [[[1, 2], [3, NaN], [4, 5]]]}',
    "Infinity": b'{"type": "Polygon", "coordinates": [[[1, 2], [3, -Infinity], [4, 5]]]}',
    "too large": b'{"type": "Polygon", "coordinates": [[[1, 2], [3, 1e400], [4, 5]]]}',
    "many digits": b'{"type": "Polygon", "coordinates": [[[1, 2], [3, 1%s], [4, 5]]]}'
    % (b"0" * 400),
    "a huge integer": b'{"type": "Polygon", "coordinates": [[[1, 2], [3, 1%s], [4, 5]]]}'
    % (b"0" * 5000),
    "nested lists": b"[" * 100_000 + b"]" * 100_000,
    "a few nested lists": b"[" * 200 + b"]" * 200,
    "nested collections": b'{"type": "GeometryCollection", "geometries": [' * 200 + b"]}" * 200,
}


@pytest.mark.parametrize("name", NOT_GEOJSON)
def test_what_is_no_geojson(name):
    with pytest.raises(Unusable):
        geojson.read(NOT_GEOJSON[name])


# ---- writing

RING = Polygon(SQUARE, [HOLE])


def test_a_written_file_is_what_qupath_exports(tmp_path):
    path = tmp_path / "s.geojson"
    geojson.write(path, MultiPolygon([RING, box(20, 20, 30, 25)]), "Cancer", (1, 2, 3))
    document = json.loads(path.read_text())
    assert document["type"] == "FeatureCollection"
    first, second = document["features"]
    assert first["type"] == second["type"] == "Feature"
    assert first["properties"]["objectType"] == "annotation"
    assert first["properties"]["classification"] == {"name": "Cancer", "color": [1, 2, 3]}
    assert first["geometry"]["type"] == "Polygon"
    shell, hole = first["geometry"]["coordinates"]
    assert shell[0] == shell[-1]
    assert Polygon(shell).equals(Polygon(SQUARE))
    assert Polygon(hole).equals(Polygon(HOLE))
    assert Polygon(shell).exterior.is_ccw  # RFC 7946, 3.1.6
    assert not Polygon(hole).exterior.is_ccw


def test_files_written_come_back(tmp_path, rng):
    regions = polygons(rng.random((40, 50)) > 0.4, 3.97, (11, 7))
    path = tmp_path / "s.geojson"
    geojson.write(path, regions)
    found, notes, *_ = decided(geojson.read(path.read_bytes()), ClassPlan(), (1000, 1000))
    assert notes == []
    assert found.symmetric_difference(regions).area < 1e-3 * regions.area


def test_coordinates_are_written_to_a_hundredth_of_a_pixel(tmp_path):
    path = tmp_path / "s.geojson"
    geojson.write(path, MultiPolygon([Point(1 / 3, 2 / 3).buffer(1)]))
    (one,) = json.loads(path.read_text())["features"]
    assert all(round(value, 2) == value for at in one["geometry"]["coordinates"][0] for value in at)


def test_no_regions_are_an_empty_collection(tmp_path):
    path = tmp_path / "s.geojson"
    geojson.write(path, MultiPolygon())
    assert json.loads(path.read_text()) == {"type": "FeatureCollection", "features": []}


def test_what_is_written_is_valid_after_rounding(tmp_path):
    # a spike 0.004 px wide: rounded to 0.01 its sides fall on each other
    spike = Polygon([(0, 0), (10, 0), (10, 4.998), (20, 5), (10, 5.002), (10, 10), (0, 10)])
    thin = Polygon([(0, 20), (30, 20.003), (60, 20), (30, 20.001)])
    geojson.write(tmp_path / "a.geojson", MultiPolygon([spike, thin]))
    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    shapes = [shape(one["geometry"]) for one in features]
    assert all(one.is_valid and one.area > 0 for one in shapes)
    assert sum(one.area for one in shapes) == pytest.approx(100, abs=0.1)
