"""What `auto` means: size, epochs, batch and rate by the pictures and the device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from podium.core.params import PhotoNetwork, TrainingSettings
from podium.photos.networks.names import SMALL, fewest_px, is_transformer, sizes

SIZES = (32, 48, 64, 96, 128, 160, 192, 224, 256, 288, 320, 384)
LARGEST = {"processor": 128, "GPU": 224}  # px a side
Device = Literal["processor", "GPU"]


@dataclass(frozen=True)
class Choices:
    """How a network is trained, with nothing left open.

    Attributes:
        image_size: width and height in pixels.
        training: epochs, batch size, learning rate.
        reasons: a line for each `auto`: what it became, and why.
    """

    image_size: int
    training: TrainingSettings
    reasons: tuple[str, ...]


def choose(settings: PhotoNetwork, items: pd.DataFrame, n_train: int, device: Device) -> Choices:
    """Return the settings of a training with each `auto` replaced.

    Args:
        settings: of the network.
        items: the table of pictures.
        n_train: rows that the network of a fold learns from.
        device: that trains.
    """
    scratch = settings.start == "scratch"
    reasons: list[str] = []

    def chosen(key: str, value: float, reason: str) -> float:
        given = getattr(settings, key)
        if given != "auto":
            return float(given)
        reasons.append(f"{key} {value:g}: {reason}")
        return value

    side = int(np.median(np.minimum(items["width"], items["height"])))
    size, why = _image_size(settings, side, device)
    size = int(chosen("image_size", size, why))
    epochs = int(chosen("epochs", *_epochs(scratch, n_train, device)))
    batch, why = _batch_size(n_train, device)
    batch = int(chosen("batch_size", batch, why))
    usual = "from scratch" if scratch else "from trained weights"
    rate = 2e-3 if scratch else 3e-5 if is_transformer(settings.network) else 3e-4
    rate = float(f"{rate * (batch / 32) ** 0.5:.2g}")
    rate = chosen("learning_rate", rate, f"usual for {settings.optimizer} {usual}, batch {batch}")
    training = TrainingSettings(
        epochs=max(epochs, 1), epoch_size=max(n_train, batch), batch_size=batch, learning_rate=rate,
        weight_decay=settings.weight_decay, warmup=settings.warmup, seed=settings.seed,
    )  # fmt: skip
    return Choices(size, training, tuple(reasons))


def _image_size(settings: PhotoNetwork, side: int, device: Device) -> tuple[int, str]:
    """Pretrained networks see small pictures enlarged fourfold; those from scratch as they are."""
    small = settings.network in SMALL or settings.start == "scratch"
    goal = side if small else 4 * side
    most = LARGEST[device]
    taken = sizes(settings.network, SIZES)
    fitting = [size for size in taken if fewest_px(settings.network) <= size <= most] or taken[:1]
    size = next((size for size in fitting if size >= goal), fitting[-1])
    shown = "as they are" if small else "up to four times that for trained filters"
    return size, f"pictures of {side} px, {shown}, {most} at most on a {device}"


def _epochs(scratch: bool, n_train: int, device: Device) -> tuple[int, str]:
    """Fewer rows are seen more often, so that the number of steps varies less than they do."""
    steps = {"processor": 12_800, "GPU": 40_000}[device] * (4 if scratch else 1)
    low, high = (20, 100) if scratch else (3, 20)
    epochs = int(np.clip(round(steps / n_train), low, high))
    return epochs, f"{n_train} pictures to learn from, {low} to {high} on a {device}"


def _batch_size(n_train: int, device: Device) -> tuple[int, str]:
    most = {"processor": 32, "GPU": 128}[device]
    batch = most
    while batch > 4 and n_train < 20 * batch:  # 20 steps an epoch at least
        batch //= 2
    return batch, f"{n_train} pictures to learn from on a {device}"


def settings_lines(name: str, choices: Choices) -> Iterator[str]:
    """Yield what was chosen for the network `name`, a line for each `auto`."""
    for reason in choices.reasons:
        yield f"{name}: {reason}"
