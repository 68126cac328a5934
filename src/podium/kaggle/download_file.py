"""A file on its way here: a folder of its own beside its place, and checks before it goes there."""

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


def bring(kaggle: Kaggle, slug: str, file: Offered, path: Path, quiet: bool) -> None:
    """Bring `file` of the competition `slug` to `path`, whole or not at all.

    Raises:
        EnvironmentFault: it does not arrive; what did is kept, the next call goes on from there.
        BrokenDownload: what arrived is not what was offered; the next call starts from nothing.
    """
    partial = _partial(path)
    partial.mkdir(parents=True, exist_ok=True)
    try:
        kaggle.download(slug, file.name, partial, quiet)
        found = _checked(path, file.n_bytes)
    except BrokenDownload:
        shutil.rmtree(partial)
        raise
    except EnvironmentFault as fault:
        kept = f"{half(path)} of {file.n_bytes} bytes of {path} are kept, it goes on from there"
        raise EnvironmentFault(f"{fault}\n  {kept}") from None
    with found.open("rb") as opened:
        os.fsync(opened.fileno())
    found.replace(path)
    shutil.rmtree(partial)


def half(path: Path) -> int:
    """How many bytes of the file at `path` an earlier call has brought."""
    found = _arrived(path)
    return found.stat().st_size if found else 0


def _partial(path: Path) -> Path:
    """The folder in which a file arrives; Git and DVC ignore its name."""
    return path.with_name(f".{path.name}.partial")


def _arrived(path: Path) -> Path | None:
    """What has arrived of a file: a zip that Kaggle put around it, or itself."""
    found = {one.name: one for one in _partial(path).rglob("*") if one.is_file()}
    return found.get(f"{path.name}.zip") or found.get(path.name)


def _checked(path: Path, wanted: int) -> Path:
    """What has arrived for `path`, `wanted` bytes, out of the zip around it.

    Kaggle tells no checksums; those inside a zip are the next best.
    """
    found = _arrived(path)
    try:
        if found is None:
            raise ValueError("nothing arrived")
        size = found.stat().st_size
        if found.name != path.name:
            found = _member(found, path.name)
        if wanted not in (size, found.stat().st_size):
            raise ValueError(f"{size} bytes arrived, Kaggle's list says {wanted}")
        if found.suffix == ".zip":
            _refuse_damaged(found)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BrokenDownload(
            f"{path}: {error}; or it changed on Kaggle meanwhile\n"
            "remedy: run the same command again, it fetches the file anew"
        ) from None
    return found


def _member(archive: Path, name: str) -> Path:
    """The one member of `archive`, written beside it as `name`."""
    out = archive.with_name(name)
    with zipfile.ZipFile(archive) as opened:
        members = [one for one in opened.infolist() if not one.is_dir()]
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
