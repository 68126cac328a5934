"""The class activation map as a second output of an exported photo model.

Heads are linear on averages of feature maps, so the weights of their channels are numbers that are
found once; then the map is one product more in the graph. Maps of several networks, which may have
different grids, become one map of the finest grid: each place is spread over the places that its
area covers, so that the mean stays what it was, the logit less its bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import SettingsError
from podium.takeaway.maps import ClassMap, class_maps
from podium.takeaway.portable import Floats, Pixels, Portable
from podium.takeaway.recording import averaged, poolings, recorded
from podium.training.runtime import keras

EXACT = 1e-3  # of a logit: how far its bias may move from picture to picture
MEANING = (
    "what each place adds to the logit of each class (of a number: to it) before calibration; the "
    "mean over h and w, and the bias, add up to the logit"
)


def with_map(portable: Portable) -> Portable:
    """Return a photo model whose graph answers {answers (N, K), map (N, h, w, K)}.

    Raises:
        SettingsError: it is no photo model, or its logits are no sum over places.
    """
    if portable.description["task"] != "photos":
        raise SettingsError("--with-map: only photo models have it\nremedy: leave it out")
    black, white = (_all_maps(portable, np.full((32, 32, 3), grey, np.uint8)) for grey in (0, 255))
    offsets = np.array([[each.offset for each in maps] for maps in (black, white)])
    if np.abs(offsets[0] - offsets[1]).max() > EXACT * max(1.0, np.abs(offsets).max()):
        raise SettingsError(
            "--with-map: this model's answer is no sum over the places of a picture (layers follow "
            "its average, or one of its networks has none)\n"
            "remedy: leave it out, or train with extractors that end in an average"
        )
    grid = _finest(black)
    layer = AnswersAndMap(portable, [each.weights for each in black], grid, name="with_map")
    model = keras.Model(portable.model.input, layer(portable.model.input))

    def map_of(picture: Pixels) -> Floats:
        return np.stack([on_grid(each.maps, grid) for each in _all_maps(portable, picture)], -1)

    says = {"name": "map", "shape": ["N", *grid, len(black)], "meaning": MEANING,
            "bias": [float(value) for value in offsets[0]]}  # fmt: skip
    return replace(
        portable, model=model, map_of=map_of, description={**portable.description, "map": says}
    )


def _all_maps(portable: Portable, picture: Pixels) -> list[ClassMap]:
    n_outputs = portable.description["output"]["shape"][-1]
    return class_maps(portable, picture, range(n_outputs))


def _finest(maps: Sequence[ClassMap]) -> tuple[int, int]:
    shapes = [each.shape for each in maps[0].maps]
    return max(h for h, _ in shapes), max(w for _, w in shapes)


def on_grid(maps: Sequence[Floats], grid: tuple[int, int]) -> Floats:
    """Return the sum (h, w) of maps on a grid that is as fine or finer; its mean is theirs.

    Args:
        maps: (h', w') of each.
        grid: h and w.
    """
    spread = [area_shares(each.shape[0], grid[0]) @ each @ area_shares(each.shape[1], grid[1]).T
              for each in maps]  # fmt: skip
    return np.asarray(np.sum(spread, axis=0))


def area_shares(n_old: int, n_new: int) -> NDArray[np.float64]:
    """Return the shares (n_new, n_old) of old cells in each new cell, both dividing one length.

    Two cells as three, an array of shape (3, 2): 1 0 / 0.5 0.5 / 0 1.
    """
    edges_old, edges_new = np.arange(n_old + 1) * n_new, np.arange(n_new + 1) * n_old
    ends = np.minimum(edges_new[1:, None], edges_old[None, 1:])
    starts = np.maximum(edges_new[:-1, None], edges_old[None, :-1])
    return np.maximum(ends - starts, 0) / n_old


class AnswersAndMap(keras.layers.Layer):
    """The inputs of a photo model -> {answers (N, K), map (N, h, w, K)}."""

    def __init__(
        self, portable: Portable, weights: Sequence[Sequence[Floats]], grid: tuple[int, int],
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.model, self.grid = portable.model, grid
        # of each feature map (D, K), in the order of `class_maps`
        self.channel_weights = [
            np.stack(each, axis=-1).astype(np.float32) for each in zip(*weights, strict=True)
        ]

    def call(self, pixels: Any) -> Any:
        """Return the answers and the map."""
        ops, pools = keras.ops, poolings(self.model)
        with recorded(pools) as seen:
            answers = self.model(pixels, training=False)
        maps: Any = 0.0
        for (features, is_mirrored), weights in zip(
            averaged(pools, seen), self.channel_weights, strict=True
        ):
            each = ops.matmul(features, weights)
            maps += self._spread(ops.flip(each, axis=2) if is_mirrored else each)
        return {"answers": answers, "map": maps}

    def _spread(self, maps: Any) -> Any:
        """Maps (N, h', w', K) on the grid (N, h, w, K)."""
        ops, (h, w) = keras.ops, self.grid
        if maps.shape[2] != w:
            maps = ops.matmul(area_shares(maps.shape[2], w).astype(np.float32), maps)
        if maps.shape[1] != h:
            turned = ops.transpose(maps, (0, 2, 1, 3))
            turned = ops.matmul(area_shares(turned.shape[2], h).astype(np.float32), turned)
            maps = ops.transpose(turned, (0, 2, 1, 3))
        return maps
