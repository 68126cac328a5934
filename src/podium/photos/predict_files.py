"""`podium predict` of photos: the answers for picture files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podium.evaluation.competition import PredictOptions
from podium.evaluation.file_answers import FileAnswers, answers_in_batches
from podium.photos.classifier import PhotoClassifier


def answers(model: Path, paths: Sequence[Path], options: PredictOptions) -> FileAnswers:
    """Return the answers for picture files.

    An answer is a class and the probability of each; or the labels of at least 0.5, joined by `;`
    (`-`: none), and the probability of each; or a number.

    Args:
        model: the trained artefact.
        paths: the picture files.
        options: says where local weights lie.
    """
    classifier = PhotoClassifier(model, options.weights_dir)
    batches = answers_in_batches(paths, classifier.batch_size, classifier.answers)
    return FileAnswers(classifier.columns, batches)
