"""Frames of outlines: QuPath counts from the scanned area, in and out, on a real SCN."""

import json

import numpy as np
import openslide
import pytest

from house import make_params
from podium.core.params import load_params
from podium.slides.annotations import geojson, load
from podium.slides.annotations.frame import Frame
from podium.slides.dataset import open_slide, read_slides, table_of
from podium.slides.export import write_mask
from podium.slides.ingest import ingest
from podium.slides.source import read_entries
from podium.slides.tile_grid import Grid
from slide_fixtures import write_scn

CORNER, MARGIN = (300, 100), 60


@pytest.fixture
def raw(tmp_path):
    """A raw folder: an SCN with a dark square of 40 px at (50, 30) of its scanned area."""
    pixels = np.full((160, 200, 3), (230, 180, 210), dtype=np.uint8)
    pixels[30:70, 50:90] = (90, 40, 120)
    root = tmp_path / "slides"
    (root / "images").mkdir(parents=True)
    (root / "annotations").mkdir()
    write_scn(root / "images/a.scn", pixels, CORNER, MARGIN)
    ring = [[50, 30], [90, 30], [90, 70], [50, 70], [50, 30]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    (root / "annotations/a.geojson").write_text(json.dumps(shape))
    return root


def test_openslide_says_where_the_scanned_area_begins(raw):
    slide = openslide.OpenSlide(raw / "images/a.scn")
    assert slide.properties["openslide.vendor"] == "leica"
    assert slide.dimensions == (300 + 200 + MARGIN, 100 + 160 + MARGIN)


def test_outlines_of_qupath_fall_on_what_they_outline(raw, tmp_path):
    settings = load_params(make_params(tmp_path)).slides
    entries = read_entries(raw, "test")
    rows = ingest(raw, entries, settings, tmp_path / "out").rows
    regions = geojson.read((tmp_path / "out/a.geojson").read_bytes()).parts["Tumor"]
    assert regions.bounds == (350, 130, 390, 170)  # level 0, whatever QuPath counts from
    pixels = open_slide(rows[0], raw, settings).read((350, 130, 40, 40))
    assert (pixels == (90, 40, 120)).all()
    table_of(rows).to_csv(tmp_path / "slides.csv", index=False)
    [row] = read_slides(tmp_path / "slides.csv")
    assert row.origins.origin == CORNER
    mask = np.zeros((320, 560), dtype=bool)
    mask[130:170, 350:390] = True
    write_mask(tmp_path, "a", mask, Grid((560, 320), 1.0, 32, 32), row.origins.origin)
    written = load.load(tmp_path / "a.geojson", row.size, frame=row.origins)
    assert written.regions.bounds == regions.bounds
    assert written.regions.area == pytest.approx(regions.area, rel=0.03)  # its corners are cut
    assert geojson.read((tmp_path / "a.geojson").read_bytes()).parts["Tumor"].bounds == (
        50,
        30,
        90,
        70,
    )


def test_cells_come_back_as_they_were():
    plain = Frame((10, 20))
    assert plain.to_cell() == ""
    assert Frame((10, 20), mpp=(0.5, 0.5)).to_cell() == ""  # nothing counts from elsewhere
    odd = Frame((10, 20), (3, 4), (0.25, 0.26), (1e6, -2e6))
    assert Frame.of_cell((10, 20), odd.to_cell()) == odd
    assert Frame.of_cell((10, 20), "") == plain
    for cell in ("x", "[1]", "[[1,2,3],null,null]"):
        with pytest.raises((ValueError, TypeError)):
            Frame.of_cell((10, 20), cell)
