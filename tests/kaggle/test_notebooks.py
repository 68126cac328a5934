"""A bundle goes to Kaggle as a dataset and a notebook: asked first, refused in plain words."""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from kaggle_standin import KaggleApi, refused
from podium.cli import app
from podium.cli import push as work
from podium.kaggle.notebooks import NotebookClient, Target

SLUG = "dogs-vs-cats"
REF = f"somebody/podium-{SLUG}"
ASKED = {
    "get_config_value": {"name": "username"},
    "dataset_status": {"dataset": "a/b"},
    "dataset_create_new": {
        "folder": ".", "public": False, "quiet": True, "convert_to_csv": False, "dir_mode": "zip",
    },
    "dataset_create_version": {
        "folder": ".", "version_notes": "x", "quiet": True, "convert_to_csv": False,
        "delete_old_versions": False, "dir_mode": "zip",
    },
    "kernels_push": {"folder": "."},
}  # fmt: skip


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "time", SimpleNamespace(sleep=lambda seconds: None))
    folder = tmp_path / "bundle"
    (folder / "models").mkdir(parents=True)
    (folder / "models/photos-blend.h5").write_bytes(b"x" * 3_000_000)
    write(folder, competition="photos", slug=SLUG, source="raw")
    return folder


def write(folder, **settings) -> None:
    (folder / "podium-bundle.json").write_text(json.dumps(settings))


def run(folder, *words: object) -> tuple[int, str, str]:
    command = ["submit", "photos", "--bundle", str(folder), *map(str, words)]
    done = CliRunner().invoke(app, command)
    return done.exit_code, done.stdout, done.stderr


def test_the_standin_and_the_protocol_take_what_is_asked():
    names = {name for name in vars(NotebookClient) if not name.startswith("_")}
    assert names == set(ASKED)
    for kind in (KaggleApi, NotebookClient):
        for name, arguments in ASKED.items():
            inspect.signature(getattr(kind, name)).bind(None, **arguments)


def test_kaggles_own_client_takes_what_is_asked(monkeypatch, tmp_path):
    pytest.importorskip("kagglesdk")
    monkeypatch.setenv("HOME", str(tmp_path))  # it looks for credentials there, when imported
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    module = importlib.import_module("kaggle.api.kaggle_api_extended")
    for name, arguments in ASKED.items():
        theirs = inspect.signature(getattr(module.KaggleApi, name))
        theirs.bind(None, **arguments)
        ours = inspect.signature(getattr(KaggleApi, name)).parameters
        assert list(ours) == list(theirs.parameters)[: len(ours)]
    assert module.KaggleApi.CONFIG_NAME_USER == "username"


def test_shown_and_not_pushed(bundle, server):
    shown = (
        f"would push {bundle}: 2 files, 3 MB\n"
        f"  as private dataset YOU/podium-{SLUG}\n"
        f"  as private notebook YOU/podium-{SLUG}, without internet, for {SLUG}\n"
    )
    assert run(bundle, "--yes", "--dry-run") == (0, shown, "")
    asks = f"not sent, nobody to ask: podium submit photos --yes hands it in to {SLUG}\n"
    assert run(bundle) == (0, shown + asks, "")
    assert server.calls == []


@pytest.mark.parametrize(("answer", "n_pushed"), [("y\n", 1), ("n\n", 0)])
def test_a_person_is_asked(bundle, server, monkeypatch, answer, n_pushed):
    server.statuses = ["ready"]
    terminal = SimpleNamespace(isatty=lambda: True)
    system = SimpleNamespace(stdin=terminal, stdout=terminal, stderr=sys.stderr)
    monkeypatch.setattr("podium.cli.submit.sys", system)
    done = CliRunner().invoke(app, ["submit", "photos", "--bundle", str(bundle)], input=answer)
    assert (done.exit_code, server.calls.count("kernels_push")) == (0, n_pushed)


