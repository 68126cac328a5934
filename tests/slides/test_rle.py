"""Run-length encodings: by hand, by another route, there and back, and refused where broken."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from podium.core.errors import PodiumError
from podium.slides import rle
from podium.slides.rle import decode, decode_bands, encode, encode_bands

MASKS = arrays(
    np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 1)
)


@pytest.mark.parametrize(("rows", "text"), [
    (["01", "10", "01"], "2 1 4 1 6 1"),
    (["01", "11", "00"], "2 1 4 2"),
    (["00", "01", "11"], "3 1 5 2"),
    (["01", "01", "10"], "3 3"),  # a run goes on in the next column
    (["11", "11", "11"], "1 6"),
    (["00", "00", "00"], ""),
    (["1"], "1 1"),
    (["10001"], "1 1 5 1"),
])  # fmt: skip
def test_by_hand(rows, text):
    mask = np.array([[int(one) for one in row] for row in rows], np.uint8)
    assert encode(mask) == text
    assert np.array_equal(decode(text, mask.shape[::-1]), mask)


@settings(deadline=None)
@given(MASKS)
def test_by_another_route_and_back(mask):
    numbered = enumerate(mask.flatten(order="F"), start=1)
    runs = [list(run) for one, run in itertools.groupby(numbered, lambda pair: pair[1]) if one]
    wanted = " ".join(f"{run[0][0]} {len(run)}" for run in runs)
    assert encode(mask) == wanted
    found = decode(wanted, mask.shape[::-1])
    assert found.dtype == np.uint8
    assert np.array_equal(found, mask)


@settings(deadline=None)
@given(MASKS, st.integers(1, 12), st.integers(1, 12))
def test_bands_give_the_same(mask, rows, other_rows):
    h, w = mask.shape
    bands = [mask[row : row + rows] for row in range(0, h, rows)]
    text = encode_bands(iter(bands), (w, h))
    assert text == encode(mask)
    found = list(decode_bands(text, (w, h), other_rows))
    assert [len(band) for band in found[:-1]] == [other_rows] * (len(found) - 1)
    assert np.array_equal(np.concatenate(found), mask)


def test_a_mask_of_0_and_255_or_bool_is_one_of_0_and_1():
    mask = np.array([[0, 1], [1, 1]], np.uint8)
    assert encode(mask * 255) == encode(mask > 0) == encode(mask) == "2 3"


def test_bands_that_do_not_add_up_are_refused():
    bands = [np.zeros((4, 3), np.uint8)] * 2
    assert encode_bands(iter(bands), (3, 8)) == ""
    with pytest.raises(PodiumError, match="have 8 rows, the slide has 9"):
        encode_bands(iter(bands), (3, 9))
    with pytest.raises(PodiumError, match="3 px wide, the slide 4"):
        encode_bands(iter(bands), (4, 8))


@pytest.mark.parametrize(("text", "reason"), [
    ("1", "1 numbers: a length is missing"),
    ("1 2 3", "3 numbers"),
    ("1 x", "holds 'x', which is no number"),
    ("1 -2", "holds '-2'"),
    ("1.5 2", "holds '1.5'"),
    ("²1 2", "no number"),
    ("0 2", "below 1"),
    ("3 0", "below 1"),
    ("1 3 3 1", "overlap, or are not in order"),
    ("5 1 2 1", "overlap, or are not in order"),
    ("5 3", "ends at pixel 7, the slide has 6"),
    ("9" * 30 + " 1", "beyond any slide"),
])  # fmt: skip
def test_broken_texts_are_refused(text, reason):
    with pytest.raises(PodiumError, match=reason):
        decode(text, (2, 3))


def test_runs_that_touch_are_read_and_written_as_one():
    assert encode(decode("1 2 3 2", (2, 3))) == "1 4"


def test_huge_slides_pass_in_bands():
    side = 60_000  # 3.6e9 pixels: more than 32 bits can number
    text = f"{side * 3 + 7} {side * 2} {side * side} 1"
    bands = decode_bands(text, (side, side), 100)
    band = next(bands)
    assert band.shape == (100, side)
    assert np.flatnonzero(band[5]).tolist() == [4, 5]
    assert np.flatnonzero(band[6]).tolist() == [3, 4]


@pytest.mark.parametrize("at_once", [1, 2, 3, 1000])
def test_runs_are_joined_wherever_the_parts_of_the_text_end(rng, monkeypatch, at_once):
    mask = (rng.random((40, 30)) < 0.6).astype(np.uint8)
    mask[:, 3:6] = 1  # runs that touch over columns, and over bands
    whole = encode(mask)
    monkeypatch.setattr(rle, "_AT_ONCE", at_once)
    assert encode_bands((mask[row : row + 7] for row in range(0, 40, 7)), (30, 40)) == whole
    np.testing.assert_array_equal(decode(whole, (30, 40)), mask)
