import pytest

from podium.core.nearest import did_you_mean, nearest

NAMES = ["photos", "slides", "captcha-text"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("photo", "photos"), ("PHOTOS", "photos"), ("sildes", "slides"), ("captcha", "captcha-text"),
     ("zebra", ""), ("", "")],
)  # fmt: skip
def test_the_nearest_word(word, meant):
    assert nearest(word, NAMES) == meant
    assert did_you_mean(word, NAMES) == (f"; did you mean {meant}?" if meant else "")


def test_the_word_keeps_its_case():
    assert nearest("readme", ["README"]) == "README"
