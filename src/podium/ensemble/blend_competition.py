"""Blend the prediction tables of one competition, whatever they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from podium.competitions import COMPETITIONS
from podium.core.errors import SettingsError
from podium.core.files import file_sha256
from podium.core.params import Blend, Params, TextBlend
from podium.ensemble import prediction_set, text_ensemble
from podium.ensemble.fit_blend import FittedBlend, fit_blend
from podium.ensemble.methods import DECIDED
from podium.ensemble.prediction_set import PredictionSet
from podium.ensemble.stored_blend import StoredBlend, needed_alone
from podium.evaluation.competition import Competition
from podium.evaluation.scores import Metric


@dataclass(frozen=True)
class Blended:
    """A blend.

    Attributes:
        table: its predictions.
        metrics: its scores.
        fitted: how it makes one prediction out of those of its models, as values and arrays; of
            texts only who votes, and how.
    """

    table: pd.DataFrame
    metrics: dict[str, Any]
    fitted: Mapping[str, Any]


def blend_section(competition: Competition, params: Params) -> Blend | TextBlend:
    """Return how the models of a competition are blended.

    Raises:
        SettingsError: params.yaml does not say it, or says it of what is no competition.
    """
    if unknown := [name for name in params.blend if name not in COMPETITIONS]:
        raise SettingsError(f"blend.{unknown[0]}: no such competition\nremedy: remove or rename it")
    if competition.name not in params.blend:
        raise SettingsError(
            f"blend.{competition.name}: key is missing\n"
            "remedy: take the section from the params.yaml that podium came with"
        )
    return params.blend[competition.name]


def tables_to_blend(
    competition: Competition, folder: Path, params: Params, root: Path = Path()
) -> list[Path]:
    """Return the prediction tables that are blended: those in `folder`, and those of networks.

    Args:
        competition: of the registry.
        folder: of its prediction tables.
        params: the settings; the networks that they name must have a table.
        root: of the networks' tables.

    Raises:
        SettingsError: a reader that should vote cannot.
        PodiumError: there is no table.
    """
    section = blend_section(competition, params)
    if isinstance(section, Blend):
        more = [root / name for name in competition.network_tables(params.model_dump())]
        return prediction_set.tables_in(folder, section.leave_out, more)
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
        who = {"kind": "text", "method": voted.metrics["method"], "models": texts.readers}
        return Blended(voted.table, voted.metrics, who)
    models = prediction_set.load(paths)
    fitted = fit_blend(models, section, metric)
    return Blended(fitted.table, fitted.metrics, _stored(models, fitted, paths).as_tree())


def _stored(models: PredictionSet, blend: FittedBlend, paths: Sequence[Path]) -> StoredBlend:
    """A fitted blend with the calibration that its table has."""
    hashes = [file_sha256(path) for path in paths]
    tables = dict(zip(models.models, hashes, strict=True))
    calibrators = blend.fitted.calibrators
    kind, method = models.kind, blend.fitted.method
    stored = StoredBlend(
        kind.name, kind.names, method, tables, blend.fitted.combine,
        calibrators[blend.calibrated], calibrators.get(DECIDED),
    )  # fmt: skip
    return needed_alone(stored)
