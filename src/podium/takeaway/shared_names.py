"""Pictures whose PNGs would have one name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podium.core.errors import SettingsError
from podium.core.printable import printable


def refuse_shared_names(pictures: Sequence[Path]) -> None:
    """Raise a SettingsError if two pictures share a name: their PNGs are called so."""
    seen: dict[str, Path] = {}
    for picture in pictures:
        if other := seen.get(picture.stem):
            raise SettingsError(
                f"{printable(other)} and {printable(picture)}: both would become "
                f"{printable(picture.stem)}.png\nremedy: explain them one after the other, each "
                "with an --out of its own"
            )
        seen[picture.stem] = picture
