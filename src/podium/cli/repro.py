"""`podium repro`: run what is out of date, competitions side by side."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from podium.cli.numbers import whole_number
from podium.core.errors import PodiumError, guarded

if TYPE_CHECKING:
    from dvc.repo import Repo

SHARED = "fingerprint"  # the one stage that all competitions wait for


@guarded
def repro(
    jobs: Annotated[int, whole_number("Competitions at the same time.", low=1)] = 2,
) -> None:
    """Run what is out of date, two competitions side by side.

    Competitions share nothing before the last stages, and many stages leave half of the machine
    idle. Results and dvc.lock are those of `dvc repro`, which runs one stage after the other. What
    fails does not stop the others. On a GPU, or with little memory, say `--jobs 1`: `dvc repro`.

    Examples:
        podium repro
        podium repro --jobs 1
    """
    from dvc.exceptions import DvcException

    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # of nohup
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))  # a closed terminal
    runs, failed = Runs(), []
    try:
        if jobs > 1 and runs.run(SHARED) == 0:
            failed = _side_by_side(jobs, runs)
    except DvcException:
        pass  # said by what follows
    if failed:
        raise PodiumError(
            f"{', '.join(failed)} failed, the other competitions are done\n"
            f"remedy: dvc repro {failed[0]} shows it alone"
        )
    if runs.run() != 0:
        raise PodiumError("dvc repro failed\nremedy: its last lines above say which stage and why")


class Runs:
    """Runs of `dvc repro`, which end together."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def run(self, *words: str) -> int:
        """Run and return the exit status; whatever interrupts it lets the stage save its work."""
        beside = str(Path(sys.executable).parent)  # where the `python` of stages is, too
        path = os.pathsep.join([beside, os.environ.get("PATH", os.defpath)])
        process = subprocess.Popen(
            [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", *words],
            env=os.environ | {"PATH": path},
            process_group=0,
        )
        self._running.append(process)
        try:
            return process.wait()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Interrupt all, and wait until they have ended."""
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
        for process in self._running:
            process.wait()


def _side_by_side(jobs: int, runs: Runs) -> list[str]:
    """Run the competitions that are out of date; the last stages of those that failed."""
    competitions = out_of_date()
    pool = ThreadPoolExecutor(jobs)
    try:
        statuses = list(pool.map(lambda stages: runs.run("--single-item", *stages), competitions))
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        runs.stop()
        raise
    pool.shutdown()
    return [stages[-1] for stages, status in zip(competitions, statuses, strict=True) if status]


def out_of_date() -> list[list[str]]:
    """Return the stages of each competition of which one has to run."""
    from dvc.repo import Repo

    with Repo() as repo:
        changed = repo.status()
        return [stages for stages in competition_stages(repo) if changed.keys() & stages]


def competition_stages(repo: Repo) -> Iterator[list[str]]:
    """Yield the stages of each competition in the order in which they run, the slowest first."""
    from networkx import dfs_postorder_nodes

    graph = repo.index.graph
    taken = {stage for stage in graph if stage.addressing == SHARED}
    for last in reversed([stage for stage in graph if stage.addressing.startswith("submit@")]):
        stages = [stage for stage in dfs_postorder_nodes(graph, last) if stage not in taken]
        taken.update(stages)
        yield [stage.addressing for stage in stages]
