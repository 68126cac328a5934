"""The server on a port of this machine: many requests at once, and those that it refuses."""

from __future__ import annotations

import base64
import http.client
import io
import json
import re
import shutil
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest
from PIL import Image

from podium.core.errors import EnvironmentFault, SettingsError
from podium.core.picture_decoder import read
from podium.evaluation.file_answers import FileAnswers, answers_in_batches
from podium.page.serving import server as server_module
from podium.page.serving import web_page as pages
from podium.page.serving.answerer import Answerer
from podium.page.serving.explanations import Explanations
from podium.page.serving.server import PictureServer, Service

MOST = 50_000
CHROMIUM = shutil.which("chromium")


def load(paths):
    """Answers with the picture's size, as the one decoder reads it."""

    def predict(part):
        sizes = [read(path, 1.0, "give a picture").shape for path in part]
        return [[f"{w}x{h}", 0.25, 0.75] for h, w, _ in sizes]

    return FileAnswers(["class", "p_a", "p_b"], answers_in_batches(paths, 8, predict))


def load_mirror():
    """Explains a picture by itself, as the one decoder reads it."""
    return lambda path, out: Image.fromarray(read(path, 1.0, "give a picture")).save(out)


def png(w=20, h=10) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (w, h), "orange").save(file, "PNG")
    return file.getvalue()


@contextmanager
def serving(folder, loads=load, explains=load_mirror):
    answerer, explanations = Answerer(loads), Explanations(explains)
    page = pages.web_page("models/<i>.keras", "photos", MOST)
    service = Service(answerer, explanations, page, folder, MOST)
    with PictureServer("127.0.0.1", 0, service) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)
    answerer.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def server(folder):
    with serving(folder) as server:
        yield server


