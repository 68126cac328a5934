"""Which files of a folder are slides: one slide may be several files."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import openslide

from podium.core import picture_decoder
from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut, files_below
from podium.slides.raw_folder import left_out, refuse_odd_names, why_unreadable

# what OpenSlide opens, and flat pictures
SUFFIXES = {
    *(".svs", ".tif", ".tiff", ".ndpi", ".vms", ".vmu", ".scn", ".mrxs", ".bif", ".svslide"),
    *(".dcm", ".czi", ".jpe", ".jfif", *picture_decoder.SUFFIXES),
}
_HEAD = 1 << 20  # bytes of a DICOM file in which its series is named, and more than enough
# (0020,000D) StudyInstanceUID and, right after it, (0020,000E) SeriesInstanceUID
_SERIES = re.compile(rb"\x20\0\x0d\0UI..[0-9. \0]{0,64}?\x20\0\x0e\0UI..([0-9.]{1,64})", re.DOTALL)
_NOT_A_SLIDE = "no slide format that is read"


@dataclass(frozen=True)
class SlideFiles:
    """The files of one slide.

    Attributes:
        name: of the slide.
        image: the file that is opened.
        parts: its other files: of a DICOM series, or beside an index (`.mrxs`, `.vms`).
        aliases: other names under which tables and annotations may mean it.
    """

    name: str
    image: Path
    parts: tuple[Path, ...] = ()
    aliases: tuple[str, ...] = field(default=(), compare=False)


def find_slides(
    root: Path, folder: Path, skip: Collection[str] = ()
) -> tuple[dict[str, SlideFiles], list[LeftOut]]:
    """The slides below `folder` by name, in natural order, and the files that are none.

    Args:
        root: of all raw files; paths of what is left out are relative to it.
        folder: of the slides, at any depth.
        skip: files and folders in it that hold no slides.

    Raises:
        PodiumError: two slides have one name.
    """
    files = files_below(folder, skip)
    refuse_odd_names(files)
    parts = _parts_of_indices(files)
    slides, others = [], []
    series: dict[tuple[Path, str], list[Path]] = {}
    for path in files:
        if path in parts:
            continue
        if reason := _why_no_slide(path):
            others.append(left_out(root, path, reason))
        elif uid := series_of(path):
            series.setdefault((path.parent, uid), []).append(path)
        else:
            own = tuple(part for part, index in parts.items() if index == path)
            slides.append(SlideFiles(path.stem, path, own))
    slides += [_of_series(group, folder, files) for group in series.values()]
    return _by_name(folder, files, slides), others


def _why_no_slide(path: Path) -> str:
    """Why a file is no slide; '' where it is one, or claims to be by its suffix."""
    if path.name.startswith("."):
        return "a hidden file"
    claims = path.suffix.lower() in SUFFIXES and not path.is_dir()
    if claims:
        return ""
    return why_unreadable(path) or ("" if _is_known_to_openslide(path) else _NOT_A_SLIDE)


def _is_known_to_openslide(path: Path) -> bool:
    return openslide.OpenSlide.detect_format(path) is not None


def _parts_of_indices(files: Sequence[Path]) -> dict[Path, Path]:
    """Files that belong to a slide of several files, with the file by which it is opened.

    `S1.mrxs` has a folder `S1`; a `.vms` or `.vmu` names the files beside it.
    """
    parts: dict[Path, Path] = {}
    for index in files:
        kind = index.suffix.lower()
        if kind == ".mrxs":
            parts |= {path: index for path in files if index.with_suffix("") in path.parents}
        elif kind in (".vms", ".vmu") and not why_unreadable(index):
            with index.open("rb") as file:
                text = file.read(_HEAD).decode("utf-8", "replace")
            names = {line.partition("=")[2].strip() for line in text.splitlines()}
            beside = (path for path in files if path.parent == index.parent and path != index)
            parts |= {path: index for path in beside if path.name in names}
    return parts


def series_of(path: Path) -> str:
    """The UID of the series that a DICOM file belongs to; '' for other files."""
    if why_unreadable(path):
        return ""
    with path.open("rb") as file:
        head = file.read(132)
        if head[128:] != b"DICM":
            return ""
        match = _SERIES.search(file.read(_HEAD))
    return match[1].decode() if match else ""


def _of_series(group: list[Path], folder: Path, files: Sequence[Path]) -> SlideFiles:
    """The slide of a series: named like a folder that holds nothing else, else its first file."""
    first, *others = group
    inside = [path for path in files if first.parent in path.parents]
    name = first.parent.name if first.parent != folder and inside == group else first.stem
    return SlideFiles(name, first, tuple(others), tuple(path.stem for path in group))


def _by_name(
    folder: Path, files: Sequence[Path], slides: Sequence[SlideFiles]
) -> dict[str, SlideFiles]:
    by_name: dict[str, SlideFiles] = {}
    order = {path: number for number, path in enumerate(files)}
    for slide in sorted(slides, key=lambda slide: order[slide.image]):
        if other := by_name.get(slide.name):
            raise PodiumError(
                printable(f"{slide.image}: {other.image.relative_to(folder)} has the same name")
                + "\nremedy: rename one of the two"
            )
        by_name[slide.name] = slide
    return by_name


def names_of(slides: Mapping[str, SlideFiles]) -> dict[str, str]:
    """The slide that a name means, by name: its own, that of its file, and those of other files."""
    names: dict[str, str] = {}
    for slide in slides.values():
        files = (slide.image.name, *(part.name for part in slide.parts))
        for name in (*slide.aliases, *files):
            names.setdefault(name, slide.name)
    return names | {name: name for name in slides}
