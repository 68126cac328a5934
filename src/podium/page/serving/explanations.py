"""Explanations of answers as pictures, one at a time; the model for them is loaded when needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from podium.core.errors import EnvironmentFault, PodiumError
from podium.page.serving.answerer import NoAnswer

Explain = Callable[[Path, Path], None]  # a picture, and the PNG that is to be written


class Explanations:
    """Explains pictures for many threads, by one model that is loaded with the first of them."""

    def __init__(self, load: Callable[[], Explain]) -> None:
        """Remember how to load what explains; a model that cannot be explained is tried once."""
        self._load, self._lock = load, Lock()
        self._explain: Explain | None = None
        self._fault: PodiumError | None = None

    def png(self, path: Path, seconds: float) -> bytes:
        """Return the explanation of a picture file as PNG.

        Args:
            path: the file; the PNG lies beside it while it is made.
            seconds: wait no longer for others.

        Raises:
            PodiumError: the picture cannot be read, or the model not be explained.
            NoAnswer: the machine failed; with the next picture it is tried again.
            TimeoutError: others took longer.
        """
        if not self._lock.acquire(timeout=seconds):
            raise TimeoutError
        drawn = path.with_name(f"{path.name}-explained.png")
        try:
            self._loaded()(path, drawn)
            return drawn.read_bytes()
        except EnvironmentFault as error:
            why = str(error).replace(str(path), "the picture").replace("\n", "; ")
            print(f"error: {why}", file=sys.stderr, flush=True)
            raise NoAnswer(why) from None
        finally:
            drawn.unlink(missing_ok=True)
            self._lock.release()

    def _loaded(self) -> Explain:
        if self._fault:
            raise self._fault
        try:
            self._explain = self._explain or self._load()
        except EnvironmentFault:
            raise  # it may pass
        except PodiumError as error:
            self._fault = error
            raise
        return self._explain
