"""Tiles of a slide in one file: right, resumable, whole or not at all, whatever the slide."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.core.hdf5_guard import is_sound
from podium.slides import tile_store
from podium.slides.reader import Slide
from podium.slides.tile_grid import Grid
from podium.slides.tile_states import Outcome, read_outcome
from podium.slides.tile_store import load_pixels, load_tiles
from podium.slides.tiling import Job, Plan, tile_slide
from slide_fixtures import coded, damage, stained, write_pyramid

ROOT = Path(__file__).parents[2]
PLAN = Plan(tile=64, stride=32, target_mpp=0.5, min_tissue=0.4, thumbnail=256)
W, H = 640, 512


def left_half(box, downsample):
    """Tumour: everything left of x = 320 at level 0."""
    x, _, w, h = box
    inside = x + (np.arange(w) + 0.5) * downsample < 320
    return np.repeat(inside[None].astype(np.uint8), h, axis=0)


@pytest.fixture
def job(tmp_path):
    """A slide whose upper half is tissue."""
    pixels = np.full((H, W, 3), 245, np.uint8)
    pixels[:256] = stained(W, 256)
    (tmp_path / "raw").mkdir()
    path = write_pyramid(tmp_path / "raw/a.tif", pixels)
    return Job("a", path, "content 1", mask_of=left_half)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_slide_becomes_a_file_a_picture_and_a_state(job, tmp_path):
    folder = tmp_path / "out"
    outcome = tile_slide(job, PLAN, folder)
    assert names(folder) == ["a.h5", "a.json", "a.png"]
    found = load_tiles(folder / "a.h5")
    n_grid = 19 * 15
    n_tiles = 19 * 8  # rows from 0 to 224, the last half on tissue
    assert outcome == read_outcome(folder / "a.json")
    assert outcome == Outcome("a", "done", outcome.fingerprint, "", n_grid, n_tiles, 0)
    assert (found.slide, found.grid) == ("a", Grid((W, H), 1.0, 64, 32))
    assert found.coordinates.dtype == np.int64
    wanted = {(x, y) for x in range(0, 577, 32) for y in range(0, 225, 32)}
    assert {tuple(at) for at in found.coordinates.tolist()} == wanted
    assert len(found.coordinates) == n_tiles


def test_pixels_masks_and_shares_belong_to_their_coordinates(job, tmp_path):
    tile_slide(job, PLAN, tmp_path)
    found, slide = load_tiles(tmp_path / "a.h5"), Slide.open(job.path)
    rows = [*range(len(found.coordinates))][::-7]
    pixels, masks = (load_pixels(tmp_path / "a.h5", rows, name) for name in ("pixels", "masks"))
    assert pixels.dtype == masks.dtype == np.uint8
    for row, picture, mask in zip(rows, pixels, masks, strict=True):
        x, y = found.coordinates[row].tolist()
        assert np.array_equal(picture, slide.read((x, y, 64, 64)))
        assert np.array_equal(mask, left_half((x, y, 64, 64), 1.0))
        assert found.tumour[row] == pytest.approx(np.clip((320 - x) / 64, 0, 1))
        assert found.tissue[row] == pytest.approx(min(1, (256 - y) / 64), abs=0.05)


def test_coordinates_are_level_0_at_any_mpp(job, tmp_path):
    tile_slide(job, replace(PLAN, target_mpp=1.0, min_tissue=0), tmp_path)
    found = load_tiles(tmp_path / "a.h5")
    assert found.grid == Grid((W, H), 2.0, 64, 32)
    assert found.coordinates.max(axis=0).tolist() == [W - 128, H - 128]
    pixels, slide = load_pixels(tmp_path / "a.h5", [9]), Slide.open(job.path)
    x, y = found.coordinates[9].tolist()
    assert np.array_equal(pixels[0], slide.read((x, y, 64, 64), 2.0))
    assert found.tumour[9] == pytest.approx(np.clip((320 - x) / 128, 0, 1))


def test_without_a_mask_tumour_is_unknown(job, tmp_path):
    tile_slide(replace(job, mask_of=None), PLAN, tmp_path)
    assert np.isnan(load_tiles(tmp_path / "a.h5").tumour).all()
    with pytest.raises(PodiumError, match="damaged, or no tile file"):
        load_pixels(tmp_path / "a.h5", [0], "masks")
    assert load_pixels(tmp_path / "a.h5", []).shape == (0, 64, 64, 3)


def test_the_same_bytes_every_time(job, tmp_path):
    for folder, threads in (("one", 1), ("two", 3)):
        tile_slide(job, PLAN, tmp_path / folder, threads)
    for name in names(tmp_path / "one"):
        one, two = (tmp_path / folder / name for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_the_thumbnail_shows_the_tiles(job, tmp_path):
    tile_slide(job, replace(PLAN, stride=64, thumbnail=W), tmp_path)
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    assert picture.shape == (H, W, 3)
    assert picture[64, 70].tolist() == [220, 30, 30]  # tumour
    assert picture[64, 390].tolist() == [40, 70, 220]
    assert picture[400, 70].tolist() == [245] * 3


# ---- files that are damaged, or not ours


def test_a_file_whose_bytes_changed_is_refused_or_still_the_same(job, tmp_path):
    tile_slide(job, PLAN, tmp_path)
    path = tmp_path / "a.h5"
    data, before = path.read_bytes(), load_tiles(path)
    grid = data.index(b'"downsample": ') + 14
    pixels = load_pixels(path, [0, 9])
    for place in (grid, *range(0, len(data), len(data) // 20)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        if not is_sound(path):
            with pytest.raises(PodiumError, match="damaged, or no tile file"):
                load_tiles(path)
            continue
        assert place != grid
        after = load_tiles(path)
        assert (after.slide, after.grid) == (before.slide, before.grid)
        for name in ("coordinates", "tissue", "tumour"):
            assert np.array_equal(getattr(after, name), getattr(before, name))
        assert np.array_equal(load_pixels(path, [0, 9]), pixels)
    for cut in (b"", data[:50], data[:-80]):
        path.write_bytes(cut)
        for load in (load_tiles, lambda path: load_pixels(path, [0])):
            with pytest.raises(PodiumError, match=r"damaged, or no tile file.*\nremedy: "):
                load(path)


def forged(path, **changes):
    """A file that is no tile file; `changes` of what one holds."""
    grid = {"size": [64, 64], "downsample": 1.0, "tile": 8, "stride": 8}
    with h5py.File(path, "w") as file:
        file.attrs["slide"], file.attrs["grid"] = "a", changes.pop("grid", json.dumps(grid))
        plain = {
            "pixels": np.zeros((2, 8, 8, 3), "u1"), "coordinates": np.zeros((2, 2), "i8"),
            "tissue": np.zeros(2, "f4"), "tumour": np.zeros(2, "f4"),
        }  # fmt: skip
        for name, values in (plain | changes).items():
            if callable(values):
                values(file, name)
            else:
                file[name] = values
    return path


def huge(file, name):
    file.create_dataset(name, (10**9, 8, 8, 3), "u1", chunks=(1, 8, 8, 3))


def external(file, name):
    file.create_dataset(name, (48,), "f4", external=[("/etc/passwd", 0, 192)])


def linked(file, name):
    file[name] = h5py.ExternalLink("/etc/passwd", name)


def looped(file, name):
    file[name] = h5py.SoftLink(f"/{name}")


FORGED = {
    "links to a file": ({"tissue": linked}, "'tissue' is a link to another place"),
    "link loop": ({"tissue": looped}, "'tissue' is a link to another place"),
    "external storage": ({"tissue": external}, "/tissue is stored in other files"),
    "huge": ({"pixels": huge}, "/pixels declares 192000000000 bytes and stores 0"),
    "group": ({"pixels": lambda file, name: file.create_group(name)}, "pixels is no uint8 dataset"),
    "other type": ({"tissue": np.zeros(2, "i4")}, "tissue is no float32 dataset of 1 axes"),
    "texts": ({"coordinates": ["a", "b"]}, "coordinates is no int64 dataset"),
    "fewer rows": ({"tumour": np.zeros(1, "f4")}, "its columns are of different lengths"),
    "grid a number": ({"grid": 5}, "its grid is none"),
    "grid of words": ({"grid": '{"size": 3}'}, "its grid is none"),
    "deep grid": ({"grid": "[" * 9000}, "its grid is none"),
    "stride of none": ({"grid": '{"size": [1, 1], "downsample": 1, "tile": 8, "stride": 0}'},
                       "its grid is none"),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_file_that_is_none_of_ours(tmp_path, name):
    changes, says = FORGED[name]
    path = forged(tmp_path / "a.h5", **changes)
    with pytest.raises(PodiumError) as refused:
        load_tiles(path)
    assert str(refused.value).startswith(f"{path}: damaged, or no tile file ({says}")
    assert load_tiles(forged(tmp_path / "b.h5")).slide == "a"


# ---- states and resume


def test_a_finished_slide_is_not_opened_again(job, tmp_path, monkeypatch):
    first = tile_slide(job, PLAN, tmp_path)
    monkeypatch.setattr(Slide, "open", None)
    assert tile_slide(job, PLAN, tmp_path) == first


@pytest.mark.parametrize("change", [
    {"content": "content 2"}, {"mpp": 0.51}, {"mask_of": None}, {"tile": 32},
    {"max_unreadable": 0.5},
])  # fmt: skip
def test_another_plan_or_content_is_another_slide(job, tmp_path, change):
    first = tile_slide(job, PLAN, tmp_path)
    other = {key: value for key, value in change.items() if hasattr(job, key)}
    plan = {key: value for key, value in change.items() if hasattr(PLAN, key)}
    second = tile_slide(replace(job, **other), replace(PLAN, **plan), tmp_path)
    assert second.fingerprint != first.fingerprint
    if "tile" in change:
        assert load_tiles(tmp_path / "a.h5").grid.tile == 32


@pytest.mark.parametrize("loss", ["a.h5", "a.json"])
def test_what_is_lost_is_made_again(job, tmp_path, loss):
    first = tile_slide(job, PLAN, tmp_path)
    (tmp_path / loss).unlink()
    assert tile_slide(job, PLAN, tmp_path) == first
    assert load_tiles(tmp_path / "a.h5").slide == "a"


def test_a_damaged_state_is_made_again(job, tmp_path):
    first = tile_slide(job, PLAN, tmp_path)
    for text in ("{", '{"slide": "a"}', "[1]", "[" * 100_000):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(PodiumError, match="no state of a slide"):
            read_outcome(tmp_path / "a.json")
        assert tile_slide(job, PLAN, tmp_path) == first


KILLED = """
import sys, time
from pathlib import Path
from podium.slides import tiling

