"""Blend the prediction tables of one competition, whatever they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from podium.competitions import COMPETITIONS
from podium.core.errors import SettingsError
from podium.core.params import Blend, Params, TextBlend
from podium.ensemble import prediction_set, text_ensemble
from podium.ensemble.fit_blend import fit_blend
from podium.evaluation.competition import Competition
from podium.evaluation.scores import Metric


@dataclass(frozen=True)
class Blended:
    """The prediction table of a blend, and its metrics."""

    table: pd.DataFrame
    metrics: dict[str, Any]


def blend_section(competition: Competition, params: Params) -> Blend | TextBlend:
    """Return how the models of a competition are blended.

    Raises:
        SettingsError: params.yaml does not say it, or says it of what is no competition.
    """
    if unknown := [name for name in params.blend if name not in COMPETITIONS]:
        raise SettingsError(f"blend.{unknown[0]}: no such competition, remove or rename it")
    if competition.name not in params.blend:
        raise SettingsError(f"blend.{competition.name}: key is missing")
    return params.blend[competition.name]


def tables_to_blend(competition: Competition, folder: Path, params: Params) -> list[Path]:
    """Return the prediction tables in `folder` that are blended.

    Args:
        competition: of the registry.
        folder: of its prediction tables.
        params: the settings.

    Raises:
        SettingsError: a reader that should vote cannot.
        PodiumError: there is no table.
    """
    section = blend_section(competition, params)
    if isinstance(section, Blend):
        return prediction_set.tables_in(folder, section.leave_out)
    readers = text_ensemble.chosen_readers(competition.name, competition.task, params)
    return [folder / f"{name}.csv" for name in readers]


def blend_tables(
    paths: Sequence[Path], section: Blend | TextBlend, metric: Metric | None = None
) -> Blended:
    """Return the blend of prediction tables, fitted and scored as `section` says.

    Args:
        paths: of the tables.
        section: how they are blended; readers of texts vote.
        metric: of the competition; None: the usual one for what the tables hold.
    """
    if isinstance(section, TextBlend):
        texts = text_ensemble.load(paths)
        voted = text_ensemble.vote(texts, section, *([metric] if metric else []))
        return Blended(voted.table, voted.metrics)
    fitted = fit_blend(prediction_set.load(paths), section, metric)
    return Blended(fitted.table, fitted.metrics)
