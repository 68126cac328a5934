"""Another network's artefact as the start of a training, without a leak."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.params import PhotoNetwork
from podium.core.printable import printable
from podium.evaluation.task import PictureTask
from podium.photos.crossval import Split, TrainRows
from podium.photos.networks.names import TASK
from podium.training.model_file import read_description

NETWORK = "network"  # inside that of a fold


def learnt(data: TrainRows) -> dict[str, str]:
    """Return which pictures the networks of the first fold seed learn from, as JSON values.

    `content` holds the first 8 bytes of each picture's sha256, `fold` the fold of each, one byte.
    """
    fold = np.zeros(len(data.ids), dtype=np.uint8)
    for split in data.splits:
        if split.seed == data.splits[0].seed:
            fold[split.held_out] = split.fold
    return {"content": _encoded(_hashes(data)), "fold": _encoded(fold)}


def _hashes(data: TrainRows) -> NDArray[np.uint64]:
    return np.array([int(name[:16], 16) for name in data.content[: len(data.ids)]], np.uint64)


def _encoded(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()


def check_starts(networks: Mapping[str, PhotoNetwork], task: PictureTask) -> None:
    """Check each entry that starts from an artefact, but for those that are yet to be trained.

    Raises:
        PodiumError: as `check_start`.
    """
    own = {f"models/photos-{name}.keras" for name in networks}
    for name, settings in networks.items():
        if settings.start.endswith(".keras") and settings.start not in own:
            check_start(name, settings, task)


def check_start(name: str, settings: PhotoNetwork, task: PictureTask) -> None:
    """Check that the artefact which a training starts from is of the same network and classes.

    Args:
        name: of the entry of photo_networks.
        settings: of the entry.
        task: what is predicted.

    Raises:
        PodiumError: the file is missing, or is of something else; says of what.
    """
    path = Path(settings.start)
    says = read_description(path)
    expected: dict[str, Any] = {"task": TASK, "network": settings.network, "kind": task.kind}
    expected |= {"classes": list(task.names)} if task.kind != "number" else {}
    for key, value in expected.items():
        if says.get(key) != value:
            raise PodiumError(
                f"{printable(path)}: its {key} is {printable(says.get(key))}, but "
                f"photo_networks.{name} trains {printable(value)}\n"
                "remedy: name the artefact of a network of the same kind and classes"
            )


def start_weights(path: Path, data: TrainRows) -> list[list[NDArray[Any]]]:
    """Return for each split float32 weights of a network that never learnt its held-out rows.

    They are of the shapes that its layers have, (h, w, C, D) of a convolution for example.

    Args:
        path: of the artefact.
        data: the rows and their splits.

    Raises:
        PodiumError: all networks of the artefact have learnt held-out rows of some split.
    """
    from podium.models import hub_networks
    from podium.training import artefact

    hub_networks.require(str(read_description(path).get("network")), str(path))
    model, says = artefact.load(path)
    hashes = _hashes(data)
    fold_of = _folds(says["learnt"])
    weights = []
    for split in data.splits:
        fold = _unseen(path, split, hashes, fold_of, says["folds"])
        network = model.get_layer(f"fold{fold}")
        if all(layer.name != "head" for layer in network.layers):
            network = network.get_layer(NETWORK)
        weights.append(network.get_weights())
    return weights


def _folds(says: Mapping[str, str]) -> dict[int, int]:
    """Hash of each picture that an artefact knows -> its fold."""
    content = np.frombuffer(base64.b64decode(says["content"]), np.uint64)
    folds = np.frombuffer(base64.b64decode(says["fold"]), np.uint8)
    return dict(zip(content.tolist(), folds.tolist(), strict=True))


def _unseen(
    path: Path,
    split: Split,
    hashes: NDArray[np.uint64],
    fold_of: Mapping[int, int],
    folds: Sequence[int],
) -> int:
    """The first of `folds` whose network has learnt none of the rows that `split` holds out."""
    held_out = {fold_of[name] for name in hashes[split.held_out].tolist() if name in fold_of}
    for fold in folds:
        if held_out <= {fold}:
            return fold
    raise PodiumError(
        f"{printable(path)}: a leak: each of its networks has learnt pictures of fold {split.fold} "
        f"of seed {split.seed}\n"
        "remedy: train it on the same folds first, or start from imagenet"
    )
