"""The few things that are asked of Kaggle's client. Nothing else of the project knows it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from podium.core.errors import EnvironmentFault
from podium.kaggle.errors import plainly

INSTALL = "pip install --require-hashes -r requirements/kaggle.txt"
PAGE, MOST_PAGES = 100, 50


class Client(Protocol):
    """What is used of `KaggleApi`, under its own names."""

    def competition_list_files(
        self, competition: str, page_token: str | None = None, page_size: int = 20
    ) -> Any:
        """A page of files, and the token of the next one."""

    def competition_download_file(
        self,
        competition: str,
        file_name: str,
        path: str | None = None,
        force: bool = False,
        quiet: bool = False,
    ) -> None:
        """Download into the folder `path`; without `force` a half file is continued."""

    def competition_submit(
        self, file_name: str, message: str, competition: str, quiet: bool = False
    ) -> Any:
        """Hand a file in."""

    def competition_submissions(
        self, competition: str, *, page_number: int = -1, page_size: int = 20
    ) -> Any:
        """A page of what was handed in, the newest first."""


@dataclass(frozen=True)
class Offered:
    """A file that a competition offers: its name (with `/` in folders), size and date."""

    name: str
    n_bytes: int
    date: str


@dataclass(frozen=True)
class Sent:
    """A submission as Kaggle knows it.

    Attributes:
        ref: its number.
        message: what was said with it.
        state: pending, complete or error.
        public, private: scores, None where there are none or they are not told.
        fault: why it could not be scored.
    """

    ref: int
    message: str
    state: str
    public: float | None = None
    private: float | None = None
    fault: str = ""


class Kaggle:
    """The few things that are asked of Kaggle; every error is one that people can act on."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def files(self, slug: str) -> list[Offered]:
        """The files of the competition `slug`, in Kaggle's order."""
        found: list[Offered] = []
        token: str | None = None
        while True:
            with plainly(slug):
                page = self._client.competition_list_files(
                    competition=slug, page_token=token, page_size=PAGE
                )
            found += [
                Offered(str(one.name), int(one.total_bytes), str(one.creation_date or "")[:19])
                for one in page.files or []
            ]
            token = page.next_page_token
            if not token:
                return found

    def download(self, slug: str, name: str, folder: Path, quiet: bool = True) -> None:
        """Bring a file into `folder`, continuing what an earlier call left there of it.

        Large files that are no zip may arrive in one, as `<name>.zip`.
        """
        with plainly(slug):
            self._client.competition_download_file(
                competition=slug, file_name=name, path=str(folder), force=False, quiet=quiet
            )

    def send(self, slug: str, path: Path, message: str, quiet: bool = True) -> None:
        """Hand in the file at `path`."""
        with plainly(slug):
            answer = self._client.competition_submit(
                file_name=str(path), message=message, competition=slug, quiet=quiet
            )
        said = str(getattr(answer, "message", "") or "")
        if said.startswith("Could not submit"):  # the client's words; it raises nothing
            raise EnvironmentFault(
                f"{path}: the upload to Kaggle failed, nothing was handed in\n"
                "remedy: run the same command again"
            )

    def sent(self, slug: str, mark: str) -> Sent | None:
        """The newest submission whose message contains `mark`; None if there is none."""
        for page in self._pages(slug):
            if mine := [one for one in page if mark in one.message]:
                return max(mine, key=lambda one: one.ref)
        return None

    def all_sent(self, slug: str) -> list[Sent]:
        """Everything that was handed in, the oldest first."""
        return sorted((one for page in self._pages(slug) for one in page), key=lambda one: one.ref)

    def _pages(self, slug: str) -> Iterator[list[Sent]]:
        seen: set[int] = set()
        for number in range(1, MOST_PAGES + 1):
            with plainly(slug):
                page = self._client.competition_submissions(
                    competition=slug, page_number=number, page_size=PAGE
                )
            found = [_sent(one) for one in page or []]
            if {one.ref for one in found} <= seen:  # the last page, or the first once more
                return
            seen |= {one.ref for one in found}
            yield found


def signed_in() -> Kaggle:
    """Kaggle through its own client.

    Raises:
        EnvironmentFault: the client is not installed, or finds no credentials.
    """
    try:
        with redirect_stdout(io.StringIO()):  # it prints a page of advice
            module = import_module("kaggle.api.kaggle_api_extended")
            client = module.KaggleApi()
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("kaggle"):
            raise EnvironmentFault(f"Kaggle's client: {error}\nremedy: {INSTALL}") from None
        raise EnvironmentFault(f"Kaggle's client is not installed\nremedy: {INSTALL}") from None
    with plainly("signing in"), redirect_stdout(io.StringIO()):
        client.authenticate()
    return Kaggle(client)


def _sent(one: Any) -> Sent:
    state = getattr(one.status, "name", str(one.status)).lower()
    scores = (_number(one.public_score), _number(one.private_score))
    message = str(one.description or "")
    return Sent(
        int(one.ref), message, state, *scores, fault=str(one.error_description or "").strip()
    )


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None
