"""Errors of Kaggle's client as errors that people can act on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from podium.core.errors import (
    EnvironmentFault,
    PodiumError,
    SettingsError,
    disk_fault,
    first_line,
)

HOW_TO_SIGN_IN = (
    "remedy: run kaggle auth login; or put a token from your settings on kaggle.com into\n"
    "  ~/.kaggle/access_token or KAGGLE_API_TOKEN (older ones: ~/.kaggle/kaggle.json, or "
    "KAGGLE_USERNAME and KAGGLE_KEY)"
)


class BrokenDownload(PodiumError):
    """What arrived is not the file that was asked for: nothing of it can be used."""


@contextmanager
def as_podium_errors(subject: str) -> Iterator[None]:
    """Send what the client prints to stderr, and turn what it raises into a PodiumError.

    Args:
        subject: the competition, as Kaggle calls it.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except SystemExit:  # how it says that it found no credentials
        raise EnvironmentFault(f"Kaggle's client finds no credentials\n{HOW_TO_SIGN_IN}") from None
    except Exception as error:
        raise _fault(error, subject) or error from None


def _fault(error: Exception, subject: str) -> PodiumError | None:
    response = getattr(error, "response", None)
    if response is not None:  # a Response of 4xx is falsy
        return _refusal(int(response.status_code), response.headers, first_line(error), subject)
    if isinstance(error, OSError) and (fault := disk_fault(error)):
        return fault
    foreign = type(error).__module__.partition(".")[0] in ("requests", "urllib3")
    if foreign or isinstance(error, ConnectionError | TimeoutError):
        return EnvironmentFault(
            f"{subject}: Kaggle cannot be reached ({type(error).__name__})\n"
            "remedy: look at the network (and HTTPS_PROXY), then run the same command again"
        )
    if isinstance(error, ValueError):
        return BrokenDownload(f"{subject}: Kaggle's client says: {first_line(error)}")
    return None


def _refusal(status: int, headers: Any, said: str, subject: str) -> PodiumError:
    if status == 401:
        return EnvironmentFault(f"Kaggle does not accept the credentials (401)\n{HOW_TO_SIGN_IN}")
    if status == 403:
        return PodiumError(
            f"{subject}: Kaggle refuses (403): its rules are not accepted, or it is closed\n"
            f"remedy: accept them at kaggle.com/competitions/{subject}/rules, then run this again"
        )
    if status == 404:
        return SettingsError(
            f"{subject}: Kaggle knows no such competition, or no such file of it (404)\n"
            "remedy: a slug is the last part of the address of a competition's page"
        )
    if status == 429:
        wait = str(headers.get("Retry-After") or "").strip()
        when = f"in {wait} s" if wait.isdecimal() else "in some minutes"
        return EnvironmentFault(
            f"{subject}: too many requests, Kaggle asks to wait (429)\n"
            f"remedy: run this again {when}"
        )
    if status >= 500:
        return EnvironmentFault(
            f"{subject}: Kaggle has a fault ({status})\nremedy: try again later"
        )
    return PodiumError(f"{subject}: Kaggle refuses ({status}): {said}")
