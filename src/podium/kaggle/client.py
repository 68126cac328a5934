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
from podium.kaggle.errors import as_podium_errors

INSTALL = "pip install --require-hashes -r requirements/kaggle.txt"
PAGE, MOST_PAGES = 100, 50


class Client(Protocol):
    """What is used of `KaggleApi`, under its own names."""

    def competition_list_files(
        self, competition: str, page_token: str | None = None, page_size: int = 20
    ) -> Any:
        """Return a page of files, and the token of the next one.

        Args:
            competition: its slug.
            page_token: of the page; None: the first.
            page_size: files on a page.
        """

    def competition_download_file(
        self,
        competition: str,
        file_name: str,
        path: str | None = None,
        force: bool = False,
        quiet: bool = False,
    ) -> None:
        """Download a file; without `force` a half file is continued.

        Args:
            competition: its slug.
            file_name: of the file.
            path: the folder where it goes.
            force: download it again if it is there.
            quiet: print no progress.
        """

    def competition_submit(
        self, file_name: str, message: str, competition: str, quiet: bool = False
    ) -> Any:
        """Hand a file in.

        Args:
            file_name: its path.
            message: said with it.
            competition: its slug.
            quiet: print no progress.
        """

    def competition_submissions(
        self, competition: str, *, page_number: int = -1, page_size: int = 20
    ) -> Any:
        """Return a page of what was handed in, the newest first.

        Args:
            competition: its slug.
            page_number: from 1 on.
            page_size: submissions on a page.
        """


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
        """Return the files of the competition `slug`, in Kaggle's order."""
        offered: list[Offered] = []
        token: str | None = None
        while True:
            with as_podium_errors(slug):
                page = self._client.competition_list_files(
                    competition=slug, page_token=token, page_size=PAGE
                )
            offered += [
                Offered(str(file.name), int(file.total_bytes), str(file.creation_date or "")[:19])
                for file in page.files or []
            ]
            token = page.next_page_token
            if not token:
                return offered

    def download(self, slug: str, name: str, folder: Path, quiet: bool = True) -> None:
        """Download a file into `folder`, continuing what an earlier call left there of it.

        Large files that are no zip may arrive in one, as `<name>.zip`.

        Args:
            slug: of the competition.
            name: of the file.
            folder: where it goes.
            quiet: print no progress.
        """
        with as_podium_errors(slug):
            self._client.competition_download_file(
                competition=slug, file_name=name, path=str(folder), force=False, quiet=quiet
            )

    def send(self, slug: str, path: Path, message: str, quiet: bool = True) -> None:
        """Hand in the file at `path`.

        Args:
            slug: of the competition.
            path: of the submission.
            message: said with it.
            quiet: print no progress.
        """
        with as_podium_errors(slug):
            answer = self._client.competition_submit(
                file_name=str(path), message=message, competition=slug, quiet=quiet
            )
        said = str(getattr(answer, "message", "") or "")
        if said.startswith("Could not submit"):  # the client's words; it raises nothing
            raise EnvironmentFault(
                f"{path}: the upload to Kaggle failed, nothing was handed in\n"
                "remedy: run the same command again"
            )

    def sent(self, slug: str, tag: str) -> Sent | None:
        """Return the newest submission whose message contains `tag`; None if there is none."""
        for page in self._pages(slug):
            if tagged := [sent for sent in page if tag in sent.message]:
                return max(tagged, key=lambda sent: sent.ref)
        return None

    def all_sent(self, slug: str) -> list[Sent]:
        """Return everything that was handed in, the oldest first."""
        every = [sent for page in self._pages(slug) for sent in page]
        return sorted(every, key=lambda sent: sent.ref)

    def _pages(self, slug: str) -> Iterator[list[Sent]]:
        seen: set[int] = set()
        for number in range(1, MOST_PAGES + 1):
            with as_podium_errors(slug):
                page = self._client.competition_submissions(
                    competition=slug, page_number=number, page_size=PAGE
                )
            submissions = [_sent(answer) for answer in page or []]
            refs = {sent.ref for sent in submissions}
            if refs <= seen:  # the last page, or the first once more
                return
            seen |= refs
            yield submissions


def signed_in() -> Kaggle:
    """Return Kaggle through its own client, signed in; raises as `signed_in_client` does."""
    return Kaggle(signed_in_client())


def signed_in_client() -> Any:
    """Return Kaggle's own client, signed in.

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
    with as_podium_errors("signing in"), redirect_stdout(io.StringIO()):
        client.authenticate()
    return client


def _sent(answer: Any) -> Sent:
    state = getattr(answer.status, "name", str(answer.status)).lower()
    scores = (_number(answer.public_score), _number(answer.private_score))
    message, fault = str(answer.description or ""), str(answer.error_description or "").strip()
    return Sent(int(answer.ref), message, state, *scores, fault=fault)


def _number(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None
