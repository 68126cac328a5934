"""`podium ledger` and what `podium submit` says of it, as people type them."""

from __future__ import annotations

import re
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from house import ROOT
from podium.cli import app
from podium.core.files import file_sha256
from podium.core.git_state import changed_files, revision
from podium.submission import writing
from podium.submission.ledger import Entry, read, record

SCORES = {
    "held_out": {"log_loss": {"value": 0.3}, "accuracy": {"value": 0.9}},
    "blend": {
        "method": "mean",
        "metric": "log_loss",
        "naive": {"value": 0.25},
        "nested": {"value": 0.28},
    },
    "test": {"log_loss": {"value": 0.125}, "accuracy": {"value": 0.95}},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of submissions below the current one, outside git, with one of photos."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    handed_in(tmp_path / "submissions", 0.5)
    return tmp_path / "submissions"


def handed_in(folder, label: float) -> None:
    table = pd.DataFrame({"id": ["1", "2"], "label": [label, 0.25]})
    writing.write(folder / "photos.csv", table, {"scores": SCORES})


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.stdout, done.stderr


def test_add_reads_the_manifest(folder):
    code, out, err = run("ledger", "add", "photos", "--public", "0.0414", "--note", " a \n b ")
    assert code == 0, err
    (entry,) = read(folder / "ledger.csv")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.time)
    assert entry == Entry(
        time=entry.time,
        competition="photos",
        sha256=file_sha256(folder / "photos.csv")[:16],
        revision="",
        method="mean",
        oof_score="0.25",
        nested_score="0.28",
        test_score="0.125",
        public_score="0.0414",
        note="a b",
    )
    assert out.splitlines()[1].endswith("mean    0.25    0.28  0.125  0.0414  a b")


def test_add_fills_in_the_row_of_the_same_file_and_appends_another(folder):
    run("ledger", "add", "photos")
    run("ledger", "add", "photos", "--public", "0.0414")
    code, _, err = run("ledger", "add", "photos", "--public", "0.05")
    assert code == 2
    assert "public_score of photos" in err
    assert "recorded as 0.0414, now it would be 0.05\nremedy: --force" in err
    assert run("ledger", "add", "photos", "--public", "0.05", "--force")[0] == 0
    handed_in(folder, 0.75)
    run("ledger", "add", "photos", "--private", "0.5")
    entries = read(folder / "ledger.csv")
    assert [(one.public_score, one.private_score) for one in entries] == [("0.05", ""), ("", "0.5")]


def test_add_takes_a_file_without_manifest(folder, tmp_path):
    (tmp_path / "any.csv").write_text("slide,probability,rle\na,0.5,\n")
    words = ["ledger", "add", "slides", "--file", "any.csv", "--nested", "0.5", "--oof", "0.25"]
    code, _, err = run(*words, "--test", "0.75", "--method", "by hand")
    assert code == 0, err
    (entry,) = read(folder / "ledger.csv")
    assert (entry.oof_score, entry.nested_score, entry.test_score) == ("0.25", "0.5", "0.75")
    assert (entry.competition, entry.method) == ("slides", "by hand")
    assert entry.sha256 == file_sha256(tmp_path / "any.csv")[:16]


def test_add_refuses(folder):
    code, _, err = run("ledger", "add", "photo")
    assert (code, "photo: no such competition; did you mean photos?\nremedy: one of" in err) == (
        2,
        True,
    )
    assert run("ledger", "add", "photos", "--public", "much")[0] == 2
    assert run("ledger", "add", "photos", "--private", "nan")[0] == 2
    assert run("ledger", "add", "photos", "--file", "none.csv")[::2] == (
        2,
        "error: none.csv: no such file\n",
    )
    code, _, err = run("ledger", "add", "captcha-text")
    assert (code, "remedy: run dvc repro submit@captcha-text" in err) == (1, True)
    (folder / "photos.csv").write_text("id,label\n1,0.5\n")
    code, _, err = run("ledger", "add", "photos")
    assert (code, "photos.csv: changed since it was checked" in err) == (1, True)
    for text in ("no json", "[1]", "7"):
        (folder / "photos.json").write_text(text)
        code, _, err = run("ledger", "add", "photos")
        assert (code, "photos.json: no manifest" in err) == (1, True)
    writing.write_nothing(folder / "photos.csv", "there are no test pictures")
    code, _, err = run("ledger", "add", "photos")
    assert (code, "nothing to hand in, there are no test pictures" in err) == (1, True)
    assert not (folder / "ledger.csv").exists()


