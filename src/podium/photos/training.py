"""All photo models of one run: fused heads, the models they are compared with, the artefact."""

from __future__ import annotations

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
    """Train one head per split and return the heads and their learning curve.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        settings: of the training.
        seed: of order and dropout.
    """
    return train_heads(head_task(features, data, settings), settings, seed)


def head_task(features: NDArray[np.float32], data: TrainRows, settings: Head) -> HeadTask:
    """Return the rows that one head per split is trained on.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        settings: of the training.
    """
    train = np.stack([split.train for split in data.splits], axis=1)
    stop = np.stack([split.stop for split in data.splits], axis=1)
    if not settings.patience:  # never stopped early: nothing needs to be kept back
        train, stop = train | stop, np.zeros_like(stop)
    truth = np.repeat(data.truth[:, None], len(data.splits), axis=1)
    return HeadTask(features[: len(data.ids)], truth, train, stop, len(data.classes))


def head_table(layer: FusedHeads, features: NDArray[np.float32], data: TrainRows) -> pd.DataFrame:
    """Return the prediction table of trained heads: each train row by the head that never saw it.

    Args:
        layer: one head per split.
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
    """
    return prediction_table(head_probabilities(layer, features), data)


@dataclass
class PhotoModels:
    """The trained models of one run.

    Attributes:
        tables: model name -> prediction table.
        curves: model name -> learning curve.
        heads: those that make the artefact.
        n_joined: test pictures (M,) that each head of `pseudo` learns from; None without.
    """

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    heads: FusedHeads | None = None
    n_joined: NDArray[np.int64] | None = None

    def scores(self, data: TrainRows) -> dict[str, dict[str, float]]:
        """Return the out-of-fold scores of each model."""
        return {name: oof_scores(table, data) for name, table in self.tables.items()}

    def metrics(self, data: TrainRows, head: str) -> dict[str, Any]:
        """Return the scores, which baselines `head` loses to, and the counts of pseudo-labels.

        A baseline is the prior or hand-made features; to lose is to have no lower log loss.
        """
        oof = self.scores(data)
        hand_made = [name for name in extractor_table.TABLE if extractor_table.is_baseline(name)]
        baselines = [name for name in oof if name in ("prior", *hand_made)]
        loss = oof[head]["log_loss"]
        lost_to = [name for name in baselines if not loss < oof[name]["log_loss"]]
        metrics: dict[str, Any] = {"oof": oof, "head": head, "not_better_than": lost_to}
        if self.n_joined is not None:
            counts = {"fewest": int(self.n_joined.min()), "most": int(self.n_joined.max())}
            metrics["pseudo_labels"] = {"test_pictures": len(data.test_ids), **counts}
        return metrics


def fused_names(params: Params) -> list[str]:
    """Return the extractors whose features are fused, in the order of params.yaml.

    Raises:
        SettingsError: there is none.
    """
    names = [name for name in params.extractors if not extractor_table.is_baseline(name)]
    if not names:
        raise SettingsError("extractors: nothing to fuse; list at least one network")
    return names


def train_all(params: Params, data: TrainRows, features_dir: Path) -> PhotoModels:
    """Train both heads, the scikit-learn models, each extractor alone, and the prior.

    Args:
        params: all settings.
        data: the rows and their splits.
        features_dir: holds <extractor>.h5.

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
    single = {
        name: load_features([features_dir / f"{name}.h5"], ids, data.content)
        for name in params.extractors
    }
    fused = np.concatenate([single[name] for name in names], axis=1)
    trained = PhotoModels()
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
    trained: PhotoModels,
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
    trained: PhotoModels,
    features: NDArray[np.float32],
    data: TrainRows,
    settings: TrainPhotoClassifier,
) -> None:
    """Add `pseudo`: the chosen kind of head, trained on test pictures too."""
    head = _chosen(settings)
    heads, trained.curves["pseudo"], trained.n_joined = train_twice(
        head_task(features, data, head), features, head, settings.seed, settings.pseudo_label
    )
    trained.tables["pseudo"] = head_table(heads, features, data)


def _add_singles(
    trained: PhotoModels,
    single: dict[str, NDArray[np.float32]],
    data: TrainRows,
    settings: TrainPhotoClassifier,
) -> None:
    for name, features in single.items():
        if extractor_table.is_baseline(name):
            trained.tables[name] = logistic_table(features, data, settings.hog_c)
        else:
            _add(trained, name, features, data, _chosen(settings), settings.seed)


def build_artefact(
    trained: PhotoModels,
    params: Params,
    data: TrainRows,
    features_dir: Path,
    probs: NDArray[np.float64],
) -> keras.Model:
    """Return the model that is saved: heads, calibration, and the extractors by name.

    Args:
        trained: the models of a run.
        params: all settings.
        data: the train rows.
        features_dir: holds <extractor>.h5.
        probs: out of fold (N, K); the calibration is fitted on them.
    """
    assert trained.heads is not None
    calibrate = params.train_photo_classifier.calibrate
    calibrator = calibration.fit(probs, data.truth) if calibrate else calibration.Calibration()
    names = fused_names(params)
    description = {
        "task": "photos",
        "classes": data.classes,
        "calibration": calibrator.as_dict(),
        "max_megapixels": params.photos.max_megapixels,
        "extractors": [_extractor_settings(name, params, features_dir) for name in names],
    }
    n_features = sum(extractor_table.find(name).n_features for name in names)
    return assemble(trained.heads, n_features, description)


def _extractor_settings(name: str, params: Params, features_dir: Path) -> dict[str, Any]:
    provenance = read_provenance(features_dir / f"{name}.h5")
    return {
        "name": name,
        "weights": params.extractors[name].weights,
        "weights_sha256": provenance["weights_sha256"],
        "batch_size": provenance["batch_size"],
        "views": provenance.get("views", "plain"),
    }
