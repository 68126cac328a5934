"""Download a competition's files: what is missing, half there or changed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.files import file_sha256, locked, write_text
from podium.kaggle.client import Kaggle, Offered
from podium.kaggle.download_file import download_file, partial_size

State = Literal["there", "missing", "half", "other"]
SPARE = 1 << 26  # bytes of disk that stay free


@dataclass(frozen=True)
class Step:
    """What is to be done about one file.

    Attributes:
        file: as Kaggle offers it.
        path: where it belongs.
        state: there; missing; half: an earlier run brought some of it; other: another file of
            that name is there, or it changed on Kaggle since.
        n_bytes: still to be fetched.
    """

    file: Offered
    path: Path
    state: State
    n_bytes: int


def planned(files: Sequence[Offered], folder: Path, force: bool = False) -> list[Step]:
    """Return what is to be done so that `folder` holds `files`.

    Args:
        files: as Kaggle offers them.
        folder: where they belong.
        force: fetch those again that are there but differ.

    Raises:
        PodiumError: a name points outside the folder.
    """
    record = _recorded(folder)
    steps = []
    for file in files:
        _refuse_outside(file.name, folder)
        path = folder / file.name
        state = _state(file, path, record.get(file.name), force)
        left = 0 if state == "there" else max(file.n_bytes - partial_size(path), 0)
        steps.append(Step(file, path, state, left))
    return steps


def fetch(kaggle: Kaggle, slug: str, folder: Path, force: bool = False, quiet: bool = True) -> Path:
    """Download the files of a competition into `folder`; return the path of their checksums.

    A file takes its name only once it is whole. What a killed run leaves is continued.

    Args:
        kaggle: where from.
        slug: of the competition.
        folder: where the files go.
        force: download those again that are there but differ.
        quiet: print no progress.

    Raises:
        PodiumError: another file of that name is there, or one does not arrive as it should.
        EnvironmentFault: the disk is too small, or another process fetches into that folder.
    """
    with locked(folder):
        steps = planned(kaggle.files(slug), folder, force)
        _refuse_other(steps)
        _refuse_full(steps, folder)
        for step in steps:
            if step.state != "there":
                download_file(kaggle, slug, step.file, step.path, quiet)
            _record(folder, step)
    return manifest(folder)


def manifest(folder: Path) -> Path:
    """Return where the checksums of `folder` lie: beside it, so that it holds the files alone.

    `sha256sum -c` reads it; its comments hold size and date as Kaggle told them.
    """
    return folder.with_name(f"{folder.name}.sha256")


def _state(file: Offered, path: Path, recorded: tuple[str, str] | None, force: bool) -> State:
    if path.is_file():
        same = recorded[1] == _told(file) if recorded else path.stat().st_size == file.n_bytes
        if same or not force:
            return "there" if same else "other"
    return "half" if partial_size(path) else "missing"


def _told(file: Offered) -> str:
    return f"{file.n_bytes} {file.date or '-'}"


def _recorded(folder: Path) -> dict[str, tuple[str, str]]:
    """Checksum, and size and date as Kaggle told them, of each file that was fetched."""
    path = manifest(folder)
    told, record = "", {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        if line.startswith("# "):
            told = line.removeprefix("# ")
        elif "  " in line:
            sha256, name = line.split("  ", 1)
            record[name] = (sha256, told)
    return record


def _record(folder: Path, step: Step) -> None:
    """Enter a file into the manifest, at once: a killed run loses none that is whole."""
    record = _recorded(folder)
    if step.state == "there" and step.file.name in record:
        return
    record[step.file.name] = (file_sha256(step.path), _told(step.file))
    lines = [f"# {told}\n{sha256}  {name}\n" for name, (sha256, told) in sorted(record.items())]
    write_text(manifest(folder), "".join(lines))


def _refuse_outside(name: str, folder: Path) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.name or set(name) & set("\\:\n"):
        raise PodiumError(f"{folder}: Kaggle offers a file named {name!r}: that is refused")


def _refuse_other(steps: Sequence[Step]) -> None:
    for step in steps:
        if step.state == "other":
            size = step.path.stat().st_size
            raise PodiumError(
                f"{step.path}: it has {size} bytes; Kaggle's has {step.file.n_bytes}, of "
                f"{step.file.date or 'no date'}: another file, or it changed there\n"
                "remedy: --force fetches it anew; or move yours away"
            )


def _refuse_full(steps: Sequence[Step], folder: Path) -> None:
    needed = sum(step.n_bytes for step in steps)
    existing = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(existing).free
    if needed and needed + SPARE > free:
        raise EnvironmentFault(
            f"{folder}: {in_words(needed)} are to come, {in_words(free)} are free\n"
            "remedy: free some space, or name another folder with --to"
        )


def in_words(n_bytes: int) -> str:
    """Return a size in words: 543.2 MB."""
    size, units = float(n_bytes), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.1f} {units[0]}" if units[0] != "bytes" else f"{n_bytes} bytes"
