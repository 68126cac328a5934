"""Scores of several classes: how often each truth was most likely which class, at which heat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.slides.annotations.labelled import UNKNOWN
from podium.slides.scoring import LEVELS, Counts, level_of
from podium.slides.stitch import Heat

Labels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ClassHistogram:
    """Known pixels of one slide, or of several.

    Attributes:
        heat: (K + 1, K, LEVELS): by truth, by the likeliest class, by the heat of all classes
            together.
        tissue: (K + 1,): those on tissue by truth.
    """

    heat: NDArray[np.int64]
    tissue: NDArray[np.int64]

    @classmethod
    def of(cls, n_classes: int) -> ClassHistogram:
        """Return one without any pixel."""
        shape = n_classes + 1, n_classes, LEVELS
        return cls(np.zeros(shape, dtype=np.int64), np.zeros(n_classes + 1, dtype=np.int64))

    def add(self, heat: Heat, truth: Labels, tissue: NDArray[np.bool_]) -> None:
        """Count the pixels of a part of a slide.

        Args:
            heat: (K, h, w) of classes.
            truth: labels (h, w).
            tissue: where (h, w) there is any.
        """
        n_truths, n_classes, _ = self.heat.shape
        known = truth != UNKNOWN
        codes = (truth.astype(np.int64) * n_classes + heat.argmax(axis=0)) * LEVELS
        codes += level_of(total_heat(heat))
        counts = np.bincount(codes[known], minlength=self.heat.size)
        self.heat[...] += counts.reshape(self.heat.shape)
        self.tissue[:] += np.bincount(truth[known & tissue], minlength=n_truths)

    def counts(self, label: int, level: int) -> Counts:
        """Return the pixels of a class where total heat of `level` or more is marked."""
        marked = self.heat[:, :, level:].sum(axis=2)
        tp = int(marked[label, label - 1])
        fp = int(marked[:, label - 1].sum()) - tp
        n_truth, n = int(self.heat[label].sum()), int(self.heat.sum())
        return Counts(tp, fp, n_truth - tp, n - n_truth - fp)

    def all_tissue(self, label: int) -> Counts:
        """Return the pixels of a class where all tissue is marked as it: the trivial baseline."""
        tp, n_truth = int(self.tissue[label]), int(self.heat[label].sum())
        fp = int(self.tissue.sum()) - tp
        return Counts(tp, fp, n_truth - tp, int(self.heat.sum()) - n_truth - fp)


def total_heat(heat: Heat) -> Heat:
    """The heat (h, w) of all classes together; (h, w) stays, (K, h, w) is summed up."""
    return heat if heat.ndim == 2 else np.minimum(heat.sum(axis=0), np.float32(1))


def labels_of(heat: Heat, threshold: float) -> Labels:
    """The mask (h, w) of labels of heat (h, w) or (K, h, w): the likeliest class, or 0.

    Args:
        heat: of tumour, or of classes.
        threshold: total heat from which on a pixel is marked.
    """
    marked = total_heat(heat) >= np.float32(threshold)
    return (marked if heat.ndim == 2 else marked * (heat.argmax(axis=0) + 1)).astype(np.uint8)


def pooled_histogram(histograms: Sequence[ClassHistogram]) -> ClassHistogram:
    """The sum of histograms, at least one."""
    heats, tissues = ([getattr(each, name) for each in histograms] for name in ("heat", "tissue"))
    return ClassHistogram(np.sum(heats, axis=0), np.sum(tissues, axis=0))


def best_level_of_classes(histogram: ClassHistogram) -> int:
    """The level, 1 or more, of the threshold with the best mean F1; the middle one of a tie."""
    heat = histogram.heat
    marked = heat[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]  # at this level or above
    labels = np.arange(heat.shape[1])
    tp, n_marked = marked[labels + 1, labels], marked.sum(axis=0)
    n_truth = heat[1:].sum(axis=(1, 2))[:, None]
    f1 = np.where(n_marked + n_truth > 0, 2 * tp / np.maximum(n_marked + n_truth, 1), 1.0)
    mean = f1.mean(axis=0)[1:]
    return 1 + int(np.median(np.flatnonzero(mean == mean.max())))
