"""What the shell offers at a press of the tab key."""

from __future__ import annotations

from pathlib import Path

from podium.competitions import COMPETITIONS


def competitions(incomplete: str) -> list[str]:
    """Names of competitions."""
    return [name for name in COMPETITIONS if name.startswith(incomplete)]


def profiles(incomplete: str) -> list[str]:
    """Names of profiles."""
    return sorted(path.stem for path in Path("profiles").glob(f"{incomplete}*.yaml"))
