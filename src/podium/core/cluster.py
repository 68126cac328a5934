"""The processes of an existing Ray cluster, in place of this machine's.

The environment variable RAY_ADDRESS names the cluster. All of its nodes must see the project and
the scratch folder under the same paths, and have the project's packages and Ray installed.
"""

from __future__ import annotations

import os
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from pathlib import Path
from typing import Any

from podium.core.code_fingerprint import SOURCE
from podium.core.errors import EnvironmentFault, PodiumError, first_line
from podium.core.files import scratch_dir

ADDRESS = "RAY_ADDRESS"
INSTALL = "pip install --require-hashes -r requirements/ray.txt"
RETRIES = 5  # of a task whose node was lost
AHEAD = 2  # tasks that wait for each processor


def in_use() -> bool:
    """Whether work is to be done by a cluster."""
    return bool(os.environ.get(ADDRESS))


class ClusterPool(Executor):
    """Runs functions as tasks of the cluster; what a lost node was doing is done again.

    Args:
        gpu: each task takes a whole GPU, where the cluster has any.

    Raises:
        EnvironmentFault: Ray is not installed, the cluster cannot be reached, or one of its nodes
            does not see the project or the scratch folder.
    """

    def __init__(self, gpu: bool = False) -> None:
        ray = _connected()
        resources = ray.cluster_resources()
        n_gpus = int(resources.get("GPU", 0)) if gpu else 0
        self.n_workers = n_gpus or int(resources.get("CPU", 1))
        options: dict[str, Any] = {"num_gpus": 1} if n_gpus else {"num_cpus": 1}
        self._ray = ray
        self._task = ray.remote(max_retries=RETRIES, **options)(_run)
        self._running: dict[Future[Any], Any] = {}

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """Start a task and return its future result.

        Args:
            work: a function of a module, or a partial of one.
            args: its arguments.
            options: its arguments by name.
        """
        reference = self._task.remote(str(Path.cwd()), work, args, options)
        result: Future[Any] = Future()
        self._running[result] = reference
        reference.future().add_done_callback(lambda done: self._settle(done, result))
        return result

    def _settle(self, done: Future[Any], result: Future[Any]) -> None:
        self._running.pop(result, None)
        if error := done.exception():
            result.set_exception(error)
        elif isinstance(value := done.result(), _Refusal):
            result.set_exception(value.error)
        else:
            result.set_result(value)

    def map(
        self,
        function: Callable[..., Any],
        *iterables: Any,
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[Any]:
        """Yield results in order; only a few tasks wait at a time, however many items there are.

        Args:
            function: of a module, or a partial of one.
            iterables: its arguments, item by item.
            timeout: seconds for a task; None: any.
            chunksize: items of a task.
            buffersize: tasks that wait at most; None: two for each processor.
        """
        items = zip(*iterables, strict=False)
        waiting: deque[Future[Any]] = deque()
        while part := list(islice(items, chunksize)):
            if len(waiting) == (buffersize or AHEAD * self.n_workers):
                yield from waiting.popleft().result(timeout)
            waiting.append(self.submit(_each, function, part))
        while waiting:
            yield from waiting.popleft().result(timeout)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the tasks end; with `cancel_futures` they are stopped at once."""
        for reference in list(self._running.values()) if cancel_futures else []:
            self._ray.cancel(reference, force=True)

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.shutdown(cancel_futures=kind is not None)


class _Refusal:
    """An error in plain words: Ray would wrap it into a traceback."""

    def __init__(self, error: PodiumError) -> None:
        self.error = error


def _run(folder: str, work: Callable[..., Any], args: Any, options: Any) -> Any:
    import cv2

    os.chdir(folder)  # paths of stages are relative
    cv2.setNumThreads(1)
    try:
        return work(*args, **options)
    except PodiumError as error:
        return _Refusal(error)


def _each(function: Callable[..., Any], items: Any) -> list[Any]:
    return [function(*item) for item in items]


def _connected() -> Any:
    """The module `ray`, connected to the cluster, whose nodes all see what they must."""
    try:
        import ray  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise EnvironmentFault(
            f"{ADDRESS}: it needs Ray, which cannot be imported ({first_line(error)})\n"
            f"remedy: {INSTALL}, or unset {ADDRESS}"
        ) from None
    if ray.is_initialized():
        return ray
    variables = {"PYTHONPATH": str(SOURCE), "PODIUM_SCRATCH": str(scratch_dir().absolute())}
    try:
        ray.init(log_to_driver=False, runtime_env={"env_vars": variables})
    except Exception as error:  # Ray raises many kinds
        raise EnvironmentFault(
            f"{ADDRESS}={os.environ[ADDRESS]}: the cluster cannot be reached ({first_line(error)})"
            f"\nremedy: start it (ray start --head), or unset {ADDRESS}"
        ) from None
    _check_nodes(ray)
    return ray


def _check_nodes(ray: Any) -> None:
    """Check that every node sees the same project and the same scratch folder."""
    token = scratch_dir("cluster") / uuid.uuid4().hex
    token.touch()
    task, nodes = ray.remote(num_cpus=0, max_retries=0)(_sees), ray.nodes()
    from ray.util.scheduling_strategies import (  # type: ignore[import-not-found,unused-ignore]
        NodeAffinitySchedulingStrategy,
    )

    try:
        for node in (node for node in nodes if node["Alive"]):
            here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            asked = task.options(scheduling_strategy=here).remote(str(token), str(Path.cwd()))
            name = node["NodeManagerHostname"]
            try:
                missing = ray.get(asked)
            except Exception as error:
                missing = first_line(error)
            if missing:
                raise EnvironmentFault(
                    f"cluster node {name}: it cannot see {missing}\nremedy: mount the project and "
                    "PODIUM_SCRATCH on all nodes under the same paths, with the same packages"
                )
    finally:
        token.unlink()


def _sees(token: str, folder: str) -> str:
    """The first of both paths that is not there; '' if both are."""
    return next((path for path in (token, folder) if not Path(path).exists()), "")
