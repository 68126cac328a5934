"""The page: its numbers are those of the metrics, and it asks nobody for anything."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from page_project import HOSTILE, score, switch_to_raw, write, write_project
from podium.cli import app
from podium.comparison import compare, experiments
from podium.comparison.compare import Line
from podium.competitions import COMPETITIONS
from podium.core import profiles
from podium.core.errors import PodiumError
from podium.core.params import load_params
from podium.core.run_records import write_run
from podium.evaluation.competition import value_at
from podium.page import charts, sections
from podium.page.run_facts import handing_in, read_facts
from podium.page.whole_page import page as whole_page
from podium.page.whole_page import timings_page
from podium.stages import report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
                None)  # fmt: skip


def write_page(root: Path) -> Path:
    arguments = {"metrics": root / "metrics", "out": root / "reports/blends.md",
                 "picture": root / "reports/blends.png", "page": root / "reports/index.html",
                 "cards": root / "reports/cards", "root": root,
                 "params": root / "params.yaml"}  # fmt: skip
    report.main([word for name, path in arguments.items() for word in (f"--{name}", str(path))])
    return arguments["page"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def page(root):
    return write_page(root)


@pytest.fixture
def own(tmp_path):
    """A project that a test may change."""
    return write_project(tmp_path / "own")


def facts(root, name="photos"):
    settings = load_params(root / "params.yaml").model_dump()
    return read_facts(root, COMPETITIONS[name], settings)


class Elements(HTMLParser):
    """Tags with their attributes, and the text right after each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_data(self, data):
        if self.texts and not self.texts[-1]:
            self.texts[-1] = data

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_every_score_is_the_one_in_the_metrics(root, page):
    elements = Elements(page.read_text())
    each = zip(elements.tags, elements.texts, strict=True)
    scores = [(attrs, text) for (_, attrs), text in each if "data-source" in attrs]
    assert len(scores) > 15
    for attrs, text in scores:
        file, dotted = attrs["data-source"].split(" ", 1)
        value = value_at(json.loads((root / file).read_text()), dotted)["value"]
        assert float(attrs["value"]) == value
        assert text == f"{value:.4f}"


def test_the_first_screen_names_score_baseline_and_best_model(page):
    first = re.search(r'<div class="first">(.*?)</table>', page.read_text(), re.S)[1]
    row = re.search(r'<tr><th scope="row"><a href="#photos">.*?</tr>', first)[0]
    text = re.sub(r"<[^>]+>", "|", row)
    for words in ("log loss", "lower is better", "0.2000", "(0.1600 to 0.2400)", "0.6900",
                  "0.2100| (dense)", "0.0414, Dogs vs. Cats Redux"):  # fmt: skip
        assert words in text, words
    slides = re.sub(r"<[^>]+>", "|", re.search(r'<a href="#slides">.*?</tr>', first)[0])
    assert "0.8000| (network)" in slides  # by the metric that counts, not by that of the blend
    assert first.count("<tr>") == 1 + len(COMPETITIONS)


def test_nothing_is_asked_of_anyone(page):
    elements = Elements(page.read_text())
    addresses = [attrs.get(name, "") for _, attrs in elements.tags for name in ("src", "href")]
    outside = [each for each in addresses if each and each[0] not in "#d"]
    assert outside == ["../runs/timings.html"]  # which a click opens
    assert not re.search(r"url\((?!#)|@import|fetch\(|https?://(?!www\.w3\.org)", page.read_text())


def test_names_from_outside_stay_text(page):
    text = page.read_text()
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text


def test_no_name_of_an_element_repeats(page):
    names = re.findall(r'\sid="([^"]+)"', page.read_text())
    assert len(names) == len(set(names))


def test_pictures_and_tables_are_named(page):
    elements = Elements(page.read_text())
    pictures = elements.of("img")
    assert len(pictures) == 2  # of cat.2 and cat.5, which photo_table has wrong
    assert all(
        picture["alt"] and picture["src"].startswith("data:image/jpeg") for picture in pictures
    )
    assert len(elements.of("caption")) == len(elements.of("table"))
    assert all(each.get("aria-label") for each in elements.of("svg"))
    assert elements.of("html")[0]["lang"] == "en"


def test_what_was_left_out_changed_and_measured_is_said(own):
    text = (own / "params.yaml").read_text()
    (own / "params.yaml").write_text(text.replace("n_train: 600", "n_train: 601", 1))
    page = write_page(own).read_text()
    for words in ("cat.9", "draw_photos.n_train", "601 (default 600)", "heads are weak"):
        assert words in page, words
    timings = (own / "runs/timings.html").read_text()
    for words in ("train_photo_classifier", "12.5", "a processor"):
        assert words in timings, words


