"""What is kept of trained photo models: heads as a Keras model, and all models as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.core.feature_store import read_provenance
from podium.core.params import Params
from podium.models import extractor_table
from podium.photos.calibration_by_kind import fit_calibration
from podium.photos.crossval import Floats, TrainRows
from podium.photos.fusion import FusedHeads, MeanOfHeads
from podium.photos.members import Member
from podium.photos.training import fused_names
from podium.training import artefact
from podium.training.runtime import keras


def assemble(heads: FusedHeads, n_features: int, description: dict[str, Any]) -> keras.Model:
    """Return the artefact of trained heads: features (N, D) -> uncalibrated predictions (N, K).

    Args:
        heads: trained.
        n_features: D.
        description: what the artefact says of itself, as JSON values.
    """
    inputs = keras.Input((n_features,), name="bottleneck_features")
    x = artefact.MetadataLayer(description, name="described")(inputs)
    return keras.Model(inputs, MeanOfHeads(heads.kind, name="mean_of_heads")(heads(x)))


def build_artefact(
    heads: FusedHeads, params: Params, data: TrainRows, features_dir: Path, values: Floats
) -> keras.Model:
    """Return the model that is saved.

    Args:
        heads: trained on pictures alone.
        params: all settings.
        data: the train rows.
        features_dir: holds <extractor>.h5.
        values: out-of-fold predictions (N, K) of these heads; the calibration is fitted on them.
    """
    names, kind = fused_names(params), data.kind.name
    calibrate = params.train_photo_classifier.calibrate
    description = {
        "task": "photos",
        "kind": kind,
        "classes": list(data.names),
        "calibration": fit_calibration(kind, values, data.truth) if calibrate else {},
        "max_megapixels": params.photos.max_megapixels,
        "extractors": [_extractor_settings(name, params, features_dir) for name in names],
    }
    n_features = sum(extractor_table.find(name).n_features for name in names)
    return assemble(heads, n_features, description)


def members_tree(
    members: Mapping[str, Member], params: Params, data: TrainRows, features_dir: Path,
    tables: Mapping[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Return all trained models as arrays, with what is needed to use them on new pictures.

    Args:
        members: model name -> the model.
        params: all settings.
        data: the train rows.
        features_dir: holds <extractor>.h5.
        tables: model name -> sha256 of its prediction table.
    """
    return {
        "task": "photos",
        "kind": data.kind.name,
        "names": list(data.names),
        "max_megapixels": params.photos.max_megapixels,
        "extractors": [
            _extractor_settings(name, params, features_dir) for name in params.extractors
        ],
        "tables": dict(tables),
        "members": dict(members),
    }


def _extractor_settings(name: str, params: Params, features_dir: Path) -> dict[str, Any]:
    provenance = read_provenance(features_dir / f"{name}.h5")
    return {
        "name": name,
        "weights": params.extractors[name].weights,
        "weights_sha256": provenance["weights_sha256"],
        "batch_size": provenance["batch_size"],
        "views": provenance.get("views", "plain"),
        **{key: provenance[key] for key in ("engine",) if key in provenance},
    }
