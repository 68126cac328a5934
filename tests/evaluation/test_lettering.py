"""Words on pictures and in figures show Chinese characters; plain words stay as they were."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image, ImageFont

from podium.evaluation.lettering import font_for, put_words
from podium.evaluation.plots import write_figure


def ink(words: str) -> list:
    """The pixels of words; those of a character that a font lacks are one and the same box."""
    return np.asarray(font_for(words, 16).getmask(words)).tolist()


@pytest.mark.parametrize(("first", "second"), [("猫", "狗"), ("я", "ж"), ("a", "b")])
def test_characters_are_told_apart(first, second):
    assert ink(first) != ink(second)


def test_plain_words_keep_their_font():
    own = ImageFont.load_default(12)
    assert (
        font_for("train: café (3)", 12).getmask("café").getbbox() == own.getmask("café").getbbox()
    )


def drawn(path, title):
    """A figure with a title; a missing character would be a warning, which is an error here."""
    figure = Figure(figsize=(2, 1))
    figure.subplots().set_title(title)
    write_figure(path, figure)
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_figures_have_chinese_titles(tmp_path):
    cat, dog = (drawn(tmp_path / "figure.png", title) for title in ("猫: 0.5", "狗: 0.5"))
    assert not np.array_equal(cat, dog)


def test_words_in_pictures_of_slides():
    plain, own, chinese = (np.full((22, 200, 3), 255, np.uint8) for _ in range(3))
    put_words(plain, "S1 (test)", (4, 15), 0.42)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(own, "S1 (test)", (4, 15), font, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    assert np.array_equal(plain, own)
    put_words(chinese, "切片1 (test)", (4, 15), 0.42)
    rows, columns = np.nonzero(chinese[..., 0] < 128)
    assert (columns.min(), rows.max() <= 18) == (pytest.approx(5, abs=2), True)
    assert columns.max() > 60
