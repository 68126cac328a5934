"""Heat maps: a constant stays that constant, no edge of a tile shows, memory stays bounded."""

from __future__ import annotations

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.core.files import scratch_dir
from podium.slides.stitch import (
    band_rows,
    heat_bands,
    mask_bands,
    square_height,
    stitch,
    window,
    write_heat_map,
)
from podium.slides.tile_grid import Grid


def blended(grid, parts, coordinates=None, **options):
    """The whole heat map."""
    if coordinates is None:
        coordinates = grid.to_l0(grid.l_corners)
    bands = list(stitch(grid, coordinates, parts, **options))
    starts = [row for row, _ in bands]
    assert starts == np.cumsum([0, *(len(band) for _, band in bands[:-1])]).tolist()
    return np.concatenate([band for _, band in bands])


def in_parts(grid, predictions, n=5):
    at = grid.to_l0(grid.l_corners)
    for row in range(0, len(at), n):
        yield at[row : row + n], predictions[row : row + n]


def test_the_window_fades_and_is_never_zero():
    weights = window(64)
    assert weights.min() > 0
    assert weights.max() == weights[31, 31] == weights[32, 32]
    assert np.array_equal(weights, weights[::-1, ::-1].T)
    assert weights[0, 32] < 0.001 < 0.4 < weights[16, 32] < 0.6
    assert (window(1), window(2).tolist()) == ([[1]], [[0.25] * 2] * 2)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1 / 3, 0.7, 1.0])
@pytest.mark.parametrize("size", [(203, 131), (64, 64), (40, 200), (30, 20)])
def test_a_constant_stays_that_constant(constant, size):
    grid = Grid(size, 1.0, 64, 24)
    predictions = np.full((len(grid.l_corners), 64, 64), constant, np.float32)
    heat = blended(grid, in_parts(grid, predictions), rows=50)
    assert heat.dtype == np.float32
    assert heat.shape == size[::-1]
    exact = constant in (0, 1)
    np.testing.assert_allclose(heat, np.float32(constant), rtol=0 if exact else 1e-6)


def test_the_weighted_mean_by_another_route(rng):
    grid = Grid((150, 110), 1.0, 64, 32)
    predictions = rng.random((len(grid.l_corners), 64, 64)).astype(np.float32)
    total, weights = np.zeros((2, 110, 150))
    for (x, y), prediction in zip(grid.l_corners, predictions, strict=True):
        total[y : y + 64, x : x + 64] += window(64).astype(float) * prediction
        weights[y : y + 64, x : x + 64] += window(64)
    heat = blended(grid, in_parts(grid, predictions), rows=33)
    np.testing.assert_allclose(heat, total / weights, atol=2e-6)


def test_the_frame_is_that_of_the_tiles(rng):
    grid = Grid((300, 220), 2.0, 64, 32)  # level-0 coordinates, tiles of half the size
    predictions = rng.random((len(grid.l_corners), 64, 64)).astype(np.float32)
    flat = Grid((150, 110), 1.0, 64, 32)
    found = blended(grid, in_parts(grid, predictions))
    assert np.array_equal(found, blended(flat, in_parts(flat, predictions)))


@pytest.mark.parametrize("rows", [7, 64, 1000])
def test_any_order_and_any_memory_give_the_same(rng, rows):
    grid = Grid((260, 300), 1.0, 64, 32)
    predictions = rng.random((len(grid.l_corners), 64, 64)).astype(np.float32)
    wanted = blended(grid, in_parts(grid, predictions))
    order = rng.permutation(len(predictions))
    at = grid.to_l0(grid.l_corners)
    parts = [(at[order[n : n + 3]], predictions[order[n : n + 3]]) for n in range(0, len(at), 3)]
    found = blended(grid, iter(parts), memory=1, rows=rows)
    np.testing.assert_allclose(found, wanted, atol=2e-6)
    constant = [(one, np.full_like(values, 0.3)) for one, values in parts]
    found = blended(grid, iter(constant), memory=1, rows=rows)
    np.testing.assert_allclose(found, np.float32(0.3), rtol=1e-6)


def test_no_edge_of_a_tile_shows():
    grid = Grid((256, 256), 1.0, 64, 32)
    level = np.arange(len(grid.l_corners)) % 2  # neighbours that contradict each other
    predictions = np.broadcast_to(level[:, None, None], (len(level), 64, 64)).astype(np.float32)
    heat = blended(grid, in_parts(grid, predictions))
    steps = max(np.abs(np.diff(heat, axis=axis)).max() for axis in (0, 1))
    assert steps < 0.08  # without a window: 0.25 or more
    assert heat.max() - heat.min() > 0.9


def test_where_no_tile_lies_it_is_zero(rng):
    grid = Grid((256, 256), 1.0, 64, 64)
    at = grid.to_l0(grid.l_corners)[[5, 10]]
    heat = blended(grid, [(at, np.ones((2, 64, 64), np.float32))], at, rows=32)
    assert heat.sum() == 2 * 64 * 64
    assert (heat[64:128, 64:128] == 1).all()
    assert (heat[128:192, 128:192] == 1).all()
    assert not blended(grid, [], at[:0]).any()


