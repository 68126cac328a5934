"""Pictures and words for people: panels where they belong, in their colours."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image
from shapely import MultiPolygon

from podium.slides import export, stitch
from podium.slides.annotations.stored import colour_of
from podium.slides.class_scoring import ClassHistogram
from podium.slides.export import write_outputs
from podium.slides.heat import tiles_to_predict
from podium.slides.reader import Slide
from podium.slides.report import (
    baseline_warning,
    heat_step,
    overlay_png,
    precision_recall_png,
    summary_lines,
    title_of,
    warning_lines,
)
from podium.slides.scoring import LEVELS
from podium.slides.slide_classification import SlidePrediction
from podium.slides.slide_results import HeatStatistics
from podium.slides.slide_tables import precision_recall
from podium.slides.tile_grid import Grid
from slide_fixtures import stained, write_pyramid
from slide_networks import TILES, heat_file, result, row

GREEN, RED = (0, 150, 60), (215, 25, 28)
TUMOUR = MultiPolygon([shapely.box(16, 16, 48, 48)])


@pytest.fixture
def view(tmp_path):
    path = write_pyramid(tmp_path / "a.tif", stained(160, 80), n_levels=1)
    return tiles_to_predict(Slide.open(path), TILES, 16)


def panels(tmp_path, view, level=128, regions=TUMOUR, cold=0.0):
    """The sheet's three panels; heat is 1 right of x = 80, and `cold` left of it."""
    values = np.full((80, 160), cold, dtype=np.float32)
    values[:, 80:] = 1
    one = HeatStatistics(view, regions, baseline=False)
    one.add(0, values)
    one = one.result(row("a"), heat_file(tmp_path / "a.h5", values))
    write_outputs(SlidePrediction(one, 0.9, level), tmp_path, tmp_path / "a-overlay.png")
    sheet = np.asarray(Image.open(tmp_path / "a-overlay.png"))
    # 480 x 240 each, 4 px of white on both sides, 26 above for the words, 4 below
    assert sheet.shape == (240 + 30, 3 * 488, 3)
    assert (sheet[-4:] == 255).all()
    assert (sheet[:26] < 128).any()
    return [sheet[26:266, 488 * k + 4 : 488 * k + 484] for k in range(3)]


def has(panel, colour):
    return (panel == colour).all(axis=2)


def test_the_three_panels(tmp_path, view):
    plain, truth, found = panels(tmp_path, view)
    assert not has(plain, GREEN).any()
    assert not has(plain, RED).any()
    # the truth from 16 to 48 of level 0 is 48 to 144 of the panel
    green = np.argwhere(has(truth, GREEN))
    assert green.min(axis=0) == pytest.approx([48, 48], abs=2)
    assert green.max(axis=0) == pytest.approx([143, 143], abs=2)
    assert np.abs(truth[60:130, 60:130] - plain[60:130, 60:130].astype(int)).max() > 20
    assert np.array_equal(truth[160:], plain[160:])
    # what was found begins at x = 80: 240 of the panel
    red = np.argwhere(has(found, RED))
    assert red[:, 1].min() == pytest.approx(240, abs=2)
    assert red[:, 1].max() == 479
    assert np.array_equal(found[:, :235], plain[:, :235])  # no heat, no colour
    assert np.abs(found[100, 400] - plain[100, 400].astype(int)).max() > 20


def test_nothing_found_has_no_red(tmp_path, view):
    _, _, found = panels(tmp_path, view, level=LEVELS)  # though heat is 1
    assert not has(found, RED).any()


def test_faint_heat_leaves_no_grey_where_tiles_lay(tmp_path, view):
    plain, _, found = panels(tmp_path, view, cold=0.08)
    assert np.array_equal(found[:, :235], plain[:, :235])


def test_a_truth_nobody_knows_is_said_in_words(tmp_path, view):
    plain, truth, _ = panels(tmp_path, view, regions=None)
    words = (truth != plain).any(axis=2)
    assert words[:40, :200].any()
    assert not words[40:].any()


@pytest.mark.parametrize("rows", [7, 512])
def test_heat_made_small_in_bands_is_that_of_all(tmp_path, monkeypatch, rows):
    y, x = np.mgrid[0:120, 0:200]
    values = (x / 200 * 0.5 + y / 120 * 0.5).astype(np.float32)
    one = result(row(), values, grid=Grid((200, 120), 1.0, 32, 32),
                 preview=np.zeros((12, 20, 3), np.uint8),
                 heat=heat_file(tmp_path / "a.h5", values))  # fmt: skip
    taken = []
    monkeypatch.setattr(export, "heat_bands", lambda path: stitch.heat_bands(path, rows))
    monkeypatch.setattr(export.report, "overlay_png", lambda *args: taken.append(args[2]))
    write_outputs(SlidePrediction(one, 0.9, 128), tmp_path, tmp_path / "b.png")
    assert heat_step(one) == 5
    assert np.array_equal(taken[0], values[::5, ::5])
    found = cv2.resize(taken[0], (20, 12), interpolation=cv2.INTER_AREA)
    wanted = values.reshape(12, 10, 20, 10).mean(axis=(1, 3))
    np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize("n_classes", [1, 2])
