"""`podium serve` without a network: what it prints, what it refuses, how it stops."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import tempfile
import threading
import urllib.request
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podium.cli import app
from podium.cli import serve as work
from podium.core.errors import PodiumError
from podium.evaluation.file_answers import FileAnswers, answers_in_batches
from podium.page.serving.server import PictureServer

ASKED = []


def answers(model, paths, options):
    """The number of bytes of each file."""

    def predict(part):
        ASKED.extend(path.name for path in part)
        return [[str(path.stat().st_size), 0.5] for path in part]

    return FileAnswers(["text", "probability"], answers_in_batches(paths, 8, predict))


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(work, "resolve_name", lambda _: answers)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    Path("temporary").mkdir()
    write_model(Path("models/photos.keras"), "photos")


def write_model(path: Path, task: str) -> None:
    layer = {"class_name": "MetadataLayer", "config": {"description": {"task": task}}}
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": [layer]}}))


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["serve", "--port", "0", *words])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def interrupted(monkeypatch):
    """Ctrl-C as soon as it listens and has answered one request; gets the answer."""
    replies, serve_forever = [], PictureServer.serve_forever

    def once(self, poll_interval=0.5):
        self.handle_request()
        thread.join(5)
        os.kill(os.getpid(), signal.SIGINT)
        serve_forever(self)

    def ask(address):
        with urllib.request.urlopen(f"{address}predict", b"12345", timeout=10) as reply:
            replies.append(json.loads(reply.read()))

    thread = threading.Thread()
    start = PictureServer.server_activate

    def activate(self):
        nonlocal thread
        start(self)
        thread = threading.Thread(target=ask, args=[self.address])
        thread.start()

    monkeypatch.setattr(PictureServer, "server_activate", activate)
    monkeypatch.setattr(PictureServer, "serve_forever", once)
    return replies


def test_it_answers_and_ctrl_c_stops_it_with_nothing_left_over(interrupted):
    ASKED.clear()
    code, out, err = run()
    assert (code, err) == (0, "stopped\n")
    assert ASKED == ["grey.png", "picture-0"]  # the first answer is slow: nobody waits for it
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/ \(Ctrl-C stops\)\n", out)
    assert interrupted == [{"answer": {"text": "5", "probability": 0.5}}]
    assert list(Path("temporary").iterdir()) == []


def test_another_address_than_this_machines_is_pointed_out(interrupted):
    code, _, err = run("--host", "0.0.0.0")
    assert code == 0
    assert err == (
        "note: other machines can send pictures here: there is no password, and what is sent is "
        "not encrypted\nstopped\n"
    )


def test_a_port_that_is_taken_is_the_machines_fault():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, err = run("--port", str(port))
    assert code == 3
    assert err.startswith(f"error: --host 127.0.0.1 --port {port}: Address already in use\nremedy:")
    assert list(Path("temporary").iterdir()) == []


def test_of_slides_it_takes_crops(interrupted, monkeypatch):
    names = []
    monkeypatch.setattr(work, "resolve_name", lambda name: names.append(name) or answers)
    write_model(Path("models/slides.keras"), "slides")
    code, _, _ = run("--model", "models/slides.keras")
    assert (code, names) == (0, ["podium.slides.crops:answers"])


def test_a_model_that_is_missing_or_broken_is_refused_before_it_listens(monkeypatch):
    assert run("--model", "models/none.keras")[0] == 1

    def broken(model, paths, options):
        raise PodiumError("its weights are others")

    monkeypatch.setattr(work, "resolve_name", lambda _: broken)
    assert run() == (1, "", "error: its weights are others\n")
