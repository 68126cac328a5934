"""`podium predict` of photos: class and probabilities of picture files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podium.evaluation.competition import PredictOptions
from podium.evaluation.file_answers import Cell, FileAnswers, answers_in_batches
from podium.photos.classifier import PhotoClassifier


def answers(model: Path, paths: Sequence[Path], options: PredictOptions) -> FileAnswers:
    """Return class and the probability of each class of picture files.

    Args:
        model: the trained artefact.
        paths: picture files.
        options: says where local weights lie.
    """
    classifier = PhotoClassifier(model, options.weights_dir)

    def predict(part: Sequence[Path]) -> list[list[Cell]]:
        probabilities = classifier.classify(part)
        return [[classifier.classes[int(row.argmax())], *row.tolist()] for row in probabilities]

    columns = ["class", *(f"p_{name}" for name in classifier.classes)]
    return FileAnswers(columns, answers_in_batches(paths, classifier.batch_size, predict))