@pytest.mark.parametrize("words", [[], ["--file", "submissions/photos.csv"]], ids=["own", "file"])
def test_add_refuses_what_was_made_of_pictures_drawn_here(folder, words):
    table = pd.DataFrame({"id": ["1"], "label": [0.5]})
    made = {"scores": SCORES, "params": {"photos": {"source": "standin"}}}
    writing.write(folder / "photos.csv", table, made)
    code, out, err = run("ledger", "add", "photos", *words, "--public", "0.1")
    assert (code, out) == (1, "")
    assert "photos: made of pictures drawn here (photos.source: standin)" in err
    assert not (folder / "ledger.csv").exists()
    made["params"]["photos"]["source"] = "raw"
    writing.write(folder / "photos.csv", table, made)
    assert run("ledger", "add", "photos", *words)[0] == 0


def test_show(folder):
    code, out, _ = run("ledger", "show")
    assert (code, out) == (
        0,
        "submissions/ledger.csv: nothing entered yet; see podium ledger add --help\n",
    )
    record(folder / "ledger.csv", Entry("2026-02-01T00:00:00Z", "slides", "b" * 16))
    record(folder / "ledger.csv", Entry("2026-01-01T00:00:00Z", "photos", "a" * 16))
    assert [line.split()[0] for line in run("ledger", "show")[1].splitlines()] == [
        "time",
        "2026-01-01T00:00",
        "2026-02-01T00:00",
    ]
    assert "slides" not in run("ledger", "show", "photos")[1]
    assert "yet for captcha-text; see" in run("ledger", "show", "captcha-text")[1]
    assert run("ledger", "show", "captcha")[0] == 2
    (folder / "ledger.csv").write_text("a,b\n")
    code, _, err = run("ledger", "show")
    assert (code, "ledger.csv: its columns are a, b, a ledger's are" in err) == (1, True)


def test_plot(folder):
    code, _, err = run("ledger", "plot")
    assert (code, "nothing to plot: no row (0 in all)" in err) == (1, True)
    run("ledger", "add", "photos", "--public", "0.3")
    assert run("ledger", "plot")[:2] == (0, "plots/ledger.png: 1 row with both scores\n")
    assert (folder.parent / "plots/ledger.png").read_bytes()[:4] == b"\x89PNG"


def test_submit_shows_the_ledgers_row_of_that_very_file(folder):
    assert "in the ledger" not in run("submit", "photos")[1]
    run("ledger", "add", "photos", "--public", "0.0414")
    out = run("submit", "photos", "--dry-run")[1]
    assert "in the ledger already:\n  time " in out
    assert "0.0414" in out.splitlines()[-1]
    handed_in(folder, 0.75)
    assert "in the ledger" not in run("submit", "photos")[1]


# ---- two at once


HOLD = """
import sys
from pathlib import Path
from podium.core.files import locked
with locked(Path("submissions/ledger.csv")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_while_another_process_writes_nothing_is_lost(folder):
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, stdin=-1, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        code, _, err = run("ledger", "add", "photos")
        assert (code, "ledger.csv: another process is writing it" in err) == (3, True)
        other.communicate("")
    assert not (folder / "ledger.csv").exists()
    assert run("ledger", "add", "photos")[0] == 0


# ---- git


def test_the_ledger_is_tracked_and_other_submissions_are_not(tmp_path):
    (tmp_path / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    names = ["ledger.csv", "README.md", "photos.csv", "photos.json", ".ledger.csv.x.partial.csv"]
    paths = [f"submissions/{name}" for name in names]
    command = ["git", "-C", str(tmp_path), "check-ignore", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == paths[2:]


def test_the_revision(folder, monkeypatch):
    def git(*words: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(folder.parent), *who, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert revision(folder) == ""
    git("init", "-q")
    assert revision(folder) == ""  # nothing committed
    (folder / "ledger.csv").write_text("a")
    (folder.parent / "x.py").write_text("a")
    git("add", "x.py", "submissions/ledger.csv")
    git("commit", "-qm", "a")
    name = git("rev-parse", "--short", "HEAD")
    (folder.parent / "new.py").write_text("a")
    (folder / "ledger.csv").write_text("b")
    assert revision(folder) == name  # neither the ledger nor files that git does not know count
    (folder.parent / "x.py").write_text("b")
    assert revision(folder) == revision(folder / "none") == f"{name}-dirty"
    assert changed_files(folder) == ["x.py"]
    names = ["图 1.py", "ä.py"]
    for name in names:
        (folder.parent / name).write_text("a")
    git("add", *names)
    git("mv", "-f", "x.py", "y.py")
    assert sorted(changed_files(folder)) == sorted([*names, "x.py", "y.py"])
    monkeypatch.setenv("PATH", "")
    assert revision(folder) == ""
