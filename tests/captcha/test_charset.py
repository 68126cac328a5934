import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.captcha.charset import Charset, charset_of
from podium.core.errors import PodiumError, SettingsError


def test_labels_start_at_one() -> None:
    assert Charset("0Z不").encode("不0Z0") == [3, 1, 2, 1]


@given(st.text(alphabet="0123456789+-*()", max_size=20))
def test_round_trip(text: str) -> None:
    charset = Charset("0123456789+-*()")
    labels = charset.encode(text)
    assert charset.decode(labels) == text
    assert all(1 <= label <= len(charset) for label in labels)


def test_characters_outside_are_named() -> None:
    with pytest.raises(PodiumError, match=r"'AxB': 'x' not in the charset 'AB'"):
        Charset("AB").encode("AxB")


@pytest.mark.parametrize("label", [0, -1, 3])
def test_labels_outside_are_refused(label: int) -> None:
    with pytest.raises(PodiumError, match="not between 1 and 2"):
        Charset("AB").decode([1, label])


@pytest.mark.parametrize("characters", ["", "ABA"])
def test_unusable_charset(characters: str) -> None:
    with pytest.raises(SettingsError):
        Charset(characters)


def test_inferred_from_texts() -> None:
    assert charset_of(["b2", "", "a2"]) == Charset("2ab")
    with pytest.raises(PodiumError, match="all empty"):
        charset_of(["", ""])
