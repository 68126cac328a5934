"""`podium submit`: shown, asked, handed in once, and scored into the ledger."""

from __future__ import annotations

import errno
import sys
from types import SimpleNamespace

import pandas as pd
import pytest
from typer.testing import CliRunner

from house import make_params
from kaggle_standin import Status, refused
from podium.cli import app
from podium.cli import submit as work
from podium.core.errors import EnvironmentFault
from podium.core.files import file_sha256
from podium.core.interrupts import LINE
from podium.kaggle import submit
from podium.kaggle.client import signed_in
from podium.submission import ledger, writing

SLUG = "dogs-vs-cats-redux-kernels-edition"
SCORES = {
    "blend": {
        "method": "geometric",
        "metric": "log_loss",
        "naive": {"value": 0.25},
        "nested": {"value": 0.17612},
    },
    "test": {"log_loss": {"value": 0.125}},
}
SCORED = (Status.COMPLETE, "0.04141", "0.05")
PENDING = (Status.PENDING, "", "")


@pytest.fixture
def folder(tmp_path, monkeypatch, server):
    """Submissions below the current folder, outside git, and the competition's sample."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    made(tmp_path / "submissions", 0.5)
    server.answers = [PENDING, SCORED]
    monkeypatch.setattr(work, "time", SimpleNamespace(sleep=lambda seconds: None))
    return tmp_path / "submissions"


def made(folder, label: float, source: str = "raw") -> None:
    table = pd.DataFrame({"id": ["1", "2"], "label": [label, 0.25]})
    settings = {"photos": {"source": source}}
    writing.write(folder / "photos.csv", table, {"scores": SCORES, "params": settings})


def run(*words: object, stdin: str | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["submit", *map(str, words)], input=stdin)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def fits(monkeypatch, folder):
    """The project's settings and a sample that fits."""
    make_params(folder.parent)
    (folder.parent / "data/raw/photos").mkdir(parents=True)
    sample = folder.parent / "data/raw/photos/sample_submission.csv"
    sample.write_text("id,label\n1,0.5\n2,0.5\n")
    return sample


def test_handed_in_and_scored(folder, fits, server):
    code, out, err = run("photos", "--yes")
    assert code == 0, err
    (sent,) = server.sent
    sha = file_sha256(folder / "photos.csv")[:16]
    assert sent.description == f"geometric, nested 0.1761 (sha256 {sha})"
    assert (sent.competition, sent.data) == (SLUG, (folder / "photos.csv").read_bytes())
    (entry,) = ledger.read(folder / "ledger.csv")
    assert (entry.sha256, entry.method, entry.nested_score, entry.test_score) == (
        sha, "geometric", "0.17612", "0.125",
    )  # fmt: skip
    assert (entry.public_score, entry.private_score) == ("0.04141", "0.05")
    assert f"photos.csv: 2 rows, fits photos (sample: {fits.relative_to(folder.parent)})" in out
    assert out.splitlines()[-1].endswith("0.25  0.17612  0.125  0.04141     0.05")


def test_without_a_terminal_it_is_only_shown(folder, server):
    code, out, _ = run("photos")
    assert code == 0
    assert out.endswith(f"podium submit photos --yes hands it in to {SLUG}\n")
    code, out, _ = run("photos", "--yes", "--dry-run")
    assert (code, out.startswith("would send"), "not sent" in out) == (0, True, False)
    assert (server.calls, (folder / "ledger.csv").exists()) == ([], False)


@pytest.mark.parametrize(("answer", "n_sent"), [("y\n", 1), ("n\n", 0), ("\n", 0)])
def test_on_a_terminal_a_person_is_asked(folder, fits, server, monkeypatch, answer, n_sent):
    terminal = SimpleNamespace(isatty=lambda: True)
    system = SimpleNamespace(stdin=terminal, stdout=terminal, stderr=sys.stderr)
    monkeypatch.setattr("podium.cli.submit.sys", system)
    code, out, _ = run("photos", stdin=answer)
    assert (code, len(server.sent)) == (0, n_sent)
    assert f"hand it in to {SLUG}? [y/N]" in out


