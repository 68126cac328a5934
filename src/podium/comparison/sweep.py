"""What became of the experiments in DVC's queue, and why some of them failed.

From DVC's own objects: `dvc queue status` prints a table for people that has neither logs nor
settings, and calls what a fallen machine left behind running for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.comparison.experiments import opened
from podium.core.errors import PodiumError
from podium.evaluation.competition import flat

STATES = ("queued", "running", "done", "failed", "lost")
LAST_LINES = 3
DVC_ERROR = "ERROR: "
TAIL = 1 << 16  # bytes of a log that are read


@dataclass
class Task:
    """One experiment of the queue.

    Attributes:
        name: as DVC calls it.
        state: one of STATES; lost: it counts as running, but its process is gone.
        settings: that differ from those it started from.
        log: what it printed; None before it runs.
        reason: of its failure, as lines.
    """

    name: str
    state: str
    settings: dict[str, Any] = field(default_factory=dict)
    log: Path | None = None
    reason: list[str] = field(default_factory=list)


@dataclass
class Queue:
    """All tasks in the order of STATES, and how many workers are alive."""

    tasks: list[Task]
    n_workers: int


def read(project: Path) -> Queue:
    """The queue of the project at `project` or above.

    Raises:
        PodiumError: it is no project of Git and DVC.
    """
    with opened(project) as repo:
        queue = repo.experiments.celery_queue
        n_workers = len(queue.worker_status())  # asks them, for a second
        tasks = [
            _task(repo, queue, entry, state, bool(n_workers)) for state, entry in _entries(queue)
        ]
    tasks.sort(key=lambda task: STATES.index(task.state))
    return Queue(tasks, n_workers)


def report(project: Path) -> list[str]:
    """The queue of the project as lines for people."""
    queue = read(project)
    if not queue.tasks:
        return ["nothing in the queue; docs/sweeps.md says how to fill it"]
    width = max(len(task.name) for task in queue.tasks)
    lines = []
    for task in queue.tasks:
        settings = "  ".join(f"{key}={value}" for key, value in task.settings.items())
        lines.append(f"{task.state:<8} {task.name:<{width}}  {settings}".rstrip())
        lines += [f"{'':<9}{line}" for line in task.reason]
        if task.log and task.state != "done":
            lines.append(f"{'':<9}log: {_short(task.log, project)}")
    counts = {state: sum(task.state == state for task in queue.tasks) for state in STATES}
    told = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
    return [*lines, f"{told}; workers: {queue.n_workers}", *_advice(counts, queue)]


def why(log: str) -> list[str]:
    """Return the reason of a failure: the stage's last `error:` or the log's end, and DVC's own.

    Where every stage went well, DVC's `ERROR:` is the only reason.
    """
    lines = [line.rstrip() for line in log.splitlines() if line.strip()]
    others = [line for line in lines if not line.startswith((DVC_ERROR, "WARNING: "))]
    return [*_reason_of_stage(others), *[line for line in lines if line.startswith(DVC_ERROR)][-1:]]


def _reason_of_stage(lines: Sequence[str]) -> Sequence[str]:
    ours = [k for k, line in enumerate(lines) if line.startswith("error: ")]
    if not ours:
        return lines[-LAST_LINES:]
    end = ours[-1] + 1
    while end < len(lines) and lines[end].startswith(("remedy: ", "  ")):
        end += 1
    return lines[ours[-1] : end]


def _entries(queue: Any) -> Iterator[tuple[str, Any]]:
    yield from (("queued", entry) for entry in queue.iter_queued())
    yield from (("running", entry) for entry in queue.iter_active())
    for done in queue.iter_done():
        yield "failed" if done.result is None else "done", done.entry


def _task(repo: Any, queue: Any, entry: Any, state: str, workers: bool) -> Task:
    process = queue.proc.get(entry.stash_rev)
    log = Path(process.stdout) if process and process.stdout else None
    if state == "running" and not (_alive(process, entry.stash_rev) if process else workers):
        state = "lost"
    task = Task(entry.name or entry.stash_rev[:7], state, log=log)
    task.settings = _changed(repo, entry.baseline_rev, entry.stash_rev)
    if state == "failed":
        setup = ["it failed before it ran; see .dvc/tmp/exps/celery/*.out"]
        task.reason = why(_tail(log)) if log and log.is_file() else setup
    return task


def _changed(repo: Any, before: str, after: str) -> dict[str, Any]:
    """The settings of params.yaml that differ between two commits; none if one is gone."""
    try:
        old, new = (flat(_settings(repo, commit)) for commit in (before, after))
    except (OSError, PodiumError, KeyError):
        return {}
    except Exception as error:  # Git's, of a commit that was collected as garbage
        if type(error).__module__.partition(".")[0] not in ("scmrepo", "dulwich", "pygit2"):
            raise
        return {}
    return {key: value for key, value in new.items() if key not in old or old[key] != value}


def _settings(repo: Any, commit: str) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    text = repo.scm.get_fs(commit).open("params.yaml", mode="rb").read()
    try:
        settings = YAML(typ="safe").load(text)
    except YAMLError:
        settings = None
    if not isinstance(settings, Mapping):
        raise PodiumError(
            f"{commit}: params.yaml holds no settings\nremedy: dvc exp remove that experiment"
        )
    return settings


def _alive(process: Any, word: str) -> bool:
    """Whether a process has an end that DVC knows of, or is there with `word` in its command.

    The number alone says little: numbers are used again.
    """
    if process.returncode is not None:
        return True
    try:
        command = Path(f"/proc/{process.pid}/cmdline").read_text(errors="replace")
    except OSError:
        return False
    return word in command


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - TAIL, 0))
        return file.read().decode("utf-8", errors="replace")


def _short(path: Path, project: Path) -> str:
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)


def _advice(counts: Mapping[str, int], queue: Queue) -> list[str]:
    lost = [task.name for task in queue.tasks if task.state == "lost"]
    advice = []
    if counts["queued"] and not queue.n_workers:
        advice.append("no worker is alive: dvc queue start --jobs N goes on with what is queued")
    if lost:
        advice.append(f"lost with their machine: dvc queue kill {' '.join(lost)}, then queue again")
    if counts["failed"]:
        advice.append("dvc queue logs NAME prints a whole log; dvc queue remove --failed forgets")
    return advice
