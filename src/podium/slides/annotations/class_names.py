"""Which classes of an annotation are tumour, where nobody says so: what their names tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from podium.core.printable import printable

NO_CLASS = "no class"
_TUMOUR = {
    "tumour", "tumor", "tumours", "tumors", "cancer", "carcinoma", "adenocarcinoma", "malignant",
    "metastasis", "metastases", "lesion", "neoplasm", "neoplastic",
}  # fmt: skip
_DENIAL = {"no", "not", "without"}
_DENIED_BY_NON = _TUMOUR | {"normal", "cancerous", "tumorous", "tumoral", "tumoural"}
_NOTHING = {
    "normal", "healthy", "negative", "exclude", "excluded", "exclusion", "ignore", "ignored",
    "background", "glass", "artefact", "artefacts", "artifact", "artifacts", "fold", "folds", "pen",
    "tissue", "other",
}  # fmt: skip
_OTHERWISE = _NOTHING | {
    "benign", "stroma", "stromal", "necrosis", "necrotic", "blood", "fat", "adipose", "muscle",
    "immune", "inflammation", "lymphocyte", "lymphocytes",
}  # fmt: skip


def denies_tumour(name: str) -> bool:
    """Whether the name of a class says that it is no tumour: Normal, Stroma, Exclude, non-tumour.

    `Tumour stroma` names a tumour and is none of them.
    """
    return _says(name, _OTHERWISE)


def is_no_class(name: str) -> bool:
    """Whether the name of a class says that it is no kind of tissue: Normal, Exclude, Pen."""
    return name.endswith("*") or _says(name, _NOTHING)


def _says(name: str, words: Collection[str]) -> bool:
    in_order = re.findall(r"[^\W\d_]+", name.lower())
    own = set(in_order)
    if own & _DENIAL or _has_non_tumour(in_order):
        return True
    return not own & _TUMOUR and bool(own & set(words))


def _has_non_tumour(words: Sequence[str]) -> bool:
    """Whether a word of tumour follows `non` directly: not so in `non-small cell carcinoma`."""
    joined = {word + after for word, after in pairwise([*words, ""])}
    return any(f"non{word}" in joined for word in _DENIED_BY_NON)


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
