"""Raw files that lie there while a run uses drawn stand-ins: nothing is passed over in silence."""

from __future__ import annotations

import os
from pathlib import Path

MOST = 10_000  # files are counted, no more
OWN = ("README.md", ".gitignore", ".gitkeep", ".DS_Store")


def n_raw_files(folder: Path, most: int = MOST) -> int:
    """Return how many raw files lie below a folder, without DVC's own and the README; or `most`.

    Links are followed, to no folder twice and to none above.
    """
    n, entered = 0, {*map(str, Path(os.path.realpath(folder)).parents)}
    for place, folders, names in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(place)) in entered:
            folders.clear()
            continue
        entered.add(real)
        n += sum(name not in OWN and not name.endswith(".dvc") for name in names)
        if n >= most:
            return most
    return n


def unused_raw(standin: Path, most: int = MOST) -> str:
    """Return what to say of the raw files of what is drawn instead; '' if there are none.

    Args:
        standin: the folder of the stand-in, data/standin/...; raw files lie in data/raw/...
        most: files are counted.
    """
    parts = standin.parts
    if "standin" not in parts:
        return ""
    at = len(parts) - 1 - parts[::-1].index("standin")
    below = parts[at + 1 :]
    if not (n := n_raw_files(Path(*parts[:at], "raw", *below), most)):
        return ""
    count = f"{most:,} files or more" if n == most else f"{n:,} file{'s' * (n > 1)}"
    return (
        f"{Path(*parts[at - 1 : at], 'raw', *below)} holds {count} that "
        f"{'are' if n > 1 else 'is'} not used; podium inspect {' '.join(below)} --write would use "
        f"{'them' if n > 1 else 'it'}"
    )
