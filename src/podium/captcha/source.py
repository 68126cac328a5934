"""Raw captchas in a folder: labelled pictures in train/, pictures to read in test/.

The text of a train picture is its file name up to the first `_`, or stands in a labels file:
`labels.csv` with the columns id and text, or `labels.txt` whose line k (from 0) is the text of
picture k.png. Either lies in train/ or beside it. Labels of arithmetic and of equations may end
in their value, as in the Baidu competition: `(3-7)+5 1`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.captcha.answer_rules import answer_rules
from podium.captcha.answers import NotComputable
from podium.core import picture_decoder
from podium.core.errors import PodiumError, disk_fault
from podium.core.files import read_table
from podium.core.ids import natural_key, refuse_duplicates, refuse_other_ids
from podium.core.picture_decoder import SUFFIXES
from podium.core.progress import progress
from podium.submission.cells import ordered_ids

Pixels = NDArray[np.uint8]
PART = 256  # pictures decoded at a time
_VALUE = re.compile(r"-?[0-9]{1,18}([./][0-9]{1,18})?")


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures in natural order: ids (N,), files (N,), and texts (N,), '' where unknown."""

    ids: list[str]
    paths: list[Path]
    texts: list[str]

    def select(self, rows: Sequence[int]) -> LabelledPictures:
        """The pictures with these row numbers."""
        ids, paths = [self.ids[row] for row in rows], [self.paths[row] for row in rows]
        return LabelledPictures(ids, paths, [self.texts[row] for row in rows])


def read_train(folder: Path, task: str) -> LabelledPictures:
    """The pictures in `folder`/train and their texts.

    Raises:
        PodiumError: there are none, the labels do not name exactly the pictures, or a text is
            empty or, for arithmetic and equations, has no value or not the value of its label.
    """
    train = folder / "train"
    ids, paths = list_pictures(train)
    if not ids:
        raise PodiumError(
            f"{train}: no pictures\nremedy: put labelled captchas there (data/raw/README.md), or "
            f"set captcha.{task}.source to standin in params.yaml"
        )
    labels_path, texts = _labels(folder, ids)
    checked = [
        _checked(labels_path or path, name, text, task)
        for name, path, text in zip(ids, paths, texts, strict=True)
    ]
    return LabelledPictures(ids, paths, checked)


def read_test(folder: Path, task: str) -> LabelledPictures:
    """The pictures in `folder`/test, in the order of `folder`/sample_submission.csv if any.

    Texts are those of the answer key `folder`/test_labels.csv (id, text), if there is one.

    Raises:
        PodiumError: the sample or the key does not name exactly the pictures.
    """
    ids, paths = list_pictures(folder / "test")
    path_of = dict(zip(ids, paths, strict=True))
    if ids:
        ids = ordered_ids(folder / "sample_submission.csv", answer_rules(task).columns, ids)
    key = folder / "test_labels.csv"
    texts = _from_csv(key, ids) if key.is_file() else [""] * len(ids)
    checked = [
        _checked(key, name, text, task) if text else ""
        for name, text in zip(ids, texts, strict=True)
    ]
    return LabelledPictures(ids, [path_of[name] for name in ids], checked)


def list_pictures(folder: Path) -> tuple[list[str], list[Path]]:
    """Ids (file stems) and paths of the pictures in `folder`, in natural order.

    Raises:
        PodiumError: two pictures share a stem.
    """
    files = folder.iterdir() if folder.is_dir() else ()
    paths = [path for path in files if path.suffix.lower() in SUFFIXES and path.name[0] != "."]
    paths.sort(key=lambda path: (natural_key(path.stem), path.name))
    ids = [path.stem for path in paths]
    refuse_duplicates(folder, ids)
    return ids, paths


def _labels(folder: Path, ids: list[str]) -> tuple[Path | None, list[str]]:
    """The labels file, None if there is none, and the texts (N,) in the order of `ids`."""
    for path in (folder / place / name for place in ("train", ".") for name in _LABEL_READERS):
        if path.is_file():
            return path, _LABEL_READERS[path.name](path, ids)
    return None, [name.split("_")[0] for name in ids]


def _from_csv(path: Path, ids: list[str]) -> list[str]:
    table = read_table(path, "id", "text")
    refuse_duplicates(path, table["id"])
    refuse_other_ids(path, table["id"].tolist(), ids, "label exactly the pictures that are there")
    return [str(text) for text in table.set_index("id").loc[ids, "text"]]


