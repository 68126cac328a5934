"""The competitions by the names of their submissions."""

from __future__ import annotations

from podium.competitions import CONTESTS
from podium.core.errors import SettingsError

COMPETITIONS = tuple(CONTESTS)
SLUGS = {"photos": "dogs-vs-cats-redux-kernels-edition"}  # of those that are on Kaggle


def refuse_unknown(competition: str) -> None:
    """Raise a SettingsError unless there is such a competition."""
    if competition not in COMPETITIONS:
        known = ", ".join(COMPETITIONS)
        raise SettingsError(f"{competition}: no such competition; known are {known}")
