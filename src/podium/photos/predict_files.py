"""`podium predict` of photos: class and probabilities of picture files, as CSV lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from podium.evaluation.competition import PredictOptions
from podium.photos.classifier import PhotoClassifier


def csv_lines(model: Path, images: Sequence[Path], options: PredictOptions) -> Iterator[str]:
    """Yield a header, then path, class and the probability of each class, a line a picture.

    Args:
        model: the trained artefact.
        images: picture files.
        options: says where local weights lie.
    """
    classifier = PhotoClassifier(model, options.weights_dir)
    yield ",".join(["path", "class", *(f"p_{name}" for name in classifier.classes)])
    for start in range(0, len(images), classifier.batch_size):
        part = list(images[start : start + classifier.batch_size])
        for path, probs in zip(part, classifier.classify(part), strict=True):
            values = [f"{value:.6f}" for value in probs]
            yield ",".join([str(path), classifier.classes[int(probs.argmax())], *values])
