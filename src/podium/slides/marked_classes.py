"""Which classes the masks of predicted slides hold, beside those masks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import PodiumError
from podium.core.files import write_json
from podium.slides.dataset import SlideRecord

NAME = "classes.json"  # among the masks of all slides


def write(folder: Path, classes: Sequence[str]) -> None:
    """Write the names of several classes, in the order of their labels; of tumour alone nothing."""
    if len(classes) > 1:
        write_json(folder / NAME, {"classes": list(classes)})


def order_of(folder: Path, classes: Sequence[str]) -> list[int]:
    """The line of each class in the run lengths of a folder.

    Args:
        folder: of the masks of all slides.
        classes: names of the settings.

    Raises:
        PodiumError: the masks are of other classes.
    """
    path = folder / NAME
    try:
        marked = json.loads(path.read_text(encoding="utf-8"))["classes"]
    except FileNotFoundError:
        marked = list(classes) if len(classes) == 1 else []  # a single class leaves no file
    except (OSError, ValueError, TypeError, KeyError):
        marked = []
    if sorted(map(str, marked)) != sorted(classes):
        raise PodiumError(
            f"{path}: masks are not of {', '.join(classes)}, as slides.classes says\n"
            "remedy: run dvc repro submit@slides"
        )
    return [marked.index(name) for name in classes]


def refuse_another_order(path: Path, rows: Sequence[SlideRecord], words: Sequence[str]) -> None:
    """Raise a PodiumError where slides were ingested with classes in another order.

    Args:
        path: of the table of slides.
        rows: of the table.
        words: of the settings' plan, as the table holds them.
    """
    stored = "-".join(["", *words])
    if any("." in row.annotation and stored not in row.content for row in rows):
        raise PodiumError(
            f"{path}: its slides were read with other slides.classes, or in another order\n"
            "remedy: run dvc repro --force --single-item ingest_slides, "
            "then dvc repro submit@slides"
        )