def test_looks_of_sums_that_were_changed_are_settings_that_differ(own):
    path = own / "params.yaml"
    assert facts(own, "captcha-arithmetic").changed_settings() == {}
    changes = {"captcha": {"arithmetic": {"styles": ["competition"], "finishes": []}}}
    profiles.write_changes(path, changes, "own")
    changed = facts(own, "captcha-arithmetic").changed_settings()
    assert {name: value for name, (_, value) in changed.items()} == {
        "captcha.arithmetic.styles": ["competition"],
        "captcha.arithmetic.finishes": [],
    }


def test_equal_inputs_give_equal_bytes(root, page):
    before = page.read_bytes()
    assert write_page(root).read_bytes() == before
    assert len(before) < 5_000_000


def test_a_run_that_took_longer_gives_the_same_page(own):
    before = write_page(own).read_bytes()
    write_run(own / "metrics/train_photo_classifier.json",
              {"run": {"device": "another", "software": "keras"}, "seconds": 99.0})  # fmt: skip
    assert write_page(own).read_bytes() == before
    assert "99.0" in (own / "runs/timings.html").read_text()


def test_a_run_that_is_not_there_yet_is_said(own):
    (own / "metrics/blend_photos.json").unlink()
    text = whole_page([facts(own)])
    assert "not run yet" in text
    assert "<h2>photos</h2><p>Not run yet.</p>" in text


def test_a_stand_in_is_a_rehearsal(root):
    assert handing_in(facts(root)) == (
        "even", "A rehearsal: submissions/photos.csv is checked, but it answers drawn stand-ins.",
    )  # fmt: skip


def test_a_checked_submission_of_raw_pictures_is_safe(own):
    switch_to_raw(own)
    state, sentence = handing_in(facts(own))
    assert (state, sentence) == (
        "good",
        "Safe to hand in: submissions/photos.csv has 1 rows, all checked; "
        "read its 1 warnings first.",
    )


def test_a_submission_that_was_changed_is_not_safe(own):
    switch_to_raw(own)
    (own / "submissions/photos.csv").write_text("id,label\n1,0.9\n")
    assert handing_in(facts(own))[1].startswith("Do not hand in submissions/photos.csv: it was ch")


def test_a_submission_no_better_than_nothing_is_not_safe(own):
    switch_to_raw(own)
    path = own / "metrics/blend_photos.json"
    write(path, json.loads(path.read_text()) | {"nested": {"log_loss": score(0.7)}})
    state, sentence = handing_in(facts(own))
    assert state == "bad"
    assert "no better than the trivial baseline" in sentence


def test_a_missing_submission_is_not_safe(own):
    (own / "submissions/photos.csv").unlink()
    assert handing_in(facts(own)) == (
        "bad", "Nothing to hand in: submissions/photos.csv is not there yet.",
    )  # fmt: skip


def test_numbers_at_the_ticks_of_charts_are_whole():
    rows = pd.DataFrame({"epoch": [0, 1, 2], "loss": [0.001, 0.004, 0.002]})
    drawn = charts.lines_svg("loss", "loss", {"a": rows}, "epoch", "loss")
    ticks = re.findall(r">\s*(0\.00\d+)\s*<", drawn)
    assert len(set(ticks)) == len(ticks) > 3


def test_a_reader_that_was_left_out_is_said_with_the_reason(own):
    (own / "models").mkdir(exist_ok=True)
    (own / "models/text-cnn.keras").write_text('{"left_out": "texts of several lengths"}')
    assert "texts of several lengths" in write_page(own).read_text()


def test_beside_a_mistake_stands_where_the_model_looks(own):
    text = whole_page([facts(own)])
    assert "Where the model looks is not shown: run dvc repro explain_mistakes" in text
    uri = "data:image/jpeg;base64,QUJD"
    explained = {"model": "models/photos.keras", "pictures": {"cat.2": uri}, "why": ""}
    write(own / "plots/explain_mistakes/photos.json", explained)
    text = whole_page([facts(own)])
    assert f'<img src="{uri}" alt="where the model looks on cat.2"' in text
    assert "where models/photos.keras looks: red speaks for what was predicted" in text


@pytest.mark.parametrize(
    ("kind", "said", "shown", "ending"),
    [
        pytest.param("classes", "cat", "cat", "", id="as predicted"),
        pytest.param("labels", "cat;dog", "dog", "; red speaks for dog", id="labels"),
        pytest.param("labels", "-", "dog", "; red speaks for dog", id="no label"),
        pytest.param("number", "3.5", "y", "", id="number"),
        pytest.param("text", "3+4", "3+4", "", id="read as predicted"),
        pytest.param("text", "3+4", "3-4", "; read step by step: 3-4", id="searched"),
        pytest.param("text", "3+4", "", "; read step by step: nothing", id="nothing read"),
        pytest.param("text", "3+4", None, "", id="not explained"),
    ],
)
def test_a_caption_says_where_the_map_shows_something_else(kind, said, shown, ending):
    assert sections.differently_shown(kind, said, shown) == ending


