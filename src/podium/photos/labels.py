"""The classes of train photos: what names and folders must say of them."""

from __future__ import annotations

from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.pictures.source import PictureSource


def require_classes(source: PictureSource) -> None:
    """Check that every train picture has a class, and that they are not all of one.

    Raises:
        PodiumError: a picture has none, or there is only one class.
    """
    entries = source.entries("train")
    root = printable(source.root)
    for entry in entries:
        if not entry.label:
            _refuse_labels_in_tables(source)
            raise PodiumError(
                f"{root}: {printable(entry.path)} says no class\n"
                "remedy: name train pictures class.number.jpg, sort them into train/<class>/, or "
                "put a table beside them and run podium inspect photos --write"
            )
    classes = {entry.label for entry in entries}
    if len(classes) == 1:
        raise PodiumError(
            f"{root}: all train pictures are of one class, {printable(classes.pop())!r}\n"
            "remedy: add pictures of another class; the first folder below train is the class"
        )


def _refuse_labels_in_tables(source: PictureSource) -> None:
    if tables := [printable(table) for table in source.tables()]:
        several = f" ({len(tables)} tables: {', '.join(tables[:4])})" if len(tables) > 1 else ""
        raise PodiumError(
            f"{printable(source.root / tables[0])}: the names of the train pictures say no class, "
            f"so their labels may be in a table{several}\n"
            "remedy: podium inspect photos --metric NAME --write shows what it holds and takes it"
        )
