"""`podium predict` of photos: the answers for picture files, as CSV lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from podium.evaluation.competition import PredictOptions
from podium.photos.classifier import PhotoClassifier


def csv_lines(model: Path, images: Sequence[Path], options: PredictOptions) -> Iterator[str]:
    """Yield a header, then path and answer, a line a picture.

    The answer is a class and the probability of each; or the labels of at least 0.5, joined by
    `;` (`-`: none), and the probability of each; or a number.

    Args:
        model: the trained artefact.
        images: picture files.
        options: says where local weights lie.
    """
    classifier = PhotoClassifier(model, options.weights_dir)
    yield ",".join(["path", *classifier.columns])
    for start in range(0, len(images), classifier.batch_size):
        part = list(images[start : start + classifier.batch_size])
        for path, cells in zip(part, classifier.answers(part), strict=True):
            texts = [cell if isinstance(cell, str) else f"{cell:.6f}" for cell in cells]
            yield ",".join([str(path), *texts])
