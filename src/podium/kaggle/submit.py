"""A submission on its way to Kaggle: what is said with it, and the wait for its score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from podium.core.errors import EnvironmentFault, PodiumError
from podium.evaluation.competition import Competition, value_at
from podium.kaggle.client import Kaggle, Sent
from podium.submission import ledger

FIRST_PAUSE, LONGEST_PAUSE = 3.0, 30.0  # seconds between two questions


def message_tag(manifest: Mapping[str, Any]) -> str:
    """Return what every message ends in, so that Kaggle's list tells which file was handed in."""
    return f"sha256 {str(manifest['sha256'])[: ledger.SHA_LENGTH]}"


def message(manifest: Mapping[str, Any], revision: str, own: str | None = None) -> str:
    """Return the message of a submission: `own` words, or method, nested score, revision; its tag.

    Args:
        manifest: of the submission.
        revision: of the project; '' outside git.
        own: a person's words, if any.
    """
    cells = ledger.local_cells(manifest.get("scores"))
    nested = cells["nested_score"] and f"nested {float(cells['nested_score']):.4f}"
    facts = (cells["method"], nested, revision)
    said = own or ", ".join(fact for fact in facts if fact)
    return f"{' '.join(said.split())} ({message_tag(manifest)})".strip()


def refuse_standin(competition: Competition, manifest: Mapping[str, Any]) -> None:
    """Raise a PodiumError if a submission is of pictures that were drawn here."""
    key = competition.source_setting
    if key and value_at(manifest.get("params") or {}, key) == "standin":
        raise PodiumError(
            f"{competition.name}: made of pictures drawn here ({key}: standin), Kaggle knows none "
            f"of them\nremedy: run dvc exp run -S {key}=raw submit@{competition.name}"
        )


def wait_for_score(
    kaggle: Kaggle,
    slug: str,
    tag: str,
    after: int,
    seconds: float,
    pause: Callable[[float], object],
) -> Sent | None:
    """Return what Kaggle says of a submission once it is scored, or after `seconds`; or None.

    Args:
        kaggle: is asked less and less often.
        slug: what Kaggle calls the competition.
        tag: of the submission's message.
        after: the number of an earlier submission of the same file; 0: there is none.
        seconds: to wait at most.
        pause: sleeps for some seconds.

    Raises:
        EnvironmentFault: the last question was not answered.
    """
    step, spent = FIRST_PAUSE, 0.0
    while True:
        over = spent >= seconds
        sent = _asked(kaggle, slug, tag, raising=over)
        new = sent if sent and sent.ref > after else None
        if over or (new and new.state != "pending"):
            return new
        now = min(step, seconds - spent)
        pause(now)
        step, spent = min(step * 1.5, LONGEST_PAUSE), spent + now


def _asked(kaggle: Kaggle, slug: str, tag: str, raising: bool) -> Sent | None:
    try:
        return kaggle.sent(slug, tag)
    except EnvironmentFault:  # it may pass
        if raising:
            raise
        return None
