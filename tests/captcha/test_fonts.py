from pathlib import Path

import pytest

from podium.captcha import fonts
from podium.captcha.fonts import FONTS, FontSource, font_path, load_font
from podium.core.errors import EnvironmentFault, SettingsError


@pytest.mark.parametrize("name", FONTS)
def test_every_font_is_there(name: str) -> None:
    assert load_font(name, 20).getlength("0") > 5
    assert FONTS[name].licence


def test_unknown_name() -> None:
    with pytest.raises(SettingsError, match="'arial' is unknown\nremedy: one of droid-sans-mono"):
        font_path("arial")


@pytest.mark.parametrize("package", ["no_such_package", "captcha"])
def test_missing_file_says_what_to_install(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = FontSource(package, "data/Gone.ttf", "captcha==0.7.1", "Apache-2.0")
    monkeypatch.setitem(fonts.FONTS, "gone", source)
    with pytest.raises(EnvironmentFault) as caught:
        font_path("gone")
    assert str(Path("data", "Gone.ttf")) in str(caught.value)
    assert "pip install 'captcha==0.7.1'" in str(caught.value)
