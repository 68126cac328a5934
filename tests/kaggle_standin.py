"""Kaggle and its client, as tests see them: same methods, same argument names, same manners.

Written after kaggle 2.2: a half file is continued only if a marker beside it names the remote file
as it is now; large files come in a zip around them; faults are requests' own exceptions, and
missing credentials a page on stdout and SystemExit.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import requests


class Status(Enum):
    PENDING = 0
    COMPLETE = 1
    ERROR = 2


def refused(status: int, said: str = "", **headers: str) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    response.headers.update({name.replace("_", "-"): text for name, text in headers.items()})
    return requests.HTTPError(said or f"{status} Client Error", response=response)


@dataclass
class Server:
    """What is on Kaggle, and how it behaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    date: datetime = datetime(2016, 9, 22, 1, 2, 3)
    wrapped: tuple[str, ...] = ()  # come in a zip around them
    page: int = 2  # files, and submissions, to a page
    breaks: dict[str, int] = field(default_factory=dict)  # after so many bytes of a file, once
    fault: BaseException | None = None  # of every question from now on
    fails: dict[str, BaseException] = field(default_factory=dict)  # of one method
    credentials: bool = True
    sent: list[SimpleNamespace] = field(default_factory=list)
    answers: list[tuple[Status, str, str]] = field(default_factory=list)  # to questions for scores
    upload_fails: bool = False
    user: str = "somebody"
    statuses: list[str | None] = field(default_factory=list)  # of a dataset; the last one stays
    push_error: str = ""
    pushed: dict[str, dict[str, object]] = field(default_factory=dict)
    brought: int = 0  # bytes that went over the wire
    calls: list[str] = field(default_factory=list)

    def called(self, name: str) -> None:
        self.calls.append(name)
        for fault in (self.fault, self.fails.get(name)):
            if fault is not None:
                raise fault


SERVER = Server()


class KaggleApi:
    """The methods that podium uses, and how they are declared there."""

    def authenticate(self) -> None:
        if not SERVER.credentials:
            print("Authentication required to call the Kaggle API.")
            raise SystemExit(1)
        SERVER.called("authenticate")

    def competition_list_files(
        self, competition: str, page_token: str | None = None, page_size: int = 20
    ) -> SimpleNamespace:
        SERVER.called("competition_list_files")
        start = int(page_token or 0)
        end = start + min(SERVER.page, page_size)
        files = [
            SimpleNamespace(name=name, total_bytes=len(data), creation_date=SERVER.date)
            for name, data in list(SERVER.files.items())[start:end]
        ]
        following = str(end) if end < len(SERVER.files) else ""
        return SimpleNamespace(files=files, next_page_token=following)

    def competition_download_file(
        self,
        competition: str,
        file_name: str,
        path: str | None = None,
        force: bool = False,
        quiet: bool = False,
    ) -> None:
        SERVER.called("competition_download_file")
        print(f"Downloading {file_name} to {path}")
        out = Path(str(path)) / Path(file_name).name
        data = SERVER.files[file_name]
        if file_name in SERVER.wrapped:
            out, data = out.with_name(f"{out.name}.zip"), zipped({out.name: data})
        marker = out.with_name(f"{out.name}.kaggle-partial")
        told = json.dumps([str(SERVER.date), len(data)])
        goes_on = not force and marker.is_file() and marker.read_text() == told and out.is_file()
        start = out.stat().st_size if goes_on else 0
        marker.write_text(told)
        end = SERVER.breaks.pop(file_name, len(data))
        with out.open("ab" if goes_on else "wb") as file:
            file.write(data[start:end])
        SERVER.brought += max(end - start, 0)
        if end < len(data):
            raise requests.exceptions.ConnectionError("Connection reset by peer")
        marker.unlink()

    def competition_submit(
        self,
        file_name: str | None,
        message: str,
        competition: str | None,
        quiet: bool = False,
        sandbox: bool = False,
    ) -> SimpleNamespace:
        SERVER.called("competition_submit")
        if SERVER.upload_fails:
            return SimpleNamespace(message="Could not submit to competition", ref=0)
        ref = 100 + len(SERVER.sent)
        SERVER.sent.append(
            SimpleNamespace(
                ref=ref, description=message, status=Status.PENDING, public_score="",
                private_score="", error_description="", data=Path(str(file_name)).read_bytes(),
                competition=competition,
            )
        )  # fmt: skip
        return SimpleNamespace(message="Successfully submitted", ref=ref)

    def competition_submissions(
        self,
        competition: str,
        group: object = None,
        sort: object = None,
        page_number: int = -1,
        page_token: str = "",
        page_size: int = 20,
    ) -> list[SimpleNamespace] | None:
        SERVER.called("competition_submissions")
        if SERVER.sent and SERVER.answers and SERVER.sent[-1].status is Status.PENDING:
            one = SERVER.sent[-1]
            one.status, one.public_score, one.private_score = SERVER.answers.pop(0)
        start = (max(page_number, 1) - 1) * SERVER.page
        return list(reversed(SERVER.sent))[start : start + SERVER.page]

    def get_config_value(self, name: str) -> str | None:
        SERVER.called("get_config_value")
        return SERVER.user if name == "username" else None

    def dataset_status(self, dataset: str) -> str:
        SERVER.called("dataset_status")
        status = SERVER.statuses.pop(0) if len(SERVER.statuses) > 1 else SERVER.statuses[0]
        if status is None:
            raise refused(404)
        return status

    def dataset_create_new(
        self,
        folder: str,
        public: bool = False,
        quiet: bool = False,
        convert_to_csv: bool = True,
        dir_mode: str = "skip",
    ) -> SimpleNamespace:
        SERVER.called("dataset_create_new")
        assert not public
        return _received(folder, convert_to_csv=convert_to_csv, dir_mode=dir_mode)

    def dataset_create_version(
        self,
        folder: str,
        version_notes: str,
        quiet: bool = False,
        convert_to_csv: bool = True,
        delete_old_versions: bool = False,
        dir_mode: str = "skip",
    ) -> SimpleNamespace:
        SERVER.called("dataset_create_version")
        return _received(folder, convert_to_csv=convert_to_csv, dir_mode=dir_mode)

    def kernels_push(self, folder: str) -> SimpleNamespace:
        SERVER.called("kernels_push")
        SERVER.pushed["notebook"] = json.loads((Path(folder) / "kernel-metadata.json").read_text())
        return SimpleNamespace(error=SERVER.push_error, url="")


def _received(folder: str, **options: object) -> SimpleNamespace:
    SERVER.pushed["dataset"] = json.loads((Path(folder) / "dataset-metadata.json").read_text())
    SERVER.pushed["options"] = options
    return SimpleNamespace(status="ok", error="")


def zipped(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()
