"""The extractors that trained photo models take their features from, and features of new files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.core import hardware
from podium.core.errors import PodiumError
from podium.core.picture_decoder import UnreadableImage
from podium.models import backbones
from podium.pictures.recipe import Recipe
from podium.training import onnx_engine

Features = NDArray[np.float32]
T = TypeVar("T")


def recipe_of(
    settings: dict[str, Any], max_megapixels: float, weights_dir: Path, few: int = 0
) -> Recipe:
    """Return how the features of an extractor were computed.

    Args:
        settings: of the extractor, as the trained model keeps them.
        max_megapixels: larger pictures are refused.
        weights_dir: the folder of local weights files.
        few: how many pictures come, if so few that no graph is worth its while; 0: unknown.

    Raises:
        PodiumError: its weights are others than those that were trained with.
    """
    name = settings["name"]
    extractor = onnx_engine.at_hand(
        settings.get("engine", "tensorflow"),
        name,
        lambda engine: backbones.build(name, settings["weights"], weights_dir, few > 0, engine),
    )
    views = settings.get("views", "plain")  # older models lack this key
    recipe = Recipe(extractor, few or settings["batch_size"], max_megapixels, views)
    if recipe.provenance["weights_sha256"] != settings["weights_sha256"]:
        raise PodiumError(
            f"{name}: its weights are not those the classifier was trained with\n"
            "remedy: install the pinned requirements, or run dvc repro"
        )
    return recipe


def answered(paths: Sequence[Path], predict: Callable[[list[bytes]], T]) -> T:
    """Return what `predict` says of the bytes of picture files.

    Raises:
        PodiumError: a file cannot be read; says which and why.
    """
    data = [_read(path) for path in paths]
    try:
        return predict(data)
    except UnreadableImage as error:
        if len(paths) > 1:  # which one, the caller finds out
            raise PodiumError(f"one of {len(paths)} pictures: {error}") from None
        raise PodiumError(f"{paths[0]}: {error}\nremedy: give a readable picture") from None


def features_of(recipe: Recipe, data: Sequence[bytes]) -> Features:
    """Return features (n, D) of the bytes of n pictures, no more than the recipe's batch size.

    Raises:
        UnreadableImage: one cannot be read.
    """
    with ThreadPoolExecutor(hardware.cores()) as pool:  # decoding lets go of the interpreter lock
        return recipe.compute(list(pool.map(recipe.pixels, data)))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PodiumError(f"{path}: {error.strerror}\nremedy: give the path of a picture") from None
