"""Tiles to learn from: which slides they come from, and which of them a batch holds."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from shapely import MultiPolygon, box

from podium.core.errors import PodiumError
from podium.slides import tile_dataset
from podium.slides.annotations import raster
from podium.slides.annotations.labelled import Labelled
from podium.slides.tile_dataset import TileDataset, evenly_spaced, sample_batch
from podium.slides.tile_store import load_pixels
from podium.slides.tiling import Job, Plan, tile_slide
from slide_fixtures import stained, write_pyramid
from slide_networks import row

PLAN = Plan(tile=32, stride=32, min_tissue=0.1, thumbnail=128)


def left_half(box, downsample):
    x, _, w, h = box
    return np.repeat((x + np.arange(w) < 48)[None].astype(np.uint8), h, axis=0)


def nowhere(box, downsample):
    return np.zeros(box[:1:-1], dtype=np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tiles of a (half tumour), b (none), c (unknown) and t."""
    root = tmp_path_factory.mktemp("tiles")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        for seed, (name, mask) in enumerate(
            {"a": left_half, "b": nowhere, "c": None, "t": nowhere}.items()
        ):
            path = write_pyramid(root / f"{name}.tif", stained(96, 64, seed), n_levels=1)
            assert tile_slide(Job(name, path, "1", mask_of=mask), PLAN, root).state == "done"
    return root


ROWS = [
    row("a", fold=1, annotation="a.geojson"),
    row("gone", fold=0),
    row("b", fold=0),
    row("c", fold=0, annotation=""),
    row("t", split="test", fold=-1),
]


def test_only_train_slides_with_a_truth_are_learnt_from(folder):
    found = TileDataset(folder, ROWS)
    assert found.tile == 32
    assert found.fold.tolist() == [1] * 6 + [0] * 6
    # x from 0, 32, 64; two rows
    assert sorted(found.shares[:6, 0].tolist()) == [0, 0, 0.5, 0.5, 1, 1]
    assert not found.shares[6:].any()


def test_pixels_come_with_their_own_masks(folder):
    found = TileDataset(folder, ROWS)
    places = np.array([7, 0, 5, 3, 0])
    pixels, masks = found.read(places)
    stored = np.concatenate([load_pixels(folder / f"{k}.h5", range(6)) for k in "ab"])
    wanted = np.concatenate([load_pixels(folder / f"{k}.h5", range(6), "masks") for k in "ab"])
    assert np.array_equal(pixels, stored[places])
    assert np.array_equal(masks, wanted[places][..., None])
    assert masks.mean(axis=(1, 2, 3)).tolist() == found.shares[places, 0].tolist()


def test_memory_and_files_give_the_same(folder, monkeypatch):
    held = TileDataset(folder, ROWS)
    monkeypatch.setattr(tile_dataset, "MEMORY", 12 * 32 * 32 * 4 - 1)
    read = TileDataset(folder, ROWS)
    assert held._held is not None
    assert read._held is None
    places = np.array([11, 2, 2, 6, 0])
    for left, right in zip(held.read(places), read.read(places), strict=True):
        assert np.array_equal(left, right)


def test_nothing_to_learn_from(folder):
    with pytest.raises(PodiumError, match=r"no tiles to learn from\nremedy: annotate"):
        TileDataset(folder, ROWS[3:])
    with pytest.raises(PodiumError, match=r"no tiles to learn from"):
        TileDataset(folder / "nowhere", ROWS)


def test_one_fold_alone_cannot_be_tried(folder):
    with pytest.raises(PodiumError, match=r"all tiles to learn from are of fold 1\nremedy"):
        TileDataset(folder, ROWS[:2])


# ---- batches

