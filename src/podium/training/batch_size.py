"""The batch size that fits the device's memory: halved on out-of-memory, and remembered."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import EnvironmentFault
from podium.core.files import json_sha256, scratch_dir, write_json
from podium.training import distribution, runtime
from podium.training.runtime import keras, tf

Graph = Callable[[Any], Any]


def in_batches(
    models: Sequence[keras.Model], graph: Graph
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return `graph` as a function of rows (N, ...), computed in batches that fit the memory.

    The dtype of the result (N, ...) is that of the graph. `models` are those that `graph` runs.
    """

    @functools.cache
    def batch_size(shape: tuple[int, ...]) -> BatchSize:
        return BatchSize(models, shape[0], str(shape[1:]))

    return lambda rows: batch_size(rows.shape).run(graph, rows)


class BatchSize:
    """The largest batch size, up to a limit, at which models fit the memory of this device.

    It is kept in the scratch folder, so that the next run starts with it.

    Args:
        models: that are run together.
        limit: the batch size if memory is no matter.
        use: what is computed, and the size of the inputs: part of the key in the scratch folder.

    Attributes:
        size: the batch size so far.
    """

    def __init__(self, models: Sequence[keras.Model], limit: int, use: str) -> None:
        self.name = " and ".join(model.name for model in models)
        # Keras numbers the layers that a process makes: conv2d, conv2d_1, ...
        outlines = [re.sub(r'_\d+"', '"', model.to_json()) for model in models]
        key = json_sha256({"models": outlines, "use": use, "most": limit, **runtime.report()})
        self._path = scratch_dir("batch-sizes") / f"{key}.json"
        self.size = limit
        if 0 < (remembered := self._remembered()) < limit:
            self.size = remembered
            print(f"{self.name}: batch size {remembered}, as earlier ({self._path})", flush=True)

    def _remembered(self) -> int:
        try:
            return int(json.loads(self._path.read_text(encoding="utf-8"))["size"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def halve(self) -> None:
        """Halve the batch size, in this run and the next ones.

        Raises:
            EnvironmentFault: it is 1 already.
        """
        if self.size <= 1:
            raise EnvironmentFault(
                f"{self.name}: the device's memory is too small for a single item\n"
                "remedy: end what else uses the device, or choose a smaller network or picture"
            ) from None
        self.size = -(-self.size // 2)
        write_json(self._path, {"model": self.name, "size": self.size})
        print(f"{self.name}: out of memory, now {self.size} at once", flush=True)

    def run(self, graph: Graph, rows: NDArray[Any]) -> NDArray[Any]:
        """Return `graph` of rows (N, ...), batch by batch; the dtype is that of the graph."""
        while True:
            starts = range(0, len(rows), self.size)
            try:
                parts = [
                    distribution.run_on_devices(graph, rows[start : start + self.size])
                    for start in starts
                ]
            except tf.errors.OpError as error:
                if not runtime.is_out_of_memory(error):
                    raise
                self.halve()
            else:
                return parts[0] if len(parts) == 1 else np.concatenate(parts)
