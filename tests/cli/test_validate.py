"""`podium validate` as people type it, in a project of a few files."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from house import make_params
from podium.captcha.answer_rules import RULES
from podium.captcha.charset import Charset
from podium.captcha.dataset import Facts, Split, write_captchas
from podium.cli import app
from podium.competitions import COMPETITIONS
from podium.evaluation.task import PictureTask, SampleStyle, write_task
from podium.pictures.dataset import ITEM_COLUMNS
from podium.slides.dataset import COLUMNS


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The current folder; source raw for photos and slides, standin for captchas."""
    monkeypatch.chdir(tmp_path)
    make_params(tmp_path, slides__source="raw")
    return tmp_path


@pytest.fixture
def write(project):
    def written(name: str, *lines: str) -> str:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))
        return name

    return written


def run(file: str, competition: str, *more: str) -> tuple[int, list[str], list[str]]:
    done = CliRunner().invoke(app, ["validate", file, "--competition", competition, *more])
    return done.exit_code, done.stdout.splitlines(), done.stderr.splitlines()


def captchas(project, task: str, characters: str, ids: list[str]) -> None:
    path = project / f"data/captcha/{task}.h5"
    path.parent.mkdir(parents=True, exist_ok=True)
    splits = [Split("train", ["0"]), Split("validation", ["0"]), Split("test", ids)]
    counts = [len(split.ids) for split in splits if split.ids]
    parts = [(np.zeros((count, 4, 8, 3), np.uint8), ["1"] * count) for count in counts]
    write_captchas(path, Facts((8, 4), Charset(characters), {}), splits, parts)


SAMPLE = ("id,label", "10,0", "9,0", "1,0", "2,0")


# ---- where it stands what is wanted


def test_the_sources_own_sample(write):
    write("data/raw/photos/sample_submission.csv", *SAMPLE)
    good = write("good.csv", "id,label", "10,0.5", "9,0.1", "1,1", "2,0")
    origin = "(sample: data/raw/photos/sample_submission.csv)"
    assert run(good, "photos") == (0, [f"good.csv: 4 rows, fits photos {origin}"], [])
    code, out, err = run(write("bad.csv", "id,label", "1,0.5", "2,", "3,7"), "photos")
    assert code == 1
    assert out == [
        "bad.csv: 2 ids missing, namely 9, 10",
        "bad.csv: 1 id unknown, namely 3",
        "bad.csv: column label: 1 cell empty, namely id 2: ''",
        "bad.csv: column label: 1 cell outside 0 to 1, namely id 3: '7'",
    ]
    assert err == [
        f"error: bad.csv: 4 faults, it does not fit photos {origin}",
        "remedy: mend what the lines above name",
    ]


def test_a_sample_that_is_named_needs_no_project(write, project):
    (project / "params.yaml").unlink()
    sample = write("s.csv", *SAMPLE)
    mixed = write("mixed.csv", "id,label", "1,0", "2,1", "9,0", "10,0")
    code, out, _ = run(mixed, "photos", "--sample", sample)
    assert code == 0
    assert out == [
        "note: the ids are not in the sample's order",
        "note: column label holds only 0 and 1: log loss punishes each that is wrong",
        "mixed.csv: 4 rows, fits photos (sample: s.csv)",
    ]
    many = write("many.csv", "id,cat,dog,owl", "1,0.2,0.3,0.5", "2,0.5,0.5,0.1")
    code, out, _ = run(many, "photos", "--sample", many)
    assert (code, out) == (
        1,
        ["many.csv: 1 row whose probabilities do not sum to 1, namely id 2: 1.1000"],
    )
    text = write("text.csv", "id,text", "1,AB", "2,")
    code, out, _ = run(text, "captcha-text", "--sample", text)
    assert (code, out) == (1, ["text.csv: 1 text empty, namely id 2"])


def test_photos_without_a_sample(write):
    rows = ["a,train,cat,,x,x,1,1,x,x", "b,train,dog,,x,x,1,1,x,x", "1,test,,,x,x,1,1,x,x"]
    write("data/photos/items.csv", ",".join(ITEM_COLUMNS), *rows)
    write("data/photos/quarantine.csv", "id,split,label,path,reason", "2,test,,x,x", "c,train,,x,x")
    good = write("good.csv", "id,label", "2,0.5", "1,0.1")
    assert run(good, "photos")[:2] == (
        0,
        ["good.csv: 2 rows, fits photos (ids: data/photos/items.csv)"],
    )
    assert run(write("bad.csv", "id,label", "1,0.1"), "photos")[1] == [
        "bad.csv: 1 id missing, namely 2"
    ]


