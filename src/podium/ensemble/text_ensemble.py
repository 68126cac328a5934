"""Combine the readers' texts by voting; report the cross-fitted share of exact strings."""

from __future__ import annotations

from collections.abc import Sequence
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
from podium.ensemble.blend_scores import Bootstrap, Sides, against_single, method_scores
from podium.ensemble.voting import Readings, VoteFit, is_correct
from podium.evaluation.intervals import Terms
from podium.evaluation.predictions import Reading, read_text_predictions, readings, text_rows
from podium.evaluation.scores import WHOLE_STRING, Metric

_OTHER = "give tables of one task, made by one run of dvc repro"


def chosen_readers(competition: str, task: str, params: Params) -> list[str]:
    """Return the readers that vote in `competition`.

    Args:
        competition: whose section of `blend` names them.
        task: that they must read.
        params: the settings.

    Raises:
        SettingsError: there is no such reader, it reads another task, or it is named twice.
    """
    section = params.blend[competition]
    names = section.readers if isinstance(section, TextBlend) else []
    fitting = [name for name, reader in params.train_captcha_reader.items() if reader.task == task]
    for name in names:
        if name not in fitting:
            raise SettingsError(
                f"blend.{competition}.readers: {name!r} does not read {task}\n"
                f"remedy: name some of train_captcha_reader: {', '.join(fitting) or 'none for it'}"
            )
        if names.count(name) > 1:
            raise SettingsError(
                f"blend.{competition}.readers: {name!r} is named twice\nremedy: name it once"
            )
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
    """Return what the prediction tables at `paths` say, joined by id; empty ones are left out.

    Ids of captchas are unique within their split only: picture 0 of the held-out ones is not
    picture 0 of the test.

    Raises:
        PodiumError: the tables are of other pictures, or no text is known.
    """
    tables = [read_text_predictions(path) for path in paths]
    filled = [number for number, table in enumerate(tables) if len(table)] or range(len(tables))
    paths, tables = [paths[number] for number in filled], [tables[number] for number in filled]
    names = [str(table["model"].iloc[0]) if len(table) else path.stem
             for path, table in zip(paths, tables, strict=True)]  # fmt: skip
    if not paths or len(set(names)) < len(names):
        raise PodiumError(
            "no table of a reader, or two of one\nremedy: give that of each reader once"
        )
    ids, test_ids = ([*dict.fromkeys(_of(tables[0], s)["id"])] for s in ("holdout", "test"))
    truth = _of(tables[0], "holdout").set_index("id")["truth"]
    holdout, test = [], []
    for path, table in zip(paths, tables, strict=True):
        texts = _of(table, "holdout").set_index("id")["truth"]
        holdout.append(_readings(path, table, "holdout", ids))
        test.append(_readings(path, table, "test", test_ids))
        if differ := [name for name in ids if texts[name] != truth[name]][:1]:
            raise PodiumError(
                f"{path}: the text of {differ[0]} is not that of {paths[0].name}\nremedy: {_OTHER}"
            )
    if not ids or (truth == "").any():
        raise PodiumError(
            f"{paths[0]}: no held-out pictures with known texts to try a vote on\n"
            "remedy: label some train pictures; a part of them is held out"
        )
    return TextPredictions(names, ids, list(truth), holdout, test_ids, test)


def _of(table: pd.DataFrame, split: str) -> pd.DataFrame:
    return table[table["split"] == split]


def _readings(path: Path, table: pd.DataFrame, split: str, ids: Sequence[str]) -> list[Reading]:
    rows = _of(table, split)
    if rows["id"].duplicated().any():
        raise PodiumError(
            f"{path}: a picture was read twice by one reader\n"
            "remedy: keep one row for each id and split"
        )
    refuse_other_ids(path, rows["id"].tolist(), ids, _OTHER)
    return readings(rows.set_index("id").loc[list(ids)])


@dataclass(frozen=True)
class BlendedTexts:
    """The table of the texts that won, and their scores."""

    table: pd.DataFrame
    metrics: dict[str, Any]


def vote(
    texts: TextPredictions, settings: TextBlend, metric: Metric = WHOLE_STRING
) -> BlendedTexts:
    """Vote on the test pictures, and score the whole step on pictures it was not fitted on.

    Args:
        texts: what the readers read.
        settings: how they vote.
        metric: which score.
    """
    names = settings.methods if settings.method == "best" else [settings.method]
    fits: dict[str, VoteFit] = {name: voting.VOTES[name] for name in names}
    holdout, truth = texts.holdout, texts.truth
    folds = voting.folds_of(len(truth), settings.n_folds, settings.seed)
    step = voting.best(fits, settings.n_folds, settings.seed)
    honest = voting.cross_fitted(step, holdout, truth, folds)
    method = voting.chosen(fits, holdout, truth, folds)
    fitted = fits[method](holdout, truth)
    table = pd.concat(
        [
            text_rows(texts.ids, "holdout", settings.seed, honest, truth),
            text_rows(texts.test_ids, "test", settings.seed, fitted(texts.test)),
        ],
        ignore_index=True,
    )
    draws = Bootstrap(np.arange(len(truth)), settings.bootstrap, settings.seed)
    sides = _sides(texts, metric, honest, fitted(holdout))
    metrics = {
        "method": method,
        "metric": metric.key,
        "n_models": len(texts.readers),
        **against_single(metric, sides, draws),
        "methods": _method_scores(texts, settings.methods, metric, folds, draws),
    }
    return BlendedTexts(table, metrics)


def _sides(
    texts: TextPredictions, metric: Metric, honest: Sequence[Reading], naive: Sequence[Reading]
) -> Sides:
    """The vote, and the best single reader beside it."""
    counts = [is_correct(each, texts.truth).sum() for each in texts.holdout]
    best = int(np.argmax(counts))
    return Sides(
        nested=_terms(metric, honest, texts),
        naive=_terms(metric, naive, texts),
        single=_terms(metric, texts.holdout[best], texts),
        model=texts.readers[best],
    )


def _terms(metric: Metric, each: Sequence[Reading], texts: TextPredictions) -> Terms:
    return metric.row_terms([reading.text for reading in each], texts.truth)


def _method_scores(
    texts: TextPredictions,
    names: Sequence[str],
    metric: Metric,
    folds: NDArray[np.int64],
    draws: Bootstrap,
) -> dict[str, dict[str, Any]]:
    naive, honest = {}, {}
    for name in names:
        fit = voting.VOTES[name]
        fitted = fit(texts.holdout, texts.truth)
        crossed = voting.cross_fitted(fit, texts.holdout, texts.truth, folds)
        naive[name] = _terms(metric, fitted(texts.holdout), texts)
        honest[name] = _terms(metric, crossed, texts)
    return method_scores(metric, naive, honest, draws)
