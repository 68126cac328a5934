"""The slide artefact: the networks of all folds, and how slides are to be cut for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from podium.core.code_fingerprint import computing_code
from podium.core.files import file_sha256
from podium.core.params import Slides, TileSlides
from podium.slides.annotations.class_plan import TUMOUR, ClassPlan
from podium.slides.fcn import TASK
from podium.training import artefact, onnx_engine
from podium.training.described import Described, checked, foreign
from podium.training.frozen import compiled
from podium.training.runtime import keras, tf

Heat = NDArray[np.float32]
# views of a tile by how many: quarters of a circle, whether mirrored
_QUARTERS = [(quarters, False) for quarters in range(4)]
VIEWS = {
    2: [(0, False), (0, True)],
    4: _QUARTERS,
    8: [*_QUARTERS, *((quarters, True) for quarters in range(4))],
}


def describe(slides: Slides, tiles: TileSlides) -> dict[str, Any]:
    """The metadata of an artefact, as JSON values: its task, classes, and how slides are cut."""
    plan = ClassPlan.of(slides)
    classes = {} if plan.is_plain else {"classes": list(plan.names)}
    overrules = {"mpp_overrules": True} if slides.mpp_overrules else {}
    return {"task": TASK, "mpp": slides.mpp, "tiles": tiles.how_cut()} | overrules | classes


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


def _with_pixels(tiles: Any) -> Any:
    """Settings of tiles with `pixels`, which older artefacts lack."""
    return {"pixels": "keep", **tiles} if isinstance(tiles, dict) else tiles


class _Says(Described):
    """The description of networks for slides."""

    purpose = "slides"
    tiles: Annotated[TileSlides, BeforeValidator(_with_pixels)]
    mpp: Annotated[float, Field(gt=0)] | None
    mpp_overrules: bool = False
    classes: Annotated[list[str], Field(min_length=1, default_factory=lambda: [TUMOUR])]


class Segmenter:
    """Predicts tumour on tiles with the networks of an artefact.

    Attributes:
        path: of the artefact.
        tiles: how slides are cut for it.
        mpp: micrometres per level-0 pixel of slides that do not say theirs, or None.
        overruling_mpp: of all slides, whatever they say, or None.
        n_folds: how many networks it holds.
        engine: what runs them, and its version; empty: TensorFlow.
        classes: names of the labels 1, 2, ...

    Raises:
        PodiumError: the file is missing, damaged, or no artefact for slides.
    """

    def __init__(self, path: Path, engine: str = "tensorflow") -> None:
        self.path = path
        model, description = artefact.load(path)
        says = checked(_Says, path, description)
        self.tiles, self.mpp, self.classes = says.tiles, says.mpp, tuple(says.classes)
        self.overruling_mpp = says.mpp if says.mpp_overrules else None
        self._networks = [layer for layer in model.layers if isinstance(layer, keras.Model)]
        n_outputs = len(self.classes) + (len(self.classes) > 1)
        if {network.output_shape[-1] for network in self._networks} != {n_outputs}:
            raise foreign(path, _Says, f"{len(self.classes)} classes, but other outputs")
        self.n_folds = len(self._networks)
        self.engine = onnx_engine.provenance() if engine == onnx_engine.ENGINE else {}
        key = {"model": file_sha256(path)} if self.engine else None
        self._graphs = {
            int(network.name.removeprefix("fold")): _graph([network], key)
            for network in self._networks
        }
        self._all = _graph(self._networks, key)
        self._n_tiles = 0

    def heat(self, pixels: NDArray[np.uint8], fold: int = -1, turns: int = 1) -> Heat:
        """Probabilities of tumour (N, H, W) on tiles (N, H, W, 3); of classes (N, K, H, W).

        Args:
            pixels: sides are multiples of 32.
            fold: predicted by its own network, which has not seen it; another number, as -1, by
                the mean of all.
            turns: of how many views of a square tile the mean is taken: 1, 2 (and its mirror
                image), 4 (by quarters of a circle), 8 (both).
        """
        self._n_tiles += len(pixels)
        graph = self._graphs.get(fold, self._all)
        if turns == 1:
            return graph(pixels)
        heat = sum(_turned_back(graph(_turned(pixels, *view)), *view) for view in VIEWS[turns])
        return np.asarray(heat, dtype=np.float32) / np.float32(turns)

    def take_tile_count(self) -> int:
        """How many tiles were predicted since this was last called."""
        n_tiles, self._n_tiles = self._n_tiles, 0
        return n_tiles


def _turned(pixels: NDArray[np.uint8], quarters: int, is_mirrored: bool) -> NDArray[np.uint8]:
    """Tiles (N, H, H, 3) turned by quarters of a circle, and then mirrored."""
    turned = np.rot90(pixels, quarters, (1, 2))
    return np.ascontiguousarray(turned[:, :, ::-1] if is_mirrored else turned)


def _turned_back(heat: Heat, quarters: int, is_mirrored: bool) -> Heat:
    """Undo `_turned` on heat (N, ..., H, H)."""
    return np.rot90(heat[..., ::-1] if is_mirrored else heat, -quarters, (-2, -1))


def _probabilities(logits: Any) -> Any:
    """Probabilities of tumour (N, H, W); of K classes, without that of none, (N, K, H, W)."""
    if logits.shape[-1] == 1:
        return tf.sigmoid(logits[..., 0])
    return tf.transpose(tf.nn.softmax(logits)[..., 1:], (0, 3, 1, 2))


def _graph(
    models: Sequence[keras.Model], key: dict[str, str] | None
) -> Callable[[NDArray[np.uint8]], Heat]:
    """What gives the mean heat of networks; by ONNX Runtime, where `key` tells their file."""

    def mean(pixels: Any) -> Any:
        probabilities = [_probabilities(model(pixels, training=False)) for model in models]
        return tf.cast(tf.add_n(probabilities), tf.float32) / len(models)

    if key is None:
        return compiled(models, mean, (None, None))
    about = {**key, "networks": [model.name for model in models], "code": computing_code(__name__)}
    return onnx_engine.compiled(about, lambda: (mean, (None, None)))
