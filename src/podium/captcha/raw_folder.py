"""The files of a raw captcha folder: pictures, and all others with the reason they are left out."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path, PurePosixPath

from podium.core.errors import PodiumError, disk_fault
from podium.core.ids import natural_key
from podium.core.picture_decoder import UnreadableImage, decode
from podium.core.printable import printable
from podium.core.progress import progress
from podium.core.raw_folder import LeftOut, files_below, link_fault

LABEL_NAMES = ("labels.csv", "labels.tsv", "labels.txt", "train_labels.csv", "train.csv")
TABLES = (*LABEL_NAMES, "sample_submission.csv", "test_labels.csv")
LABEL_FILES = (*(f"train/{name}" for name in LABEL_NAMES), *LABEL_NAMES)  # first wins
# endings that are no part of an id, whether or not this decoder knows the format
PICTURE_SUFFIXES = frozenset(
    (
        ".apng", ".avif", ".bmp", ".dib", ".gif", ".heic", ".heif", ".ico", ".j2k", ".jfif", ".jif",
        ".jp2", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".jxl", ".pbm", ".pcx", ".pgm", ".pjp",
        ".pjpeg", ".png", ".pnm", ".ppm", ".svg", ".tga", ".tif", ".tiff", ".webp", ".xbm", ".xpm",
    )
)  # fmt: skip
_TABLE_SUFFIXES = frozenset((".csv", ".json", ".tsv", ".xls", ".xlsx", ".xml"))
_ARCHIVES = frozenset((".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip", ".zst"))
_MOST_BYTES = 1 << 28  # of one picture file
_BOXES = range(0x2500, 0x25A0)  # box-drawing characters: GBK bytes read as the code page of DOS


@dataclass(frozen=True)
class PictureFile:
    """A file in train/ or test/.

    Attributes:
        id: its path below that folder, without the ending of a picture.
        path: where it lies.
        relative: its path below the raw folder, printable.
        content: sha256 of its pixels; '' if unknown.
        fault: why it is not read; '' if it is.
        blank: whether all its pixels have one colour.
        shape: (w, h), pixels; (0, 0) if unknown.
    """

    id: str
    path: Path
    relative: str
    content: str = ""
    fault: str = ""
    blank: bool = False
    shape: tuple[int, int] = (0, 0)

    @property
    def has_picture_name(self) -> bool:
        """Whether the name ends as those of pictures do."""
        return self.path.suffix.lower() in PICTURE_SUFFIXES and self.path.name[0] != "."

    def left_out(self, split: str, label: str = "", reason: str = "") -> LeftOut:
        """The row of the quarantine table for this file.

        Args:
            split: train or test.
            label: its text, if it has one.
            reason: why it is left out; '': its fault.
        """
        return LeftOut(
            printable(self.id), split, printable(label), self.relative, reason or self.fault
        )


def label_tables(folder: Path) -> list[Path]:
    """The labels files of a raw folder, whatever case their names have; the first one is read."""
    lying = {path.relative_to(folder).as_posix().lower(): path for path in _files_beside(folder)}
    return [lying[name] for name in LABEL_FILES if name in lying]


def unread_tables(folder: Path) -> list[str]:
    """The paths below `folder` of tables beside pictures whose names no table has."""
    usual = {*LABEL_FILES, *TABLES}
    names = [path.relative_to(folder).as_posix() for path in _files_beside(folder)]
    return [
        printable(name)
        for name in names
        if name.lower() not in usual and PurePosixPath(name).suffix.lower() in _TABLE_SUFFIXES
    ]


def _files_beside(folder: Path) -> list[Path]:
    """The files in `folder` and in its train folder, in order."""
    parts = [part for part in (folder, folder / "train") if part.is_dir()]
    return [path for part in parts for path in sorted(part.iterdir()) if path.is_file()]


def list_files(folder: Path, split: str, max_megapixels: float) -> list[PictureFile]:
    """All files below `folder`/`split` but tables of labels, in natural order of their ids.

    Every one is decoded once. Symbolic links are followed.

    Args:
        folder: a raw folder.
        split: train or test.
        max_megapixels: larger pictures are not read.

    Raises:
        EnvironmentFault: a file cannot be opened.
    """
    tables = label_tables(folder)
    paths = [path for path in files_below(folder / split) if path not in tables]
    with ThreadPoolExecutor() as pool:  # decoding lets go of the interpreter lock
        files = list(
            progress(
                pool.map(lambda path: _look(folder, split, path, max_megapixels), paths),
                len(paths), f"{split}, files",
            )
        )  # fmt: skip
    return sorted(files, key=lambda file: (natural_key(file.id), file.path.name))


def list_others(folder: Path) -> list[LeftOut]:
    """What lies in `folder` beside train/, test/ and the tables that are read there.

    Raises:
        PodiumError: pictures are still packed, or were unpacked without folders.
    """
    others, tables = [], label_tables(folder)
    for path in files_below(folder):
        relative = path.relative_to(folder)
        if relative.parts[0] not in ("train", "test", *TABLES) and path not in tables:
            if relative.name.startswith(("train\\", "test\\")) or _is_packed(folder, relative):
                kind, _, remedy = _reason_outside(path.name).partition(": ")
                raise PodiumError(f"{printable(path)}: {kind}\nremedy: {remedy}")
            reason = link_fault(path) or _reason_outside(path.name)
            others.append(LeftOut("", "", "", printable(relative.as_posix()), reason))
    return others


def _is_packed(folder: Path, relative: Path) -> bool:
    """Whether a file is the archive of train/ or test/, and that folder is not there."""
    stem = relative.name.partition(".")[0]
    archive = relative.suffix.lower() in _ARCHIVES and len(relative.parts) == 1
    return archive and stem in ("train", "test") and not (folder / stem).exists()


def _reason_outside(name: str) -> str:
    if "\\" in name:
        return "a backslash in its name: unpack the archive again, so that it makes folders"
    if Path(name).suffix.lower() in _ARCHIVES:
        return "an archive: unpack it into train/ and test/"
    if name.startswith("."):
        return "hidden file"
    if name.lower() in LABEL_NAMES:
        return "labels are read elsewhere"
    if name.lower() in TABLES:
        return f"not read: call it {name.lower()}"
    return "neither in train/ nor in test/"


def _look(folder: Path, split: str, path: Path, max_megapixels: float) -> PictureFile:
    """The file at `path`, decoded once."""
    inside = PurePosixPath(path.relative_to(folder / split).as_posix())
    is_picture = inside.suffix.lower() in PICTURE_SUFFIXES
    name = inside.with_suffix("").as_posix() if is_picture else inside.as_posix()
    relative = printable(path.relative_to(folder).as_posix())
    file = PictureFile(name, path, relative, fault=link_fault(path) or _name_fault(inside))
    return file if file.fault else _decoded(file, max_megapixels)


def _name_fault(path: PurePosixPath) -> str:
    """Why a file of that name cannot be a captcha; '' if it can."""
    name = str(path)
    if any(part[0] == "." or part == "__MACOSX" for part in path.parts):
        return "hidden file"
    if any("\udc80" <= character <= "\udcff" for character in name):
        return "name is not UTF-8: unpack the archive again and say its encoding (unzip -O GBK)"
    if not name.isprintable():
        return "name holds control characters: rename it"
    if "\\" in name:
        return "a backslash in its name: unpack the archive again, so that it makes folders"
    if "\ufffd" in name or any(ord(character) in _BOXES for character in name):
        return "name was unpacked in another encoding: unpack it again (unzip -O GBK)"
    return ""


def _decoded(file: PictureFile, max_megapixels: float) -> PictureFile:
    """`file` with what its bytes tell."""
    try:
        if (n_bytes := file.path.stat().st_size) > _MOST_BYTES:
            return replace(file, fault=f"too large: {n_bytes} bytes")
        data = file.path.read_bytes()
    except FileNotFoundError:
        where = printable(file.path)
        raise PodiumError(f"{where}: removed meanwhile\nremedy: run it again") from None
    except OSError as error:
        raise disk_fault(error, Path(printable(file.path))) or error from None
    try:
        picture = decode(data, max_megapixels, contrast=True)
    except UnreadableImage as error:
        return replace(file, fault=printable(error))
    blank = picture.getcolors(maxcolors=1) is not None
    content = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()
    return replace(file, content=content, blank=blank, shape=picture.size)


def refuse_one_id(files: list[PictureFile]) -> None:
    """Raise a PodiumError if two pictures have one id; `files` are sorted by it."""
    for first, second in pairwise(files):
        if first.id == second.id:
            raise PodiumError(
                f"{printable(first.path)}: {second.relative} has the same id, {first.id!r}\n"
                "remedy: rename or remove one of them"
            )
