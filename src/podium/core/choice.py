"""A setting that `podium inspect` chooses, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """A setting, and why it is so.

    Attributes:
        section: of params.yaml, dotted.
        key: in the section.
        value: of the setting.
        reason: in a few words.
    """

    section: str
    key: str
    value: Any
    reason: str