def test_coarse_heat_is_drawn_without_stairs(tmp_path, n_classes):
    """A disc of 12 px of heat on a preview ten times as large: its red line is a circle."""
    y, x = np.mgrid[0:40, 0:40]
    disc = np.clip(6.5 - np.hypot(x - 19.5, y - 19.5), 0, 1).astype(np.float32)
    samples = disc if n_classes == 1 else np.stack([disc, 0 * disc])
    preview = np.full((400, 400, 3), 255, np.uint8)
    classes = ClassHistogram.of(2) if n_classes == 2 else None
    one = result(row(), disc, grid=Grid((400, 400), 10.0, 32, 32), preview=preview, classes=classes)
    overlay_png(tmp_path / "a.png", SlidePrediction(one, 0.9, 128), samples)
    panel = np.asarray(Image.open(tmp_path / "a.png"))[26:426, 2 * 408 + 4 : 2 * 408 + 404]
    colour = RED if n_classes == 1 else colour_of(1)
    rows, columns = np.nonzero(has(panel, colour))
    radii = np.hypot(columns - 199.5, rows - 199.5)
    assert radii.min() > 55
    assert radii.max() - radii.min() < 9  # of two pixels of line, and less than one of heat


def test_the_words_of_an_overlay_say_what_the_probability_is_of():
    plain, several = (
        SlidePrediction(result(row(), [[0.5]], classes=classes), 0.9, 128)
        for classes in (None, ClassHistogram.of(2))
    )
    assert title_of(plain) == "a (train): probability of tumour 0.90"
    assert title_of(several) == "a (train): probability of any class 0.90"


def test_the_curve_is_drawn(tmp_path):
    found = precision_recall([result(row(), [[0.9, 0.2, 0.6]], [[1, 0, 0]])])
    precision_recall_png(tmp_path / "a.png", found, 128)
    precision_recall_png(tmp_path / "b.png", found, 200)
    precision_recall_png(tmp_path / "none.png", precision_recall([]), 128)
    first, second, none = (np.asarray(Image.open(tmp_path / f"{name}.png"))
                           for name in ("a", "b", "none"))  # fmt: skip
    assert first.shape == none.shape == (396, 990, 4)
    assert (first != second).any()
    assert (first != none).any()
    assert isinstance(found, pd.DataFrame)


def test_scores_in_words():
    values = {"tumour_f1": 0.5, "tumour_f1_macro": 0.75, "iou": 1 / 3, "background_f1": 0.875}
    one = {name: {"value": value, "low": 0.25, "high": 0.75} for name, value in values.items()}
    area = {"value": 0.9375, "n": 3}
    found = summary_lines({"slide_auc": area, "all_background": one, "network": one})
    words = [" ".join(line.split()) for line in found]
    rest = "per slide 0.7500 IoU 0.3333 background F1 0.8750"
    assert words == [
        f"network tumour F1 0.5000 (95 %: 0.250 to 0.750) {rest}",
        f"all_background tumour F1 0.5000 (95 %: 0.250 to 0.750) {rest}",
        "slides AUC 0.9375, n = 3",
    ]
    assert summary_lines({}) == []


def test_a_network_that_loses_to_a_threshold_is_said_loudly():
    values = {"network": 0.4087, "hed_otsu": 0.8}
    scores = {model: {"tumour_f1": {"value": value}} for model, value in values.items()}
    assert baseline_warning(scores | {"loses_to_baseline": False}) == baseline_warning({}) == {}
    assert warning_lines(scores, [], 0.5) == []
    loses = baseline_warning(scores | {"loses_to_baseline": True})
    warning, remedy = warning_lines(loses, [], 0.5)
    assert warning == (
        "WARNING: the network (tumour F1 0.409, out of fold) loses to a plain threshold on colour "
        "(F1 0.800): its masks are worse than no training at all"
    )
    assert remedy.startswith("remedy: podium inspect slides --write")


def test_a_class_worse_than_its_baseline_is_said_though_the_mean_is_not():
    pairs = {"tumour": (0.9, 0.4), "stroma": (0.312, 0.52), "fat": (0.1, 0.2)}
    classes = {
        name: {"f1": {"value": ours}, "baseline_f1": {"value": trivial}}
        for name, (ours, trivial) in pairs.items()
    }
    metrics = {"classes": classes, "mean_f1": 0.44, "mean_baseline_f1": 0.37}
    warning, remedy = warning_lines(baseline_warning(metrics), [], 0.5)
    assert warning == (
        "WARNING: the network, out of fold, loses to marking all tissue as stroma (F1 0.312, that "
        "has 0.520), fat (F1 0.100, that has 0.200): its masks are worse than no training at all"
    )
    assert "outline more of it" in remedy
    classes.pop("stroma"), classes.pop("fat")
    assert baseline_warning(metrics) == {}


def test_slides_that_nobody_saw_are_named():
    warning, remedy = warning_lines({}, ["a", "b\x1b[2J", "c", "d", "e", "f"], 0.25)
    assert warning == (
        "WARNING: no tiles: 6 slides were seen by no network and hold the share of tumour slides "
        "(0.250 for test slides), nothing marked: a, b\\x1b[2J, c, d, e, ..."
    )
    assert "tile_slides.min_tissue" in remedy


def test_the_warning_is_written_above_the_curves(tmp_path):
    table = precision_recall([result(row(), [[0.9, 0.2, 0.6]], [[1, 0, 0]])])
    precision_recall_png(tmp_path / "a.png", table, 128)
    precision_recall_png(tmp_path / "b.png", table, 128, "it loses")
    quiet, loud = (np.asarray(Image.open(tmp_path / f"{name}.png"))[..., :3] for name in "ab")
    assert (loud[:40] == (0xB0, 0x00, 0x20)).all(axis=2).any()
    assert not (quiet == (0xB0, 0x00, 0x20)).all(axis=2).any()