def test_to_end_it_at_the_question_is_one_line(folder, fits, server, monkeypatch):
    terminal = SimpleNamespace(isatty=lambda: True)
    system = SimpleNamespace(stdin=terminal, stdout=terminal, stderr=sys.stderr)
    monkeypatch.setattr("podium.cli.submit.sys", system)
    code, _, err = run("photos", stdin="")  # its end is to click what Ctrl-C is
    assert (code, err.splitlines()[-1]) == (130, LINE)
    assert server.sent == []


def test_own_words_slug_and_revision(folder, fits, server):
    run("photos", "--yes", "--message", " my\n words ", "--slug", "other", "--wait", 0)
    (sent,) = server.sent
    assert sent.description.startswith("my words (sha256 ")
    assert sent.competition == "other"
    manifest = {"sha256": "a" * 64, "scores": {}}
    assert submit.message(manifest, "ef1a47f") == f"ef1a47f (sha256 {'a' * 16})"
    assert submit.message(manifest, "") == f"(sha256 {'a' * 16})"


def test_never_twice_without_again(folder, fits, server):
    run("photos", "--yes")
    code, _, err = run("photos", "--yes")
    assert (code, "its public score is 0.04141\nremedy: --again" in err) == (2, True)
    (folder / "ledger.csv").unlink()  # as on another machine
    code, _, err = run("photos", "--yes")
    assert (code, "Kaggle has this very file already (number 100, complete)" in err) == (2, True)
    assert len(server.sent) == 1
    server.answers = [PENDING, (Status.COMPLETE, "0.04", "")]
    code, _, err = run("photos", "--yes", "--again")
    assert code == 0, err
    assert len(server.sent) == 2
    assert ledger.read(folder / "ledger.csv")[0].public_score == "0.04"  # of the new one
    made(folder, 0.75)
    server.answers = [SCORED]
    assert run("photos", "--yes")[0] == 0
    assert len(server.sent) == 3


def test_a_pending_one_is_not_sent_twice_and_fetched_later(folder, fits, server):
    server.answers = []
    code, out, _ = run("photos", "--yes", "--wait", 0)
    assert code == 0
    assert out.endswith("no score yet; podium submit photos --fetch reads its score later\n")
    assert ledger.read(folder / "ledger.csv")[0].public_score == ""
    code, _, err = run("photos", "--yes")
    assert (code, "(number 100, pending)" in err) == (2, True)
    assert "no score yet" in run("photos", "--fetch")[1]
    server.answers = [SCORED]
    code, out, _ = run("photos", "--fetch")
    assert code == 0
    (entry,) = ledger.read(folder / "ledger.csv")
    assert (entry.public_score, entry.method, len(server.sent)) == ("0.04141", "geometric", 1)


def test_fetch_fills_in_every_row_that_lacks_a_score(folder, fits, server):
    server.answers = []
    run("photos", "--yes", "--wait", 0)
    made(folder, 0.75)
    code, _, err = run("photos", "--fetch")
    assert (code, "Kaggle has no submission of this file" in err) == (1, True)
    server.sent[0].status, server.sent[0].public_score = Status.COMPLETE, "0.06"
    code, out, _ = run("photos", "--fetch")
    assert (code, "0.06" in out) == (0, True)
    (entry,) = ledger.read(folder / "ledger.csv")
    assert (entry.public_score, entry.nested_score) == ("0.06", "0.17612")


def test_what_kaggle_cannot_score(folder, fits, server):
    server.answers = [(Status.ERROR, "", "")]
    code, _, err = run("photos", "--yes")
    assert (code, "Kaggle could not score it: error" in err) == (1, True)
    server.sent[0].error_description = "3 rows too many\n"
    code, _, err = run("photos", "--fetch")
    assert (code, "photos.csv: Kaggle could not score it: 3 rows too many" in err) == (1, True)
    server.answers = [SCORED]
    assert run("photos", "--yes")[0] == 0  # may be sent again


