"""What Git says of the project's folder: the revision, and which files differ from it."""

from __future__ import annotations

import subprocess
from pathlib import Path


def revision(folder: Path) -> str:
    """Git's short name of what is checked out where `folder` lies, `-dirty` if files differ.

    The ledger itself does not count; '' outside git.
    """
    name = _git(folder, "rev-parse", "--short", "HEAD")
    return f"{name}-dirty" if name and changed_files(folder) else name


def changed_files(folder: Path) -> list[str]:
    """Return the tracked files that differ from the revision, the ledger left out."""
    others = ("--", ":(top)", ":(exclude)ledger.csv")
    options = ("--porcelain", "-z", "--no-renames", "--untracked-files=no")
    entries = _git(folder, "status", *options, *others).split("\0")
    return [entry.strip().partition(" ")[2].strip() for entry in entries if entry]


def _git(folder: Path, *words: str) -> str:
    """What git prints; '' if it fails or is not installed."""
    where = folder if folder.is_dir() else Path()
    try:
        done = subprocess.run(
            ["git", "-C", str(where), *words],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
