"""Tiles cover the slide, fall where they are said to, and are read once however they overlap."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from podium.core.errors import PodiumError, SettingsError
from podium.slides.reader import Slide, UnreadableRegion
from podium.slides.tile_grid import (
    Grid,
    grid_of,
    read_tiles,
    starts,
)
from slide_fixtures import coded, damage, write_pyramid


@pytest.mark.parametrize(("length", "tile", "stride", "wanted"), [
    (110, 64, 32, [0, 32, 46]),  # the worked example
    (128, 64, 32, [0, 32, 64]),  # the last one fits
    (128, 64, 64, [0, 64]),
    (129, 64, 64, [0, 64, 65]),
    (64, 64, 32, [0]),
    (65, 64, 32, [0, 1]),
    (10, 64, 32, [0]),  # one tile that reaches over the end
])  # fmt: skip
def test_starts(length, tile, stride, wanted):
    assert starts(length, tile, stride).tolist() == wanted


@settings(deadline=None)
@given(st.integers(1, 500), st.integers(1, 80), st.data())
def test_tiles_cover_a_side_and_stay_on_it(length, tile, data):
    stride = data.draw(st.integers(1, tile))
    found = starts(length, tile, stride)
    assert found[0] == 0
    assert (np.diff(found) > 0).all()
    assert (np.diff(found) <= stride).all()
    assert found[-1] == max(0, length - tile)


def test_corners_run_row_by_row():
    grid = Grid((110, 70), 1.0, 64, 32)
    assert grid.l_corners.tolist() == [[0, 0], [32, 0], [46, 0], [0, 6], [32, 6], [46, 6]]
    assert grid.to_l0(grid.l_corners).tolist() == grid.l_corners.tolist()


def test_coordinates_are_level_0_pixels():
    grid = Grid((220, 140), 2.0, 64, 32)
    assert grid.frame == (110, 70)
    assert grid.to_l0(grid.l_corners)[:3].tolist() == [[0, 0], [64, 0], [92, 0]]
    assert Grid((1003, 9), 4.0, 64, 64).frame == (250, 2)  # a last part of a pixel is left out
    assert Grid((3, 9), 4.0, 64, 64).frame == (1, 2)
    assert Grid((300, 300), 0.3 / 0.1, 64, 64).frame == (100, 100)  # 3.0000000000000004


@settings(deadline=None)
@given(st.floats(1, 40), st.lists(st.integers(0, 100_000), min_size=1))
def test_coordinates_and_back(downsample, corners):
    grid = Grid((10**6, 10**6), downsample, 256, 256)
    points = np.array([corners, corners[::-1]]).T
    assert np.array_equal(grid.to_frame(grid.to_l0(points)), points)


@pytest.mark.parametrize("stride", [0, -1, 65])
def test_a_stride_that_leaves_gaps_is_refused(stride):
    with pytest.raises(SettingsError, match=f"stride of {stride} px .* 64 px"):
        Grid((500, 500), 1.0, 64, stride)


# ---- by mpp or level


def slide_with(mpp, downsamples=(1.0, 4.0, 16.0), claimed=None):
    return SimpleNamespace(
        path=Path("a.svs"), size=(4000, 3000), downsamples=downsamples, mpp=mpp,
        claimed_mpp=claimed or mpp,
    )  # fmt: skip


@pytest.mark.parametrize(("mpp", "target", "downsample"), [
    (0.5, 0.5, 1.0), (0.499, 0.5, 1.0), (0.51, 0.5, 1.0), (0.25, 0.5, 2.0), (0.25, 1.0, 4.0),
    (0.2527, 1.0, 4.0), (0.25, 0.7, 2.8), (0.25, 8.0, 32.0),
])  # fmt: skip
def test_the_downsample_that_gives_the_target_mpp(mpp, target, downsample):
    found = grid_of(slide_with(mpp), 256, 256, target)
    assert (found.size, found.tile, found.stride) == ((4000, 3000), 256, 256)
    assert found.downsample == pytest.approx(downsample, rel=1e-12)


@pytest.mark.parametrize(("level", "downsample"), [(0, 1.0), (1, 4.0), (2, 16.0)])
def test_by_level_no_mpp_is_needed(level, downsample):
    assert grid_of(slide_with(None), 64, 32, None, level).downsample == downsample


@pytest.mark.parametrize("level", [-1, 3])
def test_a_level_the_slide_lacks(level):
    with pytest.raises(PodiumError, match=rf"^a\.svs: level {level} is .*levels 0 to 2\nremedy"):
        grid_of(slide_with(0.5), 64, 32, None, level)


def test_a_slide_without_mpp_is_refused_with_the_remedy():
    with pytest.raises(
        PodiumError, match=r"^a\.svs: .*does not say its mpp\nremedy: .*slides\.csv"
    ):
        grid_of(slide_with(None), 64, 32, 0.5)
    with pytest.raises(PodiumError, match=r"mpp of 1000 cannot be true\nremedy: .*slides\.csv"):
        grid_of(slide_with(None, claimed=1000.0), 64, 32, 0.5)


def test_detail_that_was_not_scanned_is_refused():
    with pytest.raises(PodiumError, match=r"^a\.svs: its mpp of 0\.5 is coarser than .* 0\.25\n"):
        grid_of(slide_with(0.5), 64, 32, 0.25)


@pytest.mark.parametrize("target", [0.0, -1.0, 1000.0, float("nan")])
def test_a_target_that_makes_no_sense(target):
    with pytest.raises(SettingsError, match="target_mpp"):
        grid_of(slide_with(0.5), 64, 32, target)


# ---- large reads


def test_super_tiles_by_hand():
    grid = Grid((110, 110), 1.0, 64, 32)  # corners at 0, 32, 46 each way
    squares = [grid.l_corners[rows].tolist() for rows in grid.super_tiles(grid.l_corners, 96)]
    assert squares == [  # those that begin at 0 or 32, and the rest from 64 on: none
        [[0, 0], [32, 0], [46, 0], [0, 32], [32, 32], [46, 32], [0, 46], [32, 46], [46, 46]]
    ]
    squares = [grid.l_corners[rows].tolist() for rows in grid.super_tiles(grid.l_corners, 64)]
    assert squares == [
        [[0, 0]], [[32, 0], [46, 0]], [[0, 32], [0, 46]],
        [[32, 32], [46, 32], [32, 46], [46, 46]],
    ]  # fmt: skip
    assert grid.super_tiles(np.empty((0, 2), np.int64), 64) == []


def test_super_tiles_that_are_lower_than_wide():
    grid = Grid((110, 110), 1.0, 64, 32)
    squares = [grid.l_corners[rows].tolist() for rows in grid.super_tiles(grid.l_corners, 96, 64)]
    assert squares == [
        [[0, 0], [32, 0], [46, 0]],
        [[0, 32], [32, 32], [46, 32], [0, 46], [32, 46], [46, 46]],
    ]


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.integers(8, 64), st.data())
def test_super_tiles_hold_every_tile_once_and_stay_small(w, h, tile, data):
    stride, side = data.draw(st.integers(4, tile)), data.draw(st.integers(1, 120))
    grid = Grid((w, h), 1.0, tile, stride)
    wanted = grid.l_corners[:: data.draw(st.integers(1, 3))]
    squares = grid.super_tiles(wanted, side)
    assert sorted(np.concatenate(squares).tolist()) == list(range(len(wanted)))
    for rows in squares:
        assert max(grid.window(wanted[rows])[2:]) < max(side, tile) + stride


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(("downsample", "stride"), [(1.0, 64), (1.0, 32), (2.0, 24)])
def test_tiles_cut_out_of_large_reads_are_those_read_alone(tmp_path, threads, downsample, stride):
    slide = Slide.open(write_pyramid(tmp_path / "s.tif", coded(610, 430)))
    grid = Grid(slide.size, downsample, 64, stride)
    corners = grid.l_corners[::-2]
    seen = []
    for rows, pixels in read_tiles(slide, grid, corners, threads):
        seen += rows.tolist()
        for row, tile in zip(rows, pixels, strict=True):
            x, y = grid.to_l0(corners)[row].tolist()
            assert np.array_equal(tile, slide.read((x, y, 64, 64), downsample))
    assert sorted(seen) == list(range(len(corners)))


def test_between_levels_they_are_within_half_a_pixel(tmp_path):
    slide = Slide.open(write_pyramid(tmp_path / "s.tif", coded(250, 250)))
    grid = Grid(slide.size, 1.3, 64, 32)
    for rows, pixels in read_tiles(slide, grid, grid.l_corners):
        for row, tile in zip(rows, pixels, strict=True):
            x, y = grid.to_l0(grid.l_corners)[row].tolist()
            alone = slide.read((x, y, 64, 64), 1.3)
            assert np.abs(tile.astype(int) - alone)[2:-2, 2:-2, :2].max() <= 1


def test_overlap_costs_no_reads(tmp_path, monkeypatch):
    slide = Slide.open(write_pyramid(tmp_path / "s.tif", coded(512, 512), n_levels=1))
    monkeypatch.setattr(slide, "reopen", lambda: slide)
    sizes, read = [], slide.read
    monkeypatch.setattr(slide, "read", lambda box, *rest: sizes.append(box[2:]) or read(box, *rest))
    grid = Grid(slide.size, 1.0, 64, 16)
    n_tiles = sum(len(rows) for rows, _ in read_tiles(slide, grid, grid.l_corners))
    assert (n_tiles, sizes) == (29 * 29, [(512, 512)])


def test_a_slide_smaller_than_a_tile_gives_one_padded_tile(tmp_path):
    Image.fromarray(coded(50, 30)).save(tmp_path / "a.png")
    slide = Slide.open(tmp_path / "a.png")
    grid = grid_of(slide, 64, 32)
    [(rows, pixels)] = read_tiles(slide, grid, grid.l_corners)
    wanted = np.full((64, 64, 3), 255, np.uint8)
    wanted[:30, :50] = coded(50, 30)
    assert rows.tolist() == [0]
    assert np.array_equal(pixels, wanted[None])


def test_damaged_tiles_are_left_out_and_no_others(tmp_path):
    path = write_pyramid(tmp_path / "s.tif", coded(1024, 512), n_levels=1)
    damage(path, 0, 21, 22)  # of 16 columns
    slide = Slide.open(path)
    grid = Grid(slide.size, 1.0, 64, 64)
    parts = list(read_tiles(slide, grid, grid.l_corners, threads=2))
    rows = np.concatenate([part[0] for part in parts])
    assert sorted(set(range(128)) - set(rows.tolist())) == [0, 21, 22]
    for row, tile in zip(rows, np.concatenate([part[1] for part in parts]), strict=True):
        x, y = grid.l_corners[row]
        assert np.array_equal(tile, coded(1024, 512)[y : y + 64, x : x + 64])
    path_said = re.escape(str(path))
    with pytest.raises(UnreadableRegion, match=rf"^{path_said}: damaged: 3 of 128 tiles.*\nremedy"):
        list(read_tiles(slide, grid, grid.l_corners, max_damaged=0.02))
