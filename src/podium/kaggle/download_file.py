"""Download one file: into a folder beside its place, and checked before it takes its name."""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

from podium.core.errors import EnvironmentFault
from podium.kaggle.client import Kaggle, Offered
from podium.kaggle.errors import BrokenDownload


def download_file(kaggle: Kaggle, slug: str, file: Offered, path: Path, quiet: bool) -> None:
    """Download `file` of the competition `slug` to `path`, whole or not at all.

    Args:
        kaggle: where from.
        slug: of the competition.
        file: as Kaggle offers it.
        path: where it goes.
        quiet: print no progress.

    Raises:
        EnvironmentFault: it does not arrive; what did is kept, the next call goes on from there.
        BrokenDownload: what arrived is not what was offered; the next call starts from nothing.
    """
    partial = _partial(path)
    partial.mkdir(parents=True, exist_ok=True)
    try:
        kaggle.download(slug, file.name, partial, quiet)
        arrived = _checked(path, file.n_bytes)
    except BrokenDownload:
        shutil.rmtree(partial)
        raise
    except EnvironmentFault as fault:
        kept = f"{partial_size(path)} of {file.n_bytes} bytes of {path} are kept"
        raise EnvironmentFault(f"{fault}\n  {kept}, it goes on from there") from None
    with arrived.open("rb") as opened:
        os.fsync(opened.fileno())
    arrived.replace(path)
    shutil.rmtree(partial)


def partial_size(path: Path) -> int:
    """Return how many bytes of the file at `path` an earlier call has brought."""
    arrived = _arrived(path)
    return arrived.stat().st_size if arrived else 0


def _partial(path: Path) -> Path:
    """The folder in which a file arrives; Git and DVC ignore its name."""
    return path.with_name(f".{path.name}.partial")


def _arrived(path: Path) -> Path | None:
    """What has arrived of a file: a zip that Kaggle put around it, or itself."""
    files = {each.name: each for each in _partial(path).rglob("*") if each.is_file()}
    return files.get(f"{path.name}.zip") or files.get(path.name)


def _checked(path: Path, n_bytes: int) -> Path:
    """What has arrived for `path`, `n_bytes` of it, out of the zip around it.

    Kaggle tells no checksums; those inside a zip are the next best.
    """
    arrived = _arrived(path)
    try:
        if arrived is None:
            raise ValueError("nothing arrived")
        size = arrived.stat().st_size
        if arrived.name != path.name:
            arrived = _member(arrived, path.name)
        if n_bytes not in (size, arrived.stat().st_size):
            raise ValueError(f"{size} bytes arrived, Kaggle's list says {n_bytes}")
        if arrived.suffix == ".zip":
            _refuse_damaged(arrived)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BrokenDownload(
            f"{path}: {error}; or it changed on Kaggle meanwhile\n"
            "remedy: run the same command again, it fetches the file anew"
        ) from None
    return arrived


def _member(archive: Path, name: str) -> Path:
    """The one member of `archive`, written beside it as `name`."""
    out = archive.with_name(name)
    with zipfile.ZipFile(archive) as opened:
        members = [member for member in opened.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise ValueError(f"{len(members)} files arrived in one zip")
        with opened.open(members[0]) as source, out.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    archive.unlink()
    return out


def _refuse_damaged(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened, suppress(RuntimeError):  # locked, or packed oddly
        if bad := opened.testzip():
            raise ValueError(f"{bad} in the zip is damaged")
