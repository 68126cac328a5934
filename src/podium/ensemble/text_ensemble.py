"""Prediction tables of several readers to one of elected texts, and how good that honestly is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from podium.core.errors import PodiumError, SettingsError
from podium.core.ids import refuse_other_ids
from podium.core.params import Params, TextBlend
from podium.ensemble import voting
from podium.ensemble.nested import sure
from podium.ensemble.voting import Readings, VoteFit, right
from podium.evaluation.outcome import against_single, method_lines
from podium.evaluation.predictions import (
    Reading,
    read_text_predictions,
    readings,
    text_rows,
)

_OTHER = "give tables of one task, made by one run of dvc repro"


def settings_of(task: str, params: Params) -> TextBlend:
    """How the readers of `task` vote; raises SettingsError where there is no such task."""
    found: TextBlend | None = getattr(params.blend_captcha, task, None)
    if found is None:
        known = ", ".join(type(params.blend_captcha).model_fields)
        raise SettingsError(f"captcha task {task!r} is unknown; known are {known}")
    return found


def chosen_readers(task: str, params: Params) -> list[str]:
    """The readers that vote for `task`.

    Raises:
        SettingsError: there is no such reader, it reads another task, or it is named twice.
    """
    names = settings_of(task, params).readers
    fit = [one for one, reader in params.train_captcha_reader.items() if reader.task == task]
    for name in names:
        if name not in fit:
            raise SettingsError(
                f"blend_captcha.{task}.readers: {name!r} does not read {task}; "
                f"train_captcha_reader has {', '.join(fit) or 'none for it'}"
            )
        if names.count(name) > 1:
            raise SettingsError(f"blend_captcha.{task}.readers: {name!r} is named twice")
    return names


@dataclass(frozen=True)
class TextPredictions:
    """What R readers read in N held-out pictures with known texts, and in T test pictures."""

    readers: list[str]
    ids: list[str]
    truth: list[str]
    holdout: Readings
    test_ids: list[str]
    test: Readings


def load(paths: Sequence[Path]) -> TextPredictions:
    """The ballots of the prediction tables at `paths`, joined by id.

    Ids of captchas are unique within their split only: picture 0 of the held-out ones is not
    picture 0 of the test.

    Raises:
        PodiumError: the tables are of other pictures, or no text is known.
    """
    tables = [read_text_predictions(path) for path in paths]
    names = [str(table["model"].iloc[0]) if len(table) else path.stem
             for path, table in zip(paths, tables, strict=True)]  # fmt: skip
    if not paths or len(set(names)) < len(names):
        raise PodiumError("give the table of each reader once, and of one at least")
    ids, test_ids = ([*dict.fromkeys(_of(tables[0], s)["id"])] for s in ("holdout", "test"))
    truth = _of(tables[0], "holdout").set_index("id")["truth"]
    holdout, test = [], []
    for path, table in zip(paths, tables, strict=True):
        found = _of(table, "holdout").set_index("id")["truth"]
        holdout.append(_readings(path, table, "holdout", ids))
        test.append(_readings(path, table, "test", test_ids))
        if differ := [name for name in ids if found[name] != truth[name]][:1]:
            raise PodiumError(
                f"{path}: the text of {differ[0]} is not that of {paths[0].name}\nremedy: {_OTHER}"
            )
    if not ids or (truth == "").any():
        raise PodiumError(f"{paths[0]}: no held-out pictures with known texts to try a vote on")
    return TextPredictions(names, ids, list(truth), holdout, test_ids, test)


def _of(table: pd.DataFrame, split: str) -> pd.DataFrame:
    return table[table["split"] == split]


def _readings(path: Path, table: pd.DataFrame, split: str, ids: Sequence[str]) -> list[Reading]:
    rows = _of(table, split)
    if rows["id"].duplicated().any():
        raise PodiumError(f"{path}: a reader reads each picture once, with one seed")
    refuse_other_ids(path, rows["id"].tolist(), ids, _OTHER)
    return readings(rows.set_index("id").loc[list(ids)])


@dataclass(frozen=True)
class BlendedTexts:
    """The table of elected texts, and what they come to."""

    table: pd.DataFrame
    metrics: dict[str, Any]


def elect(ballots: TextPredictions, settings: TextBlend) -> BlendedTexts:
    """Vote on the test pictures, and score the whole step on pictures it was not fitted on."""
    wanted = settings.methods if settings.method == "best" else [settings.method]
    fits: dict[str, VoteFit] = {name: voting.VOTES[name] for name in wanted}
    holdout, truth = ballots.holdout, ballots.truth
    folds = voting.folds_of(len(truth), settings.n_folds, settings.seed)
    step = voting.best(fits, settings.n_folds, settings.seed)
    honest = voting.cross_fitted(step, holdout, truth, folds)
    method = voting.chosen(fits, holdout, truth, folds)
    fitted = fits[method](holdout, truth)
    table = pd.concat(
        [
            text_rows(ballots.ids, "holdout", settings.seed, honest, truth),
            text_rows(ballots.test_ids, "test", settings.seed, fitted(ballots.test)),
        ],
        ignore_index=True,
    )
    metrics = {
        "method": method,
        "n_models": len(ballots.readers),
        **_against_single(ballots, right(honest, truth), right(fitted(holdout), truth), settings),
        "methods": {
            name: _two_scores(voting.VOTES[name], ballots, folds) for name in settings.methods
        },
    }
    return BlendedTexts(table, metrics)


def _two_scores(
    fit: VoteFit, ballots: TextPredictions, folds: NDArray[np.int64]
) -> dict[str, float]:
    holdout, truth = ballots.holdout, ballots.truth
    return {
        "naive": float(right(fit(holdout, truth)(holdout), truth).mean()),
        "nested": float(right(voting.cross_fitted(fit, holdout, truth, folds), truth).mean()),
    }


def _against_single(
    ballots: TextPredictions,
    honest: NDArray[np.bool_],
    naive: NDArray[np.bool_],
    settings: TextBlend,
) -> dict[str, Any]:
    """The best single reader, and the vote beside it; a difference above 0 is the vote's gain."""
    each = [right(one, ballots.truth) for one in ballots.holdout]
    best = int(np.argmax([hit.mean() for hit in each]))
    hit = honest.astype(np.float64)
    gap = hit - each[best]
    draws = np.arange(len(gap)), settings.bootstrap, settings.seed
    return {
        "naive": float(naive.mean()),
        "nested": {"whole_string": float(honest.mean()), **sure(hit, *draws)},
        "optimism": float(naive.mean() - honest.mean()),
        "single": {"model": ballots.readers[best], "whole_string": float(each[best].mean())},
        "difference": {"mean": float(gap.mean()), **sure(gap, *draws)},
    }


def summary_lines(metrics: Mapping[str, Any]) -> list[str]:
    """What a person reads after the stage."""
    single = metrics["single"]
    return [
        *method_lines("vote", "whole strings right", metrics["methods"]),
        f"best single reader {single['model']}: {single['whole_string']:.4f}",
        f"vote ({metrics['method']}) of {metrics['n_models']}: "
        f"nested {metrics['nested']['whole_string']:.4f}, {against_single(metrics)}",
    ]