def test_finished_bands_are_given_out_at_once():
    grid = Grid((128, 640), 1.0, 64, 64)
    taken = []

    def parts():
        for at in grid.to_l0(grid.l_corners):
            taken.append(int(at[1]))
            yield at[None], np.ones((1, 64, 64), np.float32)

    bands = stitch(grid, grid.to_l0(grid.l_corners), parts(), rows=64)
    assert next(bands)[0] == 0
    assert taken == [0, 0]
    assert next(bands)[0] == 64
    assert taken == [0, 0, 64, 64]
    bands.close()


def test_little_is_held_and_nothing_is_left_on_disk(rng):
    grid = Grid((128, 640), 1.0, 64, 32)
    at = grid.to_l0(grid.l_corners)
    order = rng.permutation(len(at))
    seen = []

    def parts():
        for row in order:
            seen.append(len(list(scratch_dir("stitch").rglob("*.f4"))))
            yield at[row : row + 1], np.ones((1, 64, 64), np.float32)

    assert (blended(grid, parts(), memory=2 * 2 * 4 * 32 * 128, rows=32) == 1).all()
    assert max(seen) >= 8  # of 20 bands all but two had to go
    assert list(scratch_dir("stitch").iterdir()) == []


@pytest.mark.parametrize(("width", "n_classes", "rows", "height"), [
    (2048, 1, 512, 2048),  # 16 KiB a row: 256 MiB would hold more
    (30_000, 1, 256, 606),  # 240,000 bytes a row: 1,118 rows fit, two bands of them unfinished
    (30_000, 3, 128, 303),
    (200_000, 3, 16, 256),  # a tile at least
])  # fmt: skip
def test_wide_frames_have_low_bands(width, n_classes, rows, height):
    grid = Grid((width, 3000), 1.0, 256, 128)
    assert band_rows(grid, n_classes) == rows
    assert square_height(grid, n_classes, 2048) == height


def test_a_map_is_read_in_the_bands_that_it_was_written_in(tmp_path, monkeypatch):
    monkeypatch.setattr("podium.slides.stitch.MEMORY", 4 * 8 * 150 * 60)  # of 60 rows
    grid, path = Grid((150, 110), 1.0, 64, 32), tmp_path / "s.h5"
    assert band_rows(grid) == 32
    predictions = np.full((len(grid.l_corners), 64, 64), 0.3, np.float32)
    bands = stitch(grid, grid.to_l0(grid.l_corners), in_parts(grid, predictions))
    write_heat_map(path, grid, bands, {})
    assert [(row, band.shape) for row, band in heat_bands(path)] == [
        (0, (32, 150)), (32, (32, 150)), (64, (32, 150)), (96, (14, 150)),
    ]  # fmt: skip


@pytest.mark.parametrize(("change", "reason"), [
    (lambda at, values: (at[:-1], values[:-1]), r"1 tiles have no prediction, one at \(46, 46\)"),
    (lambda at, values: (at[[0, 0, 2]], values[:3]), r"\(0, 0\) .*no tile or had one"),
    (lambda at, values: (at + 1, values), r"\(1, 1\) of the frame, which has no tile"),
    (lambda at, values: (at, values * np.nan), r"\(0, 0\) of the frame is not finite"),
])  # fmt: skip
def test_predictions_that_do_not_fit_the_tiles(change, reason):
    grid = Grid((110, 110), 1.0, 64, 32)
    at = grid.to_l0(grid.l_corners)
    with pytest.raises(PodiumError, match=reason):
        list(stitch(grid, at, [change(at, np.ones((len(at), 64, 64), np.float32))]))


# ---- written


def test_a_heat_map_is_written_and_read_back(tmp_path, rng):
    grid = Grid((300, 220), 2.0, 64, 32)
    predictions = rng.random((len(grid.l_corners), 64, 64)).astype(np.float32)
    wanted = blended(grid, in_parts(grid, predictions))
    path = tmp_path / "s.h5"
    bands = stitch(grid, grid.to_l0(grid.l_corners), in_parts(grid, predictions), rows=30)
    write_heat_map(path, grid, bands, {"model": "m"})
    found = list(heat_bands(path, 47))
    assert [row for row, _ in found] == [0, 47, 94]
    assert np.array_equal(np.concatenate([band for _, band in found]), wanted)


def test_a_failing_prediction_leaves_no_heat_map(tmp_path):
    grid = Grid((300, 220), 2.0, 64, 32)
    path = tmp_path / "s.h5"
    with pytest.raises(PodiumError, match="have no prediction"):
        write_heat_map(path, grid, stitch(grid, grid.to_l0(grid.l_corners), []), {})
    assert list(tmp_path.glob("*.h5")) == list(tmp_path.glob(".*.h5")) == []


@pytest.mark.parametrize("rows", [1, 2, 100])
def test_masks_at_level_0(rows):
    marked = np.array([[False, True], [True, False]])
    found = np.concatenate(list(mask_bands(marked, Grid((5, 5), 2.0, 2, 2), rows)))
    assert (
        found.tolist() == [[0, 0, 1, 1, 1]] * 2 + [[1, 1, 0, 0, 0]] * 3
    )  # 5 / 2: the last repeats


def test_no_heat_map(tmp_path):
    with pytest.raises(PodiumError, match="no such file"):
        list(heat_bands(tmp_path / "s.h5"))
    (tmp_path / "s.h5").write_bytes(b"no")
    with pytest.raises(PodiumError, match="no heat map"):
        list(heat_bands(tmp_path / "s.h5"))
