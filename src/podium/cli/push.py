"""`podium submit --bundle`: a bundle goes to Kaggle as a dataset and a notebook."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from podium.cli.bundle import refuse_others
from podium.core.errors import PodiumError, SettingsError
from podium.core.printable import printable
from podium.photos.bundle_pages import SETTINGS


class Push:
    """A bundle that may be pushed.

    Attributes:
        folder: of the bundle.
        slug: of the competition on Kaggle.
    """

    def __init__(self, name: str, folder: Path, slug: str | None) -> None:
        refuse_others(name)
        self.folder = folder
        self._settings = _read(folder, name)
        self.slug = str(self._settings.get("slug") or "")
        if not self.slug or (slug and slug != self.slug):
            raise SettingsError(
                f"{printable(folder)}: its notebook reads the files of {self.slug or 'nothing'!r}\n"
                f"remedy: podium bundle {name} --slug {slug or 'SLUG'}"
            )

    def show(self) -> None:
        """Print what would be pushed."""
        from podium.kaggle.notebooks import Target

        files = [path for path in self.folder.rglob("*") if path.is_file()]
        n_bytes = sum(path.stat().st_size for path in files)
        ref = Target("YOU", self.slug).ref
        print(f"would push {self.folder}: {len(files)} files, {n_bytes / 1e6:.0f} MB")
        print(f"  as private dataset {ref}")
        print(f"  as private notebook {ref}, without internet, for {self.slug}")

    def send(self, seconds: float) -> None:
        """Push it, and wait up to `seconds` for the dataset.

        Raises:
            PodiumError: it is of pictures that were drawn here, or Kaggle refuses it.
        """
        from podium.kaggle import notebooks
        from podium.kaggle.client import signed_in_client

        if self._settings.get("source") == "standin":
            raise PodiumError(
                f"{printable(self.folder)}: made of pictures drawn here (photos.source: standin), "
                "Kaggle knows none of them\n"
                "remedy: run dvc exp run -S photos.source=raw submit@photos, then podium bundle"
            )
        client = signed_in_client()
        target = notebooks.Target(notebooks.user_of(client), self.slug)
        notebooks.write_metadata(self.folder, target)
        address = notebooks.push(client, self.folder, target, seconds, time.sleep)
        print(f"pushed, it runs now: {address}")
        print("once it has run, press Submit to Competition there")


def _read(folder: Path, name: str) -> dict[str, Any]:
    try:
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        if isinstance(settings, dict) and settings.get("competition") == name:
            return settings
    except (OSError, ValueError):
        pass
    raise PodiumError(
        f"{printable(folder)}: no bundle of {name}\nremedy: podium bundle {name} --out {folder}"
    )
