"""All photo models of one run: the fused heads, what they are compared with, and the artefact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import SettingsError
from podium.core.feature_store import read_provenance
from podium.core.params import Head, Params, TrainPhotoClassifier
from podium.evaluation import calibration
from podium.models import extractor_table
from podium.photos.boosting import boosting_table
from podium.photos.classifier import assemble
from podium.photos.crossval import (
    TrainRows,
    load_features,
    logistic_table,
    oof_scores,
    prediction_table,
    prior_table,
)
from podium.photos.fusion import FusedHeads, HeadTask, head_probabilities, train_heads
from podium.photos.pseudo import train_twice
from podium.training.runtime import keras


def fit_heads(
    features: NDArray[np.float32], data: TrainRows, settings: Head, seed: int
) -> tuple[FusedHeads, pd.DataFrame]:
    """One head per split, trained on the train rows of `features` (train rows, then test rows)."""
    return train_heads(task_of(features, data, settings), settings, seed)


def task_of(features: NDArray[np.float32], data: TrainRows, settings: Head) -> HeadTask:
    """What one head per split learns from the train rows of `features`."""
    train = np.stack([split.train for split in data.splits], axis=1)
    stop = np.stack([split.stop for split in data.splits], axis=1)
    if not settings.patience:  # never stopped early: nothing needs to be kept back
        train, stop = train | stop, np.zeros_like(stop)
    truth = np.repeat(data.truth[:, None], len(data.splits), axis=1)
    return HeadTask(features[: len(data.ids)], truth, train, stop, len(data.classes))


def head_table(layer: FusedHeads, features: NDArray[np.float32], data: TrainRows) -> pd.DataFrame:
    """The prediction table of trained heads: each train row by the head that never saw it."""
    return prediction_table(head_probabilities(layer, features), data)


@dataclass
class Trained:
    """Prediction tables and learning curves by model name; the heads that make the artefact."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    heads: FusedHeads | None = None
    joined: NDArray[np.int64] | None = None  # test pictures (M,) each head of `pseudo` learnt from

    def scores(self, data: TrainRows) -> dict[str, dict[str, float]]:
        """Out-of-fold scores of each model."""
        return {name: oof_scores(table, data) for name, table in self.tables.items()}

    def metrics(self, data: TrainRows) -> dict[str, Any]:
        """The scores, and how many test pictures joined the heads if any might."""
        found: dict[str, Any] = {"oof": self.scores(data)}
        if self.joined is not None:
            spread = {"fewest": int(self.joined.min()), "most": int(self.joined.max())}
            found["pseudo_labels"] = {"test_pictures": len(data.test_ids), **spread}
        return found


def fused_names(params: Params) -> list[str]:
    """The extractors whose features are fused, in params' order.

    Raises:
        SettingsError: there is none.
    """
    names = [name for name in params.extractors if not extractor_table.is_baseline(name)]
    if not names:
        raise SettingsError("extractors: nothing to fuse; list at least one network")
    return names


def train_all(params: Params, data: TrainRows, features_dir: Path) -> Trained:
    """Train both heads, what of scikit-learn they meet, each extractor alone, and the prior.

    Raises:
        SettingsError: no extractor can be fused, or test pictures are to join and there are none.
    """
    settings = params.train_photo_classifier
    if settings.pseudo_label and not data.test_ids:
        raise SettingsError(
            f"train_photo_classifier.pseudo_label: {settings.pseudo_label:g}, but there are no "
            "test pictures to join\nremedy: say 0.0"
        )
    names = fused_names(params)
    ids = data.ids + data.test_ids
    single = {name: load_features([features_dir / f"{name}.h5"], ids) for name in params.extractors}
    fused = np.concatenate([single[name] for name in names], axis=1)
    trained = Trained()
    for kind, head in (("dense", settings), ("book", settings.book)):
        heads = _add(trained, kind, fused, data, head, settings.seed)
        if kind == settings.head:
            trained.heads = heads
    if settings.pseudo_label:
        _add_pseudo(trained, fused, data, settings)
    trained.tables["logistic"] = logistic_table(fused, data, settings.logistic_c)
    trained.tables["boosting"] = boosting_table(fused, data, settings.boosting, settings.seed)
    _add_singles(trained, single, data, settings)
    trained.tables["prior"] = prior_table(data)
    return trained


def _add(
    trained: Trained,
    name: str,
    features: NDArray[np.float32],
    data: TrainRows,
    head: Head,
    seed: int,
) -> FusedHeads:
    heads, curve = fit_heads(features, data, head, seed)
    trained.tables[name] = head_table(heads, features, data)
    trained.curves[name] = curve
    return heads


def _chosen(settings: TrainPhotoClassifier) -> Head:
    return settings if settings.head == "dense" else settings.book


def _add_pseudo(
    trained: Trained,
    features: NDArray[np.float32],
    data: TrainRows,
    settings: TrainPhotoClassifier,
) -> None:
    """Add `pseudo`: heads like the chosen ones that learn from test pictures too."""
    head = _chosen(settings)
    heads, trained.curves["pseudo"], trained.joined = train_twice(
        task_of(features, data, head), features, head, settings.seed, settings.pseudo_label
    )
    trained.tables["pseudo"] = head_table(heads, features, data)


def _add_singles(
    trained: Trained,
    single: dict[str, NDArray[np.float32]],
    data: TrainRows,
    settings: TrainPhotoClassifier,
) -> None:
    for name, features in single.items():
        if extractor_table.is_baseline(name):
            trained.tables[name] = logistic_table(features, data, settings.hog_c)
        else:
            _add(trained, name, features, data, _chosen(settings), settings.seed)


def artefact_of(
    trained: Trained,
    params: Params,
    data: TrainRows,
    features_dir: Path,
    probs: NDArray[np.float64],
) -> keras.Model:
    """The artefact: heads, calibration fitted on `probs` (N, K out-of-fold), extractors by name."""
    assert trained.heads is not None
    fitted = calibration.Calibration()
    if params.train_photo_classifier.calibrate:
        fitted = calibration.fit(probs, data.truth)
    names = fused_names(params)
    description = {
        "task": "photos",
        "classes": data.classes,
        "calibration": fitted.as_dict(),
        "max_megapixels": params.photos.max_megapixels,
        "extractors": [_needed(name, params, features_dir) for name in names],
    }
    n_features = sum(extractor_table.find(name).n_features for name in names)
    return assemble(trained.heads, n_features, description)


def _needed(name: str, params: Params, features_dir: Path) -> dict[str, Any]:
    provenance = read_provenance(features_dir / f"{name}.h5")
    return {
        "name": name,
        "weights": params.extractors[name].weights,
        "weights_sha256": provenance["weights_sha256"],
        "batch_size": provenance["batch_size"],
        "views": provenance.get("views", "plain"),
    }


def summary_lines(metrics: dict[str, Any]) -> Sequence[str]:
    """The scores as lines of text, best first, then how many test pictures joined."""
    found = metrics["oof"]
    order = sorted(found, key=lambda name: found[name]["log_loss"])
    joined = metrics.get("pseudo_labels")
    last = "pseudo: {fewest} to {most} of {test_pictures} test pictures joined a head"
    return [
        f"{name:<20} log loss {found[name]['log_loss']:.4f} +- {found[name]['log_loss_se']:.4f}"
        f"   accuracy {found[name]['accuracy']:.4f}"
        for name in order
    ] + ([last.format(**joined)] if joined else [])
