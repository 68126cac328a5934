"""Bottleneck features of many pictures, computed in full batches; a killed run is resumed."""

from __future__ import annotations

import functools
import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core import cluster, hardware
from podium.core.code_fingerprint import computing_code
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.feature_shards import Shards
from podium.core.files import json_sha256, scratch_dir
from podium.core.params import Params
from podium.core.picture_decoder import UnreadableImage
from podium.core.printable import printable
from podium.core.progress import progress
from podium.core.throughput import ThroughputMeter
from podium.models.backbones import build
from podium.models.extractor_table import TABLE, is_baseline
from podium.pictures.recipe import Recipe
from podium.training import onnx_engine

PREFETCHED = {"plain": 4, "flip": 4, "crops": 1}  # batches decoded while one is computed
SINCE = "since it was ingested\nremedy: run dvc repro again"


def build_recipe(name: str, params: Params, max_megapixels: float, weights_dir: Path) -> Recipe:
    """Return how the pipeline computes the features of an extractor.

    Args:
        name: the extractor, a key of `extractors` in params.yaml.
        params: sections extractors, extract_features and device count.
        max_megapixels: larger pictures are refused.
        weights_dir: the folder of local weights files.
    """
    choice, settings = params.extractors[name], params.extract_features
    engine = params.device.engine
    precision = "float32"
    if engine == onnx_engine.ENGINE:
        onnx_engine.require_float32(settings.precision, "extract_features.precision")
    elif not is_baseline(name):
        precision = _set_up(settings.precision, params)
    extractor = build(name, choice.weights, weights_dir, engine=engine)
    return Recipe(extractor, settings.batch_size, max_megapixels, choice.views, precision)


def _set_up(precision: str, params: Params) -> str:
    """Set up TensorFlow and return the precision it supports."""
    from podium.training import runtime

    runtime.set_up(0, precision, params.device.deterministic)
    return runtime.precision()


def device_report(recipe: Recipe) -> dict[str, Any]:
    """Return device and software that compute the features; hand-made ones need no TensorFlow."""
    if is_baseline(recipe.extractor.name) or "engine" in recipe.extractor.provenance:
        return hardware.report()
    from podium.training import runtime

    return runtime.report()


def open_shards(recipe: Recipe) -> Shards:
    """Return the scratch store of features computed by `recipe` and this code so far."""
    key = {**recipe.provenance, "spec": repr(TABLE.get(recipe.extractor.name))}
    name = json_sha256(key | {"code": computing_code(__name__)})
    return Shards(scratch_dir("features", name[:32]), recipe.n_features)


