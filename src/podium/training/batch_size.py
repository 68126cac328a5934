"""How many rows a device takes at once: fewer once its memory ran out, and that is remembered."""

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
    """`graph`, which asks `models`, as a function of rows (N, ...): as many at once as fit."""

    @functools.cache
    def of(shape: tuple[int, ...]) -> BatchSize:
        return BatchSize(models, shape[0], str(shape[1:]))

    return lambda rows: of(rows.shape).run(graph, rows)


class BatchSize:
    """The largest batch that a model was seen to fit in on this device.

    What was found is kept in the scratch folder, so that the next run begins with it.

    Args:
        models: that are asked.
        most: rows at once, where memory does not say fewer.
        use: tells what is done with them, and to what.

    Attributes:
        size: rows at once.
    """

    def __init__(self, models: Sequence[keras.Model], most: int, use: str) -> None:
        self.name = " and ".join(model.name for model in models)
        # Keras numbers the layers that a process makes: conv2d, conv2d_1, ...
        outlines = [re.sub(r'_\d+"', '"', model.to_json()) for model in models]
        key = json_sha256({"models": outlines, "use": use, "most": most, **runtime.report()})
        self._path = scratch_dir("batch-sizes") / f"{key}.json"
        self.size = most
        if 0 < (known := self._remembered()) < most:
            self.size = known
            print(
                f"{self.name}: {known} at once, no more fitted earlier ({self._path})", flush=True
            )

    def _remembered(self) -> int:
        try:
            return int(json.loads(self._path.read_text(encoding="utf-8"))["size"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def halve(self) -> None:
        """From now on, half as many at once.

        Raises:
            EnvironmentFault: it is one already.
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
        """What `graph` makes of `rows` (N, ...), as many at once as fit."""
        while True:
            edges = range(0, len(rows), self.size)
            try:
                parts = [
                    distribution.run_on_devices(graph, rows[at : at + self.size]) for at in edges
                ]
            except tf.errors.OpError as error:
                if not runtime.is_out_of_memory(error):
                    raise
                self.halve()
            else:
                return parts[0] if len(parts) == 1 else np.concatenate(parts)
