"""A submission on its way to Kaggle: what is said with it, and the wait for its score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from podium.core.errors import EnvironmentFault, PodiumError
from podium.kaggle.client import Kaggle, Sent
from podium.submission import ledger

FIRST_PAUSE, LONGEST_PAUSE = 3.0, 30.0  # seconds between two questions


def mark(manifest: Mapping[str, Any]) -> str:
    """What every message ends in, so that Kaggle's list tells which file was handed in."""
    return f"sha256 {str(manifest['sha256'])[: ledger.SHA_LENGTH]}"


def message(manifest: Mapping[str, Any], revision: str, own: str | None = None) -> str:
    """What is said with a submission: `own` words, or method, nested score and revision; its mark.

    Args:
        manifest: of the submission.
        revision: of the project; '' outside git.
        own: a person's words, if any.
    """
    cells = ledger.local_cells(manifest.get("scores"))
    nested = cells["nested_score"] and f"nested {float(cells['nested_score']):.4f}"
    said = own or ", ".join(one for one in (cells["method"], nested, revision) if one)
    return f"{' '.join(said.split())} ({mark(manifest)})".strip()


def refuse_standin(name: str, manifest: Mapping[str, Any]) -> None:
    """Raise a PodiumError if the submission `name` is of pictures that were drawn here."""
    room, _, task = name.partition("-")
    settings: Any = manifest.get("params", {})
    for key in (room, *([task] if task else []), "source"):
        settings = settings.get(key) if isinstance(settings, Mapping) else None
    if settings == "standin":
        key = ".".join(filter(None, (room, task, "source")))
        raise PodiumError(
            f"{name}: made of pictures drawn here ({key}: standin), Kaggle knows none of them\n"
            f"remedy: run dvc exp run -S {key}=raw submit_{name.replace('-', '@')}"
        )


def waited(
    kaggle: Kaggle,
    slug: str,
    mark: str,
    after: int,
    seconds: float,
    pause: Callable[[float], object],
) -> Sent | None:
    """What Kaggle says of a submission once it is scored, or after `seconds`; None: nothing yet.

    Args:
        kaggle: is asked less and less often.
        slug: what Kaggle calls the competition.
        mark: of the submission's message.
        after: the number of an earlier submission of the same file; 0: there is none.
        seconds: to wait at most.
        pause: sleeps for some seconds.

    Raises:
        EnvironmentFault: the last question was not answered.
    """
    step, spent = FIRST_PAUSE, 0.0
    while True:
        over = spent >= seconds
        found = _asked(kaggle, slug, mark, raising=over)
        new = found if found and found.ref > after else None
        if over or (new and new.state != "pending"):
            return new
        now = min(step, seconds - spent)
        pause(now)
        step, spent = min(step * 1.5, LONGEST_PAUSE), spent + now


def _asked(kaggle: Kaggle, slug: str, mark: str, raising: bool) -> Sent | None:
    try:
        return kaggle.sent(slug, mark)
    except EnvironmentFault:  # it may pass
        if raising:
            raise
        return None
