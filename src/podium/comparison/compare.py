"""Models of several revisions side by side, each paired with one baseline on the same rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from podium.comparison.run_results import RunResults
from podium.core.errors import PodiumError, SettingsError
from podium.core.nearest import did_you_mean
from podium.evaluation.competition import Competition
from podium.evaluation.metric_terms import (
    TermTables,
    by_id,
    fold_scores,
    pooled_score,
    standard_error,
)
from podium.evaluation.pairing import Difference, differences, why_not_paired
from podium.evaluation.scores import Metric


@dataclass
class Line:
    """One model of one revision.

    Attributes:
        revision: its name.
        model: its name.
        metric: which score.
        mean: of the scores of its folds and seeds.
        sd: of these scores, None if there is one only.
        score: of all rows together.
        error: its standard error.
        others: the competition's further scores, None for each that the model lacks.
        difference: to the baseline, None for the baseline itself and for what cannot be paired.
        seconds: of the revision's stages, if known.
        settings: that differ from the baseline's revision, in words.
        note: what a person should know.
        baseline: whether it is the baseline.
    """

    revision: str
    model: str
    metric: Metric
    mean: float
    sd: float | None
    score: float
    error: float
    others: Sequence[float | None]
    seconds: float | None
    settings: dict[str, str]
    difference: Difference | None = None
    note: str = ""
    baseline: bool = False


@dataclass
class Comparison:
    """All lines, best first, and what stands below them."""

    competition: Competition
    baseline: str
    draws: int
    lines: list[Line]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Choice:
    """What a person asked for.

    Attributes:
        baseline: name of the baseline's revision; None: the first one with a table.
        model: of the baseline; None: the one that is handed in, or the first one to show.
        models: to show; none named: all.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """

    baseline: str | None = None
    model: str | None = None
    models: Sequence[str] = ()
    draws: int = 2000
    seed: int = 0


def compare(
    competition: Competition, revisions: Sequence[RunResults], choice: Choice
) -> Comparison:
    """Return the lines of all models, best first.

    Args:
        competition: whose models they are.
        revisions: their results.
        choice: which baseline and models, and how intervals are drawn.

    Raises:
        PodiumError: no revision holds a prediction table.
        SettingsError: the baseline or a model is unknown.
    """
    base, model = _baseline(competition, revisions, choice)
    every_model = {name for results in revisions for name in results.models}
    _refuse_unknown(choice.models, every_model)
    shown = set(choice.models) or every_model
    lines, frames = [], []
    for results in revisions:
        for name in results.models:
            is_baseline = results is base and name == model
            if name in shown or is_baseline:
                lines.append(_line(competition, results, name, base, is_baseline))
                frames.append(results.models[name][lines[-1].metric.name])
    _pair(lines, frames, base.models[model], choice)
    lines.sort(key=lambda line: _rank(competition, line))
    baseline = f"{base.name}:{model}"
    return Comparison(competition, baseline, choice.draws, lines, _notes(revisions))


def _notes(revisions: Sequence[RunResults]) -> list[str]:
    """Each note once, with the names of the revisions it is about."""
    names: dict[str, list[str]] = {}
    for results in revisions:
        for note in results.notes:
            names.setdefault(note, []).append(results.name)
    return [f"{', '.join(about)}: {note}" for note, about in names.items()]


def _baseline(
    competition: Competition, revisions: Sequence[RunResults], choice: Choice
) -> tuple[RunResults, str]:
    full = [results for results in revisions if results.models]
    if not full:
        noted = [results for results in revisions[:2] if results.notes]
        reasons = "".join(f"\n{results.name}: {results.notes[0]}" for results in noted)
        raise PodiumError(
            f"{competition.files.tables}: no revision has a prediction table to compare{reasons}\n"
            f"remedy: run dvc repro, or dvc checkout after a clone"
        )
    named = [results for results in full if choice.baseline in (None, results.name)]
    if not named:
        raise SettingsError(
            f"--baseline {choice.baseline}: it has no prediction table of {competition.name}"
            f"{did_you_mean(str(choice.baseline), [results.name for results in full])}\n"
            f"remedy: one of {', '.join(results.name for results in full)}"
        )
    return named[0], _baseline_model(named[0], choice)


def _baseline_model(base: RunResults, choice: Choice) -> str:
    submitted = [name for name in base.submitted if not choice.models or name in choice.models]
    names = [choice.model] if choice.model else [*submitted, *choice.models, *base.submitted]
    for name in names:
        if name in base.models:
            return name
    name = (names or ["to submit"])[0]
    raise SettingsError(
        f"{base.name}: it has no model {name!r} to compare with{did_you_mean(name, base.models)}\n"
        f"remedy: --baseline {base.name}:MODEL with one of {', '.join(base.models)}"
    )


def _refuse_unknown(names: Sequence[str], models: set[str]) -> None:
    for name in names:
        if name not in models:
            raise SettingsError(
                f"--model {name}: no revision has it{did_you_mean(name, models)}\n"
                f"remedy: one of {', '.join(sorted(models))}"
            )


def _line(
    competition: Competition, results: RunResults, name: str, base: RunResults, is_baseline: bool
) -> Line:
    name_of_metric, rows = next(iter(results.models[name].items()))
    metric = competition.metric(name_of_metric)
    each, pooled = fold_scores(rows, metric), by_id(rows)
    return Line(
        results.name,
        name,
        metric,
        float(each.mean()),
        float(each.std(ddof=1)) if len(each) > 1 else None,
        pooled_score(pooled, metric),
        standard_error(pooled, metric),
        [_other_score(each, metric, results.models[name]) for each in competition.metrics[1:]],
        results.seconds,
        differing(results.settings, base.settings),
        baseline=is_baseline,
    )


def _other_score(metric: Metric, first: Metric, tables: TermTables) -> float | None:
    if metric == first or metric.name not in tables:
        return None
    return pooled_score(by_id(tables[metric.name]), metric)


def differing(settings: dict[str, Any], base: dict[str, Any]) -> dict[str, str]:
    """Return the settings that are others than the baseline's, in words."""
    names = [*settings, *(name for name in base if name not in settings)]
    pairs = {name: (_in_words(settings, name), _in_words(base, name)) for name in names}
    return {name: value for name, (value, other) in pairs.items() if value != other}


def _in_words(settings: dict[str, Any], name: str) -> str:
    if name not in settings:
        return "absent"
    value = settings[name]
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _rank(competition: Competition, line: Line) -> tuple[int, float, bool]:
    sign = 1 if line.metric.lower_is_better else -1
    return competition.metrics.index(line.metric), sign * line.score, not line.baseline


def _pair(
    lines: Sequence[Line], frames: Sequence[pd.DataFrame], base: TermTables, choice: Choice
) -> None:
    """Give every line that can be paired its difference, the others a note."""
    baselines = {name: by_id(rows) for name, rows in base.items()}
    paired: dict[str, list[tuple[Line, pd.DataFrame]]] = {name: [] for name in baselines}
    for line, rows in zip(lines, frames, strict=True):
        if line.baseline:
            continue
        pooled = by_id(rows)
        line.note = why_not_paired(line.metric.name, pooled, baselines.get(line.metric.name))
        if not line.note:
            paired[line.metric.name].append((line, pooled))
    for name, pairs in paired.items():
        if pairs:
            sides, metric = [rows for _, rows in pairs], pairs[0][0].metric
            gaps = differences(sides, baselines[name], metric, choice.draws, choice.seed)
            for (line, _), gap in zip(pairs, gaps, strict=True):
                line.difference = gap
