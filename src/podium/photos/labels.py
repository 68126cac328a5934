"""The classes of train photos: what names and folders must say of them."""

from __future__ import annotations

from podium.core.errors import PodiumError
from podium.pictures.source import PictureSource


def require_classes(source: PictureSource) -> None:
    """Check that every train picture has a class, and that they are not all of one.

    Raises:
        PodiumError: a picture has none, or there is only one class.
    """
    entries = source.entries("train")
    for entry in entries:
        if not entry.label:
            raise PodiumError(
                f"{source.root}: {entry.path} says no class\n"
                "remedy: name train pictures class.number.jpg or sort them into train/<class>/"
            )
    classes = {entry.label for entry in entries}
    if len(classes) == 1:
        raise PodiumError(
            f"{source.root}: all train pictures are of one class, {classes.pop()!r}\n"
            "remedy: add pictures of another class"
        )
