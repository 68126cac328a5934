import pytest

from podium.core.nearest import did_you_mean, did_you_mean_file, nearest

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


@pytest.mark.parametrize(
    ("name", "meant"),
    [("photo.keras", "photos.keras"), ("photos.kears", "photos.keras"), ("x.keras", ""),
     ("imges", "images")],
)  # fmt: skip
def test_the_nearest_file(name, meant, tmp_path):
    (tmp_path / "photos.keras").touch()
    (tmp_path / "images").mkdir()
    wanted = f"; did you mean {tmp_path / meant}?" if meant else ""
    assert did_you_mean_file(tmp_path / name) == wanted
    assert did_you_mean_file(tmp_path / "nowhere" / name) == ""
    assert did_you_mean_file(tmp_path / "imges", "*.keras") == ""
