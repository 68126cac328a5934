"""The files that people name on the command line: files, folders, and globs in quotes."""

from __future__ import annotations

import glob
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from podium.core.errors import PodiumError, SettingsError
from podium.core.ids import natural_key
from podium.core.nearest import did_you_mean_file
from podium.core.printable import printable


def files_named(names: Sequence[Path], slides: bool) -> list[Path]:
    """The files that are meant, each once: folders hold their pictures, at any depth.

    What a folder holds besides pictures is left out, and that is said on stderr. Of slides, a CSV
    file names them in a column `path` or `slide`, relative to its own folder; files of one DICOM
    series are one slide.

    Args:
        names: of files or folders, or patterns such as `photos/*.jpg`.
        slides: look for slides, of which one may be several files, not for pictures.

    Raises:
        SettingsError: there is no such file.
        PodiumError: a folder holds none.
    """
    files: dict[Path, None] = {}
    for name in names:
        paths = [name] if name.exists() else _matches(name)
        if not paths:
            kind = "slides" if slides else "pictures"
            raise SettingsError(f"{_not_there(name)}\nremedy: give paths of {kind}")
        for path in paths:
            if slides and path.suffix.lower() == ".csv":
                files |= dict.fromkeys(_in_table(path))
            elif path.is_dir():
                files |= dict.fromkeys(_in_folder(path, slides, is_match=path != name))
            else:
                files[path] = None
    if not files:
        raise PodiumError("no slides are named\nremedy: name others")
    return _one_of_each_series(list(files)) if slides else list(files)


def _one_of_each_series(paths: Sequence[Path]) -> list[Path]:
    """Slides without other files of a DICOM series before them; these are named on stderr."""
    from podium.slides.slide_files import series_of

    firsts: dict[object, Path] = {}
    for path in paths:
        uid = series_of(path) if path.suffix.lower() == ".dcm" else ""
        first = firsts.setdefault((path.parent, uid) if uid else path, path)
        if first is not path:
            said = printable(f"note: {path}: of the same slide as {first}")
            print(said, file=sys.stderr)
    return list(firsts.values())


def _in_table(path: Path) -> list[Path]:
    """The files that a table names; those that are not there get their answer like broken ones."""
    from podium.core.files import read_table

    table = read_table(path)
    column = next((name for name in ("path", "slide") if name in table), None)
    if column is None or not len(table):
        raise PodiumError(
            f"{printable(path)}: no column path or slide with the names of files\n"
            "remedy: name the column so, or give files or folders"
        )
    paths = [path.parent / name for name in table[column] if name]
    if column == "path" or all(each.is_file() for each in paths):
        return paths
    folders = {each.parent for each in paths if not each.is_file()}
    named = {
        folder: _slides_by_name(folder) if folder == path.parent else _files_by_stem(folder)
        for folder in folders
    }
    return [each if each.is_file() else named[each.parent].get(each.name, each) for each in paths]


def _files_by_stem(folder: Path) -> dict[str, Path]:
    """The files of a folder by their names without suffix; none where two files share one."""
    files = [each for each in folder.iterdir() if each.is_file()] if folder.is_dir() else []
    n_files = Counter(each.stem for each in files)
    return {each.stem: each for each in files if n_files[each.stem] == 1}


def _slides_by_name(folder: Path) -> dict[str, Path]:
    """The files of the slides below a folder, by every name that a table may give them."""
    from podium.slides.annotation_files import FOLDER, KEY
    from podium.slides.slide_files import find_slides, names_of
    from podium.slides.source import IMAGES

    inside = folder / IMAGES if (folder / IMAGES).is_dir() else folder
    slides, _ = find_slides(folder, inside, (FOLDER, KEY))
    return {name: slides[slide].image for name, slide in names_of(slides).items()}


def _matches(pattern: Path) -> list[Path]:
    """Files and folders that match, in natural order."""
    names = glob.glob(str(pattern), recursive=True)  # noqa: PTH207, pathlib refuses absolute ones
    return [Path(name) for name in sorted(names, key=natural_key)]


def require_file(path: Path) -> None:
    """Raise a SettingsError if there is no file at `path`; it names the file that may be meant."""
    if not path.is_file():
        raise SettingsError(_not_there(path))


def _not_there(path: Path) -> str:
    is_name = not path.exists() and not glob.has_magic(str(path))
    return printable(f"{path}: no such file{did_you_mean_file(path) if is_name else ''}")


def _in_folder(folder: Path, slides: bool, is_match: bool) -> list[Path]:
    """The slides or pictures of a folder; it may hold none if it only matches a pattern."""
    files, n_others, example = _slides_in(folder) if slides else _pictures_in(folder)
    kind = "slides" if slides else "pictures"
    if not files and is_match:
        print(f"note: {printable(folder)}: no {kind} in it", file=sys.stderr)
        return []
    if not files:
        raise PodiumError(f"{printable(folder)}: no {kind} in it\nremedy: name another folder")
    if n_others:
        print(
            f"note: {printable(folder)}: left out {n_others} that are no {kind}, e.g. {example}",
            file=sys.stderr,
        )
    return files


def _slides_in(folder: Path) -> tuple[list[Path], int, str]:
    from podium.slides.slide_files import find_slides

    slides, others = find_slides(folder, folder)
    example = others[0].path if others else ""
    return [slide.image for slide in slides.values()], len(others), printable(example)


def _pictures_in(folder: Path) -> tuple[list[Path], int, str]:
    from podium.core.raw_folder import files_below, link_fault
    from podium.pictures.raw_files import picture_fault

    pictures: list[Path] = []
    others: list[Path] = []
    for path in files_below(folder):
        name = PurePosixPath(path.relative_to(folder))
        is_other = picture_fault(name, partial(_head, path), link_fault(path)) is None
        (others if is_other else pictures).append(path)
    example = printable(others[0].relative_to(folder)) if others else ""
    return pictures, len(others), example


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(32)
