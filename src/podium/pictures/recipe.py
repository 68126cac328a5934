"""How the features of a picture are computed: network, decoder, views, full batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError
from podium.core.files import json_sha256
from podium.core.picture_decoder import DECODER, decode
from podium.models.backbones import Extractor, Pixels
from podium.pictures.views import AVERAGED, cut, mirror


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a feature row besides the picture itself.

    Attributes:
        extractor: the network or descriptor.
        batch_size: pictures per step.
        max_megapixels: larger pictures are refused.
        views: plain, flip or crops, see `podium.pictures.views`.
        precision: the Keras policy of the network.
    """

    extractor: Extractor
    batch_size: int
    max_megapixels: float
    views: str = "plain"
    precision: str = "float32"

    @property
    def n_features(self) -> int:
        """D, the length of a feature row."""
        return self.extractor.n_features

    @property
    def provenance(self) -> dict[str, Any]:
        """The extractor's provenance with the decoder's policy, the batch size and the views.

        Plain views and float32 are not named.
        """
        views = {"views": self.views, "averaged": AVERAGED.get(self.views)}
        precision = {"precision": self.precision}
        return {
            **self.extractor.provenance,
            "decoder": DECODER,
            "resize": "squash, bicubic, antialiased",
            "batch_size": self.batch_size,
            **(views if self.views != "plain" else {}),
            **(precision if self.precision != "float32" else {}),
        }

    @property
    def fingerprint(self) -> str:
        """Sha256 of the provenance, whatever the code."""
        return json_sha256(self.provenance)

    def pixels(self, data: bytes) -> NDArray[np.uint8]:
        """Decode the bytes of a picture to RGB (C, H, W, 3) for the network; C > 1 for crops."""
        return cut(decode(data, self.max_megapixels), self.extractor.image_size, self.views)

    def compute(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return the features (n, D) of n <= batch_size pictures (C, H, W, 3), means over views.

        Each view is computed as one full batch. Padded batches all have one shape, so that the
        bytes of a row do not depend on the number of rows.

        Raises:
            PodiumError: a feature is not finite.
        """
        size = self.extractor.image_size
        batch: Pixels = np.zeros((self.batch_size, size, size, 3), dtype=np.uint8)
        features = []
        for view in np.stack(pictures, axis=1):
            batch[: len(view)] = view
            features.append(self._compute_batch(batch, len(view)))
            if self.views != "plain":
                features.append(self._compute_batch(mirror(batch), len(view)))
        return np.stack(features).mean(0, dtype=np.float64).astype(np.float32)

    def _compute_batch(self, batch: Pixels, rows: int) -> NDArray[np.float32]:
        features = self.extractor.compute(batch)[:rows]
        if not np.isfinite(features).all():
            raise PodiumError(
                f"{self.extractor.name}: the network gave features that are not finite\n"
                "remedy: set extract_features.precision to float32, or check its weights"
            )
        return features
