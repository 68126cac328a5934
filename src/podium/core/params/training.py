"""Settings of whatever trains or runs a network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from podium.core.params.section import Count, Positive, Section, Seed, Share

Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]


class Device(Section):
    """Settings of TensorFlow for all stages."""

    deterministic: bool


class TrainingSettings(Section):
    """How long and how fast a network is trained; `warmup` is a share of all steps."""

    epochs: Count
    epoch_size: Count
    batch_size: Count
    learning_rate: Positive
    weight_decay: Annotated[float, Field(ge=0)]
    warmup: Share
    seed: Seed
