"""What a slide's prediction leaves on disk: the same mask as PNG or TIFF, outline, and runs."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import shapely
import tifffile
from PIL import Image
from shapely import Polygon

from podium.slides import export, rle
from podium.slides.annotations import load, raster
from podium.slides.export import write_mask, write_outputs
from podium.slides.heat import tiles_to_predict
from podium.slides.outline_heat import mean_heats
from podium.slides.reader import Slide
from podium.slides.scoring import LEVELS
from podium.slides.slide_classification import SlidePrediction
from podium.slides.stitch import heat_bands, write_heat_map
from podium.slides.tile_grid import Grid
from slide_fixtures import stained, write_pyramid
from slide_networks import TILES, heat_file, result, row

SIZE = 161, 129  # not a multiple of the downsample: the last column and row repeat


@pytest.fixture
def view(tmp_path):
    path = write_pyramid(tmp_path / "a.tif", stained(*SIZE))
    return tiles_to_predict(Slide.open(path), TILES.model_copy(update={"level": 1}), 16)


def disk(view, radius):
    w, h = view.grid.frame
    y, x = np.mgrid[0:h, 0:w]
    return np.hypot(x - 30, y - 25) < radius


@pytest.fixture
def path(tmp_path, view):
    """A hot disk, and a hotter one within."""
    heat = np.where(disk(view, 8), 1.0, np.where(disk(view, 18), 0.5, 0.1)).astype(np.float32)
    write_heat_map(tmp_path / "a.h5", view.grid, [(0, heat)], {})
    return tmp_path / "a.h5"


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def write(out, view, path, level):
    """Write all files of slide a: the overlay goes beside `out`."""
    slide = result(row("a"), [[0.0]], grid=view.grid, heat=path)
    write_outputs(SlidePrediction(slide, 0.9, level), out, out.parent / "overlay.png")


def at_level_0(marked, view):
    """By another route than the bands: each level-0 pixel asks for its pixel of the frame."""
    downsample, (h, w) = view.grid.downsample, marked.shape
    assert (w, h) == (79, 64)
    rows = np.minimum((np.arange(SIZE[1]) + 0.5) // downsample, h - 1).astype(int)
    columns = np.minimum((np.arange(SIZE[0]) + 0.5) // downsample, w - 1).astype(int)
    return marked[np.ix_(rows, columns)]


@pytest.mark.parametrize(("level", "radius"), [(128, 18), (129, 8), (255, 8)])
def test_png_runs_and_outline_are_one_mask(view, path, out, level, radius):
    write(out, view, path, level)
    assert sorted(one.name for one in out.iterdir()) == ["a.geojson", "a.png", "a.rle"]
    wanted = at_level_0(disk(view, radius), view)
    mask = cv2.imread(str(out / "a.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(mask, wanted * np.uint8(255))
    assert np.array_equal(rle.decode((out / "a.rle").read_text(), SIZE), wanted)
    regions = load.load(out / "a.geojson", SIZE).regions
    covered = raster.mask(regions, (0, 0, *SIZE)) > 0
    assert covered.sum() == pytest.approx(wanted.sum(), rel=0.15)
    near = np.ones((9, 9), np.uint8)  # it may run 3 px beside the pixels, and no more
    assert covered[cv2.erode(wanted.astype(np.uint8), near) > 0].all()
    assert not covered[cv2.dilate(wanted.astype(np.uint8), near) == 0].any()


def test_nothing_is_marked_at_the_level_above_all(view, path, out):
    write(out, view, path, LEVELS)  # a slide called free of tumour, though heat is 1
    assert not cv2.imread(str(out / "a.png"), cv2.IMREAD_UNCHANGED).any()
    assert (out / "a.rle").read_text() == ""
    assert json.loads((out / "a.geojson").read_text())["features"] == []


def test_a_large_slide_has_a_tiff_of_its_frame(view, path, out, monkeypatch):
    monkeypatch.setattr(export, "MAX_PNG", 160)
    write(out, view, path, 128)
    assert sorted(one.name for one in out.iterdir()) == ["a.geojson", "a.rle", "a.tif"]
    with tifffile.TiffFile(out / "a.tif") as file:
        page = file.pages[0]
        assert (page.is_tiled, page.compression.name) == (True, "ADOBE_DEFLATE")
        about = json.loads(page.description)
        mask = page.asarray()
    assert about == {"downsample": view.grid.downsample, "size": list(SIZE)}
    assert np.array_equal(mask, disk(view, 18) * np.uint8(255))
    runs = rle.decode((out / "a.rle").read_text(), SIZE)
    assert np.array_equal(runs, at_level_0(disk(view, 18), view))


def test_outlines_have_ids_and_their_mean_probability(tmp_path, rng):
    """The mean over pixels whose centre lies inside, by shapely; bands cut outlines in two."""
    heat = rng.random((640, 96)).astype(np.float32)
    path = heat_file(tmp_path / "a.h5", heat, downsample=2.0)
    outlines = [Polygon([(20.3, 900.7), (150.9, 960.1), (90.2, 1150.4)]), shapely.box(0, 0, 9, 7)]
    means = mean_heats(heat_bands(path), outlines, 2.0)
    centres = np.stack(np.meshgrid(np.arange(96) + 0.5, np.arange(640) + 0.5), -1) * 2
    for outline, mean in zip(outlines, means, strict=True):
        inside = shapely.contains_xy(outline, centres[..., 0], centres[..., 1])
        assert mean == pytest.approx(heat[inside].mean(), abs=1e-6)
    mask = np.zeros((640, 96), np.bool_)
    mask[500:530, 20:40] = mask[:9, :9] = True
    write_mask(tmp_path, "a", mask, Grid((192, 1280), 2.0, 32, 32), heat=path)
    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert len({feature["id"] for feature in features}) == 2
    first = next(f for f in features if shapely.geometry.shape(f["geometry"]).bounds[1] > 900)
    expected = heat[500:530, 20:40].mean()
    assert first["properties"]["measurements"]["Probability"] == pytest.approx(expected, abs=0.01)


def test_classes_in_all_outputs(tmp_path):
    """Labels in the mask, names in the GeoJSON, a line of run lengths for each class."""
    labels = np.zeros((60, 80), np.uint8)
    labels[10:30, 10:40], labels[30:50, 10:40] = 1, 3
    write_mask(tmp_path, "a", labels, Grid((80, 60), 1.0, 32, 32), classes=("x", "y", "z"))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), labels)
    features = json.loads((tmp_path / "a.geojson").read_text())["features"]
    names = {f["properties"]["classification"]["name"] for f in features}
    assert names == {"x", "z"}
    runs = (tmp_path / "a.rle").read_text().split("\n")
    assert [rle.decode(text, (80, 60)).sum() for text in runs] == [600, 0, 600]
