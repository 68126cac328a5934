"""One loaded model that answers files as they come, for many threads at once.

The function of each room that answers files for `podium predict` loads its model, and then goes
through a sequence of files batch by batch. Here that sequence has no end: it waits for uploads. So
the model is loaded once, one thread alone works with it, and what waits is answered together.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import overload

from podium.core.errors import PodiumError, first_line
from podium.core.printable import printable
from podium.evaluation.file_answers import FileAnswer, FileAnswers

Load = Callable[[Sequence[Path]], FileAnswers]
CLOSING_SECONDS = 10.0


class NoAnswer(Exception):
    """The model failed, or the server stops: nothing is wrong with the file."""


class _Closed(Exception):
    """No more files will come."""


class _Waiting(Sequence[Path]):
    """Files in the order in which they come; asking for the next waits for at least one.

    Attributes:
        taken: the files that were asked for last.
        alone: files that come before all others, each by itself.
    """

    def __init__(self) -> None:
        self._files: SimpleQueue[Path | None] = SimpleQueue()
        self.taken: list[Path] = []
        self.alone: deque[Path] = deque()

    def put(self, path: Path | None) -> None:
        """Add a file; None ends all."""
        self._files.put(path)

    def __len__(self) -> int:
        return sys.maxsize

    @overload
    def __getitem__(self, where: int) -> Path: ...
    @overload
    def __getitem__(self, where: slice) -> list[Path]: ...
    def __getitem__(self, where: int | slice) -> Path | list[Path]:
        one = not isinstance(where, slice) or bool(self.alone)
        most = 1 if one else where.stop - where.start  # type: ignore[union-attr]
        self.taken = [self.alone.popleft() if self.alone else self._next()]
        while len(self.taken) < most:
            try:
                self.taken.append(self._next(wait=False))
            except Empty:
                break
        return self.taken if isinstance(where, slice) else self.taken[0]

    def _next(self, wait: bool = True) -> Path:
        path = self._files.get(block=wait)
        if path is None:
            raise _Closed
        return path


class Answerer:
    """Answers files by one model, for any number of threads.

    Attributes:
        columns: of every answer.
    """

    def __init__(self, load: Load) -> None:
        """Load the model; its errors are raised here.

        Args:
            load: loads it, and gives its answers to the files of a sequence without an end.
        """
        self._load, self._waiting = load, _Waiting()
        self._promised: dict[Path, Future[FileAnswer]] = {}
        self._lock, self._closed = Lock(), False
        self.columns, answers = load(self._waiting)
        self._thread = Thread(target=self._work, args=[answers], daemon=True)
        self._thread.start()

    def answer(self, path: Path, seconds: float) -> FileAnswer:
        """Return the answer for a file, of a path that no other call has at the time.

        Args:
            path: the file.
            seconds: wait no longer.

        Raises:
            NoAnswer: the model failed, or the server stops.
            TimeoutError: it took longer.
        """
        future: Future[FileAnswer] = Future()
        with self._lock:
            if self._closed:
                raise NoAnswer("the server stops")
            self._promised[path] = future
            self._waiting.put(path)
        return future.result(seconds)

    def close(self) -> None:
        """Answer nothing more; those who wait get NoAnswer."""
        self._waiting.put(None)
        self._refuse_all("the server stops")
        self._thread.join(CLOSING_SECONDS)

    def _work(self, answers: Iterator[FileAnswer]) -> None:
        """Keep all promises, until the end; a model that failed is loaded again."""
        while True:
            try:
                for answer in answers:
                    self._keep(answer)
            except _Closed:
                return
            except Exception as error:  # libraries raise many kinds
                self._after(error)
            try:
                answers = self._load(self._waiting).answers
            except Exception as error:
                print(f"error: the model is gone: {_line(error)}", file=sys.stderr, flush=True)
                return self._refuse_all("the model is gone, see the server's terminal")

    def _keep(self, answer: FileAnswer) -> None:
        with self._lock:
            future = self._promised.pop(answer.path, None)
        if future:
            future.set_result(answer)

    def _after(self, error: Exception) -> None:
        """A batch failed: each of its files is tried again alone, one that is alone is refused."""
        print(f"error: {_line(error)}", file=sys.stderr, flush=True)
        with self._lock:
            left = [path for path in self._waiting.taken if path in self._promised]
            if len(left) > 1:
                self._waiting.alone.extend(left)
                return
            futures = [self._promised.pop(path) for path in left]
        for future in futures:
            future.set_exception(NoAnswer("the model failed on it, see the server's terminal"))

    def _refuse_all(self, why: str) -> None:
        with self._lock:
            self._closed = True
            futures = list(self._promised.values())
            self._promised.clear()
        for future in futures:
            future.set_exception(NoAnswer(why))


def _line(error: Exception) -> str:
    kind = "" if isinstance(error, PodiumError) else f"{type(error).__name__}: "
    return printable(kind + first_line(error))