def test_the_caption_of_a_mistake_names_what_the_map_shows(own):
    explained = {"model": "models/photos.keras", "pictures": {"cat.2": "data:,"},
                 "shown": {"cat.2": "bird"}, "why": ""}  # fmt: skip
    write(own / "plots/explain_mistakes/photos.json", explained)
    assert "95.0 % sure; red speaks for bird</figcaption>" in whole_page([facts(own)])


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium")
@pytest.mark.parametrize("width", [pytest.param(1280, id="desktop"), pytest.param(390, id="phone")])
def test_a_browser_has_nothing_to_complain_about_and_sorts(page, tmp_path, width):
    """Chromium's log holds every console message; with a dead proxy a request would be one."""
    probe = """<script>addEventListener("load", () => {
      document.querySelector("table.sorted thead th:nth-child(3) button").click();
      const names = [...document.querySelectorAll("table.sorted")][0].tBodies[0].rows;
      document.title = [...names].map(row => row.cells[0].textContent).join("|");
      document.body.dataset.broader = document.documentElement.scrollWidth - innerWidth;
      document.body.dataset.requests = performance.getEntriesByType("resource")
        .filter(each => !each.name.startsWith("data:")).length; });</script>"""
    copy = tmp_path / "page.html"
    copy.write_text(page.read_text().replace("</body>", f"{probe}</body>"))
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
             "--hide-scrollbars", f"--window-size={width},900"]  # fmt: skip
    own = [f"--user-data-dir={tmp_path / 'profile'}", "--proxy-server=127.0.0.1:9"]
    command = [CHROMIUM, *flags, *own, "--dump-dom", copy.as_uri()]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "CONSOLE" not in run.stderr
    assert 'data-requests="0"' in run.stdout
    assert 'data-broader="0"' in run.stdout
    title = re.search(r"<title>(.*?)</title>", run.stdout)[1]
    assert title.split("|")[:2] == ["blend (mean)", "dense"]
    assert title.split("|")[-1] == "prior"


def git(root, *words):
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *who, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_what_differs_between_equal_runs_stands_beside_the_page(own, page):
    git(own, "init", "-q")
    git(own, "add", "params.yaml")
    git(own, "commit", "-qm", "first")
    name = git(own, "rev-parse", "--short", "HEAD")
    assert write_page(own).read_bytes() == page.read_bytes()
    assert f"Revision: {name}, no tracked file differs." in (own / "runs/timings.html").read_text()
    (own / "params.yaml").write_text((own / "params.yaml").read_text() + "# mine\n")
    assert f"{name}-dirty; these files differ: params.yaml." in timings_page([facts(own)])


def test_podium_page_has_experiments_and_revision_in_one_file(own, monkeypatch):
    line = Line("exp-a", "dense", COMPETITIONS["photos"].metrics[0], 0.2, 0.01, 0.2, 0.02, [0.9],
                60.0, {"train_photo_classifier.dropout": HOSTILE}, baseline=True)  # fmt: skip
    other = replace(line, revision="exp-b", baseline=False, difference=None, note="")

    def read_all(root, competition):
        if competition.name != "photos":
            raise PodiumError("no Git repository\nremedy: run git init")
        return [], ["exp-c: failed"]

    monkeypatch.setattr(experiments, "read_all", read_all)
    monkeypatch.setattr(
        compare, "compare", lambda own, *_: compare.Comparison(own, "exp-a:dense", 9, [line, other])
    )
    words = ["page", "--out", str(own / "all.html"), "--params", str(own / "params.yaml")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    text = (own / "all.html").read_text()
    for said in (
        "exp-a", "exp-b", "0.2000 \u00b1 0.0100", "exp-c: failed", "12.5", "a processor",
        "Experiments: no Git repository", "Revision: unknown", 'href="#this-run"',
    ):  # fmt: skip
        assert said in text, said
    assert HOSTILE not in text
    assert "runs/timings.html" not in text


def test_raw_files_that_are_not_used_are_said(own):
    (own / "data/raw/photos").mkdir(parents=True)
    (own / "data/raw/photos/train.zip").write_bytes(b"")
    sentence = handing_in(facts(own))[1]
    assert "drawn stand-ins; data/raw/photos holds 1 file that is not used" in sentence
    switch_to_raw(own)
    assert "not used" not in handing_in(facts(own))[1]
