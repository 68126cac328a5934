"""The sample submission of slides, looked at before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.ids import refuse_duplicates, refuse_other_ids
from podium.slides.raw_folder import why_unreadable
from podium.submission.cells import read_submission

SAMPLE = "sample_submission.csv"
COLUMNS = ["slide", "probability", "rle"]
SHORT = ["id", "rle"]  # of competitions that ask for masks only, such as HuBMAP


def rle_columns(classes: Sequence[str]) -> list[str]:
    """The columns of run lengths in a submission: `rle`, or one for each of several classes."""
    return COLUMNS[2:] if len(classes) == 1 else [f"rle {name}" for name in classes]


def read_sample_ids(path: Path) -> list[str] | None:
    """The slides that the sample submission at `path` names; None if there is no such file.

    Raises:
        PodiumError: it is no CSV, has other columns, or names a slide twice.
    """
    if not path.exists() and not path.is_symlink():
        return None
    if reason := why_unreadable(path):
        raise PodiumError(
            f"{path}: {reason}\nremedy: put the file itself there (dvc checkout), or remove it"
        )
    table = read_submission(path)
    several = [name.startswith(f"{COLUMNS[2]} ") for name in table.columns[2:]]
    if list(table.columns) == SHORT:
        table = table.rename(columns={"id": "slide"})
    elif list(table.columns) != COLUMNS and (
        list(table.columns[:2]) != COLUMNS[:2] or len(several) < 2 or not all(several)
    ):
        raise PodiumError(
            f"{path}: its columns are {', '.join(map(str, table.columns))}; those of a submission "
            f"of slides are {', '.join(COLUMNS)}\n"
            "remedy: rename its columns so, or move it away: all test slides are handed in then"
        )
    refuse_duplicates(path, table["slide"])
    return table["slide"].tolist()


def asked_classes(path: Path) -> list[str] | None:
    """The classes whose masks the sample at `path` asks for; [] for one mask, None without one.

    Raises:
        PodiumError: it cannot be read.
    """
    if not path.exists():
        return None
    start, names = f"{COLUMNS[2]} ", map(str, read_submission(path).columns)
    return [name.removeprefix(start) for name in names if name.startswith(start)]


def check_columns(path: Path, classes: Sequence[str]) -> None:
    """Raise a PodiumError where the sample at `path` asks for masks of other classes."""
    if not path.exists():
        return
    columns, expected = list(read_submission(path).columns), [*COLUMNS[:2], *rle_columns(classes)]
    if columns != expected and (len(classes) > 1 or columns != SHORT):
        raise PodiumError(
            f"{path}: its columns are {', '.join(columns)}; those of slides.classes are "
            f"{', '.join(expected)}\n"
            "remedy: name the classes of slides.classes as the sample does, in its order (a list "
            "of classes is one column rle); or move the sample away: all columns are handed in"
        )


def check_sample(path: Path, ids: Sequence[str] | None, test: Sequence[str]) -> str:
    """A note where the sample cannot be checked for want of test slides; else ''.

    Args:
        path: of the sample.
        ids: that it names; None without a sample.
        test: names of all test slides, readable or not.

    Raises:
        PodiumError: it names other slides.
    """
    if ids is None:
        return ""
    if not test:
        return f"{path} names {len(ids)} slides, but there are no test slides: no submission"
    refuse_other_ids(
        path, ids, test,
        "name the files in images/ as the sample does; a slide that is annotated counts as train "
        "(slides.csv can say otherwise); or move the sample away: all test slides are handed in",
    )  # fmt: skip
    return ""
