"""What a person sees: on the terminal, as Markdown, as a page."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from podium.comparison import compare_pages, compare_plot
from podium.comparison.compare import Comparison, Line
from podium.competitions import COMPETITIONS
from podium.evaluation.pairing import Difference
from podium.evaluation.scores import LOG_LOSS, SLIDE_LOG_LOSS, TUMOUR_F1, WHOLE_STRING

VOID = ("meta", "circle", "path", "line")


def line(revision="exp", value=None, low=None, high=None, **other):
    made = {"model": "dense", "metric": LOG_LOSS, "mean": 0.25, "sd": 0.05, "score": 0.24}
    made |= {"error": 0.01, "others": [0.875], "seconds": 90.0, "settings": {}} | other
    if value is not None:
        made["difference"] = Difference(value, low, high, 0.975)
    return Line(revision, **made)


def comparison(*lines, name="photos", notes=()):
    return Comparison(COMPETITIONS[name], "workspace:dense", 2000, list(lines), list(notes))


def settings(**values):
    return {f"train.{name}": value for name, value in values.items()}


FOUND = comparison(
    line("sheen|lira", -0.02, -0.03, 0.01, settings=settings(l2="0.1", layers="[1, 2]")),
    line("workspace", baseline=True),
    line("<b>&", 0.5, 0.4, 0.6, seconds=None, sd=None, note="not so good"),
    notes=["x: failed"],
)


def test_cells():
    head, (first, base, last) = (
        compare_pages.head(FOUND),
        [compare_pages.cells(FOUND, one) for one in FOUND.lines],
    )
    assert head == [
        "revision", "model", "log loss, mean +- sd", "pooled +- se", "accuracy",
        "difference (95 %)", "better", "minutes", "settings (train)",
    ]  # fmt: skip
    assert first == [
        "sheen|lira", "dense", "0.2500 +- 0.0500", "0.2400 +- 0.0100", "0.8750",
        "-0.0200 (-0.0300 to +0.0100)", "0.975", "1.5", "l2=0.1, layers=[1, 2]",
    ]  # fmt: skip
    assert base[5:] == ["baseline", "", "1.5", ""]
    assert (last[2], last[5], last[7:]) == (
        "0.2500", "+0.5000 (+0.4000 to +0.6000)", ["?", "not so good"],
    )  # fmt: skip


def test_one_score_has_no_second_column():
    found = comparison(line(others=[], metric=WHOLE_STRING), name="captcha-text")
    assert len(compare_pages.head(found)) == len(compare_pages.cells(found, found.lines[0])) == 8
    assert "whole string: higher is better" in compare_pages.text(found)


TWO_SCORES = comparison(
    line("exp", 0.1, 0.05, 0.2, model="fcn", metric=TUMOUR_F1),
    line("workspace", model="fcn", metric=TUMOUR_F1, baseline=True),
    line("exp", -0.01, -0.02, 0.3, model="blend", metric=SLIDE_LOG_LOSS, others=[None]),
    name="slides",
)


def test_each_score_has_a_table_of_its_own():
    first, second = compare_pages.by_score(TWO_SCORES)
    assert [one.model for one in first.lines] == ["fcn", "fcn"]
    assert [one.model for one in second.lines] == ["blend"]
    assert compare_pages.head(first)[2:5] == [
        "tumour F1, mean +- sd", "pooled +- se", "log loss of slides",
    ]  # fmt: skip
    assert compare_pages.head(second)[2:5] == [
        "log loss of slides, mean +- sd", "pooled +- se", "difference (95 %)",
    ]  # fmt: skip
    assert compare_pages.cells(second, second.lines[0])[2] == "0.2500 +- 0.0500"


def test_all_pages_part_the_scores():
    text, page = compare_pages.text(TWO_SCORES), compare_pages.html(TWO_SCORES)
    assert re.findall(r"^revision +model +(.+?), mean", text, re.M) == [
        "tumour F1", "log loss of slides",
    ]  # fmt: skip
    assert "tumour F1: higher is better. log loss of slides: lower is better." in text
    assert compare_pages.markdown(TWO_SCORES).count("\n\n| revision | model |") == 2
    assert [tag for tag, _ in parsed(page).tags].count("table") == 2
    low, high = re.findall(r"<text[^>]*>([^<]+)</text>", page)[1::2][:2]
    assert (low, high) == ("+0.2", "+0.3")  # each with its own scale


def test_the_same_predictions_differ_in_nothing():
    assert compare_pages.cells(FOUND, line("same", 0.0, 0.0, 0.0))[5:7] == ["none", ""]
    assert compare_pages.cells(FOUND, line("sums", -1e-17, -2e-17, 1e-16))[5:7] == ["none", ""]


def test_rounding_of_sums_is_no_difference_anywhere():
    noisy = comparison(line("a", -1e-17, -0.01, 1e-17), line("b", 1e-16, -1e-17, 1e-17))
    for page in (compare_pages.text, compare_pages.markdown, compare_pages.html):
        assert "e-1" not in page(noisy)
        assert "-0.0000" not in page(noisy)


@pytest.mark.parametrize(("value", "words"), [
    (0.12345, "+0.1235"), (-0.00005, "-0.0001"), (-0.000049, "-5e-05"), (0.0, "+0.0000"),
    (-1e-17, "+0.0000"), (3e-10, "+0.0000"), (-2e-8, "-2e-08"),
])  # fmt: skip
def test_small_differences_keep_a_digit(value, words):
    assert compare_pages.signed(value) == words


def test_settings_of_two_sections_keep_their_names_and_many_are_cut():
    two = comparison(line(settings={"a.x": "1", "b.x": "absent"}))
    assert compare_pages.head(two)[-1] == "settings"
    assert compare_pages.cells(two, two.lines[0])[-1] == "a.x=1, b.x absent"
    many = comparison(line(settings=settings(**{f"s{k}": "1" for k in range(11)})))
    assert compare_pages.cells(many, many.lines[0])[-1].endswith("s7=1, and 3 more")


def test_columns_of_text_stand_below_each_other():
    lines = compare_pages.text(FOUND).splitlines()
    ends = {one.index(word) + len(word) for one, word in zip(
        (lines[0], lines[2], lines[3]), ("accuracy", "0.8750", "0.8750"), strict=True,
    )}  # fmt: skip
    assert len(ends) == 1
    assert lines[-1] == "note: x: failed"


def test_markdown_is_a_table_whatever_the_names():
    rows = [one for one in compare_pages.markdown(FOUND).splitlines() if one.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", one)) for one in rows} == {10}
    assert "- x: failed\n" in compare_pages.markdown(FOUND)
    assert compare_pages.markdown(comparison(line())).endswith("|\n")


class Checker(HTMLParser):
    """Keeps the tags in order, and raises where they do not close each other."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def parsed(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