def slow(*args):
    for part in read(*args):
        print("part", flush=True)
        yield part
        time.sleep(60)

read, tiling.read_tiles = tiling.read_tiles, slow
job = tiling.Job("a", Path(sys.argv[1]), "c")
tiling.tile_slide(job, tiling.Plan(64, 32, 0.5), Path(sys.argv[2]))
"""


def test_a_killed_slide_leaves_nothing_that_counts_and_starts_again(job, tmp_path):
    folder = tmp_path / "out"
    words = [sys.executable, "-c", KILLED, str(job.path), str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "part\n"
        process.send_signal(signal.SIGKILL)
    debris = names(folder)
    assert debris
    assert all(name.startswith(".a.h5.") for name in debris)
    assert tile_slide(job, PLAN, folder).state == "done"
    assert names(folder) == ["a.h5", "a.json", "a.png"]


# ---- what can be wrong


def failed(job, folder, plan=PLAN):
    outcome = tile_slide(job, plan, folder)
    assert outcome.state == "failed"
    assert json.loads((folder / "a.json").read_text())["reason"] == outcome.reason
    assert names(folder) == ["a.json"]
    return outcome.reason


def test_a_broken_slide_fails_says_why_and_stops_nothing(job, tmp_path):
    folder, broken = tmp_path / "out", tmp_path / "broken.tif"
    broken.write_bytes(job.path.read_bytes()[:700])
    reason = failed(replace(job, path=broken), folder)
    assert reason.startswith(f"{broken}: cannot be opened as a slide: ")
    assert tile_slide(replace(job, slide="b"), PLAN, folder).state == "done"
    assert tile_slide(job, PLAN, folder).state == "done"  # the file was copied again


def test_what_an_earlier_run_left_goes_when_a_slide_fails(job, tmp_path):
    folder = tmp_path / "out"
    tile_slide(job, PLAN, folder)
    failed(replace(job, path=tmp_path / "gone.tif", content="2"), folder)


def test_damaged_tiles_are_counted_and_left_out(job, tmp_path):
    damage(job.path, 11, level=0)  # row 1, column 1, of ten
    plan = replace(PLAN, stride=64, max_unreadable=0.05)
    outcome = tile_slide(job, plan, tmp_path / "out")
    assert (outcome.state, outcome.n_tiles, outcome.n_unreadable) == ("done", 39, 1)
    found = load_tiles(tmp_path / "out/a.h5")
    assert [64, 64] not in found.coordinates.tolist()
    assert len(load_pixels(tmp_path / "out/a.h5", range(39))) == len(found.tumour) == 39
    damage(job.path, 12, 13)
    reason = failed(replace(job, content="2"), tmp_path / "out2", plan)
    assert "damaged: 3 of 40 tiles cannot be read" in reason


def test_mpp_unknown_or_odd(tmp_path, job):
    for mpp, said in ((None, "does not say its mpp"), (1000.0, "mpp of 1000 cannot be true")):
        write_pyramid(job.path, stained(200, 200), mpp, 1)
        reason = failed(job, tmp_path / f"{mpp}")
        assert said in reason
        assert "slides.csv" in reason
        assert tile_slide(replace(job, mpp=0.5), PLAN, tmp_path / f"{mpp}").state == "done"
        by_level = replace(PLAN, target_mpp=None)
        assert tile_slide(job, by_level, tmp_path / f"{mpp}").state == "done"


def test_a_slide_without_tissue_is_done_and_empty(job, tmp_path):
    write_pyramid(job.path, np.full((H, W, 3), 255, np.uint8))
    outcome = tile_slide(job, PLAN, tmp_path)
    assert (outcome.state, outcome.n_grid, outcome.n_tiles) == ("no tiles", 19 * 15, 0)
    assert load_tiles(tmp_path / "a.h5").coordinates.shape == (0, 2)
    assert load_pixels(tmp_path / "a.h5", []).shape == (0, 64, 64, 3)
    assert tile_slide(job, replace(PLAN, min_tissue=0), tmp_path).n_tiles == 19 * 15


def test_a_tile_larger_than_the_slide_is_padded(job, tmp_path):
    write_pyramid(job.path, coded(50, 40), n_levels=1)
    tile_slide(job, replace(PLAN, min_tissue=0), tmp_path)
    wanted = np.full((64, 64, 3), 255, np.uint8)
    wanted[:40, :50] = coded(50, 40)
    assert load_tiles(tmp_path / "a.h5").coordinates.tolist() == [[0, 0]]
    assert np.array_equal(load_pixels(tmp_path / "a.h5", [0])[0], wanted)


def test_a_mask_that_cannot_be_used(job, tmp_path):
    def wrong(box, downsample):
        return np.zeros((5, 5), np.uint8)

    def broken(box, downsample):
        raise PodiumError("a.svg: crosses itself")

    def buggy(box, downsample):
        raise KeyError("x")

    assert "mask of shape (5, 5)" in failed(replace(job, mask_of=wrong), tmp_path / "1")
    assert failed(replace(job, mask_of=broken), tmp_path / "2") == "a.svg: crosses itself"
    assert failed(replace(job, mask_of=buggy), tmp_path / "3") == "KeyError: 'x'"


def test_a_plan_no_slide_can_follow_is_refused(job, tmp_path):
    with pytest.raises(SettingsError, match="stride of 65"):
        tile_slide(job, replace(PLAN, stride=65), tmp_path / "out")


@pytest.mark.parametrize("function", ["os.posix_fallocate", "podium.core.hdf5_file._allocate"])
def test_a_full_disk_is_one_clear_line_and_nothing_half_written(
    job, tmp_path, monkeypatch, function
):
    calls = []

    def full(*arguments):
        calls.append(arguments[-1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(function, full)
    with pytest.raises(
        EnvironmentFault, match=r"a\.h5.*: the disk is full: free some space"
    ) as caught:
        tile_slide(job, PLAN, tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert names(tmp_path / "out") == []
    assert calls[0] > 19 * 8 * 64 * 64 * 4  # asked for all of it before any work


def test_a_disk_that_fills_under_hdf5(job, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tile_store, "_masks", full)  # while the file is open
    with pytest.raises(EnvironmentFault, match=r"a\.h5: the disk is full"):
        tile_slide(job, PLAN, tmp_path / "out")
    assert names(tmp_path / "out") == []


def test_flat_crops_at_level_0(tmp_path):
    Image.fromarray(stained(200, 150)).save(tmp_path / "crop.tiff")
    job = Job("crop", tmp_path / "crop.tiff", "c", mask_of=left_half)
    assert "slides.csv" in tile_slide(job, PLAN, tmp_path).reason
    outcome = tile_slide(job, replace(PLAN, target_mpp=None), tmp_path)
    assert (outcome.state, outcome.n_tiles) == ("done", 6 * 4)
