"""The slide artefact: the networks of all folds, with how slides are to be read for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.params import Slides, TileSlides
from podium.slides.fcn import TASK
from podium.training import artefact
from podium.training.batch_size import in_batches
from podium.training.runtime import jit_compile, keras, tf

Heat = NDArray[np.float32]


def description_of(slides: Slides, tiles: TileSlides) -> dict[str, Any]:
    """What an artefact says of itself, as JSON values."""
    return {"task": TASK, "mpp": slides.mpp, "tiles": tiles.model_dump()}


def assembled(models: Mapping[int, keras.Model], description: dict[str, Any]) -> keras.Model:
    """The networks of all folds as one model: pixels (N, H, W, 3) -> logits of each fold.

    Args:
        models: by the fold whose slides they have not seen.
        description: what the artefact says of itself.
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x = artefact.MetadataLayer(description, name="described")(pixels)
    folds = [
        keras.Model(model.inputs, model.outputs, name=f"fold{number}")(x)
        for number, model in models.items()
    ]
    return keras.Model(pixels, folds)


class Segmenter:
    """Finds tumour on tiles.

    Attributes:
        tiles: how slides are cut for it.
        mpp: of slides that do not say theirs, or None.
        n_folds: how many networks it holds.
    """

    def __init__(self, path: Path) -> None:
        model, found = artefact.load(path)
        try:
            self.tiles, self.mpp = TileSlides(**found["tiles"]), found["mpp"]
        except (KeyError, TypeError, ValueError):
            raise PodiumError(f"{path}: a podium model, but not one for slides") from None
        parts = [layer for layer in model.layers if isinstance(layer, keras.Model)]
        self.n_folds = len(parts)
        self._graphs = {int(part.name.removeprefix("fold")): _graph([part]) for part in parts}
        self._all = _graph(parts)
        self._seen = 0

    def heat(self, pixels: NDArray[np.uint8], fold: int = -1) -> Heat:
        """Probabilities of tumour (N, H, W) on tiles (N, H, W, 3).

        Args:
            pixels: sides are multiples of 32.
            fold: whose network looks; one without a network, as -1, takes the mean of all, none
                of which has learnt from it.
        """
        self._seen += len(pixels)
        return self._graphs.get(fold, self._all)(pixels)

    def newly_seen(self) -> int:
        """How many tiles were looked at since this was last asked."""
        seen, self._seen = self._seen, 0
        return seen


def _graph(models: Sequence[keras.Model]) -> Callable[[NDArray[np.uint8]], Heat]:
    @tf.function(
        input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)], jit_compile=jit_compile()
    )
    def mean(pixels: Any) -> Any:
        x = tf.cast(pixels, tf.float32)
        found = [tf.sigmoid(model(x, training=False)[..., 0]) for model in models]
        return tf.cast(tf.add_n(found), tf.float32) / len(models)

    return in_batches(models, mean)