def compute_missing(
    items: pd.DataFrame,
    read: Callable[[str], bytes],
    recipe: Recipe,
    shards: Shards,
    shard_size: int,
    meter: ThroughputMeter | None = None,
) -> int:
    """Compute the features that `shards` lacks and return how many there were.

    A kill loses at most the pictures since the last shard.

    Args:
        items: pictures, columns content and path.
        read: returns the bytes of the picture at a path.
        recipe: how features are computed.
        shards: where they are stored.
        shard_size: pictures per shard.
        meter: times the batches.
    """
    new = items[~items["content"].isin(list(shards.where))].drop_duplicates("content")
    keys: list[str] = []
    rows: list[NDArray[np.float32]] = []
    hashes_paths = list(zip(new["content"], new["path"], strict=True))
    n_ahead = PREFETCHED[recipe.views]
    batches = decoded(hashes_paths, read, recipe.pixels, recipe.batch_size, n_ahead)
    total = -(-len(new) // recipe.batch_size)
    try:
        steps = progress(batches, total, f"{recipe.extractor.name}, batches")
        measured = (meter or ThroughputMeter()).measure_each(steps, lambda batch: len(batch[0]))
        for part, pictures in measured:
            rows.append(recipe.compute(pictures))
            keys += part
            if len(keys) >= shard_size:
                shards.add(keys, np.concatenate(rows))
                keys, rows = [], []
    finally:
        if keys:
            shards.add(keys, np.concatenate(rows))
    return len(new)


def compute_by_cluster(
    items: pd.DataFrame, source: Path, extractor: str, params: Params, weights_dir: Path
) -> int:
    """Compute the features that are missing by the nodes of a cluster; return how many there were.

    Args:
        items: pictures, columns content and path.
        source: folder of the pictures.
        extractor: a key of `extractors` in params.yaml.
        params: as for `build_recipe`, and section photos.
        weights_dir: the folder of local weights files.

    Raises:
        EnvironmentFault: the nodes have other packages, so that their features would differ.
    """
    given = extractor, params.model_dump_json(), weights_dir
    recipe = build_recipe(extractor, params, params.photos.max_megapixels, weights_dir)
    new = items[~items["content"].isin(list(open_shards(recipe).where))]
    new = new.drop_duplicates("content")
    size = params.extract_features.shard_size
    parts = [new[start : start + size] for start in range(0, len(new), size)]
    with cluster.ClusterPool(gpu=True) as pool:
        done = pool.map(partial(_extract_part, *given, source), parts)
        deque(progress(done, len(parts), f"{extractor}, parts"), maxlen=0)
    if not new["content"].isin(list(open_shards(recipe).where)).all():
        raise EnvironmentFault(
            f"{extractor}: features that the cluster computed are not those of this machine's "
            "packages\nremedy: install the same requirements on all nodes"
        )
    return len(new)


def _extract_part(
    extractor: str, settings: str, weights_dir: Path, source: Path, part: pd.DataFrame
) -> int:
    """Compute some pictures' features in a process of a cluster."""
    from podium.pictures.source import PictureSource

    recipe = _recipe_once(extractor, settings, weights_dir)
    shards = open_shards(recipe)
    return compute_missing(part, PictureSource(source).read, recipe, shards, len(part))


@functools.lru_cache(maxsize=1)
def _recipe_once(extractor: str, settings: str, weights_dir: Path) -> Recipe:
    params = Params.model_validate_json(settings)
    return build_recipe(extractor, params, params.photos.max_megapixels, weights_dir)


Picture = tuple[str, str]  # content hash, path


def decoded(
    pictures: Sequence[Picture],
    read: Callable[[str], bytes],
    pixels: Callable[[bytes], NDArray[np.uint8]],
    size: int,
    n_ahead: int = 4,
) -> Iterator[tuple[list[str], list[NDArray[np.uint8]]]]:
    """Yield hashes and pixels (C, H, W, 3) of one batch after the other, some decoded in advance.

    Args:
        pictures: content hash and path of each.
        read: returns the bytes of the picture at a path.
        pixels: decodes those bytes.
        size: pictures in a batch.
        n_ahead: batches in advance.

    Raises:
        PodiumError: a picture was removed or changed since it was ingested.
    """
    parts = [pictures[start : start + size] for start in range(0, len(pictures), size)]
    waiting: deque[tuple[list[str], list[Future[NDArray[np.uint8]]]]] = deque()

    def load(picture: Picture) -> NDArray[np.uint8]:
        content, path = picture
        try:
            data = read(path)
        except FileNotFoundError:
            raise PodiumError(f"{printable(path)}: removed {SINCE}") from None
        except UnreadableImage as error:
            raise PodiumError(f"{printable(path)}: {error}; changed {SINCE}") from None
        if hashlib.sha256(data).hexdigest() != content:
            raise PodiumError(f"{printable(path)}: changed {SINCE}")
        return pixels(data)

    with ThreadPoolExecutor(hardware.cores()) as pool:
        for index in range(len(parts) + n_ahead):
            if index < len(parts):
                futures = [pool.submit(load, picture) for picture in parts[index]]
                waiting.append(([content for content, _ in parts[index]], futures))
            if index >= n_ahead:
                keys, futures = waiting.popleft()
                yield keys, [future.result() for future in futures]
