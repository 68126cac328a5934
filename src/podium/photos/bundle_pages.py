"""What a person reads and runs of a bundle: its script, the same as a notebook, and a README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SETTINGS = "podium-bundle.json"  # the file that makes a folder a bundle
PACKAGES = (
    "numpy", "pandas", "scipy", "scikit-learn", "pillow", "h5py", "filelock", "platformdirs",
    "tensorflow",
)  # fmt: skip
CELL = "# %%"  # begins a cell of the notebook


@dataclass(frozen=True)
class Places:
    """Where the test set lies below the competition's folder on Kaggle.

    Attributes:
        slug: the folder's name.
        test: folder or zip of the pictures.
        sample: the sample submission; '' without.
        table: of the test rows; '' without.
    """

    slug: str
    test: str
    sample: str
    table: str


def code(places: Places) -> str:
    """Return the script that writes submission.csv; its cells are those of the notebook."""
    sample = f"INPUT / {places.sample!r}" if places.sample else "None"
    table = f"INPUT / {places.table!r}" if places.table else "None"
    return f"""{CELL}
# Where things lie. As it stands this is right on Kaggle; elsewhere set PODIUM_INPUT.
import os
import sys
from pathlib import Path

SLUG = {places.slug!r}
there = [Path("/kaggle/input") / SLUG, Path("/kaggle/input/competitions") / SLUG]
INPUT = Path(os.environ.get("PODIUM_INPUT") or next(filter(Path.is_dir, there), there[0]))
TEST = INPUT / {places.test!r}  # folder or zip of the test pictures
SAMPLE = {sample}  # the sample submission; None: all test pictures are handed in
TABLE = {table}  # of the test rows, where ids are no file names or columns are needed
OUT = Path("submission.csv")

{CELL}
own = Path(__file__).parent if "__file__" in globals() else Path()
found = [own / {SETTINGS!r}, *Path("/kaggle/input").rglob({SETTINGS!r})]
BUNDLE = next(path for path in found if path.is_file()).parent.resolve()
sys.path.insert(0, str(BUNDLE))

{CELL}
from podium.photos.offline import CompetitionFiles, write_submission

write_submission(BUNDLE, CompetitionFiles(TEST, SAMPLE, TABLE), OUT)
"""


def notebook(script: str) -> dict[str, Any]:
    """Return a script as a notebook (nbformat 4.5)."""
    cells = [part.strip("\n") for part in script.split(CELL) if part.strip()]
    return {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {},
                "outputs": [],
                "source": cell.splitlines(keepends=True),
            }
            for number, cell in enumerate(cells)
        ],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def readme(models: str, columns: Sequence[str], needs_scikit_image: bool) -> str:
    """Return ten lines about a bundle.

    Args:
        models: which, in words.
        columns: beside the pictures, that they need.
        needs_scikit_image: whether a model takes hand-made features.
    """
    needed = "the test pictures, and the sample submission for ids and their order"
    if columns:
        needed += f", and a table (`TABLE`) with {', '.join(columns)}"
    packages = ", ".join([*PACKAGES, *(["scikit-image"] if needs_scikit_image else [])])
    lines = [
        "# A submission without a network",
        "",
        f"Models: {models}. They need {needed}.",
        "",
        "- On Kaggle: add this folder as a dataset and the competition's data to "
        "`submission.ipynb`; run it without internet.",
        "- Elsewhere: `PODIUM_INPUT=folder-of-the-competition python submission.py`.",
        f"- Python 3.10 or later with {packages}: all are in Kaggle's image.",
        "- `models/`: arrays (HDF5) and Keras files; nothing in them can run.",
        "- `weights/`: of the networks, each with its licence.",
        "- `podium/`: the modules that this takes, as they are in the project.",
        "- Written by `podium bundle photos`, which replaces it: change nothing here.",
    ]
    return "\n".join(lines) + "\n"
