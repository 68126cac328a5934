"""Rows of numbers that may be more than the memory holds."""

from __future__ import annotations

import os
import tempfile

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import disk_fault
from podium.core.files import scratch_dir

IN_MEMORY = 1 << 28  # bytes of rows that are simply held in memory
Rows = NDArray[np.float32]


def empty_rows(n_rows: int, n_columns: int) -> Rows:
    """Return rows (N, D) to be filled.

    More than IN_MEMORY bytes lie in a file of the scratch folder that is gone with them: the system
    keeps as much of it in memory as there is room for.

    Raises:
        EnvironmentFault: the disk has no room for them.
    """
    shape, n_bytes = (n_rows, n_columns), 4 * n_rows * n_columns
    if n_bytes <= IN_MEMORY:
        return np.empty(shape, np.float32)
    folder = scratch_dir("rows")
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, n_bytes)
            return np.asarray(np.memmap(file, np.float32, "r+", shape=shape))
    except OSError as error:
        raise disk_fault(error, folder) or error from None