def test_the_page_stands_alone():
    page = compare_pages.html(FOUND)
    tags = parsed(page).tags
    names = [tag for tag, _ in tags]
    assert names.count("tr") == 4
    assert names.count("svg") == 4  # the scale, and one for each line
    assert not {"script", "link", "img", "iframe", "object"} & set(names)
    assert not [attrs for _, attrs in tags if {"src", "href", "onload"} & set(attrs)]
    for outside in ("http", "//", "url(", "@import"):
        assert outside not in page
    assert "prefers-color-scheme: dark" in page
    assert "&lt;b&gt;&amp;" in page
    assert "0.2500 &plusmn;&nbsp;0.0500" in page
    assert '<tr class="baseline">' in page


WIDTHS = """<script>document.body.innerHTML = [document.documentElement,
  ...document.querySelectorAll(".wide")].map(e => e.scrollWidth).join(" ")</script></body>"""


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")
def test_the_page_fits_1300_pixels_whatever_the_names(tmp_path):
    long = settings(**{f"a_setting_with_a_long_name_{k}": "0.123456789" for k in range(8)})
    wide = comparison(
        line("0123abc (a-branch-with-a-name-that-never-ends)", -0.02, -0.03, 0.01,
             model="efficientnet-lite2-crops-boosting", settings=long),
        line("workspace", baseline=True, note="not paired: other truths of 3 ids, e.g. 17"),
    )  # fmt: skip
    path = tmp_path / "page.html"
    path.write_text(compare_pages.html(wide).replace("</body>", WIDTHS))
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,800",
               f"--user-data-dir={tmp_path}/chromium", "--dump-dom", path.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    widths = re.search(r"<body>([\d ]+)", done.stdout)[1].split()
    assert len(widths) == 2
    assert max(map(int, widths)) <= 1300


