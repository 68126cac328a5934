"""Another reader's artefact as the start of a training: of other pictures, sizes and characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.charset import Charset
from podium.captcha.ctc import BLANK
from podium.captcha.network import n_steps
from podium.captcha.reader import READER
from podium.core.errors import PodiumError
from podium.core.printable import printable
from podium.training import artefact
from podium.training.runtime import keras

Weights = NDArray[np.float32]


def start_from(model: keras.Model, path: Path, charset: Charset) -> None:
    """Give an untrained reader the weights of a trained one.

    The classes of characters that both have are kept, in capitals or not; others stay untrained.
    Where a crnn's pictures have another height, what looks at their rows is stretched.

    Args:
        model: the untrained reader.
        path: of the trained reader's artefact.
        charset: of the untrained reader.

    Raises:
        PodiumError: the artefact is no reader of captchas, is of another architecture, or is a cnn
            of pictures of another size or texts of another length.
    """
    trained, says = artefact.load(path)
    parts = {layer.name: layer for layer in trained.layers if isinstance(layer, keras.Model)}
    trained = parts.get(READER, trained)
    layers = [_learning(reader) for reader in (trained, model)]
    if "charset" not in says or [type(a) for a in layers[0]] != [type(b) for b in layers[1]]:
        raise _other(path)
    (*grid, n_channels), is_cnn = _features(model), model.name == "cnn"
    if is_cnn and [*grid, n_steps(model)] != [*_features(trained)[:2], n_steps(trained)]:
        raise _other_cnn(path)
    for old, new in zip(*layers, strict=True):
        given = [np.asarray(weights) for weights in old.get_weights()]
        own = [np.asarray(weights) for weights in new.get_weights()]
        if new.name == "logits":
            given = _classes(given, own, Charset(says["charset"]), charset)
        elif isinstance(new, keras.layers.Dense) and given[0].shape != own[0].shape:
            given = [_stretched(given[0], own[0].shape, n_channels)]
        if [weights.shape for weights in given] != [weights.shape for weights in own]:
            raise _other(path)
        new.set_weights(given)


def _learning(model: keras.Model) -> list[Any]:
    return [layer for layer in model.layers if layer.weights]


def _features(model: keras.Model) -> tuple[int, ...]:
    """Rows, columns and channels (h, w, D) of a reader's last feature map."""
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    return tuple(convolutions[-1].output.shape[1:])


def _classes(given: list[Weights], own: list[Weights], old: Charset, new: Charset) -> list[Weights]:
    """The weights of the classes of `new`: `given` where `old` has the character, else `own`.

    A cnn has the classes once for every character, a crnn once.
    """
    of_old = {character: label for label, character in enumerate(old.characters, start=1)}
    pairs = [(BLANK, BLANK)]
    for label, character in enumerate(new.characters, start=1):
        alike = [c for c in (character, character.swapcase()) if c in of_old]
        pairs += [(label, of_old[c]) for c in alike[:1]]
    to, since = (list(labels) for labels in zip(*pairs, strict=True))
    mixed = [weights.copy() for weights in own]
    for target, source in zip(mixed, given, strict=True):
        if source.shape[:-1] != target.shape[:-1]:
            return given
        by_class = target.reshape(*target.shape[:-1], -1, len(new.characters) + 1)
        trained = source.reshape(*source.shape[:-1], -1, len(old.characters) + 1)
        by_class[..., to] = trained[..., since]
    return mixed


def _stretched(given: Weights, shape: tuple[int, int], n_channels: int) -> Weights:
    """Weights (h * D, U) of features for more or fewer rows h.

    Args:
        given: weights.
        shape: of the result.
        n_channels: D, of the features.
    """
    n_old, n_new = given.shape[0] // n_channels, shape[0] // n_channels
    rows = given.reshape(n_old, -1)
    stretched = cv2.resize(rows, (rows.shape[1], n_new), interpolation=cv2.INTER_LINEAR)
    return (stretched * n_old / n_new).reshape(-1, given.shape[1]).astype(np.float32)


def _other(path: Path) -> PodiumError:
    return PodiumError(
        f"{printable(path)}: no reader of captchas of the same model and width\n"
        "remedy: set start to the artefact of a reader with the same model and width, or to scratch"
    )


def _other_cnn(path: Path) -> PodiumError:
    return PodiumError(
        f"{printable(path)}: a cnn of pictures of another size or texts of another length\n"
        "remedy: set start to a cnn of such pictures and texts, or to scratch"
    )
