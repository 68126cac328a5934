"""Models of several revisions side by side, each paired with one baseline on the same rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from podium.comparison.run_results import Revision
from podium.competitions import Contest
from podium.core.errors import PodiumError, SettingsError
from podium.evaluation.metric_names import LOWER
from podium.evaluation.metric_terms import (
    by_id,
    parts,
    score,
    standard_error,
)
from podium.evaluation.pairing import Difference, differences, misfit


@dataclass
class Line:
    """One model of one revision.

    Attributes:
        revision: its name.
        model: its name.
        measure: which score, '' where nothing can be scored.
        mean: of the scores of its folds and seeds.
        sd: of these scores, None if there is one only.
        score: of all rows together.
        error: its standard error.
        beside: the competition's second score, if known.
        difference: to the baseline, None for the baseline itself and for what cannot be paired.
        seconds: of the revision's stages, if known.
        settings: that differ from the baseline's revision, in words.
        note: what a person should know.
        baseline: whether it is the baseline.
    """

    revision: str
    model: str
    measure: str
    mean: float
    sd: float | None
    score: float
    error: float
    beside: float | None
    seconds: float | None
    settings: dict[str, str]
    difference: Difference | None = None
    note: str = ""
    baseline: bool = False


@dataclass
class Comparison:
    """All lines, best first, and what stands below them."""

    contest: Contest
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


def compare(contest: Contest, revisions: Sequence[Revision], choice: Choice) -> Comparison:
    """The lines of all models, best first.

    Raises:
        PodiumError: no revision holds a prediction table.
        SettingsError: the baseline or a model is unknown.
    """
    base, model = _baseline(contest, revisions, choice)
    known = {name for one in revisions for name in one.models}
    _check_models(choice.models, known)
    shown = set(choice.models) or known
    lines, frames = [], []
    for one in revisions:
        for name in one.models:
            mine = one is base and name == model
            if name in shown or mine:
                lines.append(_line(contest, one, name, base, mine))
                frames.append(one.models[name][lines[-1].measure])
    _pair(lines, frames, base.models[model], choice)
    lines.sort(key=lambda line: _rank(contest, line))
    return Comparison(contest, f"{base.name}:{model}", choice.draws, lines, _notes(revisions))


def _notes(revisions: Sequence[Revision]) -> list[str]:
    """Each note once, with the names of the revisions it is about."""
    of: dict[str, list[str]] = {}
    for one in revisions:
        for note in one.notes:
            of.setdefault(note, []).append(one.name)
    return [f"{', '.join(names)}: {note}" for note, names in of.items()]


def _baseline(
    contest: Contest, revisions: Sequence[Revision], choice: Choice
) -> tuple[Revision, str]:
    full = [one for one in revisions if one.models]
    if not full:
        reasons = "".join(f"\n{one.name}: {one.notes[0]}" for one in revisions[:2] if one.notes)
        raise PodiumError(
            f"{contest.tables}: no revision has a prediction table to compare{reasons}\n"
            f"remedy: run dvc repro, or dvc checkout after a clone"
        )
    found = [one for one in full if choice.baseline in (None, one.name)]
    if not found:
        raise SettingsError(
            f"--baseline {choice.baseline}: it has no prediction table of {contest.name}\n"
            f"remedy: one of {', '.join(one.name for one in full)}"
        )
    base = found[0]
    return base, _its_model(base, choice)


def _its_model(base: Revision, choice: Choice) -> str:
    handed_in = [name for name in base.submitted if not choice.models or name in choice.models]
    wanted = [choice.model] if choice.model else [*handed_in, *choice.models, *base.submitted]
    for name in wanted:
        if name in base.models:
            return name
    raise SettingsError(
        f"{base.name}: it has no model {(wanted or ['to submit'])[0]!r} to compare with\n"
        f"remedy: --baseline {base.name}:MODEL with one of {', '.join(base.models)}"
    )


def _check_models(wanted: Sequence[str], known: set[str]) -> None:
    for name in wanted:
        if name not in known:
            raise SettingsError(
                f"--model {name}: no revision has it\nremedy: one of {', '.join(sorted(known))}"
            )


def _line(contest: Contest, one: Revision, name: str, base: Revision, mine: bool) -> Line:
    measure, rows = next(iter(one.models[name].items()))
    each, pooled = parts(rows), by_id(rows)
    second = contest.measures[1] if len(contest.measures) > 1 else ""
    beside = one.models[name].get(second) if second != measure else None
    return Line(
        one.name,
        name,
        measure,
        float(each.mean()),
        float(each.std(ddof=1)) if len(each) > 1 else None,
        score(pooled),
        standard_error(pooled),
        None if beside is None else score(by_id(beside)),
        one.seconds,
        differing(one.settings, base.settings),
        baseline=mine,
    )


def differing(settings: dict[str, Any], base: dict[str, Any]) -> dict[str, str]:
    """The settings that are others than the baseline's, in words."""
    names = [*settings, *(name for name in base if name not in settings)]
    pairs = {name: (_in_words(settings, name), _in_words(base, name)) for name in names}
    return {name: mine for name, (mine, other) in pairs.items() if mine != other}


def _in_words(settings: dict[str, Any], name: str) -> str:
    if name not in settings:
        return "absent"
    value = settings[name]
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _rank(contest: Contest, line: Line) -> tuple[int, float, bool]:
    sign = 1 if line.measure in LOWER else -1
    return contest.measures.index(line.measure), sign * line.score, not line.baseline


def _pair(
    lines: list[Line],
    frames: list[pd.DataFrame],
    base: dict[str, pd.DataFrame],
    choice: Choice,
) -> None:
    """Give every line that can be paired its difference, the others a note."""
    sides = {name: by_id(rows) for name, rows in base.items()}
    fits: dict[str, list[tuple[Line, pd.DataFrame]]] = {name: [] for name in sides}
    for line, rows in zip(lines, frames, strict=True):
        if line.baseline:
            continue
        mine = by_id(rows)
        line.note = misfit(line.measure, mine, sides.get(line.measure))
        if not line.note:
            fits[line.measure].append((line, mine))
    for name, pairs in fits.items():
        if pairs:
            each, lower = [one for _, one in pairs], name in LOWER
            found = differences(each, sides[name], lower, choice.draws, choice.seed)
            for (line, _), one in zip(pairs, found, strict=True):
                line.difference = one
