"""All photo models of one run: fused heads, and the models they are compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from podium.core.errors import SettingsError
from podium.core.feature_store import n_features_in
from podium.core.params import Head, Params, TrainPhotoClassifier
from podium.models import extractor_table
from podium.photos.boosting import fit_boosting
from podium.photos.crossval import Features, Floats, TrainRows, load_features, prediction_table
from podium.photos.fusion import FusedHeads, head_values
from podium.photos.linear import fit_linear, prior_table, priors
from podium.photos.members import heads_member
from podium.photos.models import PICTURES_ALONE, PhotoModels
from podium.photos.pseudo import train_twice
from podium.photos.split_heads import fit_heads, fit_with_columns, head_task
from podium.photos.stored_models import Stored


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
    paths = [features_dir / f"{name}.h5" for name in names]
    fused, widths = load_features(paths, *_pictures(data)), tuple(map(n_features_in, paths))
    trained = PhotoModels(alone=settings.head)
    inputs = Inputs(names, fused, data, settings, widths)
    for name, head in (("dense", settings), ("book", settings.book)):
        _add_fused(trained, name, inputs, head)
    if data.columns is not None:
        trained.alone = PICTURES_ALONE
        trained.heads = _add_heads(trained, PICTURES_ALONE, inputs)
    if settings.pseudo_label:
        _add_pseudo(trained, inputs)
    most = settings.sample
    _add_fitted(trained, "logistic", "linear", inputs,
                fit_linear(fused, data, settings.logistic_c, most, widths))  # fmt: skip
    _add_fitted(trained, "boosting", "trees", inputs,
                fit_boosting(fused, data, settings.boosting, settings.seed, most))  # fmt: skip
    _add_singles(trained, inputs, params, features_dir)
    trained.tables["prior"] = prior_table(data)
    trained.members["prior"] = {"type": "constant", "extractors": [], "values": priors(data)}
    return trained


@dataclass(frozen=True)
class Inputs:
    """What models learn from.

    Attributes:
        extractors: their names.
        features: (N + T, D) of these, joined.
        data: the rows and their splits.
        settings: of the training.
        widths: features of each extractor.
    """

    extractors: list[str]
    features: Features
    data: TrainRows
    settings: TrainPhotoClassifier
    widths: tuple[int, ...]


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


def _add_fused(trained: PhotoModels, name: str, inputs: Inputs, head: Head) -> None:
    """Add a kind of head on the fused features, and on the columns beside the pictures."""
    features, data, seed = inputs.features, inputs.data, inputs.settings.seed
    if data.columns is not None:
        seeing = fit_with_columns(features, data, head, seed, inputs.widths)
        trained.curves[name] = seeing.curve
        trained.tables[name] = prediction_table(seeing.values, data)
        trained.members[name] = heads_member(inputs.extractors, seeing.layers, seeing.codes)
        return
    heads, curve = fit_heads(features, data, head, seed, inputs.widths)
    _keep_heads(trained, name, inputs, heads, curve)
    if name == inputs.settings.head:
        trained.heads = heads


def _keep_heads(
    trained: PhotoModels, name: str, inputs: Inputs, heads: FusedHeads, curve: pd.DataFrame
) -> None:
    """Enter heads on pictures alone under `name`."""
    trained.curves[name] = curve
    trained.tables[name] = prediction_table(head_values(heads, inputs.features), inputs.data)
    trained.members[name] = heads_member(inputs.extractors, [heads])


def _add_heads(trained: PhotoModels, name: str, inputs: Inputs) -> FusedHeads:
    """Add the chosen kind of head, on pictures alone."""
    settings = inputs.settings
    heads, curve = fit_heads(
        inputs.features, inputs.data, _chosen(settings), settings.seed, inputs.widths
    )
    _keep_heads(trained, name, inputs, heads, curve)
    return heads


def _chosen(settings: TrainPhotoClassifier) -> Head:
    return settings if settings.head == "dense" else settings.book


def _add_pseudo(trained: PhotoModels, inputs: Inputs) -> None:
    """Add `pseudo`: the chosen kind of head, trained on test pictures too."""
    settings, features = inputs.settings, inputs.features
    head = _chosen(settings)
    heads, curve, trained.n_joined = train_twice(
        head_task(features, inputs.data, head, inputs.widths),
        features,
        head,
        settings.seed,
        settings.pseudo_label,
    )
    _keep_heads(trained, "pseudo", inputs, heads, curve)


def _add_fitted(
    trained: PhotoModels, name: str, kind: str, inputs: Inputs, fitted: tuple[Floats, list[Stored]]
) -> None:
    """Add a scikit-learn model of each split: its predictions (N + T, M, K) and its arrays."""
    values, parts = fitted
    trained.tables[name] = prediction_table(values, inputs.data)
    trained.members[name] = {"type": kind, "extractors": inputs.extractors, "parts": parts}


def _add_singles(trained: PhotoModels, fused: Inputs, params: Params, features_dir: Path) -> None:
    """Add a model on the features of each extractor alone."""
    settings, data, start = fused.settings, fused.data, 0
    for name in params.extractors:
        if extractor_table.is_baseline(name):
            features = load_features([features_dir / f"{name}.h5"], *_pictures(data))
            fitted = fit_linear(features, data, settings.hog_c, settings.sample)
            _add_fitted(trained, name, "linear", replace(fused, extractors=[name]), fitted)
        elif fused.extractors == [name]:  # the only one: its heads are trained already
            trained.tables[name] = trained.tables[trained.alone]
            trained.curves[name] = trained.curves[trained.alone]
            trained.members[name] = trained.members[trained.alone]
        else:
            end = start + extractor_table.find(name).n_features
            part = replace(
                fused, extractors=[name], features=fused.features[:, start:end], widths=()
            )
            _add_heads(trained, name, part)
            start = end
