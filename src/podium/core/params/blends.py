"""Sections that blend the predictions of several models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from podium.core.params.section import Count, Positive, Section, Seed

BlendMethod = Literal[
    "single", "mean", "geometric", "rank", "weighted", "caruana", "logistic", "ridge"
]


class Blend(Section):
    """How the probabilities of several models are blended."""

    leave_out: list[str]
    methods: Annotated[list[BlendMethod], Field(min_length=1)]
    method: BlendMethod | Literal["best"]
    calibrate: Literal["none", "clip", "temperature", "isotonic"]
    clip: Annotated[float, Field(gt=0, lt=0.5)]
    per_class: bool
    picks: Count
    bags: Count
    bag_share: Annotated[float, Field(gt=0, le=1)]
    logistic_c: Positive
    ridge_alpha: Positive
    bootstrap: Count
    seed: Seed


VotingMethod = Literal["single", "majority", "confidence", "calibrated"]


class TextBlend(Section):
    """Which readers vote on the text of a picture, and how."""

    readers: Annotated[list[str], Field(min_length=1)]
    methods: Annotated[list[VotingMethod], Field(min_length=1)]
    method: VotingMethod | Literal["best"]
    n_folds: Annotated[int, Field(ge=2)]
    bootstrap: Count
    seed: Seed


def _blend_or_vote(section: Any) -> str:
    readers = section.get("readers") if isinstance(section, dict) else vars(section).get("readers")
    return "<blend>" if readers is None else "<vote>"  # messages leave these out


BlendSection = Annotated[
    Annotated[Blend, Tag("<blend>")] | Annotated[TextBlend, Tag("<vote>")],
    Discriminator(_blend_or_vote),
]


class Submit(Section):
    """Draws of the bootstrap over groups (patients, if there are any) for intervals of scores."""

    bootstrap: Count
