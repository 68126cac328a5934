"""Changes to train pictures while a reader learns."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from podium.captcha import variation
from podium.captcha.variation import CHANGES, varied_batches

SHARE, SEED, SIZE = 0.5, 3, 4


def picture() -> np.ndarray:
    """Two strokes on yellowish paper."""
    pixels = np.full((60, 180, 3), (250, 245, 220), np.uint8)
    pixels[15:45, 40:44] = pixels[15:45, 130:136] = (40, 30, 90)
    return pixels


def stored(start: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    while True:
        labels = np.arange(start, start + SIZE)[:, None]
        yield np.repeat(picture()[None], SIZE, axis=0), labels
        start += SIZE


def test_a_share_is_changed_and_texts_stay() -> None:
    batches = list(islice(varied_batches(stored(0), SHARE, SEED, 0), 100))
    assert [label for _, labels in batches for [label] in labels.tolist()] == list(range(400))
    changed = [not np.array_equal(pixels, picture()) for part, _ in batches for pixels in part]
    assert 0.4 < np.mean(changed) < 0.6
    assert all(part.dtype == np.uint8 and part.shape[1:] == (60, 180, 3) for part, _ in batches)


def test_a_picture_changes_alike_wherever_training_resumes() -> None:
    whole = list(islice(varied_batches(stored(0), SHARE, SEED, 0), 6))
    again = list(islice(varied_batches(stored(8), SHARE, SEED, 8), 4))
    for (left, _), (right, _) in zip(whole[2:], again, strict=True):
        np.testing.assert_array_equal(left, right)
    other = next(varied_batches(stored(0), 1.0, SEED + 1, 0))[0]
    assert not np.array_equal(other, next(varied_batches(stored(0), 1.0, SEED, 0))[0])


@pytest.mark.parametrize("change", dict.fromkeys(CHANGES), ids=lambda change: change.__name__)
def test_strokes_stay_darker_than_the_paper(change: variation.Change) -> None:
    for number in range(20):
        out = change(picture(), np.random.default_rng(number)).astype(int).sum(-1)
        paper = np.median(out)
        columns = np.flatnonzero((out < paper - 150).sum(0) > 10)
        groups = 1 + (np.diff(columns) > 3).sum()
        assert groups == 2, number
        assert 40 <= columns[-1] - columns[0] <= 100


def test_squeezed_pictures_are_narrower() -> None:
    wide = []
    for number in range(20):
        out = variation.squeezed(picture(), np.random.default_rng(number))
        columns = np.flatnonzero((out.astype(int).sum(-1) < 500).any(0))
        wide.append(columns[-1] - columns[0])
    assert min(wide) < 72
    assert max(wide) <= 97
    assert (out[0, 0] == (250, 245, 220)).all()
