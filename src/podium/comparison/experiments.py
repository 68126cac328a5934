"""The states of the project that Git and DVC remember: experiments, branches, tags, commits.

Only this file and `sweep` ask DVC. Files come out of its cache; the workspace stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from podium.comparison.run_results import RunResults, read_results
from podium.core.errors import PodiumError, SettingsError, first_line
from podium.core.files import scratch_dir
from podium.core.progress import progress
from podium.evaluation.competition import Competition

if TYPE_CHECKING:
    from dvc.repo import Repo

WORKSPACE = "workspace"


@dataclass
class Listing:
    """Commits by name, HEAD's name, and notes on experiments that have nothing to show."""

    commits: dict[str, str] = field(default_factory=dict)
    head: str = ""
    notes: list[str] = field(default_factory=list)


def read_all(
    project: Path, competition: Competition, named: Sequence[str] = (), baseline: str | None = None
) -> tuple[list[RunResults], list[str]]:
    """Return the results of the workspace and of each revision, and notes on those left out.

    Args:
        project: its folder, or one below.
        competition: whose files to read.
        named: revisions; none: HEAD and all experiments that started from it.
        baseline: another revision to read.

    Raises:
        SettingsError: a revision is unknown.
        PodiumError: `project` is no project of Git and DVC.
    """
    with opened(project) as repo:
        root = Path(repo.root_dir)
        asked = [*([baseline] if baseline else []), *named]
        listing = Listing() if named else listed(repo)
        listing.commits = _resolved(repo, asked) | listing.commits
        results = [read_results(WORKSPACE, root, competition)]
        commits = _once(listing.commits, asked)
        for name, commit in progress(commits, len(commits), "revisions"):
            results.append(_at(repo, name, commit, competition))
    if listing.head not in asked:
        workspace, head = results[0], listing.head
        results = [each for each in results if each.name != head or not _same(each, workspace)]
    return results, listing.notes


def opened(project: Path) -> Repo:
    """Return the project of Git and DVC at `project` or above; to be closed.

    Raises:
        PodiumError: there is none.
    """
    from dvc.exceptions import NotDvcRepoError
    from dvc.repo import Repo
    from dvc.scm import NoSCM

    try:
        repo = Repo(str(project))
    except NotDvcRepoError:
        raise PodiumError(
            f"{project}: no project of DVC\nremedy: run this in the project's folder"
        ) from None
    if isinstance(repo.scm, NoSCM):
        repo.close()
        raise PodiumError(f"{project}: no Git repository\nremedy: run git init and commit")
    return repo


def listed(repo: Repo) -> Listing:
    """Return HEAD and the experiments that started from it, as `dvc exp show` lists them."""
    listing = Listing()
    for state in repo.experiments.show(hide_workspace=True):
        listing.head = state.name or state.rev[:7]
        listing.commits[listing.head] = state.rev
        for experiment in state.experiments or []:
            name = experiment.name or experiment.revs[0].name or experiment.revs[0].rev[:7]
            kind = experiment.executor.state if experiment.executor else "success"
            if kind == "success":
                listing.commits[name] = experiment.revs[0].rev
            elif kind == "failed":
                listing.notes.append(f"{name}: failed; dvc queue logs {name} says why")
            else:
                listing.notes.append(f"{name}: {kind}, not finished")
    return listing


def _resolved(repo: Repo, names: Sequence[str]) -> dict[str, str]:
    from dvc.scm import RevError, resolve_rev

    commits = {}
    for name in names:
        if name == WORKSPACE:
            continue
        try:
            commits[name] = resolve_rev(repo.scm, name)
        except RevError:
            raise SettingsError(
                f"{name}: no such experiment, branch, tag or commit\n"
                "remedy: see dvc exp list --all, git branch, git tag, git log"
            ) from None
    return commits


def _once(commits: dict[str, str], asked: Sequence[str]) -> list[tuple[str, str]]:
    """Each commit under one name only, except what a person named."""
    seen: set[str] = set()
    once = []
    for name, commit in commits.items():
        if commit not in seen or name in asked:
            once.append((name, commit))
        seen.add(commit)
    return once


def _at(repo: Repo, name: str, commit: str, competition: Competition) -> RunResults:
    from dvc.exceptions import DvcException

    with TemporaryDirectory(dir=scratch_dir("compare")) as folder:
        root = Path(folder)
        try:
            with repo.switch(commit):
                _ = repo.index.data["repo"]  # raises what would make every file seem absent
                absent = _exported(repo.dvcfs, competition.result_files, root)
        except DvcException as error:  # of another time: no dvc.yaml yet, or one DVC refuses
            return RunResults(name, notes=[f"DVC cannot read it: {first_line(error)}"])
        results = read_results(name, root, competition)
    if absent:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        results.notes.append(
            f"not in DVC's cache: {absent[0]}{more}; dvc fetch brings what a remote has, "
            "dvc exp apply and dvc repro make it again"
        )
    return results


def _exported(files: Any, paths: Sequence[str], root: Path) -> list[str]:
    """Copy the files and folders that exist to `root`; returns those without a cache."""
    from dvc_data.index import DataIndexDirError

    absent: list[str] = []
    for path in paths:
        try:
            below = list(files.find(path)) if files.exists(path) else []
        except (DataIndexDirError, FileNotFoundError):
            absent.append(path)
            continue
        for file in below:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            try:
                files.get_file(file, str(root / file))
            except (DataIndexDirError, FileNotFoundError):
                absent.append(file)
                with suppress(FileNotFoundError):
                    (root / file).unlink()
    return absent


def _same(first: RunResults, other: RunResults) -> bool:
    """Whether two revisions say the same, so that one of them is enough."""
    if first.settings != other.settings or first.models.keys() != other.models.keys():
        return False
    return all(
        tables.keys() == other.models[model].keys()
        and all(rows.equals(other.models[model][name]) for name, rows in tables.items())
        for model, tables in first.models.items()
    )
