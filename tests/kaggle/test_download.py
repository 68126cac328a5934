"""`podium download`: files arrive whole, half ones go on, faults say what to do."""

from __future__ import annotations

import errno
import hashlib
import subprocess
from collections import namedtuple
from datetime import datetime

import pytest
from typer.testing import CliRunner

from house import ROOT
from kaggle_standin import refused, zipped
from podium.cli import app
from podium.core.files import locked
from podium.kaggle import download

TRAIN = zipped({f"train/cat.{k}.jpg": bytes([k]) * 999 for k in range(9)})
TEST = zipped({"test/1.jpg": b"1" * 500})
SAMPLE = b"id,label\n1,0.5\n"
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def _kaggle(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server.files = {"train.zip": TRAIN, "test.zip": TEST, "sample_submission.csv": SAMPLE}
    server.wrapped = ("sample_submission.csv",)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data/raw/photos"


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["download", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def held(folder) -> dict[str, bytes]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_photos_in_the_layout_of_data_raw(server, folder):
    code, out, err = run("photos")
    assert code == 0, err
    assert out == "data/raw/photos: whole; its checksums: data/raw/photos.sha256\n"
    assert held(folder) == server.files
    assert [path.name for path in folder.parent.iterdir()] != ["photos"]
    command = ["sha256sum", "--strict", "-c", "../photos.sha256"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count(": OK")) == (0, 3)
    digest = hashlib.sha256(TEST).hexdigest()
    sums = (folder.parent / "photos.sha256").read_text()
    assert f"# {len(TEST)} 2016-09-22 01:02:03\n{digest}  test.zip\n" in sums


def test_what_is_there_is_not_fetched_again(server, folder):
    run("photos")
    before = server.brought
    (folder / "test.zip").unlink()
    assert run("photos")[0] == 0
    assert server.brought - before == len(TEST)
    assert held(folder) == server.files


def test_a_file_of_a_person_with_the_right_size_is_left_alone(server, folder):
    folder.mkdir(parents=True)
    (folder / "train.zip").write_bytes(bytes(len(TRAIN)))
    assert run("photos")[0] == 0
    assert (folder / "train.zip").read_bytes() == bytes(len(TRAIN))


def test_dry_run(server, folder):
    server.breaks = {"train.zip": 100}
    run("photos")
    code, out, _ = run("photos", "--dry-run")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    states = [(row[-1].rpartition("/")[2], row[-2]) for row in rows[:3]]
    assert states == [
        ("train.zip", "half"),
        ("test.zip", "missing"),
        ("sample_submission.csv", "missing"),
    ]
    total = download.in_words(len(TRAIN) - 100 + len(TEST) + len(SAMPLE))
    assert out.splitlines()[3] == f"dogs-vs-cats-redux-kernels-edition: 3 files, {total} to fetch"
    assert not (folder / "test.zip").exists()


def test_an_interrupted_file_goes_on(server, folder):
    server.breaks = {"train.zip": 100}
    code, _, err = run("photos")
    assert code == 3
    assert "Kaggle cannot be reached (ConnectionError)" in err
    assert f"100 of {len(TRAIN)} bytes of data/raw/photos/train.zip are kept" in err
    assert not (folder / "train.zip").exists()
    assert [path.name for path in folder.iterdir()] == [".train.zip.partial"]
    assert server.brought == 100
    assert run("photos")[0] == 0
    assert held(folder) == server.files
    assert server.brought == len(TRAIN) + len(TEST) + len(zipped({"sample_submission.csv": SAMPLE}))


def test_git_and_dvc_take_no_half_file(folder, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    lines = (ROOT / ".gitignore").read_text().replace("/data/raw/photos/", "")
    assert ".*.partial*" in (ROOT / ".dvcignore").read_text().splitlines()
    (tmp_path / ".gitignore").write_text(lines)
    paths = ["data/raw/photos/.train.zip.partial/train.zip", "data/raw/photos.sha256"]
    command = ["git", "-C", str(tmp_path), "check-ignore", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == paths[:1]


def test_a_file_that_changed_on_kaggle_meanwhile_starts_anew(server, folder):
    server.breaks = {"train.zip": 100}
    run("photos")
    new = zipped({"train/dog.1.jpg": b"2" * 9999})
    server.files["train.zip"], server.date = new, datetime(2026, 1, 1)
    assert run("photos")[0] == 0
    assert (folder / "train.zip").read_bytes() == new


def test_a_file_that_changed_on_kaggle_since(server, folder):
    run("photos")
    server.date = datetime(2026, 1, 1)  # of the same size
    code, _, err = run("photos")
    assert (code, "train.zip: it has" in err, "2026-01-01" in err, "--force" in err) == (
        1, True, True, True,
    )  # fmt: skip
    server.files["train.zip"] = TEST
    assert run("photos", "--force")[0] == 0
    assert (folder / "train.zip").read_bytes() == TEST
    assert run("photos")[0] == 0


def test_another_file_of_that_name_is_not_overwritten(folder):
    folder.mkdir(parents=True)
    (folder / "test.zip").write_bytes(b"mine")
    code, _, err = run("photos")
    assert (code, f"test.zip: it has 4 bytes; Kaggle's has {len(TEST)}" in err) == (1, True)
    assert held(folder) == {"test.zip": b"mine"}


@pytest.mark.parametrize("what", ["short", "damaged", "nothing"])
def test_what_arrives_broken_is_not_kept(server, folder, monkeypatch, what):
    broken = bytearray(TRAIN)
    broken[50] ^= 1  # inside the first picture

    def bring(kaggle, slug, name, to, quiet):
        data = {"short": TRAIN[:-1], "damaged": bytes(broken)}.get(what)
        if data:
            (to / name).write_bytes(data)

    with monkeypatch.context() as patch:
        patch.setattr("podium.kaggle.client.Kaggle.download", bring)
        code, _, err = run("photos")
    assert (code, "remedy: run the same command again" in err) == (1, True), err
    assert held(folder) == {}
    assert run("photos")[0] == 0
    assert held(folder) == server.files


def test_files_in_folders(server, folder):
    server.files = {"a/train.csv": b"1", "b/train.csv": b"22"}
    assert run("some-contest", "--to", folder)[0] == 0
    assert held(folder) == server.files


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "c:x", "a\\x"])
def test_a_name_that_points_outside(server, folder, name):
    server.files = {name: b"1"}
    code, _, err = run("some-contest")
    assert (code, "that is refused" in err) == (1, True)


def test_a_full_disk_is_seen_before(server, monkeypatch, folder):
    usage = Usage(0, 0, download.SPARE + len(TRAIN))
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)
    code, _, err = run("photos")
    assert (code, "remedy: free some space, or name another folder with --to" in err) == (3, True)
    assert (server.brought, folder.exists()) == (0, False)


def test_a_disk_that_fills_up_on_the_way(server, folder):
    server.fails = {"competition_download_file": OSError(errno.ENOSPC, "No space left", "a")}
    code, _, err = run("photos")
    assert (code, "the disk is full" in err, "are kept" in err) == (3, True, True)


def test_rules_that_are_not_accepted(server, folder):
    server.fails = {"competition_download_file": refused(403)}
    code, _, err = run("photos")
    rules = "kaggle.com/competitions/dogs-vs-cats-redux-kernels-edition/rules"
    assert (code, rules in err) == (1, True)


@pytest.mark.parametrize(("name", "words"), [
    ("captcha", "put its files into data/raw/captcha/<task>/ by hand"),
    ("captcha-text", "put its files into data/raw/captcha/text/ by hand"),
    ("slides", "put its files into data/raw/slides/ by hand"),
    ("a/b", "no name of a competition on Kaggle"),
    ("../x", "no name of a competition on Kaggle"),
])  # fmt: skip
def test_what_is_not_on_kaggle(server, name, words):
    code, _, err = run(name)
    assert (code, words in err, server.calls) == (2, True, []), err


def test_two_at_once(folder):
    folder.parent.mkdir(parents=True)
    with locked(folder):
        code, _, err = run("photos", "--to", folder)
    assert (code, "another process" in err) == (3, True)
