"""All photo models of one run: fused heads, and the models they are compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from podium.core.errors import SettingsError
from podium.core.params import Head, Params, TrainPhotoClassifier
from podium.models import extractor_table
from podium.photos.boosting import boosting_table
from podium.photos.columns import encoded
from podium.photos.crossval import Features, Floats, TrainRows, load_features, prediction_table
from podium.photos.fusion import FusedHeads, head_values
from podium.photos.head_training import HeadTask, train_heads
from podium.photos.linear import linear_table, prior_table
from podium.photos.models import PICTURES_ALONE, PhotoModels
from podium.photos.pseudo import train_twice


def head_task(features: Features, data: TrainRows, settings: Head) -> HeadTask:
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
    kind = data.kind.name
    return HeadTask(features[: len(data.ids)], truth, train, stop, len(data.names), kind=kind)


def fit_heads(
    features: Features, data: TrainRows, settings: Head, seed: int
) -> tuple[FusedHeads, pd.DataFrame]:
    """Train one head per split and return the heads and their learning curve.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits.
        settings: of the training.
        seed: of order and dropout.
    """
    return train_heads(head_task(features, data, settings), settings, seed)


def fit_with_columns(
    features: Features, data: TrainRows, settings: Head, seed: int
) -> tuple[Floats, pd.DataFrame]:
    """Return the predictions (N + T, M, K) of heads that see the columns too, and their curve.

    Each head is trained alone, because each has an encoding of its own.

    Args:
        features: (N + T, D), of the train rows, then of the test rows.
        data: the rows and their splits, with columns.
        settings: of the training.
        seed: of order and dropout.
    """
    whole = head_task(features, data, settings)
    values, curves = [], []
    for number, split in enumerate(data.splits):
        beside = encoded(data, split)
        both = np.concatenate([features, beside], axis=1)
        own = slice(number, number + 1)
        task = HeadTask(
            both[: len(data.ids)], whole.truth[:, own], whole.train[:, own], whole.stop[:, own],
            whole.n_outputs, whole.in_batches, whole.kind, beside.shape[1],
        )  # fmt: skip
        layer, curve = train_heads(task, settings, seed)
        values.append(head_values(layer, both)[:, 0])
        curves.append(curve)
    return np.stack(values, axis=1), pd.concat(curves).groupby("epoch", as_index=False).mean()


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
        SettingsError: no extractor can be fused, or pseudo-labels cannot be had.
    """
    settings = params.train_photo_classifier
    _refuse_pseudo_labels(settings, data)
    names = fused_names(params)
    fused = load_features([features_dir / f"{name}.h5" for name in names], *_pictures(data))
    trained = PhotoModels(alone=settings.head)
    for name, head in (("dense", settings), ("book", settings.book)):
        _add_fused(trained, name, fused, data, head, settings)
    if data.columns is not None:
        trained.alone = PICTURES_ALONE
        trained.heads = _add(trained, PICTURES_ALONE, fused, data, settings)
    if settings.pseudo_label:
        _add_pseudo(trained, fused, data, settings)
    most = settings.sample
    trained.tables["logistic"] = linear_table(fused, data, settings.logistic_c, most)
    trained.tables["boosting"] = boosting_table(fused, data, settings.boosting, settings.seed, most)
    _add_singles(trained, fused, params, data, features_dir)
    trained.tables["prior"] = prior_table(data)
    return trained


def _pictures(data: TrainRows) -> tuple[list[str], list[str]]:
    """The ids (N + T,) of all rows, and the hashes of their pictures."""
    return data.ids + data.test_ids, data.content


def _refuse_pseudo_labels(settings: TrainPhotoClassifier, data: TrainRows) -> None:
    """Check that pseudo-labels can be had, if they are asked for."""
    why = ""
    if data.kind.name != "classes":
        why = "but they are for classes only"
    elif data.columns is not None:
        why = "but they are for pictures without columns beside them"
    elif not data.test_ids:
        why = "but there are no test pictures to join"
    if settings.pseudo_label and why:
        raise SettingsError(
            f"train_photo_classifier.pseudo_label: {settings.pseudo_label:g}, {why}\n"
            "remedy: say 0.0"
        )


def _add_fused(
    trained: PhotoModels,
    name: str,
    features: Features,
    data: TrainRows,
    head: Head,
    settings: TrainPhotoClassifier,
) -> None:
    """Add a kind of head on the fused features, and on the columns beside the pictures."""
    if data.columns is not None:
        values, trained.curves[name] = fit_with_columns(features, data, head, settings.seed)
        trained.tables[name] = prediction_table(values, data)
        return
    heads, trained.curves[name] = fit_heads(features, data, head, settings.seed)
    trained.tables[name] = prediction_table(head_values(heads, features), data)
    if name == settings.head:
        trained.heads = heads


def _add(
    trained: PhotoModels,
    name: str,
    features: Features,
    data: TrainRows,
    settings: TrainPhotoClassifier,
) -> FusedHeads:
    """Add the chosen kind of head, on pictures alone."""
    heads, trained.curves[name] = fit_heads(features, data, _chosen(settings), settings.seed)
    trained.tables[name] = prediction_table(head_values(heads, features), data)
    return heads


def _chosen(settings: TrainPhotoClassifier) -> Head:
    return settings if settings.head == "dense" else settings.book


def _add_pseudo(
    trained: PhotoModels, features: Features, data: TrainRows, settings: TrainPhotoClassifier
) -> None:
    """Add `pseudo`: the chosen kind of head, trained on test pictures too."""
    head = _chosen(settings)
    heads, trained.curves["pseudo"], trained.n_joined = train_twice(
        head_task(features, data, head), features, head, settings.seed, settings.pseudo_label
    )
    trained.tables["pseudo"] = prediction_table(head_values(heads, features), data)


def _add_singles(
    trained: PhotoModels, fused: Features, params: Params, data: TrainRows, features_dir: Path
) -> None:
    """Add a model on the features of each extractor alone."""
    settings, start = params.train_photo_classifier, 0
    for name in params.extractors:
        if extractor_table.is_baseline(name):
            features = load_features([features_dir / f"{name}.h5"], *_pictures(data))
            trained.tables[name] = linear_table(features, data, settings.hog_c, settings.sample)
        else:
            end = start + extractor_table.find(name).n_features
            _add(trained, name, fused[:, start:end], data, settings)
            start = end
