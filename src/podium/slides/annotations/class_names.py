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


def no_tumour_note(kinds: str) -> str:
    """The note where a file has outlines, but of other classes than tumour."""
    return f"it has outlines of {kinds} only: taken as no tumour"


def class_note(
    areas: Mapping[str, float], uses: Mapping[str, Collection[str]], whole: float
) -> str:
    """A sentence on the classes of a file and what they are taken as.

    Args:
        areas: square pixels of each class.
        uses: the classes by what they are taken as.
        whole: square pixels of the slide.
    """
    shown = listed(f"{short(name)} {area / whole:.1%}" for name, area in areas.items())
    taken = [
        f"taken as {use}: {listed(map(short, names)) or 'none of them'}"
        for use, names in uses.items()
    ]
    return "; ".join([f"classes: {shown} of the slide", *taken])


def short(name: str) -> str:
    """A class as it is printed: 40 characters at most, none of them a control."""
    return printable(name if len(name) <= 40 else f"{name[:37]}...")


def listed(names: Iterable[str]) -> str:
    """Up to ten of `names`, and how many more there are."""
    names = list(names)
    more = [f"and {len(names) - 10} more"] if len(names) > 10 else []
    return ", ".join(names[:10] + more)