TUMOUR = np.where(np.arange(100) < 5, 0.3, 0.0).astype(np.float32)  # 5 of 100 tiles


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_the_share_of_tumour(share):
    found = sample_batch(TUMOUR[:, None], np.arange(100), 4000, share, (0, 1))
    assert (TUMOUR[found] > 0).mean() == pytest.approx(share, abs=0.03)
    assert set(found[TUMOUR[found] > 0].tolist()) == set(range(5))


def test_tiles_as_they_come():
    found = sample_batch(TUMOUR[:, None], np.arange(100), 4000, 0.0, (0, 1))
    assert (TUMOUR[found] > 0).mean() == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("tumour", [np.zeros(10, "f4"), np.ones(10, "f4")])
def test_tiles_of_one_kind_are_drawn_alike(tumour):
    drawn = sample_batch(tumour[:, None], np.arange(10), 4000, 0.5, (0, 1))
    counts = np.bincount(drawn, minlength=10)
    assert counts == pytest.approx(400, abs=80)


def test_a_batch_is_a_function_of_its_seed_and_its_places():
    places = np.arange(1, 100, 2)
    first = sample_batch(TUMOUR[:, None], places, 30, 0.5, (0, 32, 1))
    assert np.array_equal(first, sample_batch(TUMOUR[:, None], places, 30, 0.5, (0, 32, 1)))
    for other in ((1, 32, 1), (0, 48, 1), (0, 32, 2)):
        assert not np.array_equal(first, sample_batch(TUMOUR[:, None], places, 30, 0.5, other))
    assert set(first.tolist()) <= set(places.tolist())


def test_evenly_spaced():
    assert evenly_spaced(np.arange(10) * 2, 4).tolist() == [0, 6, 12, 18]
    assert evenly_spaced(np.arange(5), 1).tolist() == [0]
    assert evenly_spaced(np.array([7, 9]), 40).tolist() == [7, 9]


# ---- several classes, and places that nobody knows

PARTS = Labelled(
    {1: MultiPolygon([box(0, 0, 16, 64)]), 3: MultiPolygon([box(16, 0, 40, 64)])},
    MultiPolygon([box(48, 0, 96, 64)]),
)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Tiles of a (classes 1 and 3, half unknown) and b (class 1 only), x from 0, 32, 64."""
    root = tmp_path_factory.mktemp("labelled")
    alone = MultiPolygon([box(0, 0, 96, 16)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        for name, regions in {"a": PARTS, "b": alone}.items():
            path = write_pyramid(root / f"{name}.tif", stained(96, 64, 1), n_levels=1)
            job = Job(name, path, "1", mask_of=partial(raster.mask, regions))
            assert tile_slide(job, PLAN, root).state == "done"
    return root


def test_tiles_of_which_nothing_is_known_are_not_learnt_from(labelled):
    rows = [row("a", fold=0, annotation="a"), row("b", fold=1, annotation="b")]
    found = TileDataset(labelled, rows, 3)
    assert found.has_unknown
    assert found.fold.tolist() == [0] * 4 + [1] * 6  # the tiles from 64 on are gone
    assert found.shares[0].tolist() == [0.5, 0, 0.5]
    assert found.shares[1].tolist() == [0, 0, 0.25]
    assert found.shares[4:].tolist() == [[0.5, 0, 0]] * 3 + [[0, 0, 0]] * 3
    _, masks = found.read(np.array([1]))
    assert np.unique(masks, return_counts=True)[1].tolist() == [256, 256, 512]  # 0, 3, unknown
    assert not TileDataset(labelled, [rows[1], row("b", fold=0, annotation="b")], 1).has_unknown


def test_rare_classes_are_drawn_as_often_as_common_ones():
    shares = np.zeros((100, 2), np.float32)
    shares[:40, 0], shares[40, 1] = 0.3, 0.1
    drawn = sample_batch(shares, np.arange(100), 4000, 0.8, (0, 1))
    assert (drawn == 40).mean() == pytest.approx(0.4, abs=0.03)
    assert (drawn < 40).mean() == pytest.approx(0.4, abs=0.03)
