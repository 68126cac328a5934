"""What sections of params.yaml are made of, and the sections that several stages share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Section(BaseModel):
    """A section of params.yaml: every key has a type, none is optional, none unknown."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Precision = Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]


class Device(Section):
    """What computes: settings of TensorFlow for all stages, and who runs trained networks."""

    deterministic: bool
    engine: Literal["tensorflow", "onnxruntime"]


class TrainingSettings(Section):
    """How long and how fast a network is trained; `warmup` is a share of all steps."""

    epochs: Count
    epoch_size: Count
    batch_size: Count
    learning_rate: Positive
    weight_decay: Annotated[float, Field(ge=0)]
    warmup: Share
    seed: Seed
