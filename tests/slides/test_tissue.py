"""Tissue is found on drawn thumbnails whose truth is known; glass, pen and dust are not it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.slides.tissue import covered_shares, draw_overview, tissue_mask

W, H = 640, 480
EOSIN, HAEMATOXYLIN = (222, 160, 195), (120, 90, 160)


def glass(rng, level=240):
    return rng.normal(level, 2.5, (H, W, 3))


def ellipse(centre, axes, value=1):
    mask = np.zeros((H, W), np.uint8)
    cv2.ellipse(mask, centre, axes, 20, 0, 360, value, -1)
    return mask


def stained(rng, picture, mask):
    """Tissue where the mask is: eosin with clumps of haematoxylin, pale and dark."""
    clumps = cv2.GaussianBlur(rng.normal(size=(H, W)), (0, 0), 2)
    share = 1 / (1 + np.exp(-clumps / clumps.std() * 2))
    colour = np.array(EOSIN) * (1 - share[:, :, None]) + np.array(HAEMATOXYLIN) * share[:, :, None]
    picture[mask > 0] = (colour + rng.normal(0, 6, (H, W, 3)))[mask > 0]
    return picture


def whole(picture):
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


@pytest.fixture
def islands():
    return ellipse((180, 200), (110, 70)) | ellipse((460, 300), (90, 130))


def overlap(found, truth):
    return (found & truth).sum() / (found | truth).sum()


@pytest.mark.parametrize("level", [205, 240, 252])
def test_islands_on_glass(rng, islands, level):
    found = tissue_mask(whole(stained(rng, glass(rng, level), islands)))
    assert (found.dtype, set(np.unique(found))) == (np.uint8, {0, 1})
    assert overlap(found, islands) > 0.96


@pytest.mark.parametrize("grey", [255, 240, 180])
def test_a_blank_slide_has_none(rng, grey):
    assert not tissue_mask(np.full((H, W, 3), grey, np.uint8)).any()
    assert not tissue_mask(whole(glass(rng, grey))).any()


def test_a_crop_full_of_tissue_is_all_tissue(rng):
    everywhere = np.ones((H, W), np.uint8)
    assert tissue_mask(whole(stained(rng, glass(rng), everywhere))).mean() > 0.995


STROKES = {"green": (40, 160, 80), "blue": (30, 60, 170), "black": (25, 22, 28)}


@pytest.mark.parametrize("pen", STROKES)
def test_pen_is_no_tissue(rng, islands, pen):
    picture = whole(stained(rng, glass(rng), islands))
    stroke = np.zeros((H, W), np.uint8)
    cv2.polylines(stroke, [np.array([[30, 440], [250, 420], [330, 60], [600, 40]])], False, 1, 9)
    cv2.ellipse(stroke, (460, 300), (120, 165), 20, 0, 360, 1, 7)  # around an island
    ink = cv2.GaussianBlur(stroke.astype(np.float32), (0, 0), 1.0)[:, :, None]  # with pale edges
    picture = whole(picture * (1 - ink) + np.array(STROKES[pen]) * ink)
    _, jpeg = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    found = tissue_mask(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[:, :, ::-1].copy())
    assert found[stroke > 0].mean() < 0.01
    assert overlap(found, islands & ~stroke & 1) > 0.94


@pytest.mark.parametrize("colour", [(95, 105, 165), (62, 25, 66)])  # bluish nuclei, dark keratin
def test_dark_stains_are_no_pen(rng, islands, colour):
    picture = stained(rng, glass(rng), islands)
    picture[ellipse((180, 200), (60, 30)) > 0] = colour
    assert overlap(tissue_mask(whole(picture)), islands) > 0.96


def test_dust_goes_and_biopsies_stay(rng, islands):
    dust, biopsy = ellipse((60, 60), (4, 3)), ellipse((560, 60), (14, 9))
    found = tissue_mask(whole(stained(rng, glass(rng), islands | dust | biopsy)))
    assert not found[40:80, 40:80].any()
    assert found[biopsy > 0].mean() > 0.9


def test_small_holes_are_filled_and_large_ones_stay(rng, islands):
    small, large = ellipse((180, 200), (8, 6)), ellipse((460, 300), (40, 50))
    found = tissue_mask(whole(stained(rng, glass(rng), islands & ~small & ~large & 1)))
    assert found[small > 0].all()
    assert found[large > 0].mean() < 0.12


# ---- shares


def test_fractions_by_hand():
    mask = np.array([[1, 0, 0], [1, 1, 0]], np.uint8)  # 30x20 px at level 0
    at = np.array([[0, 0], [10, 0], [5, 5], [20, 10], [-10, 0], [100, 100]])
    found = covered_shares(mask, 10.0, at, 10.0)
    assert found.tolist() == pytest.approx([1, 0, 0.75, 0, 0, 0], abs=1e-6)
    assert covered_shares(mask, 10.0, at[:1], 20.0).tolist() == pytest.approx([0.75])
    assert covered_shares(mask, 10.0, at[:1], 40.0).tolist() == pytest.approx(
        [3 / 6]
    )  # of what is on the slide


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(3, 17))
def test_fractions_are_those_of_the_enlarged_mask(seed, downsample, side):
    rng = np.random.default_rng(seed)
    mask = rng.integers(0, 2, (7, 9)).astype(np.uint8)
    large = np.zeros((200, 200), np.uint8)
    large[50:, 50:][: 7 * downsample, : 9 * downsample] = np.kron(mask, np.ones((downsample,) * 2))
    at = rng.integers(-20, 60, (12, 2))
    slide = np.zeros((200, 200))
    slide[50:, 50:][: 7 * downsample, : 9 * downsample] = 1
    squares = [np.s_[50 + y : 50 + y + side, 50 + x : 50 + x + side] for x, y in at]
    wanted = [large[one].sum() / max(slide[one].sum(), 1) for one in squares]
    assert covered_shares(mask, downsample, at, side).tolist() == pytest.approx(wanted, abs=1e-6)


def test_no_tiles_no_shares():
    nothing = np.empty((0, 2), np.int64)
    assert covered_shares(np.ones((3, 3), np.uint8), 2.0, nothing, 4).shape == (0,)


def test_the_overview_shows_tiles_and_tumour():
    thumbnail = np.full((60, 90, 3), 240, np.uint8)
    squares = np.array([[10.0, 10.0], [40.0, 10.0], [70.0, 10.0]])
    shares = np.array([0.0, 0.5, np.nan], np.float32)
    found = draw_overview(thumbnail, np.zeros((60, 90), np.uint8), squares, 15.0, shares)
    assert (thumbnail == 240).all()
    assert found[10, 10].tolist() == found[24, 84].tolist() == [40, 70, 220]
    assert found[10, 40].tolist() == found[24, 54].tolist() == [220, 30, 30]
    assert (found[[17, 25, 30], [17, 10, 30]] == 240).all()
    mask = np.zeros((60, 90), np.uint8)
    mask[30:50, 20:60] = 1
    assert draw_overview(thumbnail, mask, squares, 15.0, shares)[30, 40].tolist() == [20, 150, 60]
