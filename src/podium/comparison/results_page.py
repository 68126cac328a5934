"""The results of a run as a table for a terminal, with what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from podium.comparison.results import Result
from podium.evaluation.competition import Settings, value_at
from podium.evaluation.scores import Score

FOLDER = Path("submissions")
HEAD = ("competition", "score (95 %)", "trivial", "test", f"{FOLDER}/", "minutes", "warnings")
ABOUT = """\
score: on rows that no model was fitted on; trivial: what needs no training;
test: the submission against the answer key; minutes: of its stages, without drawing stand-ins"""


def text(results: Sequence[Result], settings: Settings, root: Path) -> list[str]:
    """Return the table, every warning, and what to type next, as lines.

    Args:
        results: one of each competition.
        settings: of params.yaml.
        root: the project's folder.
    """
    rows = [HEAD, *(_cells(result, settings, root) for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    warnings = [
        f"warning: {result.competition.name}: {line}"
        for result in results
        for line in all_warnings(result)
    ]
    drawn = [result.competition.name for result in results if _source(result, settings) != "raw"]
    stand_ins = [f"drawn stand-ins, no real pictures: {', '.join(drawn)}"] if drawn else []
    unused = [
        f"note: {words}"
        for result in results
        if (words := result.competition.unused_raw(root, settings))
    ]
    return [*table, "", ABOUT, *stand_ins, *unused, *warnings, "", *_next(results, settings, root)]


def all_warnings(result: Result) -> list[str]:
    """Return the warnings of a competition's stages, and one if its score is not worth a model."""
    metrics = {metric.key: metric for metric in result.competition.metrics}
    metric, score, trivial = metrics.get(result.metric), result.score, result.trivial
    if metric and score and trivial and not metric.is_better(score.value, trivial.value):
        return ["the score is no better than the trivial one", *result.warnings]
    return list(result.warnings)


def _cells(result: Result, settings: Settings, root: Path) -> tuple[str, ...]:
    path = _submission(result)
    minutes = "?" if result.seconds is None else f"{result.seconds / 60:.1f}"
    return (
        result.competition.name,
        _score(result),
        _value(result.trivial),
        _value(result.test),
        path.name if (root / path).is_file() else "none",
        minutes if result.score else "",
        str(len(all_warnings(result)) or "") if result.score else "",
    )


def _score(result: Result) -> str:
    score = result.score
    if score is None:
        return "not run yet"
    if score.low is not None and score.high is not None:
        spread = f" ({score.low:.4f} to {score.high:.4f})"
    else:
        spread = "" if score.se is None else f" (+- {1.96 * score.se:.4f})"
    return f"{result.metric_name} {score.value:.4f}{spread}"


def _value(score: Score | None) -> str:
    return "" if score is None else f"{score.value:.4f}"


def _submission(result: Result) -> Path:
    return FOLDER / f"{result.competition.name}.csv"


def _source(result: Result, settings: Settings) -> object:
    setting = result.competition.source_setting
    return value_at(settings, setting) if setting else "raw"


def _next(results: Sequence[Result], settings: Settings, root: Path) -> list[str]:
    lines = []
    if missing := [each.competition.name for each in results if not each.score]:
        lines.append(("dvc repro", f"runs what is missing: {', '.join(missing)}"))
    for result in results:
        if _source(result, settings) == "raw" and (root / _submission(result)).is_file():
            lines.append((f"podium submit {result.competition.name}", "hands it in at Kaggle"))
    scored = next((each.competition.name for each in results if each.score), "")
    if scored:
        lines.append((f"podium compare {scored}", "models and experiments, paired, with intervals"))
        lines.append(("dvc plots show", "curves, confusions, mistakes on one page"))
    lines.append(("less docs/README.md", "your own pictures, other settings, what each file holds"))
    width = max(len(command) for command, _ in lines)
    return ["next:", *(f"  {command.ljust(width)}  {words}" for command, words in lines)]