def test_faults_are_found_before_anything_is_sent(folder, fits, server):
    fits.write_text("id,label\n1,0.5\n3,0.5\n")
    code, _, err = run("photos", "--yes")
    assert (code, "it does not fit photos" in err) == (1, True)
    made(folder, 0.5, source="standin")
    code, _, err = run("photos", "--yes")
    assert (code, "made of pictures drawn here (photos.source: standin)" in err) == (1, True)
    assert "-S photos.source=raw submit@photos\n" in err
    made(folder, 0.5)
    (folder / "photos.csv").write_text("id,label\n")
    code, _, err = run("photos", "--yes")
    assert (code, "changed since it was checked" in err) == (1, True)
    assert server.calls == []


def test_what_cannot_be_compared_is_a_note(folder, fits, server):
    fits.unlink()
    code, out, err = run("photos", "--yes")
    assert code == 0, err
    assert "note: not compared with the competition's ids: data/photos/items.csv" in out


def test_a_competition_that_is_not_on_kaggle(folder, server):
    for suffix in (".csv", ".json"):
        (folder / "photos").with_suffix(suffix).rename((folder / "slides").with_suffix(suffix))
    code, out, _ = run("slides")
    assert (code, "not sent: slides was not on Kaggle; --slug" in out) == (0, True)
    for words in (["--yes"], ["--fetch"]):
        code, _, err = run("slides", *words)
        assert (code, "podium ledger add slides" in err, server.calls) == (2, True, [])


def test_faults_of_the_way_there(folder, fits, server):
    server.fails = {"competition_submit": refused(403)}
    code, _, err = run("photos", "--yes")
    assert (code, f"kaggle.com/competitions/{SLUG}/rules" in err) == (1, True)
    server.fails, server.upload_fails = {}, True
    code, _, err = run("photos", "--yes")
    assert (code, "nothing was handed in" in err) == (3, True)
    assert not (folder / "ledger.csv").exists()
    server.credentials = False
    assert run("photos", "--yes")[0] == 3
    server.credentials, server.upload_fails = True, False
    server.fault = OSError(errno.EROFS, "read-only", "x")
    assert run("photos", "--yes")[0] == 3


def test_the_network_may_fail_while_the_score_is_awaited(server, tmp_path):
    (tmp_path / "s.csv").write_text("id\n")
    kaggle, waits = signed_in(), []
    kaggle.send("x", tmp_path / "s.csv", "mark")
    server.answers = [PENDING, PENDING, SCORED]

    def pause(seconds: float) -> None:
        waits.append(seconds)
        server.fails = {"competition_submissions": ConnectionError()} if len(waits) == 1 else {}

    found = submit.wait_for_score(kaggle, "x", "mark", 0, 600, pause)
    assert (found.public, waits) == (0.04141, [3.0, 4.5, 6.75])
    assert submit.wait_for_score(kaggle, "x", "mark", found.ref, 10, pause) is None
    assert waits[3:] == [3.0, 4.5, 2.5]
    server.fails = {"competition_submissions": ConnectionError()}
    with pytest.raises(EnvironmentFault, match="cannot be reached"):
        submit.wait_for_score(kaggle, "x", "mark", 0, 0, pause)


def test_handed_in_but_then_cut_off(folder, fits, server, monkeypatch):
    def pause(_: float) -> None:
        server.fails = {"competition_submissions": ConnectionError()}

    monkeypatch.setattr(work, "time", SimpleNamespace(sleep=pause))
    code, _, err = run("photos", "--yes", "--wait", 5)
    assert (code, "it was handed in; podium submit photos --fetch" in err) == (3, True)
    assert len(ledger.read(folder / "ledger.csv")) == 1