def _from_lines(path: Path, ids: list[str]) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise disk_fault(error, path) or error from None
    except UnicodeDecodeError as error:
        raise PodiumError(f"{path}: not UTF-8 ({error})\nremedy: save it as UTF-8") from None
    names = [str(number) for number in range(len(lines))]
    remedy = "line k, counted from 0, must be the text of picture k"
    refuse_other_ids(path, names, ids, remedy)
    return [lines[int(name)] for name in ids]


_LABEL_READERS = {"labels.csv": _from_csv, "labels.txt": _from_lines}


def _checked(path: Path, name: str, label: str, task: str) -> str:
    """The text of a label, which may be followed by its value if the task's texts have one."""
    text, _, value = label.partition(" ")
    where = f"{path}: label {label[:40]!r} of picture {name}"
    solve = answer_rules(task).solve
    if not text or (solve is None and value):
        raise PodiumError(f"{where}: {'holds a space' if text else 'empty'}")
    if not text.isprintable():
        raise PodiumError(f"{where}: holds a character that cannot be printed")
    if solve is None:
        return text
    try:
        computed = solve(text)
        if value and not _VALUE.fullmatch(value):
            raise ValueError(f"its value {value[:20]!r} is no number")
        stated = Fraction(value) if value else computed
    except (NotComputable, ValueError, ZeroDivisionError) as error:
        raise PodiumError(f"{where}: {error}\nremedy: correct the label") from None
    if abs(computed - stated) > Fraction(1, 100):
        raise PodiumError(f"{where}: it comes to {computed}\nremedy: correct the label")
    return text


def split_validation(n_pictures: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Row numbers of the train pictures, and of the validation pictures; neither is empty.

    Args:
        n_pictures: two or more.
        share: of the pictures that is kept for validation.
        seed: of the random choice.
    """
    order = np.random.default_rng(seed).permutation(n_pictures)
    kept = min(max(round(share * n_pictures), 1), n_pictures - 1)
    return sorted(order[kept:].tolist()), sorted(order[:kept].tolist())


class SameSizeDecoder:
    """Decodes pictures that must all have the size of the first one; `size` is (w, h)."""

    def __init__(self, first: Path, max_megapixels: float) -> None:
        self.first, self.max_megapixels = first, max_megapixels
        height, width, _ = decode_picture(first, max_megapixels).shape
        self.size = width, height

    def __call__(self, path: Path) -> Pixels:
        """Pixels (H, W, 3) uint8 RGB of the picture at `path`.

        Raises:
            PodiumError: it cannot be read, or is not as large as the first.
        """
        pixels = decode_picture(path, self.max_megapixels)
        height, width, _ = pixels.shape
        if (width, height) != self.size:
            raise PodiumError(
                f"{path}: {width}x{height} px, but {self.first.name} is "
                f"{self.size[0]}x{self.size[1]} px\n"
                "remedy: give all captchas of a task one size, or remove the odd ones"
            )
        return pixels


def decode_parts(
    splits: Sequence[LabelledPictures], decode: Callable[[Path], Pixels]
) -> Iterator[tuple[Pixels, list[str]]]:
    """Pixels (n, H, W, 3), by `decode`, and texts (n,) of all pictures, split by split."""
    for part in watched_parts(splits, PART, "captchas, parts"):
        yield np.stack([decode(path) for path in part.paths]), part.texts


def watched_parts(
    splits: Sequence[LabelledPictures], n: int, label: str
) -> Iterator[LabelledPictures]:
    """All pictures of the splits, up to `n` of one split at a time, with their progress shown.

    Args:
        splits: train, validation and test.
        n: the most pictures in a part.
        label: what the progress bar calls them.
    """
    parts = [
        split.select(range(start, min(start + n, len(split.ids))))
        for split in splits
        for start in range(0, len(split.ids), n)
    ]
    return progress(parts, len(parts), label)


def decode_picture(path: Path, max_megapixels: float) -> Pixels:
    """Pixels (H, W, 3) uint8 RGB of the picture at `path`; PodiumError if it cannot be read."""
    return picture_decoder.read(path, max_megapixels, "replace or remove it, and its label")
