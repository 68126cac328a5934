"""The table of raw files and labels that are not used, and its counts by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

import pandas as pd

from podium.captcha.raw_folder import LeftOut
from podium.core.files import write_table

COLUMNS = ["id", "split", "label", "path", "reason"]


def write_quarantine(path: Path, rows: Sequence[LeftOut]) -> None:
    """Write the quarantine table; paths in it are relative to the raw folder."""
    write_table(path, pd.DataFrame([astuple(row) for row in rows], columns=pd.Index(COLUMNS)))


def quarantine_lines(path: Path, rows: Sequence[LeftOut]) -> list[str]:
    """What a person reads: how many rows there are for each reason; nothing without rows."""
    if not rows:
        return []
    counts = Counter((row.split or "elsewhere", row.kind) for row in rows)
    lines = [f"{len(rows)} files or labels are not used, {path} lists them:"]
    return lines + [f"  {n} in {split}: {kind}" for (split, kind), n in sorted(counts.items())]
