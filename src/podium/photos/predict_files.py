"""`podium predict` of photos: the answers for picture files."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from podium.core.errors import SettingsError
from podium.evaluation.competition import PredictOptions
from podium.evaluation.file_answers import Cell, FileAnswers, answers_in_batches
from podium.photos.answer_cells import answer_columns, answer_rows
from podium.photos.blended import PhotoBlend, blend_files
from podium.photos.file_columns import FileColumns
from podium.photos.members import Floats
from podium.photos.recipes import answered
from podium.training.model_file import read_task

FEW = 8  # pictures that are answered before a graph of the networks would have been made


def answers(model: Path, paths: Sequence[Path], options: PredictOptions) -> FileAnswers:
    """Return the answers for picture files: those of the blend, where it lies beside the model.

    A network of the blend, by its own file, answers alone.

    An answer is a class and the probability of each; or the labels that apply, joined by `;`
    (`-`: none), and the probability of each; or a number. Which models answer is said on stderr.

    Args:
        model: the trained artefact, heads on pictures alone.
        paths: the picture files.
        options: says where local weights, and columns beside the pictures, lie.
    """
    if read_task(model).endswith("-network"):
        _refuse_columns(options)
        return _of_network(model, paths)
    files = blend_files(model)
    if not files.exist:
        _refuse_columns(options)
        return _of_heads(model, paths, options, "dvc repro blend@photos adds the others")
    blend = PhotoBlend(files, options.weights_dir, _few(paths))
    if blend.columns and options.columns is None:
        names = ", ".join(blend.columns)
        return _of_heads(model, paths, options, f"the blend needs --columns with {names}")
    if not blend.columns:
        _refuse_columns(options)
    columns = FileColumns.read(options.columns, blend.columns) if blend.columns else None
    print(f"answered by the blend, {blend.in_words()}", file=sys.stderr)

    def rows(part: Sequence[Path]) -> list[list[Cell]]:
        beside = columns.of(part) if columns else None
        answer = answered(part, lambda data: blend.predict(data, beside))
        return answer_rows(blend.kind, answer.values, answer.decided)

    batches = answers_in_batches(paths, blend.batch_size, rows)
    return FileAnswers(answer_columns(blend.kind), batches)


def _few(paths: Sequence[Path]) -> int:
    """How many files there are, if they are few; else 0."""
    return len(paths) if len(paths) <= FEW else 0


def _refuse_columns(options: PredictOptions) -> None:
    if options.columns is not None:
        raise SettingsError(
            f"--columns {options.columns}: these models see pictures alone\nremedy: leave it out"
        )


def _of_network(model: Path, paths: Sequence[Path]) -> FileAnswers:
    """The answers of a network that was trained on the pictures themselves."""
    from podium.photos.networks.predictor import NetworkPredictor

    network = NetworkPredictor(model)
    whole = model.with_name("photos.keras")
    print(f"answered by {model} alone, not calibrated; the blend answers by --model {whole}",
          file=sys.stderr)  # fmt: skip

    def of_bytes(data: Sequence[bytes]) -> Floats:
        return network.predict(np.stack([network.pixels(value) for value in data]))

    def rows(part: Sequence[Path]) -> list[list[Cell]]:
        return answer_rows(network.kind, answered(part, of_bytes), None)

    return FileAnswers(answer_columns(network.kind), answers_in_batches(paths, FEW, rows))


def _of_heads(model: Path, paths: Sequence[Path], options: PredictOptions, why: str) -> FileAnswers:
    """The answers of the heads in the artefact itself."""
    from podium.photos.classifier import PhotoClassifier

    classifier = PhotoClassifier(model, options.weights_dir, _few(paths))
    print(f"answered by {model} alone, heads on pictures; {why}", file=sys.stderr)
    batches = answers_in_batches(paths, classifier.batch_size, classifier.answers)
    return FileAnswers(classifier.columns, batches)
