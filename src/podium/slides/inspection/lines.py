"""What was found among raw slides, and what is chosen, in lines to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from podium.core.choice import Choice
from podium.core.params import Slides
from podium.core.printable import printable
from podium.core.raw_folder import LeftOut
from podium.slides.class_report import class_lines
from podium.slides.inspection.choices import (
    INFERENCE,
    Budget,
    settings_of,
    smaller_objects,
)
from podium.slides.inspection.disk import disk_bytes, tissue_megapixels
from podium.slides.inspection.facts import SlideFacts, facts_of

Line = tuple[str, str]


def facts_lines(facts: Sequence[SlideFacts]) -> Iterator[Line]:
    """Yield how many slides there are, their sizes and scales, their tissue and tumour."""
    for split in ("train", "test"):
        of_split = list(facts_of(facts, split))
        patients = len({one.entry.patient for one in of_split})
        marked = sum(len(one.diameters) > 0 for one in of_split)
        outlined = f", {marked} with outlines" if split == "train" else ""
        yield split, f"{len(of_split)} slides of {patients} patients{outlined}"
    sizes = Counter(one.size for one in facts)
    (w, h), n = sizes.most_common(1)[0]
    small, large = min(sizes, key=np.prod), max(sizes, key=np.prod)
    span = f"; from {small[0]}x{small[1]} to {large[0]}x{large[1]}" if len(sizes) > 1 else ""
    n_bytes = sum(one.n_bytes for one in facts)
    yield "sizes", f"{w}x{h} px ({n}){span}; {n_bytes / 2**20:,.0f} MiB on disk"
    scales = Counter("unknown" if one.mpp is None else f"{one.mpp:.3g}" for one in facts)
    yield "mpp", ", ".join(f"{mpp} ({n})" for mpp, n in scales.most_common(6))
    shares = [one.tissue_share for one in facts]
    yield "tissue", f"{min(shares):.0%} to {max(shares):.0%} of a slide"
    yield from _object_lines(facts)


def _object_lines(facts: Sequence[SlideFacts]) -> Iterator[Line]:
    train = list(facts_of(facts, "train"))
    diameters = np.concatenate([one.diameters for one in train]) if train else np.empty(0)
    if not len(diameters):
        return
    low, middle, high = np.quantile(diameters, [0.05, 0.5, 0.95])
    text = (
        f"{len(diameters):,} outlined, {low:.0f} to {high:.0f} px wide, in the middle {middle:.0f}"
    )
    yield (
        "objects",
        f"{text}; nine tenths of their area wider than {smaller_objects(diameters):.0f} px",
    )
    tumour = [one.regions.area / (one.size[0] * one.size[1]) for one in train]
    yield "tumour", f"{np.mean(tumour):.1%} of the train slides"


def fault_lines(left_out: Sequence[LeftOut], faults: Sequence[str]) -> Iterator[Line]:
    """Yield what is not read, and which slides cannot be used.

    Args:
        left_out: files that belong to no slide.
        faults: of slides.
    """
    for reason, n in Counter(row.reason for row in left_out).items():
        first = next(row for row in left_out if row.reason == reason)
        yield "left out", printable(f"{n:,} x {reason}, e.g. {first.path}")
    for fault in faults:
        yield "left out", printable(fault)


def class_topics(facts: Sequence[SlideFacts], settings: Slides) -> Iterator[Line]:
    """Yield what the classes of the outlines are taken as."""
    annotations = [one.annotation for one in facts if one.annotation is not None]
    for line in class_lines(annotations, settings):
        yield "classes", line


def choice_lines(choices: Sequence[Choice]) -> Iterator[str]:
    """Yield the settings, one a line, each with its reason."""
    names = [f"{choice.section}.{choice.key}" for choice in choices]
    values = ["null" if choice.value is None else str(choice.value) for choice in choices]
    wide, of_value = max(map(len, names)), max(map(len, values))
    for name, value, choice in zip(names, values, choices, strict=True):
        yield f"  {name:<{wide}}  {value:<{of_value}}  {choice.reason}"


def cost_line(facts: Sequence[SlideFacts], choices: Sequence[Choice], budget: Budget) -> Line:
    """Return about how long all stages take, and how much disk.

    Args:
        facts: of all slides.
        choices: of the settings.
        budget: of training.
    """
    settings = settings_of(choices)
    tiles, train, n_folds = (
        settings["tile_slides"], settings["train_segmenter"], settings["ingest_slides"]["n_folds"],
    )  # fmt: skip
    tissue = tissue_megapixels(facts, tiles)
    rate = budget.megapixels(train["finest"])
    learnt = n_folds * train["epochs"] * train["epoch_size"] * tiles["tile"] ** 2 / 1e6
    predict = settings["predict_slides"]
    looks = (tiles["tile"] / predict["stride"]) ** 2 * (1 + predict["normalise"]) * budget.turns
    n_test = sum(one.entry.split == "test" for one in facts) / max(len(facts), 1)
    predicted = tissue * looks * (1 + n_test * (n_folds - 1))
    seconds = learnt / rate + predicted / (INFERENCE * rate)
    disk = disk_bytes(facts, tiles, tiles["pixels"]) / 1e9
    where = "a GPU" if budget.gpu else f"{budget.cores} cores"
    return (
        "cost",
        f"about {seconds / 60:.0f} minutes on {where}, {disk:.2g} GB for tiles and heat maps",
    )
