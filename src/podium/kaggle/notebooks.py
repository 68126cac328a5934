"""A bundle on its way to Kaggle: a private dataset, and a notebook that answers with it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.core.files import write_json
from podium.kaggle.errors import as_podium_errors

SHORTEST, LONGEST = 6, 50  # letters of a dataset's name
PAUSE = 10.0  # seconds between two questions
READY = "ready"


class NotebookClient(Protocol):
    """What is used of `KaggleApi`, under its own names."""

    def get_config_value(self, name: str) -> str | None:
        """Return a setting of the client, such as `username`."""

    def dataset_status(self, dataset: str) -> str:
        """Return `ready`, or how far a dataset, owner/name, is."""

    def dataset_create_new(
        self,
        folder: str,
        public: bool = False,
        quiet: bool = False,
        convert_to_csv: bool = True,
        dir_mode: str = "skip",
    ) -> Any:
        """Upload a folder as a new dataset.

        Args:
            folder: with dataset-metadata.json.
            public: whether everybody may see it.
            quiet: print no progress.
            convert_to_csv: change tables.
            dir_mode: skip folders, or zip them.
        """

    def dataset_create_version(
        self,
        folder: str,
        version_notes: str,
        quiet: bool = False,
        convert_to_csv: bool = True,
        delete_old_versions: bool = False,
        dir_mode: str = "skip",
    ) -> Any:
        """Upload a folder as a new version of a dataset.

        Args:
            folder: with dataset-metadata.json.
            version_notes: said with it.
            quiet: print no progress.
            convert_to_csv: change tables.
            delete_old_versions: keep none of them.
            dir_mode: skip folders, or zip them.
        """

    def kernels_push(self, folder: str) -> Any:
        """Upload and run the notebook that kernel-metadata.json in `folder` names."""


@dataclass(frozen=True)
class Target:
    """Where a bundle goes.

    Attributes:
        user: on Kaggle.
        slug: of the competition.
    """

    user: str
    slug: str

    @property
    def name(self) -> str:
        """Of dataset and notebook."""
        return f"podium-{self.slug}"[:LONGEST].strip("-")

    @property
    def ref(self) -> str:
        """Owner and name."""
        return f"{self.user}/{self.name}"


def write_metadata(folder: Path, target: Target) -> None:
    """Write what Kaggle's client wants to know of dataset and notebook into the bundle."""
    if len(target.name) < SHORTEST:
        raise SettingsError(f"{target.slug!r} is no competition of Kaggle\nremedy: say --slug")
    about = {"id": target.ref, "title": target.name}
    write_json(folder / "dataset-metadata.json", {**about, "licenses": [{"name": "other"}]})
    notebook = {
        **about,
        "code_file": "submission.ipynb",
        "language": "python",
        "kernel_type": "notebook",
        "is_private": True,
        "enable_gpu": False,
        "enable_internet": False,
        "dataset_sources": [target.ref],
        "competition_sources": [target.slug],
    }
    write_json(folder / "kernel-metadata.json", notebook)


def user_of(client: NotebookClient) -> str:
    """Return who is signed in.

    Raises:
        EnvironmentFault: the client does not know.
    """
    name = client.get_config_value("username")
    if not name:
        raise EnvironmentFault("Kaggle's client does not know your name\nremedy: kaggle auth login")
    return name


def push(
    client: NotebookClient,
    folder: Path,
    target: Target,
    seconds: float,
    pause: Callable[[float], object],
) -> str:
    """Upload a bundle and its notebook, which then runs, and return the notebook's address.

    Args:
        client: signed in.
        folder: of the bundle, with its metadata.
        target: where it goes.
        seconds: to wait at most for the dataset.
        pause: sleeps for some seconds.

    Raises:
        PodiumError: Kaggle refuses it, or the dataset is not ready in time.
    """
    quiet = not sys.stderr.isatty()
    options: dict[str, Any] = {"quiet": quiet, "convert_to_csv": False, "dir_mode": "zip"}
    is_new = _status(client, target.ref) is None
    with as_podium_errors(target.ref):
        if is_new:
            answer = client.dataset_create_new(str(folder), **options)
        else:
            answer = client.dataset_create_version(str(folder), "podium bundle", **options)
    _refuse_error(answer, target.ref)
    spent = 0.0
    while _status(client, target.ref) != READY:
        if spent >= seconds:
            raise EnvironmentFault(
                f"{target.ref}: Kaggle has the dataset, but it is not ready after {seconds:g} s\n"
                "remedy: run the same command again, or say --wait"
            )
        pause(PAUSE)
        spent += PAUSE
    with as_podium_errors(target.ref):
        answer = client.kernels_push(str(folder))
    _refuse_error(answer, target.ref)
    return str(getattr(answer, "url", "") or f"https://www.kaggle.com/code/{target.ref}")


def _status(client: NotebookClient, ref: str) -> str | None:
    """How far a dataset is; None if there is none."""
    try:
        with as_podium_errors(ref):
            return str(client.dataset_status(ref))
    except SettingsError:  # 404
        return None
    except PodiumError as error:
        if "(403)" in str(error):  # what Kaggle says of private ones that are not there
            return None
        raise


def _refuse_error(answer: Any, ref: str) -> None:
    if said := str(getattr(answer, "error", "") or ""):
        raise PodiumError(f"{ref}: Kaggle refuses: {said}")
