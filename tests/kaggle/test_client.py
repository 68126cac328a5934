"""What is asked of Kaggle's client, and its faults in plain words."""

from __future__ import annotations

import errno
import importlib
import inspect
import sys

import pytest
import requests

import kaggle_standin
from kaggle_standin import KaggleApi, refused
from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.kaggle.client import Client, Offered, signed_in

ASKED = {
    "competition_list_files": {"competition": "x", "page_token": None, "page_size": 100},
    "competition_download_file": {
        "competition": "x", "file_name": "a", "path": ".", "force": False, "quiet": True,
    },
    "competition_submit": {"file_name": "a", "message": "b", "competition": "x", "quiet": True},
    "competition_submissions": {"competition": "x", "page_number": 1, "page_size": 100},
}  # fmt: skip


def test_the_standin_and_the_protocol_take_what_is_asked():
    assert {name for name in vars(Client) if name.startswith("competition")} == set(ASKED)
    for kind in (KaggleApi, Client):
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
        defaults = {key: one.default for key, one in ours.items() if one.default is not None}
        assert defaults == {key: theirs.parameters[key].default for key in defaults}
    failed = module.KaggleApi.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE
    assert failed.startswith("Could not submit")
    states = importlib.import_module("kagglesdk.competitions.types.submission_status")
    theirs = [one.name for one in states.SubmissionStatus]
    assert theirs == [one.name for one in kaggle_standin.Status]
    assert module.KaggleApi.authenticate.__code__.co_names.count("print_auth_help") == 1


def test_files_of_all_pages(server):
    server.files = {name: b"x" * size for size, name in enumerate("abcde")}
    found = signed_in().files("x")
    assert found == [
        Offered(name, size, "2016-09-22 01:02:03") for size, name in enumerate("abcde")
    ]
    assert server.calls.count("competition_list_files") == 3


def test_the_client_prints_nothing_on_stdout(server, tmp_path, capsys):
    server.files = {"a": b"1"}
    signed_in().download("x", "a", tmp_path)
    out, err = capsys.readouterr()
    assert (out, "Downloading a to" in err) == ("", True)
    assert (tmp_path / "a").read_bytes() == b"1"


def test_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "kaggle.api.kaggle_api_extended", None)
    with pytest.raises(EnvironmentFault) as caught:
        signed_in()
    assert str(caught.value) == (
        "Kaggle's client is not installed\n"
        "remedy: pip install --require-hashes -r requirements/kaggle.txt"
    )


def test_no_credentials(server, capsys):
    server.credentials = False
    with pytest.raises(EnvironmentFault, match="finds no credentials\nremedy: ") as caught:
        signed_in()
    names = ("access_token", "API_TOKEN", "kaggle.json", "KAGGLE_USERNAME", "KAGGLE_KEY")
    assert [name for name in names if name not in str(caught.value)] == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("fault", "kind", "words"), [
    (refused(401), EnvironmentFault, "does not accept the credentials"),
    (refused(403), PodiumError, "accept them at kaggle.com/competitions/x/rules"),
    (refused(404), SettingsError, "x: Kaggle knows no such competition"),
    (refused(429, Retry_After="17"), EnvironmentFault, "run this again in 17 s"),
    (refused(429), EnvironmentFault, "run this again in some minutes"),
    (refused(503), EnvironmentFault, "Kaggle has a fault (503)"),
    (refused(400, "too many today\nor so"), PodiumError, "x: Kaggle refuses (400): too many today"),
    (requests.ConnectionError("no route"), EnvironmentFault, "cannot be reached (ConnectionError)"),
    (requests.ReadTimeout(), EnvironmentFault, "cannot be reached (ReadTimeout)"),
    (TimeoutError(), EnvironmentFault, "cannot be reached"),
    (OSError(errno.ENOSPC, "No space left", "/x"), EnvironmentFault, "/x: the disk is full"),
])  # fmt: skip
def test_faults(server, fault, kind, words):
    kaggle = signed_in()
    server.fault = fault
    for ask in (lambda: kaggle.files("x"), lambda: kaggle.sent("x", "m")):
        with pytest.raises(PodiumError) as caught:
            ask()
        assert (type(caught.value), words in str(caught.value)) == (kind, True), caught.value


def test_an_unknown_fault_is_let_through(server):
    server.fault = KeyError("a bug")
    with pytest.raises(KeyError, match="a bug"):
        signed_in()


def test_send_and_what_is_known_of_it(server, tmp_path):
    (tmp_path / "s.csv").write_text("id\n")
    kaggle = signed_in()
    assert kaggle.sent("x", "mark 1") is None
    for number in range(5):
        kaggle.send("x", tmp_path / "s.csv", f"mark {number % 3}")
    assert server.sent[0].data == b"id\n"
    assert kaggle.sent("x", "mark 0").ref == 103  # 100 too
    assert kaggle.sent("x", "mark 2").ref == 102  # on another page
    assert [one.ref for one in kaggle.all_sent("x")] == [100, 101, 102, 103, 104]
    server.sent[2].status = kaggle_standin.Status.COMPLETE
    server.sent[2].public_score, server.sent[2].private_score = "0.04", None
    one = kaggle.sent("x", "mark 2")
    assert (one.state, one.public, one.private) == ("complete", 0.04, None)


def test_a_failed_upload_is_no_submission(server, tmp_path):
    (tmp_path / "s.csv").write_text("id\n")
    server.upload_fails = True
    with pytest.raises(EnvironmentFault, match=r"s.csv: the upload to Kaggle failed"):
        signed_in().send("x", tmp_path / "s.csv", "m")
