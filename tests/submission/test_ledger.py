"""The ledger: rows by competition and file, filled in later, never lost, and drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from podium.core.errors import PodiumError, SettingsError
from podium.submission import ledger_figure
from podium.submission.ledger import (
    COLUMNS,
    Entry,
    as_text,
    cell_of,
    find,
    local_cells,
    read,
    record,
)

SHA = "00ff00ff00ff00ff"
FIRST = Entry("2026-01-02T03:04:05Z", "photos", SHA, "abc1234", "mean", note="a, b")
HEADER = (
    "time,competition,sha256,revision,method,oof_score,nested_score,test_score,"
    "public_score,private_score,note"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "submissions/ledger.csv"


# ---- rows


def test_a_row_is_appended_and_read_back(path):
    assert read(path) == []
    assert record(path, FIRST) == FIRST
    assert path.read_text() == (
        HEADER + '\n2026-01-02T03:04:05Z,photos,00ff00ff00ff00ff,abc1234,mean,,,,,,"a, b"\n'
    )
    second = replace(FIRST, time="2026-01-03T00:00:00Z", sha256="1" * 16, public_score="0.25")
    record(path, second)
    record(path, other := replace(second, competition="slides"))  # the same bytes elsewhere
    assert read(path) == [FIRST, second, other]
    assert second.score("public") == 0.25
    assert second.score("private") is None


def test_the_same_file_is_filled_in(path):
    record(path, FIRST)
    later = Entry("2026-02-02T00:00:00Z", "photos", FIRST.sha256, "fff", public_score="0.0414")
    filled = replace(FIRST, public_score="0.0414")
    assert record(path, later) == filled  # time, revision, method and note stay
    again = replace(later, public_score="0.04140", private_score="0.0431")  # the same number
    assert record(path, again).private_score == "0.0431"
    assert len(read(path)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"public_score": "0.5"}, "public_score of photos 00ff00ff00ff00ff is recorded as 0.25"),
        ({"method": "stack"}, "method of photos 00ff00ff00ff00ff is recorded as mean"),
        ({"note": "c"}, "note of photos 00ff00ff00ff00ff is recorded as a, b, now it would be c"),
    ],
)
def test_what_is_recorded_is_replaced_by_force_alone(path, change, said):
    record(path, replace(FIRST, public_score="0.25"))
    before = path.read_bytes()
    with pytest.raises(SettingsError, match=rf"ledger\.csv: the {said}.*\nremedy: --force"):
        record(path, replace(FIRST, **change))
    assert path.read_bytes() == before
    (name, cell), *_ = change.items()
    assert getattr(record(path, replace(FIRST, **change), force=True), name) == cell
    assert getattr(read(path)[0], name) == cell


def test_rows_are_sorted_by_time(path):
    late, early = replace(FIRST, time="2026-03-01", sha256="a"), replace(FIRST, time="2026-01-01")
    record(path, late)
    record(path, early)
    assert read(path) == [early, late]


def test_a_file_is_found_by_its_last_row():
    twice = [FIRST, replace(FIRST, note="by hand"), replace(FIRST, competition="slides")]
    assert find(twice, "photos", FIRST.sha256 + "f" * 48) == twice[1]
    assert find(twice, "photos", "0" * 64) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time,competition\n", r"its columns are time, competition, a ledger's are time, comp"),
        ("", r"its columns are , a ledger's are"),
        (f"{HEADER},x\n", r"its columns are .*, note, x, a ledger's are"),
        (f"{HEADER}\nt,photos,ab,,,,,,x,,\n", r"public_score of photos ab is 'x', no number"),
        (f"{HEADER}\nt,photos,ab,,,nan,,,,,\n", r"oof_score of photos ab is 'nan', no number"),
        (f"{HEADER}\nt,photos\n", r"line 2 has 2 fields"),
    ],
)
def test_a_ledger_that_is_none(path, text, said):
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(PodiumError, match=rf"ledger\.csv: .*{said}"):
        record(path, FIRST)
    assert path.read_text() == text


# ---- cells


def test_scores_have_six_decimals():
    assert [cell_of(score) for score in (0.0414, 1, 0.12345678, 5e-6)] == [
        "0.0414",
        "1.0",
        "0.123457",
        "5e-06",
    ]
    assert {cell_of(odd) for odd in (None, "0.5", True, float("nan"), float("inf"), [])} == {""}


BLEND = {"metric": "log_loss", "nested": {"value": 0.5, "n": 4}}


@pytest.mark.parametrize(
    ("scores", "cells"),
    [
        (
            {
                "blend": BLEND | {"method": "mean", "naive": {"value": 0.25}},
                "test": {"log_loss": {"value": 0.125}, "accuracy": {"value": 1.0}},
            },
            ["mean", "0.25", "0.5", "0.125"],
        ),
        ({"test": {"log_loss": {"value": 0.75}}}, [""] * 4),  # of which metric, nobody says
        ({"blend": BLEND, "test": {"slide_auc": {"value": 0.9}}}, ["", "", "0.5", ""]),
        ({"blend": BLEND, "test": {"log_loss": 0.1}}, ["", "", "0.5", ""]),
        ({"blend": None, "test": [1]}, [""] * 4),
        ({"blend": {"method": 7, "naive": "x"}, "test": {"whole_string": "x"}}, [""] * 4),
        ({}, [""] * 4),
        (None, [""] * 4),
    ],
)
def test_local_cells_are_what_the_manifest_tells(scores, cells):
    assert list(local_cells(scores).values()) == cells
    assert set(local_cells(scores)) < set(COLUMNS)


def test_the_table_for_people():
    other = Entry(FIRST.time, "captcha-text", SHA, "abc1234", public_score="0.9")
    assert as_text([FIRST, other]).splitlines() == [
        "time              competition   sha256    revision  method  public  note",
        "2026-01-02T03:04  photos        00ff00ff  abc1234   mean            a, b",
        "2026-01-02T03:04  captcha-text  00ff00ff  abc1234              0.9",
    ]


# ---- the picture


def scored(nested: str, public: str = "", private: str = "", name: str = "photos") -> Entry:
    return Entry("2026-01-02T03:04:05Z", name, "ab", "", "", "", nested, "", public, private)


def test_correlation_of_three_or_more():
    assert ledger_figure.correlation([(0, 0), (1, 1)]) is None
    assert ledger_figure.correlation([]) is None
    assert ledger_figure.correlation([(0, 1), (1, 1), (2, 1)]) is None
    found = ledger_figure.correlation([(0, 0), (1, 2), (2, 1)])
    assert found == pytest.approx(0.5)  # by hand: covariance 1/3, variances 2/3
    assert ledger_figure.correlation([(1, 3), (2, 2), (3, 1)]) == pytest.approx(-1)


def test_only_rows_with_both_scores_are_drawn():
    rows = [scored("1", "2"), scored("", "2"), scored("3"), scored("4", "5", "6")]
    assert ledger_figure.pairs(rows, "public") == [(1, 2), (4, 5)]
    assert ledger_figure.pairs(rows, "private") == [(4, 6)]


def test_the_picture_has_filled_and_hollow_markers(tmp_path):
    blue = np.array([0x44, 0x77, 0xAA])

    def share(*rows: Entry) -> int:
        assert ledger_figure.write(tmp_path / "x.png", rows) == len(rows)
        picture = np.asarray(Image.open(tmp_path / "x.png").convert("RGB")).astype(int)
        return int((np.abs(picture - blue).max(axis=2) < 12).sum())

    public, private = share(scored("0.5", "0.4")), share(scored("0.5", "", "0.4"))
    assert public > 2 * private > 20


def test_a_panel_per_competition(tmp_path):
    def size(*names: str) -> tuple[int, int]:
        ledger_figure.write(tmp_path / "x.png", [scored("0.5", "0.5", name=name) for name in names])
        with Image.open(tmp_path / "x.png") as picture:
            return picture.size

    width, height = size("photos")
    assert size("photos", "photos") == (width, height)
    assert size("photos", "slides") == (2 * width, height)
    assert size(*"abcd") == (3 * width, 2 * height)
    before = (tmp_path / "x.png").read_bytes()
    size(*"abcd")
    assert (tmp_path / "x.png").read_bytes() == before


def test_nothing_to_plot(tmp_path):
    rows = [scored("0.5"), scored("", "0.5")]
    with pytest.raises(PodiumError, match=r"^nothing to plot: no row \(2 in all\) has .*\nremedy"):
        ledger_figure.write(tmp_path / "x.png", rows)
    assert not (tmp_path / "x.png").exists()