def ask(server, method="POST", path="/predict", body=None, **headers):
    """Status, headers and JSON or text of the reply."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, names)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    if reply.headers["Content-Type"] == "image/png":
        return reply.status, reply.headers, body
    text = body.decode()
    is_json = reply.headers["Content-Type"].startswith("application/json")
    return reply.status, reply.headers, json.loads(text) if is_json and text else text


def raw(server, text: bytes) -> bytes:
    """What comes back for bytes that no client would send."""
    with socket.create_connection(("127.0.0.1", server.server_port), 10) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        reply = b""
        while part := connection.recv(65536):
            reply += part
    return reply


def test_a_picture_is_answered_and_not_kept(server, folder):
    status, headers, value = ask(server, body=png())
    assert (status, value) == (200, {"answer": {"class": "20x10", "p_a": 0.25, "p_b": 0.75}})
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not [name for name in headers if name.startswith("Access-Control")]
    assert list(folder.iterdir()) == []


def test_fifty_at_once_are_answered_each_with_its_own(server, folder):
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda k: ask(server, body=png(10 + k)), range(50)))
    assert [status for status, _, _ in replies] == [200] * 50
    assert [value["answer"]["class"] for _, _, value in replies] == [
        f"{10 + k}x10" for k in range(50)
    ]
    assert list(folder.iterdir()) == []


def test_fifty_explanations_at_once_each_of_its_own_picture(server, folder):
    with ThreadPoolExecutor(50) as pool:
        replies = list(
            pool.map(lambda k: ask(server, path="/explain", body=png(10 + k)), range(50))
        )
    sizes = [Image.open(io.BytesIO(drawn)).size for _, _, drawn in replies]
    assert sizes == [(10 + k, 10) for k in range(50)]
    assert list(folder.iterdir()) == []


def test_what_cannot_be_explained_is_said_and_loaded_once(tmp_path):
    loaded = []

    def crops():
        loaded.append(1)
        raise SettingsError("it averages ten crops\nremedy: plain views")

    with serving(tmp_path, explains=crops) as server:
        replies = [ask(server, path="/explain", body=png()) for _ in range(2)]
        assert ask(server, body=png())[0] == 200
    assert [(status, value) for status, _, value in replies] == [
        (422, {"error": "it averages ten crops; remedy: plain views"})
    ] * 2
    assert loaded == [1]


def test_a_fault_of_the_machine_is_no_fault_of_the_picture_and_may_pass(tmp_path):
    loaded = []

    def full_once():
        loaded.append(1)
        if len(loaded) == 1:
            raise EnvironmentFault("memory ran out: close other programs")
        return load_mirror()

    with serving(tmp_path, explains=full_once) as server:
        first, second = (ask(server, path="/explain", body=png()) for _ in range(2))
    assert (first[0], first[2]) == (503, {"error": "memory ran out: close other programs"})
    assert second[0] == 200


def test_who_says_nothing_keeps_nobody_from_an_answer(server):
    address = ("127.0.0.1", server.server_port)
    silent = [socket.create_connection(address, 10) for _ in range(60)]
    for connection in silent[::2]:
        connection.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n")
    assert ask(server, body=png())[0] == 200
    for connection in silent:
        connection.close()


def test_more_than_may_be_open_wait_for_their_turn(tmp_path, monkeypatch):
    monkeypatch.setattr(server_module, "CONNECTIONS", 2)
    with serving(tmp_path) as narrow, ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: ask(narrow, body=png())[0], range(20)))
    assert replies == [200] * 20


def test_hostile_ones_among_many_spoil_no_other(server):
    bodies = [png(), b"<svg onload=alert(1)>", png()[:40], b"\0" * 900, b"x" * (MOST + 1)] * 8
    with ThreadPoolExecutor(40) as pool:
        replies = list(pool.map(lambda body: ask(server, body=body)[0], bodies))
    assert replies == [200, 422, 422, 422, 413] * 8


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        pytest.param(b"", 400, "the picture is empty", id="empty"),
        pytest.param(b"GIF89a", 422, "the picture: damaged", id="cut"),
        pytest.param(b"hello", 422, "the picture: not a JPEG, PNG", id="no picture"),
        pytest.param(b"%PDF-1.7 \x1b[31m", 422, "the picture: not a JPEG", id="pdf"),
        pytest.param(png(1500, 1000), 422, "too large: 1500x1000 px", id="pixels"),
        pytest.param(b"x" * (MOST + 1), 413, "the picture is larger than 0.05 MB", id="bytes"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_hostile_upload_is_refused_in_one_line(server, folder, path, body, status, words):
    own_status, _, value = ask(server, path=path, body=body)
    assert own_status == status
    assert list(value) == ["error"]
    assert words in value["error"]
    assert "\n" not in value["error"]
    assert str(folder) not in value["error"]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "evil.example:8000"}, 403, id="rebinding"),
        pytest.param({"Host": "localhost.evil.example"}, 403, id="suffix"),
        pytest.param({"Host": "[::1"}, 400, id="no name"),
        pytest.param({"Host": ""}, 400, id="empty name"),
        pytest.param({"Host": "localhost:8000"}, 200, id="localhost"),
        pytest.param({"Host": "[::1]:8000"}, 200, id="address"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="foreign page"),
        pytest.param({"Origin": "null"}, 403, id="page without origin"),
        pytest.param({"Sec_Fetch_Site": "cross-site"}, 403, id="cross-site"),
        pytest.param({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200, id="own page"),
        pytest.param({"Content_Type": "multipart/form-data; boundary=x"}, 415, id="form"),
        pytest.param({"Content_Type": "image/png"}, 200, id="type"),
    ],
)
def test_headers_decide_who_is_answered(server, headers, status):
    assert ask(server, body=png(), **headers)[0] == status


def test_the_page_too_is_for_this_machines_names_alone(server):
    assert ask(server, "GET", "/", Host="evil.example:8000")[0] == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200), ("HEAD", "/", 200), ("GET", "/../../etc/passwd", 404),
        ("GET", "//etc/passwd", 404), ("GET", "/predict", 404), ("GET", "/?a", 404),
        ("POST", "/", 404), ("POST", "/predict/../x", 404), ("PUT", "/predict", 501),
        ("OPTIONS", "/predict", 501), ("DELETE", "/", 501),
    ],
)  # fmt: skip
def test_there_is_one_page_and_one_endpoint(server, method, path, status):
    assert ask(server, method, path, body=png() if method == "POST" else None)[0] == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param(b"POST /predict HTTP/1.1\r\nHost: localhost\r\n\r\n", 411, id="no length"),
        pytest.param(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                     400, id="negative"),
        pytest.param(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1_0\r\n\r\n",
                     400, id="no number"),
        pytest.param(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
                     b"Content-Length: 5\r\n\r\nabcd", 400, id="two lengths"),
        pytest.param(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                     b"Content-Length: 4\r\n\r\nabcd", 411, id="chunks"),
        pytest.param(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab",
                     400, id="ends early"),
        pytest.param(b"POST /predict HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd", 400, id="no host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", 400, id="hosts"),
        pytest.param(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n"
                     b"Expect: 100-continue\r\n\r\n", 413, id="asks first"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, id="tls"),
        pytest.param(b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, id="long path"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431, id="many headers"),
    ],
)  # fmt: skip
def test_a_request_that_no_client_sends_is_refused(server, text, status, capfd):
    reply = raw(server, text)
    assert reply.startswith(b"HTTP/1.1 %d " % status) or (status == 400 and b'"error"' in reply)
    assert b'{"error": "' in reply
    assert b"Python" not in reply
    assert capfd.readouterr() == ("", "")
    assert ask(server, body=png())[0] == 200


def test_a_model_that_fails_is_an_answer_too(tmp_path, capfd):
    def failing(paths):
        def predict(part):
            raise ZeroDivisionError("secret\nsecond line")

        return FileAnswers(["class"], answers_in_batches(paths, 8, predict))

    with serving(tmp_path, failing) as server:
        status, _, value = ask(server, body=png())
    assert status == 503
    assert value == {"error": "the model failed on it, see the server's terminal"}
    assert capfd.readouterr().err == "error: ZeroDivisionError: secret\n"


def test_an_answer_that_json_cannot_hold_is_an_error_too(tmp_path, capfd):
    def odd(paths):
        predict = lambda part: [[float("nan")] for _ in part]  # noqa: E731
        return FileAnswers(["y"], answers_in_batches(paths, 8, predict))

    with serving(tmp_path, odd) as server:
        assert ask(server, body=png())[0] == 500
    assert capfd.readouterr().err.startswith("error: ")


def test_the_page_allows_its_own_script_and_style_alone(server):
    status, headers, text = ask(server, "GET", "/")
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "models/&lt;i&gt;.keras" in text
    assert not re.search(r"https?://|\son\w+=|\sstyle=", text)
    assert text.count("<script>") == text.count("<style>") == 1


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt-get install chromium")
def test_a_browser_sends_a_picture_and_shows_the_answer(server, tmp_path):
    """The policy forbids other scripts: what sends pictures here is part of the page's own."""
    probe = """
      const bytes = Uint8Array.from(atob("%s"), each => each.charCodeAt(0));
      add([new File([bytes], "a.png"), new File(["x"], "b.png")]);"""
    script = pages.SCRIPT + probe % base64.b64encode(png()).decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "SCRIPT", script)
        page = pages.web_page("m.keras", "photos", MOST)
    service = replace(server.service, page=page, folder=tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "service", service)
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                 f"--user-data-dir={tmp_path / 'profile'}",
                 "--virtual-time-budget=5000"]  # fmt: skip
        command = [CHROMIUM, *flags, "--dump-dom", server.address]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert '<p class="said">class: 20x10</p>' in run.stdout
    assert "<dt>b</dt>" in run.stdout
    assert "75.0 %" in run.stdout
    assert 'alt="where the model looks on a.png" src="blob:' in run.stdout
    assert "no answer: the picture: not a JPEG" in run.stdout
    lines = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    assert all("422" in line for line in lines), lines  # Chromium logs each refusal
