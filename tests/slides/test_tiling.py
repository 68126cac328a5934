"""All slides tiled: masks where the tumour is, one table, killed runs taken up where they ended."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from shapely import MultiPolygon, Polygon, contains_xy

from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.core.files import scratch_dir
from podium.core.params import Slides, TileSlides
from podium.slides.annotations import geojson, raster
from podium.slides.dataset import SlideRecord
from podium.slides.reader import Slide
from podium.slides.tile_states import Outcome, summary
from podium.slides.tile_store import load_pixels, load_tiles
from podium.slides.tiling import Plan, jobs_of, plan_of, tile_all
from slide_fixtures import damage, stained, write_pyramid

ROOT = Path(__file__).parents[2]
W, H = 256, 192
PLAN = Plan(tile=64, stride=64, target_mpp=0.5, min_tissue=0.4, thumbnail=128)
SETTINGS = Slides(
    source="raw",
    missing_annotation="test",
    classes=[],
    annotated_area=[],
    unknown=[],
    mpp=None,
    mpp_overrules=False,
    max_megapixels=64.0,
)
HOLE = [(90, 60), (130, 70), (100, 110)]
TUMOUR = MultiPolygon([Polygon([(20, 10), (200, 35), (170, 180), (33, 150)], [HOLE])])


def shelf():
    """Where the tiles of the one plan of a test are kept between runs."""
    [folder] = scratch_dir("tiles").iterdir()
    return folder


def row_of(slide, annotation="none", **more):
    values = {"label": "0", "fold": 0, "mpp": "0.5", "tumour": 0.0, "content": f"{slide} 1"} | more
    return SlideRecord(slide, f"images/{slide}.tif", slide, "train", annotation=annotation, width=W,
               height=H, notes="", **values)  # fmt: skip


@pytest.fixture
def slides(tmp_path):
    """Slides a, b, c full of tissue; the tumour of a is known, b has none, c is unknown."""
    (tmp_path / "images").mkdir()
    for seed, name in enumerate("abc"):
        write_pyramid(tmp_path / f"images/{name}.tif", stained(W, H, seed), n_levels=2)
    geojson.write(tmp_path / "marks/a.geojson", TUMOUR)
    rows = [row_of("a", "a.geojson"), row_of("b"), row_of("c", "")]
    return jobs_of(rows, tmp_path, tmp_path / "marks", SETTINGS)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def centres_inside(regions, x, y, side, downsample):
    """The pixels (side, side) whose centres shapely finds inside."""
    at = (np.arange(side) + 0.5) * downsample
    return contains_xy(regions, *np.meshgrid(x + at, y + at)).astype(np.uint8)


# ---- masks


@pytest.mark.parametrize(("box", "downsample"), [
    ((0, 0, W, H), 1.0),
    ((85, 55, 40, 30), 1.0),
    ((-10, -20, 50, 60), 2.0),
    ((150, 100, 64, 64), 4.0),
])  # fmt: skip
def test_a_window_equals_an_independent_rasterisation(box, downsample):
    found = raster.mask(TUMOUR, box, downsample)
    x, y, w, h = box
    wanted = centres_inside(TUMOUR, x, y, max(w, h), downsample)[:h, :w]
    assert 0 < wanted.sum() < wanted.size
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(("target_mpp", "downsample"), [(0.5, 1.0), (1.0, 2.0), (0.75, 1.5)])
def test_masks_of_tiles_equal_an_independent_rasterisation(
    slides, tmp_path, target_mpp, downsample
):
    plan = replace(PLAN, tile=32, stride=24, target_mpp=target_mpp)
    tile_all(slides[:1], plan, tmp_path / "out", 1)
    tiles = load_tiles(tmp_path / "out/a.h5")
    masks = load_pixels(tmp_path / "out/a.h5", range(len(tiles.coordinates)), "masks")
    assert tiles.grid.downsample == downsample
    places = tiles.grid.to_frame(tiles.coordinates) * downsample
    for (x, y), mask, share in zip(places.tolist(), masks, tiles.tumour, strict=True):
        assert np.array_equal(mask, centres_inside(TUMOUR, x, y, 32, downsample))
        assert share == pytest.approx(mask.mean())
    assert 0.2 < masks.mean() < 0.8


def test_known_none_and_unknown_tumour(slides, tmp_path):
    tile_all(slides, PLAN, tmp_path / "out", 1)
    a, b, c = (load_tiles(tmp_path / f"out/{name}.h5").tumour for name in "abc")
    assert a.max() > 0.5
    assert b.tolist() == [0] * 12
    assert np.isnan(c).all()
    masks = load_pixels(tmp_path / "out/a.h5", range(12), "masks")
    assert not load_pixels(tmp_path / "out/b.h5", range(12), "masks").any()
    assert masks.sum() == centres_inside(TUMOUR, 0, 0, W, 1)[:H].sum()  # 4 x 3 tiles are all of it


# ---- jobs


def test_a_job_says_what_its_row_says(tmp_path):
    rows = [row_of("a", content="x", mpp="0.25"), row_of("b", "", content="y", mpp="")]
    settings = SETTINGS.model_copy(update={"max_megapixels": 7.0})
    one, two = jobs_of(rows, tmp_path, tmp_path, settings)
    assert (one.slide, one.path, one.mpp) == ("a", tmp_path / "images/a.tif", 0.25)
    assert (one.content, two.content) == ("x none", "y ")
    assert two.mpp is None
    assert (one.mask_of is None, two.mask_of is None) == (False, True)
    assert one.max_megapixels == 7.0


def test_the_plan_is_the_section():
    plan = Plan(96, 32, 1.5, 2, 0.3, 300, 0.2)
    assert plan_of(TileSlides(**asdict(plan))) == plan


# ---- all of them


def test_every_slide_leaves_its_files_and_a_line(slides, tmp_path):
    out = tmp_path / "out"
    slides[1].path.write_bytes(b"II*\0broken")
    damage(slides[2].path, 5)
    found = tile_all(slides, PLAN, out, 1)
    assert [one.state for one in found] == ["done", "failed", "done"]
    assert names(out) == ["a.h5", "a.json", "a.png", "b.json", "c.h5", "c.json", "c.png"]
    table = summary(found, out)
    assert table["slide"].tolist() == ["a", "b", "c"]
    assert table["n_grid"].tolist() == [12, 0, 12]
    assert table["n_tiles"].tolist() == [12, 0, 11]
    assert table["n_unreadable"].tolist() == [0, 0, 1]
    assert table["downsample"].tolist() == [1.0, "", 1.0]
    assert table["n_tumour"].tolist() == [11, 0, 0]  # all but the lower right corner
    assert table["tissue"].tolist() == pytest.approx([1, 0, 1], abs=0.05)
    share = centres_inside(TUMOUR, 0, 0, W, 1)[:H].mean()
    assert table["tumour"].tolist() == [round(float(share), 4), 0, 0]
    reason = table["reason"][1]
    assert reason.startswith(f"{slides[1].path}: cannot be opened as a slide: ")
    assert "; remedy: copy it again" in reason
    assert "\n" not in reason


def test_another_process_brings_the_same_bytes(slides, tmp_path, monkeypatch):
    one = tile_all(slides[:1], PLAN, tmp_path / "one", 1)
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "elsewhere"))
    two = tile_all(slides[:1], PLAN, tmp_path / "two", 2)
    assert one == two
    assert names(tmp_path / "one") == names(tmp_path / "two")
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_no_slide_that_can_be_tiled_ends_the_run(slides, tmp_path):
    missing = [replace(job, path=tmp_path / f"{job.slide}.tif") for job in slides]
    with pytest.raises(PodiumError) as caught:
        tile_all(missing, PLAN, tmp_path / "out", 1)
    first, second, remedy = str(caught.value).splitlines()
    assert first == "no slide could be tiled"
    assert second.startswith(f"{tmp_path}/a.tif: cannot be opened as a slide: ")
    assert remedy.startswith("remedy: ")
    assert not (tmp_path / "out").exists()


def test_a_plan_no_slide_can_follow_is_the_settings_fault(slides, tmp_path):
    with pytest.raises(SettingsError, match="stride of 65 px"):
        tile_all(slides, replace(PLAN, stride=65), tmp_path / "out", 1)


def test_a_slide_that_broke_leaves_no_tiles_of_before(slides, tmp_path):
    out = tmp_path / "out"
    tile_all(slides[:2], PLAN, out, 1)
    slides[0].path.unlink()
    tile_all([replace(slides[0], content="2"), slides[1]], PLAN, out, 1)
    assert names(out) == ["a.json", "b.h5", "b.json", "b.png"]


def test_without_hard_links_files_are_copied(slides, tmp_path, monkeypatch):
    def other_disk(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", other_disk)
    tile_all(slides[:1], PLAN, tmp_path / "out", 1)
    kept = shelf() / "a.h5"
    assert (tmp_path / "out/a.h5").read_bytes() == kept.read_bytes()
    assert not (tmp_path / "out/a.h5").samefile(kept)


def test_tiles_take_no_space_twice(slides, tmp_path):
    tile_all(slides[:1], PLAN, tmp_path / "out", 1)
    assert (tmp_path / "out/a.h5").samefile(shelf() / "a.h5")


def test_a_failed_slide_counts_for_nothing(tmp_path):
    outcomes = [Outcome("a", "failed", "f", "x: odd\nremedy: y")]
    assert summary(outcomes, tmp_path).to_dict("records") == [{
        "slide": "a", "state": "failed", "downsample": "", "n_grid": 0, "n_tiles": 0,
        "n_tumour": 0, "n_unreadable": 0, "tissue": 0.0, "tumour": 0.0,
        "reason": "x: odd; remedy: y",
    }]  # fmt: skip


# ---- interrupted


def test_a_disk_that_fills_keeps_the_slides_done_so_far(slides, tmp_path, monkeypatch):
    real, full = os.posix_fallocate, []

    def fallocate(handle, offset, length):
        if (shelf() / "a.json").exists():
            full.append(length)
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle, offset, length)

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", fallocate)
        with pytest.raises(EnvironmentFault, match=r"b\.h5.*: the disk is full: free some space"):
            tile_all(slides, PLAN, tmp_path / "out", 1)
    assert full
    assert names(shelf()) == ["a.h5", "a.json", "a.png"]
    assert not (tmp_path / "out").exists()
    opened = watch_opening(monkeypatch)
    assert [one.state for one in tile_all(slides, PLAN, tmp_path / "out", 1)] == ["done"] * 3
    assert opened == ["b.tif", "c.tif"]


def watch_opening(monkeypatch):
    """The list that the names of slides opened from now on are added to."""
    opened, real = [], Slide.open.__func__

    def watching(cls, path, *args):
        opened.append(path.name)
        return real(cls, path, *args)

    monkeypatch.setattr(Slide, "open", classmethod(watching))
    return opened


KILLED = """
import sys, time
from pathlib import Path
from podium.slides import tiling

def slow(slide, *args):
    for part in read(slide, *args):
        yield part
        if slide.path.name == "b.tif":
            print("halfway", flush=True)
            time.sleep(60)

read, tiling.read_tiles = tiling.read_tiles, slow
root = Path(sys.argv[1])
jobs = [tiling.Job(name, root / f"images/{name}.tif", "c") for name in "abc"]
tiling.tile_all(jobs, tiling.Plan(64, 64, 0.5, 0, 0.4, 128), root / "out", 1)
"""


def test_a_killed_run_is_taken_up_where_it_ended(slides, tmp_path, monkeypatch):
    words = [sys.executable, "-c", KILLED, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "halfway\n"
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "out").exists()
    kept = shelf() / "a.h5"
    before = kept.stat().st_mtime_ns
    opened = watch_opening(monkeypatch)
    again = [replace(job, content="c", mask_of=None, mpp=None) for job in slides]
    assert [one.state for one in tile_all(again, PLAN, tmp_path / "out", 1)] == ["done"] * 3
    assert opened == ["b.tif", "c.tif"]
    assert kept.stat().st_mtime_ns == before
    assert names(shelf()) == names(tmp_path / "out")
    assert len(names(tmp_path / "out")) == 9
