"""Bottleneck features of many pictures: decoded ahead, computed in full batches, resumable."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core import hardware
from podium.core.code_fingerprint import computing_code
from podium.core.errors import PodiumError
from podium.core.feature_store import BLOCK, Shards
from podium.core.files import json_sha256, scratch_dir
from podium.core.params import Params
from podium.core.picture_decoder import DECODER, decode
from podium.core.progress import progress
from podium.core.throughput import ThroughputMeter
from podium.models.backbones import Extractor, Pixels, build
from podium.models.extractor_table import TABLE, is_baseline
from podium.pictures.views import (
    AVERAGED,
    cut,
    in_scope,
)

AHEAD = {"plain": 4, "flip": 4, "crops": 1}  # batches decoded while one is computed


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a feature row besides the picture itself."""

    extractor: Extractor
    batch_size: int
    max_megapixels: float
    views: str = "plain"
    precision: str = "float32"

    @property
    def provenance(self) -> dict[str, Any]:
        """The extractor's provenance with the decoder's policy, the batch size and the views.

        Plain features name no views and float32 ones no precision, as those that were computed
        before there was a choice.
        """
        several = {"views": self.views, "averaged": AVERAGED.get(self.views)}
        rounded = {"precision": self.precision} if self.precision != "float32" else {}
        return {
            **self.extractor.provenance,
            "decoder": DECODER,
            "resize": "squash, bicubic, antialiased",
            "batch_size": self.batch_size,
            **(several if self.views != "plain" else {}),
            **rounded,
        }

    @property
    def fingerprint(self) -> str:
        """Sha256 of the provenance: one name for one recipe, whatever the code."""
        return json_sha256(self.provenance)

    def pixels(self, data: bytes) -> NDArray[np.uint8]:
        """The bytes of a picture as the network sees it: RGB (C, H, W, 3), C > 1 for crops."""
        return cut(decode(data, self.max_megapixels), self.extractor.image_size, self.views)

    def compute(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Features (n, D) of n <= batch_size pictures (C, H, W, 3): the mean over their views.

        Each view is computed as one full batch. A padded batch has one shape, so a row's bytes do
        not depend on how many rows came along.
        """
        size = self.extractor.image_size
        batch: Pixels = np.zeros((self.batch_size, size, size, 3), dtype=np.uint8)
        features = []
        for view in np.stack(pictures, axis=1):
            batch[: len(view)] = view
            features.append(self._of_one(batch, len(view)))
            if self.views != "plain":
                features.append(self._of_one(in_scope(batch), len(view)))
        return np.stack(features).mean(0, dtype=np.float64).astype(np.float32)

    def _of_one(self, batch: Pixels, rows: int) -> NDArray[np.float32]:
        features = self.extractor.compute(batch)[:rows]
        if not np.isfinite(features).all():
            raise PodiumError(
                f"{self.extractor.name}: the network gave features that are not finite\n"
                "remedy: set extract_features.precision to float32, or check its weights"
            )
        return features


def recipe(name: str, params: Params, weights_dir: Path) -> Recipe:
    """How the pipeline computes the features of extractor `name`."""
    wanted, settings = params.extractors[name], params.extract_features
    precision = "float32" if is_baseline(name) else _set_up(settings.precision, params)
    extractor = build(name, wanted.weights, weights_dir)
    return Recipe(
        extractor, settings.batch_size, params.photos.max_megapixels, wanted.views, precision
    )


def _set_up(precision: str, params: Params) -> str:
    """TensorFlow made ready to extract; what it will compute in."""
    from podium.training import runtime

    runtime.set_up(0, precision, params.device.deterministic)
    return runtime.precision()


def device_of(recipe: Recipe) -> dict[str, Any]:
    """What the features are computed on and with; hand-made descriptors know no TensorFlow."""
    if is_baseline(recipe.extractor.name):
        return hardware.report()
    from podium.training import runtime

    return runtime.report()


def shards_of(recipe: Recipe) -> Shards:
    """The scratch store of features computed by `recipe` and this code so far."""
    key = {**recipe.provenance, "spec": repr(TABLE.get(recipe.extractor.name))}
    name = json_sha256(key | {"code": computing_code(__name__)})
    return Shards(scratch_dir("features", name[:32]), recipe.extractor.n_features)


def compute_missing(
    items: pd.DataFrame,
    read: Callable[[str], bytes],
    recipe: Recipe,
    shards: Shards,
    shard_size: int,
    meter: ThroughputMeter | None = None,
) -> int:
    """How many pictures of `items` (columns content, path) were new; `shards` now has all.

    A kill loses at most the pictures since the last shard.
    """
    new = items[~items["content"].isin(list(shards.where))].drop_duplicates("content")
    keys: list[str] = []
    rows: list[NDArray[np.float32]] = []
    batches = _decoded(list(zip(new["content"], new["path"], strict=True)), read, recipe)
    total = -(-len(new) // recipe.batch_size)
    try:
        shown = progress(batches, total, f"{recipe.extractor.name}, batches")
        for part, pictures in (meter or ThroughputMeter()).measure_each(
            shown, lambda batch: len(batch[0])
        ):
            rows.append(recipe.compute(pictures))
            keys += part
            if len(keys) >= shard_size:
                shards.add(keys, np.concatenate(rows))
                keys, rows = [], []
    finally:
        if keys:
            shards.add(keys, np.concatenate(rows))
    return len(new)


def in_order(shards: Shards, content: Sequence[str]) -> Iterator[NDArray[np.float32]]:
    """Blocks (up to BLOCK, D) of the features of the pictures `content`, in their order."""
    for start in range(0, len(content), BLOCK):
        yield shards.rows(content[start : start + BLOCK])


Picture = tuple[str, str]  # content hash, path


def _decoded(
    pictures: Sequence[Picture], read: Callable[[str], bytes], recipe: Recipe
) -> Iterator[tuple[list[str], list[NDArray[np.uint8]]]]:
    """(hashes, pixels) of one batch after the other, a few batches decoded ahead by threads."""
    size, ahead = recipe.batch_size, AHEAD[recipe.views]
    parts = [pictures[start : start + size] for start in range(0, len(pictures), size)]
    waiting: deque[tuple[list[str], list[Future[NDArray[np.uint8]]]]] = deque()

    def load(picture: Picture) -> NDArray[np.uint8]:
        content, path = picture
        data = read(path)
        if hashlib.sha256(data).hexdigest() != content:
            raise PodiumError(
                f"{path}: changed since ingest_photos ran\nremedy: run dvc repro again"
            )
        return recipe.pixels(data)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for index in range(len(parts) + ahead):
            if index < len(parts):
                futures = [pool.submit(load, picture) for picture in parts[index]]
                waiting.append(([content for content, _ in parts[index]], futures))
            if index >= ahead:
                keys, futures = waiting.popleft()
                yield keys, [future.result() for future in futures]
