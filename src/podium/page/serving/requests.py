"""What a request may ask, checked before a byte of its body is read, and how it is refused."""

from __future__ import annotations

import ipaddress
import re
import socket
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit


class Refusal(Exception):
    """A request that is not answered.

    Attributes:
        status: of the reply.
    """

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


def check_host(headers: Message, own: str) -> None:
    """Refuse a request that was sent to another name than this machine's.

    A page of a stranger can give its own name this machine's address (DNS rebinding), and would
    then be of one origin with this server. A bare address cannot be borrowed like that.

    Args:
        headers: of the request.
        own: the name or address that the server was told to listen at.

    Raises:
        Refusal: there is no such header, several, or it names another machine.
    """
    names = {"localhost", own.lower(), socket.gethostname().lower()}
    hosts = headers.get_all("Host", [])
    name = _name_in(hosts[0]) if len(hosts) == 1 else ""
    if not name:
        raise Refusal(HTTPStatus.BAD_REQUEST, "one Host header is needed")
    if name not in names and not _is_address(name):
        why = "that is not this machine's name: open the address that the server printed"
        raise Refusal(HTTPStatus.FORBIDDEN, why)


def _name_in(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def check_origin(headers: Message) -> None:
    """Refuse what a page of another origin sends.

    Raises:
        Refusal: the browser says that such a page sent it.
    """
    origin, host = headers.get("Origin"), headers.get("Host", "")
    foreign = origin is not None and origin not in (f"http://{host}", f"https://{host}")
    if foreign or headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Refusal(HTTPStatus.FORBIDDEN, "pages of other origins may not send pictures here")


def body_length(headers: Message, max_bytes: int) -> int:
    """Return how many bytes of a picture follow.

    Args:
        headers: of the request.
        max_bytes: the most that are taken.

    Raises:
        Refusal: it is not said, is no number, is 0 or too much, or a form was sent.
    """
    if headers.get("Transfer-Encoding") is not None:
        raise Refusal(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length, not chunks")
    if headers.get_content_type() == "multipart/form-data":
        why = "send the bytes of one picture, not a form (curl: --data-binary @picture.png)"
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why)
    lengths = set(headers.get_all("Content-Length", []))
    if not lengths:
        raise Refusal(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length")
    text = lengths.pop()
    if lengths or not re.fullmatch(r"[0-9]{1,18}", text):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Content-Length is no number")
    if int(text) > max_bytes:
        why = f"the picture is larger than {max_bytes / 1e6:g} MB"
        raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, why)
    if not int(text):
        raise Refusal(HTTPStatus.BAD_REQUEST, "the picture is empty")
    return int(text)


def unanswered(path: Path, fault: str) -> Refusal:
    """Return why a picture has no answer, in one line that does not tell where it lay.

    Args:
        path: where it lay.
        fault: in the words of a PodiumError.
    """
    why = fault.replace(str(path), "the picture").replace("\n", "; ")
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, why)