def test_a_new_dataset_and_its_notebook(bundle, server):
    server.statuses = [None, "pending", "ready"]
    code, out, err = run(bundle, "--yes")
    assert code == 0, err
    assert server.calls == [
        "authenticate", "get_config_value", "dataset_status", "dataset_create_new",
        "dataset_status", "dataset_status", "kernels_push",
    ]  # fmt: skip
    assert out.endswith(
        f"pushed, it runs now: https://www.kaggle.com/code/{REF}\n"
        "once it has run, press Submit to Competition there\n"
    )
    assert server.pushed["dataset"] == {
        "id": REF, "title": f"podium-{SLUG}", "licenses": [{"name": "other"}],
    }  # fmt: skip
    notebook = server.pushed["notebook"]
    assert (notebook["id"], notebook["code_file"]) == (REF, "submission.ipynb")
    assert notebook["dataset_sources"] == [REF]
    assert notebook["competition_sources"] == [SLUG]
    assert (notebook["is_private"], notebook["enable_internet"]) == (True, False)
    assert server.pushed["options"] == {"convert_to_csv": False, "dir_mode": "zip"}


def test_a_second_time_it_is_a_new_version(bundle, server):
    server.statuses = ["ready", "ready"]
    assert run(bundle, "--yes")[0] == 0
    assert "dataset_create_version" in server.calls
    assert "dataset_create_new" not in server.calls


def failed(bundle, *words: object) -> tuple[int, str]:
    code, _, err = run(bundle, "--yes", *words)
    return code, err


def test_what_kaggle_refuses_is_said(bundle, server):
    server.statuses = ["ready"]
    server.push_error = "no such competition"
    assert failed(bundle) == (1, f"error: {REF}: Kaggle refuses: no such competition\n")
    server.fails = {"dataset_create_version": refused(500)}
    assert "Kaggle has a fault (500)" in failed(bundle)[1]
    server.fails = {"dataset_status": refused(401)}
    assert failed(bundle)[0] == 3


def test_a_dataset_that_is_not_ready_in_time(bundle, server):
    server.statuses = [None, "pending"]
    code, err = failed(bundle, "--wait", 20)
    assert code == 3
    assert "not ready after 20 s\nremedy: run the same command again, or say --wait" in err
    assert server.calls.count("dataset_status") == 4


def test_nobody_signed_in(bundle, server):
    server.user = ""

    assert failed(bundle)[1].startswith("error: Kaggle's client does not know your name")


@pytest.mark.parametrize(
    ("settings", "words", "code", "said"),
    [
        ({"competition": "photos", "slug": SLUG, "source": "standin"}, (), 1,
         "made of pictures drawn here (photos.source: standin)"),
        ({"competition": "photos", "slug": "", "source": "raw"}, (), 2,
         "its notebook reads the files of 'nothing'\nremedy: podium bundle photos --slug SLUG"),
        ({"competition": "photos", "slug": SLUG, "source": "raw"}, ("--slug", "others"), 2,
         f"reads the files of '{SLUG}'\nremedy: podium bundle photos --slug others"),
        ({"competition": "photos", "slug": "x" * 60, "source": "raw"}, (), 0, ""),
        ({"competition": "slides"}, (), 1, "no bundle of photos\nremedy: podium bundle photos"),
        ([], (), 1, "no bundle of photos"),
    ],
    ids=["stand-in", "no slug", "another slug", "long slug", "slides", "list"],
)  # fmt: skip
def test_what_must_not_be_pushed(bundle, server, settings, words, code, said):
    server.statuses = ["ready"]
    (bundle / "podium-bundle.json").write_text(json.dumps(settings))
    found, err = failed(bundle, *words)
    assert (found, said in err) == (code, True)
    assert ("kernels_push" in server.calls) == (code == 0)


def test_names_fit_kaggles_limits():
    assert Target("me", "x" * 60).name == "podium-" + "x" * 43
    assert Target("me", "a" * 42 + "-b").name == "podium-" + "a" * 42


def test_no_bundle_and_no_such_competition(tmp_path, server):
    code, err = failed(tmp_path / "none")
    assert (code, "none: no bundle of photos" in err) == (1, True)
    done = CliRunner().invoke(app, ["submit", "slides", "--bundle", str(tmp_path)])
    assert (done.exit_code, "bundles are for photos only" in done.stderr) == (2, True)
