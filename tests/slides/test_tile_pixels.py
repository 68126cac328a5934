"""Tile files of coordinates only: their pixels, read from the slide, are those of a whole file."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from podium.core.errors import PodiumError
from podium.slides import tile_dataset
from podium.slides.reader import Slide
from podium.slides.tile_dataset import TileDataset
from podium.slides.tile_store import load_pixels, load_tiles
from podium.slides.tiling import Job, Plan, tile_slide
from slide_fixtures import damage, stained, write_pyramid
from slide_networks import row

W, H = 700, 420
PLAN = Plan(tile=64, stride=48, min_tissue=0.0, thumbnail=128)
ROWS = [row("a", fold=0, annotation="a"), row("b", fold=1, annotation="b")]


def stripes(box, downsample):
    x, _, w, h = box
    inside = (x + (np.arange(w) + 0.5) * downsample) % 200 < 90
    return np.repeat(inside[None].astype(np.uint8), h, axis=0)


@pytest.fixture
def cut(tmp_path, monkeypatch):
    """Cuts two slides with both settings; gives both datasets and what opens the slides."""
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr("podium.slides.tile_grid.SUPER_PX", 256)

    def both(plan=PLAN, suffix="tif", damaged=()):
        paths = {}
        for seed, name in enumerate("ab"):
            paths[name] = tmp_path / f"{name}.{suffix}"
            if suffix == "tif":
                write_pyramid(paths[name], stained(W, H, seed))
                damage(paths[name], *damaged)
            else:
                Image.fromarray(stained(W, H, seed)).save(paths[name])
        for pixels in ("keep", "coordinates"):
            for name, path in paths.items():
                job = Job(name, path, "1", mask_of=stripes)
                state = tile_slide(job, replace(plan, pixels=pixels), tmp_path / pixels)
                assert state.state == "done"
        return tmp_path, lambda slide: Slide.open(paths[slide.slide])

    return both


PLANS = {
    "level 0": (PLAN, "tif", ()),
    "flat": (PLAN, "png", ()),
    "level 1": (replace(PLAN, level=1), "tif", ()),
    "between levels": (replace(PLAN, target_mpp=0.73), "tif", ()),
    "damaged": (replace(PLAN, max_unreadable=0.2), "tif", (9, 40)),
    "damaged, between levels": (
        replace(PLAN, target_mpp=0.73, max_unreadable=0.5), "tif", (9, 40),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("memory", [1 << 30, 0], ids=["held", "batches"])
def test_both_settings_give_the_same_bytes(cut, monkeypatch, name, memory):
    folder, open_slide = cut(*PLANS[name])
    monkeypatch.setattr(tile_dataset, "MEMORY", memory)
    kept = TileDataset(folder / "keep", ROWS)
    read = TileDataset(folder / "coordinates", ROWS, open_slide=open_slide)
    assert read.fingerprint == kept.fingerprint
    order = np.random.default_rng(0).permutation(len(kept.fold))
    for indices in (order, order[:3], order[:0], np.array([0, 0, 5])):
        for left, right in zip(kept.read(indices), read.read(indices), strict=True):
            assert np.array_equal(left, right)


def test_coordinates_take_a_small_part_of_the_disk(cut):
    folder, _ = cut()
    sizes = [(folder / name / "a.h5").stat().st_size for name in ("keep", "coordinates")]
    assert sizes[1] < sizes[0] / 4
    tiles = [load_tiles(folder / name / "a.h5") for name in ("keep", "coordinates")]
    assert np.array_equal(tiles[0].coordinates, tiles[1].coordinates)
    assert (folder / "keep/a.png").read_bytes() == (folder / "coordinates/a.png").read_bytes()


def test_a_file_of_coordinates_says_so(cut):
    folder, _ = cut()
    with pytest.raises(PodiumError, match=r"a\.h5: holds coordinates only.*\nremedy: "):
        load_pixels(folder / "coordinates/a.h5", [0])


def test_a_slide_that_changed_since_is_refused(cut):
    folder, open_slide = cut(PLAN, "png")
    Image.fromarray(stained(W, H - 60)).save(folder / "a.png")
    with pytest.raises(PodiumError, match=r"a\.png: 700x360 px, 700x420 when it was cut\nremedy: "):
        TileDataset(folder / "coordinates", ROWS, open_slide=partial(open_slide))


def test_a_slide_damaged_since_it_was_cut_is_refused(cut):
    folder, open_slide = cut()
    damage(folder / "a.tif", 9)
    message = r"a\.tif: \d+ of \d+ tiles .* cannot be read any more\nremedy: copy it again"
    with pytest.raises(PodiumError, match=message):
        TileDataset(folder / "coordinates", ROWS, open_slide=open_slide)
