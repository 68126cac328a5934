import hashlib
import re

import pytest

from podium.captcha.naming import texts_of_names
from podium.core.errors import SettingsError

TEXTS = ["7XK2", "A0B1", "QQ11", "ZT9C", "K2K3", "MN4P", "0001", "HHH8"]


def md5(number: int) -> str:
    return hashlib.md5(str(number).encode()).hexdigest()


NAMINGS = {
    "text_n": ("{text}_{n}", "before the first _"),
    "text_md5": ("{text}_{md5}", "before the first _"),
    "text-0": ("{text}-0", "before the first -"),
    "md5-text": ("{md5}-{text}", "after the last -"),
    "n_text": ("{n}_{text}", "after the last _"),
    "captcha_n_text": ("captcha_{n}_{text}", "after the last _"),
    "imgn_text": ("img{n}_{text}", "after the last _"),
    "img-n_text": ("img-{n}_{text}", "after the last _"),
    "img-text": ("img-{text}", "after the last -"),
    "n_text_md5": ("{n}_{text}_{md5}", "part 2, between _ and _"),
    "time_text": ("16999{n}99999_{text}", "after the last _"),
    "uuid_text": ("8c0a9a52-1c3e-4f6e-9d2a-00000000000{n}_{text}", "after the last _"),
    "text (1)": ("{text} (1)", "the whole name"),
    "text": ("{text}", "the whole name"),
}


@pytest.mark.parametrize("naming", NAMINGS)
def test_the_part_that_is_the_text_is_found(naming: str) -> None:
    form, words = NAMINGS[naming]
    names = [form.format(text=text, n=n, md5=md5(n)) for n, text in enumerate(TEXTS)]
    named = texts_of_names(names)
    assert [named.texts[name] for name in names] == TEXTS
    assert named.rules == {words: len(TEXTS)}


def test_four_namings_in_one_folder() -> None:
    forms = ("{text}_{n}", "{text}-0", "{md5}-{text}", "{text} (1)")
    truth = {
        form.format(text=text, n=n, md5=md5(n)): text
        for form in forms
        for n, text in enumerate(TEXTS)
    }
    named = texts_of_names(list(truth))
    assert named.texts == truth
    assert sum(named.rules.values()) == len(truth)


@pytest.mark.parametrize("form", ["{text}_{md5}", "{text}", "{md5}-{text}", "{text}-0"])
def test_a_minus_of_a_sum_is_no_separator(form: str) -> None:
    sums = ["12-3=", "3+5=", "6-4=", "7x8=", "9-9=", "10-2="]
    names = [form.format(text=text, md5=md5(n)) for n, text in enumerate(sums)]
    named = texts_of_names(names, signs="-")
    assert [named.texts[name] for name in names] == sums


def test_hyphens_that_may_be_part_of_a_text() -> None:
    names = ["AB-CD", "XY-ZT", "QQ-KL", "MN-OP"]
    assert list(texts_of_names(names).texts.values()) == names


@pytest.mark.parametrize("pattern", [r"-(?P<text>\w+)-", r"^\w+?-(\w+)-", r"(?<=-)\w+(?=-)"])
def test_a_pattern_of_ones_own(pattern: str) -> None:
    named = texts_of_names(["a-7XK2-b", "c-QQ11-d"], pattern)
    assert list(named.texts.values()) == ["7XK2", "QQ11"]
    assert named.rules == {f"what {pattern!r} matches": 2}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "no regular expression"),
        ("x(.)", "pattern 'x(.)' does not fit the name 'a-7XK2-b'\nremedy: correct the pattern"),
    ],
)
def test_a_pattern_that_cannot_be(pattern: str, words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        texts_of_names(["a-7XK2-b"], pattern)


COUNTED = {
    "img_0000": [f"img_{n:04d}" for n in range(20)],
    "captcha-0": [f"captcha-{n}" for n in range(20)],
    "img0": [f"img{n}" for n in range(20)],
    "0000": [f"{n:04d}" for n in range(20)],
    "0": [str(n) for n in range(20)],
    "hashes": [md5(n) for n in range(20)],
}


@pytest.mark.parametrize("naming", COUNTED)
def test_names_without_a_text(naming: str) -> None:
    names = COUNTED[naming]
    [fault] = texts_of_names(names).faults
    assert fault.startswith("the names of 20 pictures say no text: they count")
    assert fault.endswith(f": {', '.join(names[:3])}, ...")
    assert texts_of_names(names, ".+").faults == ()


FEW = {
    "img_1": [f"img_{n}" for n in range(1, 10)],
    "img1": ["img1", "img2"],
    "captcha-0007": ["captcha-0007", "captcha-0003", "captcha-0012"],
    "Image (1)": ["Image 1", "Image 2", "Image 4", "Image 9"],
}


@pytest.mark.parametrize("naming", FEW)
def test_few_names_that_count_after_a_word(naming: str) -> None:
    names = FEW[naming]
    [fault] = texts_of_names(names).faults
    assert fault.startswith(f"the names of {len(names)} pictures say no text: they count")
    assert texts_of_names(names, ".+").faults == ()


@pytest.mark.parametrize("names", [["7XK2", "7XK3"], ["captcha_4821", "captcha_1093"], ["AB12"]])
def test_few_names_that_are_texts(names: list[str]) -> None:
    named = texts_of_names(names)
    assert named.faults == []


def test_numbers_that_do_not_count_are_texts() -> None:
    names = [f"{n * n * 37 % 10000:04d}" for n in range(20, 60)]
    named = texts_of_names(names)
    assert list(named.texts.values()) == names
    assert (named.faults, named.doubts) == ([], [])


def test_several_parts_that_may_be_the_text() -> None:
    names = [f"{md5(n)[:8]}_{text}" for n, text in enumerate(TEXTS)]
    named = texts_of_names(names)
    [doubt] = named.doubts
    assert doubt.startswith("WARNING: texts: before the first _ (8); of 'cfcd2084_7XK2' that is ")
    assert "'cfcd2084', but it may be '7XK2'; if so, say it by --pattern" in doubt


def test_numbers_before_sums_that_count() -> None:
    sums = ["3+5", "8-2", "4*4", "7-1", "9+9"]
    [fault] = texts_of_names([f"{n}-{text}" for n, text in enumerate(sums)], signs="-").faults
    assert "begin with numbers that count" in fault
    assert not texts_of_names(["3-1", "8-2", "4-4", "7-1", "9-9"], signs="-").faults


def test_a_bracket_after_an_operator_is_no_copy() -> None:
    names = ["2*(3)", "5-(12)", "3+4 (1)", "6x (2)"]
    assert list(texts_of_names(names, signs="-").texts.values()) == [*names[:2], "3+4", names[3]]
