"""The slide artefact: the networks of all folds, and how slides are to be cut for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.params import Slides, TileSlides
from podium.slides.annotations.class_plan import TUMOUR, ClassPlan
from podium.slides.fcn import TASK
from podium.training import artefact, model_file
from podium.training.batch_size import in_batches
from podium.training.runtime import jit_compile, keras, tf

Heat = NDArray[np.float32]


def describe(slides: Slides, tiles: TileSlides) -> dict[str, Any]:
    """The metadata of an artefact, as JSON values: its task, classes, and how slides are cut."""
    plan = ClassPlan.of(slides)
    classes = {} if plan.is_plain else {"classes": list(plan.names)}
    return {"task": TASK, "mpp": slides.mpp, "tiles": tiles.model_dump()} | classes


def assemble(models: Mapping[int, keras.Model], description: dict[str, Any]) -> keras.Model:
    """The networks of all folds as one model: pixels (N, H, W, 3) -> logits of each fold.

    Args:
        models: by the fold whose slides they have not seen.
        description: the metadata of the artefact.
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x = artefact.MetadataLayer(description, name="described")(pixels)
    folds = [
        keras.Model(model.inputs, model.outputs, name=f"fold{number}")(x)
        for number, model in models.items()
    ]
    return keras.Model(pixels, folds)


class Segmenter:
    """Predicts tumour on tiles with the networks of an artefact.

    Attributes:
        tiles: how slides are cut for it.
        mpp: micrometres per level-0 pixel of slides that do not say theirs, or None.
        n_folds: how many networks it holds.
        classes: names of the labels 1, 2, ...

    Raises:
        PodiumError: the file is missing, damaged, or no artefact for slides.
    """

    def __init__(self, path: Path) -> None:
        model, description = artefact.load(path)
        try:
            self.tiles = TileSlides(**description["tiles"])
            self.mpp = description["mpp"]
            self.classes = tuple(map(str, description.get("classes", [TUMOUR])))
        except (KeyError, TypeError, ValueError):
            raise PodiumError(
                f"{path}: a podium model, but not one for slides\n{model_file.RETRAIN}"
            ) from None
        self._networks = [layer for layer in model.layers if isinstance(layer, keras.Model)]
        self.n_folds = len(self._networks)
        self._graphs = {
            int(network.name.removeprefix("fold")): _graph([network]) for network in self._networks
        }
        self._all = _graph(self._networks)
        self._n_tiles = 0

    def heat(self, pixels: NDArray[np.uint8], fold: int = -1) -> Heat:
        """Probabilities of tumour (N, H, W) on tiles (N, H, W, 3); of classes (N, K, H, W).

        Args:
            pixels: sides are multiples of 32.
            fold: predicted by its own network, which has not seen it; another number, as -1, by
                the mean of all.
        """
        self._n_tiles += len(pixels)
        return self._graphs.get(fold, self._all)(pixels)

    def take_tile_count(self) -> int:
        """How many tiles were predicted since this was last called."""
        n_tiles, self._n_tiles = self._n_tiles, 0
        return n_tiles


def _probabilities(logits: Any) -> Any:
    """Probabilities of tumour (N, H, W); of K classes, without that of none, (N, K, H, W)."""
    if logits.shape[-1] == 1:
        return tf.sigmoid(logits[..., 0])
    return tf.transpose(tf.nn.softmax(logits)[..., 1:], (0, 3, 1, 2))


def _graph(models: Sequence[keras.Model]) -> Callable[[NDArray[np.uint8]], Heat]:
    @tf.function(
        input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8)], jit_compile=jit_compile()
    )
    def mean(pixels: Any) -> Any:
        x = tf.cast(pixels, tf.float32)
        probabilities = [_probabilities(model(x, training=False)) for model in models]
        return tf.cast(tf.add_n(probabilities), tf.float32) / len(models)

    return in_batches(models, mean)