def test_the_task_says_what_its_columns_hold(write, project):
    style = SampleStyle(("id", "text"), "labels")  # columns as those of a captcha
    write_task(project / "data/photos/task.json", PictureTask("labels", ("7", "12"), "auc", style))
    write("data/photos/items.csv", ",".join(ITEM_COLUMNS), "a,train,7,x,x,1,1,x,x")
    write("data/raw/photos/sample_submission.csv", "id,text", "1,7 12", "2,7")
    good, bad = write("good.csv", "id,text", "1,12", "2,"), write("bad.csv", "id,text", "1,7 9")
    assert run(good, "photos")[0] == 2  # an area under the ROC of two labels
    task = PictureTask("labels", ("7", "12"), "micro_f1", style)
    write_task(project / "data/photos/task.json", task)
    assert run(good, "photos")[0] == 0
    assert run(bad, "photos")[1] == [
        "bad.csv: 1 id missing, namely 2",
        "bad.csv: column text: 1 cell with an unknown label, namely id 1: '7 9'",
    ]


def test_slides_without_a_sample(write):
    def row(name: str, split: str) -> str:
        known = {"slide": name, "split": split, "width": "4", "height": "3", "frame": ""}
        return ",".join(known.get(column, "0") for column in COLUMNS)

    write("data/slides/slides.csv", ",".join(COLUMNS), row("a", "train"), row("b", "test"))
    write("data/slides/quarantine.csv", "id,split,label,path,reason", "c,test,,c.tif,x",
          "d,train,,d.tif,x", "b,test,,b.svg,unused", "e,,,e.txt,x")  # fmt: skip
    header = "slide,probability,rle"
    good = write("good.csv", header, "b,0.5,1 3 12 1", "c,0.1,99 1")
    code, out, _ = run(good, "slides")
    assert code == 0
    assert out == [
        "note: 1 slide of unknown size, only the form of their run lengths was checked, namely c",
        "good.csv: 2 rows, fits slides (ids: data/slides/slides.csv)",
    ]
    code, out, _ = run(write("bad.csv", header, "b,1.5,12 2", "c,0.1,2 2 3 1"), "slides")
    assert code == 1
    assert out[:2] == [
        "bad.csv: column probability: 1 cell outside 0 to 1, namely id b: '1.5'",
        "bad.csv: 2 slides with run lengths that do not fit, "
        "namely b: a run ends at pixel 13, the slide has 12; "
        "c: the runs of a run-length encoding overlap, or are not in order",
    ]


def test_captchas_without_a_sample(write, project):
    captchas(project, "text", "AB", ["1", "2"])
    good = write("good.csv", "id,text", "2,AB", "1,B")
    assert run(good, "captcha-text")[:2] == (
        0,
        ["good.csv: 2 rows, fits captcha-text (ids: data/captcha/text.h5)"],
    )
    bad = write("bad.csv", "id,text", "2,AZB", "1,")
    assert run(bad, "captcha-text")[1] == [
        "bad.csv: 1 text empty, namely id 1",
        "bad.csv: 1 text with characters that no train picture has (Z), namely id 2: 'AZB'",
    ]
    other = write("other.csv", "id,text", "7,AZB", "8,A")  # characters of other pictures
    assert run(other, "captcha-text", "--sample", other)[0] == 0
    assert run(bad, "captcha-text", "--sample", bad)[0] == 1


@pytest.mark.parametrize("competition", COMPETITIONS)
def test_nobody_knows_what_is_wanted(write, competition):
    code, out, err = run(write("x.csv", "id,a,b,c", "1,2,3,4"), competition)
    assert (code, out) == (1, [])
    assert f"nobody knows what {competition} asks for" in err[0]
    assert err[1].startswith("remedy: run dvc repro ")
    assert err[1].endswith(", or name a sample with --sample")


def test_nothing_to_predict(write, project):
    captchas(project, "text", "AB", [])
    code, _, err = run(write("x.csv", "id,text"), "captcha-text")
    assert (code, err) == (
        1,
        ["error: data/captcha/text.h5: captcha-text has nothing to predict"],
    )


