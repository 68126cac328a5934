"""How many pictures may be unreadable."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from podium.core.errors import PodiumError
from podium.core.printable import printable


def refuse_many_unreadable(
    root: Path, items: pd.DataFrame, quarantine: pd.DataFrame, tolerance: float, key: str
) -> None:
    """Check that few train pictures are unreadable.

    Args:
        root: the folder of the pictures, for messages.
        items: readable pictures.
        quarantine: the others.
        tolerance: share of the train pictures that may be unreadable.
        key: of the tolerance in params.yaml, for messages.

    Raises:
        PodiumError: more are, or all.
    """
    unreadable = quarantine[quarantine["split"] == "train"]
    n_train = len(unreadable) + int((items["split"] == "train").sum())
    if len(unreadable) > min(tolerance * n_train, n_train - 1):
        first = unreadable.iloc[0]
        raise PodiumError(
            f"{printable(root / first['path'])}: {first['reason']}\n"
            f"{len(unreadable)} of {n_train} train pictures cannot be read, more than the share "
            f"{key} = {tolerance:g}\n"
            "remedy: replace or remove them, or raise that number"
        )
