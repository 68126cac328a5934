"""Several classes: counts by a slow loop, thresholds by trying all, losses by hand."""

import numpy as np
import pytest

from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.class_scoring import (
    ClassHistogram,
    best_level_of_classes,
    labels_of,
    pooled_histogram,
)
from podium.slides.mask_loss import MaskLoss
from podium.slides.oof_metrics import class_metrics
from podium.slides.scoring import LEVELS, Counts, heat_histogram, threshold_of
from podium.slides.slide_classification import SlidePrediction, choose_level
from slide_networks import result, row


@pytest.fixture
def slide(rng):
    """Heat (3, 20, 30) of three classes, the truth with unknown places, and tissue."""
    logits = rng.normal(0, 1.5, (4, 20, 30))
    p = np.exp(logits) / np.exp(logits).sum(0)
    truth = rng.integers(0, 4, (20, 30)).astype(np.uint8)
    truth[:, :4] = UNKNOWN
    return p[1:].astype(np.float32), truth, rng.random((20, 30)) < 0.7


@pytest.fixture
def histogram(slide):
    whole = ClassHistogram.of(3)
    for rows in (slice(0, 7), slice(7, 20)):
        whole.add(slide[0][:, rows], slide[1][rows], slide[2][rows])
    return whole


@pytest.mark.parametrize("level", [1, 90, 200, LEVELS])
@pytest.mark.parametrize("label", [1, 2, 3])
def test_counts_pixel_by_pixel(slide, histogram, label, level):
    heat, truth, _ = slide
    labels, known = labels_of(heat, threshold_of(level)), truth != UNKNOWN
    expected = Counts.of(truth[known] == label, labels[known] == label)
    assert histogram.counts(label, level) == expected


def test_all_tissue_is_the_trivial_baseline(slide, histogram):
    _, truth, tissue = slide
    known = truth != UNKNOWN
    expected = Counts.of(truth[known] == 2, tissue[known])
    assert histogram.all_tissue(2) == expected


def test_the_best_level_is_the_best_of_all(histogram):
    means = [
        np.mean([histogram.counts(label, level).f1 for label in (1, 2, 3)])
        for level in range(1, LEVELS)
    ]
    assert means[best_level_of_classes(histogram) - 1] == pytest.approx(max(means))


def test_unknown_pixels_count_as_nothing():
    truth = np.array([[0, 1, UNKNOWN]], np.uint8)
    assert heat_histogram(np.full((1, 3), 0.5, np.float32), truth).sum(1).tolist() == [1, 1]


def test_scores_of_each_class(histogram):
    slides = [
        SlidePrediction(result(row(name), np.zeros((2, 2)), [[0, 0], [0, 0]], classes=histogram),
                        0.9, 128)
        for name in "ab"
    ]  # fmt: skip
    found = class_metrics(slides, ["x", "y", "z"], 10)
    f1 = [histogram.counts(label, 128).f1 for label in (1, 2, 3)]
    assert [found["classes"][name]["f1"]["value"] for name in "xyz"] == pytest.approx(f1)
    assert found["mean_f1"] == pytest.approx(np.mean(f1))
    assert found["classes"]["y"]["baseline_f1"]["value"] == histogram.all_tissue(2).f1
    assert choose_level([slide.result for slide in slides]) == best_level_of_classes(
        pooled_histogram([histogram, histogram])
    )


LOGITS = np.array([[[2.0, 0, 0], [0, 1, 0]], [[0, 0, 3], [-1, 0, 0]]])[None]
MASK = np.array([[0, 1], [2, UNKNOWN]], np.float32)[None, :, :, None]


def slow_terms(logits, mask):
    """Probability of each pixel's own label, of known pixels."""
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return [p[n, y, x, int(mask[n, y, x, 0])] for n, y, x in np.ndindex(mask.shape[:3])
            if mask[n, y, x, 0] != UNKNOWN]  # fmt: skip


def loss_of(kind, n_classes, mask, logits, has_unknown=True):
    return float(np.mean(MaskLoss(kind, n_classes, has_unknown).call(mask, logits)))


def test_the_loss_of_known_pixels_by_hand():
    p = np.array(slow_terms(LOGITS, MASK))  # of 3 of 4 pixels
    logits = LOGITS.astype(np.float32)
    entropy, focal = (loss_of(kind, 2, MASK, logits) for kind in ("cross_entropy", "focal"))
    assert entropy == pytest.approx(-np.log(p).sum() / 4, rel=1e-5)
    assert focal == pytest.approx(-(np.log(p) * (1 - p) ** 2).sum() / 4, rel=1e-5)
    both = loss_of("cross_entropy+dice", 2, MASK, logits)
    dice = loss_of("dice", 2, MASK, logits)
    assert 0 < dice < 1
    assert both == pytest.approx(-np.log(p).sum() / 4 + dice, rel=1e-5)


@pytest.mark.parametrize("kind", ["cross_entropy", "focal"])
def test_the_loss_of_a_batch_is_the_mean_of_its_pictures(kind, rng):
    mask = rng.integers(0, 3, (4, 8, 8, 1)).astype(np.float32)
    mask[1:] = UNKNOWN
    mask[1, 0, 0] = 1
    logits = rng.normal(size=(4, 8, 8, 3)).astype(np.float32)
    alone = [loss_of(kind, 2, mask[k : k + 1], logits[k : k + 1]) for k in range(4)]
    assert loss_of(kind, 2, mask, logits) == pytest.approx(np.mean(alone), rel=1e-5)
    assert alone[3] == 0
    known = np.where(mask == UNKNOWN, 0, mask)
    plain = loss_of(kind, 2, known, logits, has_unknown=False)
    assert loss_of(kind, 2, known, logits) == pytest.approx(plain, rel=1e-5)


def test_what_is_unknown_changes_no_loss():
    other = LOGITS.copy()
    other[0, 1, 1] = (9, -9, 4)
    for kind in ("cross_entropy", "dice", "focal"):
        losses = [loss_of(kind, 2, MASK, x.astype(np.float32)) for x in (LOGITS, other)]
        assert losses[0] == losses[1]


def test_tumour_alone_is_a_sigmoid():
    logits = np.array([[[[1.5], [-0.5]]]], np.float32)
    mask = np.array([[[[1], [UNKNOWN]]]], np.float32)
    expected = np.log1p(np.exp(-1.5)) / 2  # of two pixels
    assert loss_of("cross_entropy", 1, mask, logits) == pytest.approx(expected)
