"""Which classes of an annotation are tumour, where nobody says so: what their names tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from podium.core.printable import printable

NO_CLASS = "no class"
_TUMOUR = {
    "tumour", "tumor", "tumours", "tumors", "cancer", "carcinoma", "adenocarcinoma", "malignant",
    "metastasis", "metastases", "lesion", "neoplasm", "neoplastic",
}  # fmt: skip
_DENIAL = {"non", "no", "not", "without", "nontumor", "nontumour"}
_OTHERWISE = {
    "normal", "benign", "healthy", "negative", "stroma", "stromal", "exclude", "excluded",
    "exclusion", "ignore", "ignored", "background", "glass", "artefact", "artefacts", "artifact",
    "artifacts", "fold", "folds", "pen", "necrosis", "necrotic", "blood", "fat", "adipose",
    "muscle", "immune", "inflammation", "lymphocyte", "lymphocytes", "tissue", "other",
}  # fmt: skip


def denies_tumour(name: str) -> bool:
    """Whether the name of a class says that it is no tumour: Normal, Stroma, Exclude, non-tumour.

    `Tumour stroma` names a tumour and is none of them.
    """
    words = set(re.findall(r"[^\W\d_]+", name.lower()))
    if words & _DENIAL:
        return True
    return not words & _TUMOUR and bool(words & _OTHERWISE)


def taken_as_tumour(name: str, classes: Collection[str] | None) -> bool:
    """Whether outlines of a class are taken as tumour.

    Args:
        name: of the class, or NO_CLASS.
        classes: those that are, upper or lower case; None: all whose names do not deny it.
    """
    if classes is None:
        return name == NO_CLASS or not denies_tumour(name)
    return name.lower() in {one.lower() for one in classes}


def class_note(areas: Mapping[str, float], tumour: Collection[str], whole: float) -> str:
    """A sentence on the classes of a file and which of them are taken as tumour.

    Args:
        areas: square pixels of each class.
        tumour: the classes taken as tumour.
        whole: square pixels of the slide.
    """
    shown = listed(f"{short(name)} {area / whole:.1%}" for name, area in areas.items())
    taken = listed(short(name) for name in areas if name in tumour) or "none of them"
    return f"classes: {shown} of the slide; taken as tumour: {taken}"


def short(name: str) -> str:
    """A class as it is printed: 40 characters at most, none of them a control."""
    return printable(name if len(name) <= 40 else f"{name[:37]}...")


def listed(names: Iterable[str]) -> str:
    """Up to ten of `names`, and how many more there are."""
    names = list(names)
    more = [f"and {len(names) - 10} more"] if len(names) > 10 else []
    return ", ".join(names[:10] + more)