# ---- values


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("1+1", "2", ""),
        ("1+1", "2.0", ""),
        ("1-3", "-2", ""),
        ("5/2", "2.51", ""),  # 0.01 off, exactly
        ("5/2", "2.511", "5/2 comes to 2.50, not 2.511"),
        ("7/3", "2.33", ""),
        ("5/0", "", ""),
        ("1+", "", ""),
        ("5/0", "0", "5/0 comes to nothing, not 0"),
        ("1+1", "", "1+1 comes to 2, not nothing"),
        ("1+1", "two", "'two' is no number"),
        ("1+1", "4/2", "'4/2' is no number"),
        ("1+1", "1e999999999", "'1e999999999' is no number"),
        ("1+1", "0.2e1", ""),
    ],
)
def test_a_value_is_what_the_expression_comes_to(write, text, value, why):
    file = write("a.csv", "id,expression,value", f"7,{text},{value}")
    code, out, _ = run(file, "captcha-arithmetic", "--sample", file)
    assert code == bool(why)
    assert out[0] == (
        f"a.csv: 1 value wrong, namely id 7: {why}"
        if why
        else "a.csv: 1 row, fits captcha-arithmetic (sample: a.csv)"
    )


def test_values_of_equations(write):
    lines = "id,expression,value", "1,流=6;1-流/3-5*2,-11", "2,流=6;1-圳/3-5*2,", "3,流=6;流,7"
    file = write("e.csv", *lines)
    code, out, _ = run(file, "captcha-equations", "--sample", file)
    assert (code, out) == (1, ["e.csv: 1 value wrong, namely id 3: 流=6;流 comes to 6, not 7"])


# ---- other competitions' files


@pytest.mark.parametrize(
    ("lines", "competition", "other"),
    [
        (("slide,probability,rle", "a,0.5,"), "photos", "slides"),
        (("id,label", "a,0.5"), "slides", "photos"),
        (("id,text", "a,b"), "photos", "captcha-text"),
        (("id,expression,value", "1,1+1,2"), "captcha-text", "captcha-arithmetic"),
        (("id,expression,value", "1,1+1,2"), "captcha-equations", "captcha-arithmetic"),
        (("id,expression,value", "1,流=6;流+1,7"), "captcha-arithmetic", "captcha-equations"),
        (("id,expression,value", "1,流=6;流+1,7"), "slides", "captcha-equations"),
    ],
)
def test_a_submission_for_another_competition(write, lines, competition, other):
    code, out, err = run(write("x.csv", *lines), competition)
    assert (code, out) == (1, [])
    assert err[0].startswith(f"error: x.csv: its columns are {lines[0]}")
    assert err[0].endswith(f": that is a submission for {other}")


def test_the_columns_by_which_files_are_known_are_the_rooms_own():
    for task, rules in RULES.items():
        assert rules.columns == list(COMPETITIONS[f"captcha-{task}"].columns)
    assert all(competition.columns for competition in COMPETITIONS.values())


# ---- what cannot be checked


KNOWN = "remedy: one of photos, slides, captcha-text, captcha-arithmetic, captcha-equations"


def test_command_line_faults(write):
    good = write("good.csv", *SAMPLE)
    code, _, err = run(good, "photo")
    assert (code, err == ["error: photo: no such competition; did you mean photos?", KNOWN]) == (
        2,
        True,
    )
    assert run("none.csv", "photos")[::2] == (2, ["error: none.csv: no such file"])
    assert run(good, "photos", "--sample", "none.csv")[::2] == (
        2,
        ["error: none.csv: no such file"],
    )
    text = write("t.csv", "id,text", "1,a")
    code, _, err = run(good, "photos", "--sample", text)
    assert (code, err) == (
        2,
        [
            "error: t.csv: its columns are id,text: that is a sample for captcha-text",
            "remedy: name a sample of photos",
        ],
    )
    uneven = write("u.csv", "id,label", "1,2,3")
    code, _, err = run(uneven, "photos", "--sample", good)
    assert (code, err[0]) == (1, "error: u.csv: line 2 has 3 fields, the header 2")
    one = write("o.csv", "id", "1")
    code, _, err = run(good, "photos", "--sample", one)
    assert (code, "o.csv: its only column is" in err[0]) == (1, True)
