"""Slides stained as those learnt from: by hand, and there and back."""

from __future__ import annotations

import numpy as np
import pytest

from podium.core.errors import PodiumError
from podium.slides.predict_dataset import reference_stains
from podium.slides.reader import Slide
from podium.slides.stain import Stain, mean_stain, restained, stain_of
from podium.slides.tissue import tissue_mask
from slide_fixtures import stained, write_pyramid
from slide_networks import PARAMS, row


def test_the_stain_of_tissue_by_hand():
    thumbnail = np.full((2, 2, 3), 255, np.uint8)
    thumbnail[0] = [[127, 63, 255], [31, 63, 255]]
    stain = stain_of(thumbnail, np.array([[1, 1], [0, 0]], np.uint8))
    # densities of red: ln 2 and ln 8
    assert stain.mean == pytest.approx((2 * np.log(2), np.log(4), 0))
    assert stain.spread == pytest.approx((np.log(2), 0, 0))
    assert stain_of(thumbnail, np.zeros((2, 2), np.uint8)).mean == pytest.approx(
        (np.log(2), np.log(2), 0)
    )


def test_the_mean_of_stains():
    stains = [Stain((0.0, 1.0, 2.0), (1.0, 1.0, 1.0)), Stain((1.0, 1.0, 0.0), (0.0, 3.0, 1.0))]
    assert mean_stain(stains) == Stain((0.5, 1.0, 1.0), (0.5, 2.0, 1.0))


def test_a_restained_slide_has_the_stain_of_the_reference(rng):
    pixels, tissue = stained(80, 60), np.ones((60, 80), np.uint8)
    own, reference = stain_of(pixels, tissue), Stain((0.5, 0.9, 0.4), (0.06, 0.12, 0.05))
    changed = restained(pixels, own, reference)
    assert changed.dtype == np.uint8
    found = stain_of(changed, tissue)
    assert found.mean == pytest.approx(reference.mean, abs=0.01)
    assert found.spread == pytest.approx(reference.spread, abs=0.01)
    back = restained(changed, reference, own)
    assert np.abs(back.astype(int) - pixels).mean() < 2
    assert np.array_equal(restained(pixels, own, own), pixels)


def test_a_picture_of_one_colour_stays(rng):
    pixels = np.full((4, 4, 3), 200, np.uint8)
    own = stain_of(pixels, np.ones((4, 4), np.uint8))
    assert restained(pixels, own, Stain((1.0,) * 3, (0.1,) * 3)) is pixels


def test_references_are_of_other_folds(tmp_path):
    for seed, name in enumerate("abc"):
        write_pyramid(tmp_path / f"{name}.tif", stained(64, 64, seed) - 40 * seed, n_levels=1)
    rows = [
        row(name, path=f"{name}.tif", fold=fold) for name, fold in (("a", 0), ("b", 1), ("c", 1))
    ]
    rows += [row("t", path="a.tif", split="test", fold=-1), row("gone", path="none.tif", fold=0)]
    rows += [row("unknown", path="a.tif", fold=1, annotation="")]  # nothing is learnt from it
    own = {}
    for name in "abc":
        thumbnail, _ = Slide.open(tmp_path / f"{name}.tif").thumbnail(1024)
        own[name] = stain_of(thumbnail, tissue_mask(thumbnail))
    asked = PARAMS.predict_slides.model_copy(update={"normalise": True})
    params = PARAMS.model_copy(update={"predict_slides": asked})
    assert reference_stains(rows, tmp_path, PARAMS) == {}
    (tmp_path / "a.tif").rename(tmp_path / "moved.tif")
    with pytest.raises(PodiumError, match=r"normalise needs .* of two folds, those of 1 can be"):
        reference_stains(rows, tmp_path, params)
    (tmp_path / "moved.tif").rename(tmp_path / "a.tif")
    assert reference_stains(rows, tmp_path, params) == {
        -1: mean_stain([own["a"], own["b"], own["c"]]),
        0: mean_stain([own["b"], own["c"]]),
        1: own["a"],
    }