# ---- the plot


def ends(*lines):
    scale = compare_plot.scale_of(lines)
    return scale.low, scale.high


def test_the_scale_shows_most_and_cuts_the_rest():
    near = [line("a", -0.02, -0.03, 0.01), line("b", 0.01, 0, 0.021), line("c", 0, -0.02, 0.02)]
    assert ends(*near) == pytest.approx((-0.03, 0.025))
    # twice the median .0255 of .03, .021, .02 and .6: .051, rounded up
    assert ends(*near, line("d", 0.5, 0.4, 0.6)) == pytest.approx((-0.03, 0.06))
    assert ends(line("w", baseline=True), line("s", 0, 0, 0)) == (-1, 1)
    assert ends(line("a", 0.2, 0.1, 0.22)) == pytest.approx((-0.05, 0.25))  # .044: some room left


def test_an_interval_lies_where_it_should():
    # 220 wide, 12 kept free at each edge: 196 for .2
    even = compare_plot.Scale(-0.1, 0.1)
    drawn = compare_plot.interval(line("a", -0.05, -0.1, 0.025), even)
    assert '<line class="zero" x1="110.0"' in drawn
    assert '<line x1="12.0" x2="134.5"' in drawn
    assert '<circle cx="61.0"' in drawn
    assert "path" not in drawn
    right = compare_plot.interval(line("d", 0.5, 0.05, 0.6), even)
    assert '<line x1="159.0" x2="208.0"' in right
    assert '<path d="M218.0 ' in right
    assert "circle" not in right
    left = compare_plot.interval(line("l", -0.05, -0.3, 0.0), even)
    assert '<path d="M2.0 ' in left
    assert '<line x1="12.0" x2="110.0"' in left
    assert "circle" not in compare_plot.interval(line("w", baseline=True), even)
    assert compare_plot.Scale(-0.1, 0.3).x(0) == 61


def test_the_axis_names_its_ends_where_there_is_room():
    assert re.findall(r">([^<]+)<", compare_plot.axis(compare_plot.Scale(-0.25, 0.25))) == [
        "-0.25",
        "0",
        "+0.25",
    ]
    assert re.findall(r">([^<]+)<", compare_plot.axis(compare_plot.Scale(-0.01, 0.25))) == [
        "0",
        "+0.25",
    ]


@pytest.mark.parametrize(("low", "high", "metric", "kind"), [
    (-0.2, -0.1, LOG_LOSS, "good"), (0.1, 0.2, LOG_LOSS, "bad"),
    (-0.2, -0.1, TUMOUR_F1, "bad"), (0.1, 0.2, WHOLE_STRING, "good"),
    (-0.1, 0.1, LOG_LOSS, "even"), (0.0, 0.1, LOG_LOSS, "even"),
])  # fmt: skip
def test_colour_follows_what_is_better(low, high, metric, kind):
    drawn = compare_plot.interval(
        line("a", (low + high) / 2, low, high, metric=metric), compare_plot.Scale(-1, 1)
    )
    assert f'<g class="{kind}">' in drawn
