"""The web server: a page, and an endpoint that takes the bytes of a picture.

GET / is the page, POST /predict answers a picture as JSON, POST /explain with a PNG that shows
where the model looked. Nothing else is there: no path that a client sends reaches the disk.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from socketserver import TCPServer
from threading import BoundedSemaphore
from typing import Any

from podium.core.errors import PodiumError, first_line
from podium.core.printable import printable
from podium.page.serving.answerer import Answerer, NoAnswer
from podium.page.serving.explanations import Explanations
from podium.page.serving.requests import Refusal, body_length, check_host, check_origin, unanswered
from podium.page.serving.web_page import WebPage

CHUNK = 1 << 16  # bytes
CONNECTIONS = 256  # at once; more wait
SILENCE, UPLOAD, ANSWER, LINGER = 20.0, 120.0, 300.0, 2.0  # seconds at most
DECIMALS = 6
JSON = "application/json; charset=utf-8"
NOTHING = "default-src 'none'"  # policy of replies that are no page


@dataclass(frozen=True)
class Service:
    """What is served.

    Attributes:
        answerer: the model.
        explanations: of what it answers.
        page: where people drop pictures.
        folder: of its own, for uploads while they are answered.
        max_bytes: of a picture file.
    """

    answerer: Answerer
    explanations: Explanations
    page: WebPage
    folder: Path
    max_bytes: int


class PictureServer(ThreadingHTTPServer):
    """Listens at one address, a thread for each connection.

    Attributes:
        service: what is served.
        own_name: the name or address that it was told to listen at.
        numbers: of uploads, for the names of their files.
    """

    daemon_threads = True
    request_queue_size = CONNECTIONS

    def __init__(self, host: str, port: int, service: Service) -> None:
        """Listen at once.

        Args:
            host: name or address.
            port: 0: any that is free.
            service: what is served.

        Raises:
            OSError: it cannot listen there.
        """
        if ":" in host:
            self.address_family = socket.AF_INET6
        self.service, self.own_name, self.numbers = service, host, count()
        self._free = BoundedSemaphore(CONNECTIONS)
        super().__init__((host, port), _Handler)

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        host = f"[{self.own_name}]" if ":" in self.own_name else self.own_name
        return f"http://{host}:{self.server_address[1]}/"

    def server_bind(self) -> None:
        """Bind without asking a name server for this machine's full name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.own_name, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, once fewer than CONNECTIONS are open."""
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, close, and let the next one in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def shutdown_request(self, request: Any) -> None:
        """Close; what was sent in vain is read first, or the client might lose its answer."""
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(LINGER)
            end = time.monotonic() + LINGER
            while request.recv(CHUNK) and time.monotonic() < end:
                pass
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in one line what broke; clients that go away are not worth one."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"error: {type(error).__name__}: {printable(error)}", file=sys.stderr, flush=True)


class _Handler(BaseHTTPRequestHandler):
    server: PictureServer
    protocol_version = "HTTP/1.1"  # so that curl need not wait before it sends much
    timeout = SILENCE

    def version_string(self) -> str:
        return "podium"

    def do_GET(self) -> None:
        self._guarded(self._page)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self._guarded(self._upload)

    def handle_expect_100(self) -> bool:
        """Refuse before the body is sent, where headers are enough to tell."""
        try:
            self._check_upload()
        except Refusal as refusal:
            self._refuse(refusal.status, str(refusal))
            return False
        return super().handle_expect_100()

    def _guarded(self, reply: Any) -> None:
        try:
            check_host(self.headers, self.server.own_name)
            reply()
        except Refusal as refusal:
            self._refuse(refusal.status, str(refusal))
        except NoAnswer as error:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        except (ConnectionError, TimeoutError):
            raise  # the client went away
        except Exception as error:  # a full disk, and what nobody thought of: it is answered, too
            print(f"error: {printable(first_line(error))}", file=sys.stderr, flush=True)
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "see the server's terminal")

    def _page(self) -> None:
        if self.path != "/":
            raise Refusal(HTTPStatus.NOT_FOUND, "there is only /, /predict and /explain")
        page = self.server.service.page
        self._send(HTTPStatus.OK, "text/html; charset=utf-8", page.html.encode(), page.policy)

    def _check_upload(self) -> int:
        """How many bytes of a picture follow."""
        if self.path not in ("/predict", "/explain"):
            raise Refusal(HTTPStatus.NOT_FOUND, "send pictures to /predict or /explain")
        check_host(self.headers, self.server.own_name)
        check_origin(self.headers)
        return body_length(self.headers, self.server.service.max_bytes)

    def _upload(self) -> None:
        n_bytes, service = self._check_upload(), self.server.service
        path = service.folder / f"picture-{next(self.server.numbers)}"
        try:
            self._receive(path, n_bytes)
            kind, body = (self._explain if self.path == "/explain" else self._predict)(path)
        except TimeoutError:
            raise Refusal(HTTPStatus.REQUEST_TIMEOUT, "it took too long") from None
        finally:
            path.unlink(missing_ok=True)
        self._send(HTTPStatus.OK, kind, body, NOTHING)

    def _explain(self, path: Path) -> tuple[str, bytes]:
        """Type and bytes of the explanation of a picture."""
        try:
            return "image/png", self.server.service.explanations.png(path, ANSWER)
        except PodiumError as error:
            raise unanswered(path, str(error)) from None

    def _receive(self, path: Path, n_bytes: int) -> None:
        """Write the body to `path`."""
        end = time.monotonic() + UPLOAD
        with path.open("xb") as file:
            while n_bytes:
                part = self.rfile.read1(min(n_bytes, CHUNK))
                if not part:
                    raise Refusal(HTTPStatus.BAD_REQUEST, "the upload ended early")
                if time.monotonic() > end:
                    raise TimeoutError
                n_bytes -= file.write(part)

    def _predict(self, path: Path) -> tuple[str, bytes]:
        """Type and bytes of the answer for a picture."""
        answer = self.server.service.answerer.answer(path, ANSWER)
        if answer.fault:
            raise unanswered(path, answer.fault)
        cells = [c if isinstance(c, str) else round(float(c), DECIMALS) for c in answer.cells]
        columns = self.server.service.answerer.columns
        return JSON, _json({"answer": dict(zip(columns, cells, strict=True))})

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send(status, JSON, _json({"error": printable(why)}), NOTHING)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request, or another method, as JSON."""
        status = HTTPStatus(code)
        self._refuse(status, status.phrase)

    def _send(self, status: HTTPStatus, kind: str, body: bytes, policy: str) -> None:
        self.close_connection = True
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Connection": "close",
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what a client sends does not belong on a terminal."""


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n").encode()
