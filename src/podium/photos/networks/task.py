"""What the networks of one entry of photo_networks are trained on, and what a training leaves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.files import json_sha256
from podium.core.params import Head, PhotoNetwork
from podium.core.throughput import Throughput
from podium.evaluation.task import PictureTask
from podium.photos.crossval import Split, TrainRows
from podium.photos.networks.choices import Choices
from podium.photos.networks.targets import Targets

Weights = list[NDArray[Any]]


@dataclass(frozen=True)
class NetworkTask:
    """All that the networks of one entry of photo_networks are trained on.

    Attributes:
        name: of the entry.
        settings: of the entry.
        choices: what `auto` became.
        data: rows and splits.
        task: what is predicted.
        pixels: (N + T, S, S, 3), of the train rows, then of the test rows.
        head: how a head is trained alone.
        weights_dir: the folder of local weights files.
    """

    name: str
    settings: PhotoNetwork
    choices: Choices
    data: TrainRows
    task: PictureTask
    pixels: NDArray[np.uint8]
    head: Head
    weights_dir: Path

    @property
    def kind(self) -> str:
        """Classes, labels or number."""
        return str(self.data.kind.name)

    @cached_property
    def content(self) -> str:
        """A hash of the pictures and of what is known of the train rows."""
        known = self.data.known
        return json_sha256({"pictures": self.data.content, "truth": list(known.truth)})


@dataclass(frozen=True)
class TrainedNetwork:
    """What the training of one fold leaves.

    Attributes:
        split: which rows it never saw.
        targets: mean and scale of its numbers.
        weights: of the network.
        curve: epoch, pictures, train_loss, held_out_loss; empty if the head alone was trained.
        checkpoint: the file of its progress.
        throughput: pictures trained on.
    """

    split: Split
    targets: Targets
    weights: Weights
    curve: pd.DataFrame
    checkpoint: Path | None = None
    throughput: Throughput | None = None
