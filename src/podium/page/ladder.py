"""The ladder of a competition: every model with its scores, the baselines and the blend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from podium.evaluation.headline import read_metrics
from podium.page.run_facts import RunFacts, Sourced

BASELINES = ("prior", "constant_text", "all_background", "hed_otsu", "hog")


@dataclass(frozen=True)
class Rung:
    """One model.

    Attributes:
        name: of the model.
        kind: blend, model or baseline.
        scores: by the metric's key.
    """

    name: str
    kind: str
    scores: Mapping[str, Sourced]


def ladder(facts: RunFacts) -> list[Rung]:
    """Return all models of a competition, the blend first, in the order of their files."""
    name = facts.competition.name
    blend = _scores(facts, f"blend_{name}", "nested")
    rungs = [Rung(f"blend ({facts.blend.get('method', '?')})", "blend", blend)] if blend else []
    for file, prefix in _places(facts):
        model = prefix.rpartition(".")[2]
        if model == "decoded":
            model = file.partition("-")[2]
        scores = _scores(facts, file, prefix)
        if scores and model not in {rung.name for rung in rungs}:
            rungs.append(Rung(model, "baseline" if model in BASELINES else "model", scores))
    return rungs


def best_first(facts: RunFacts, rungs: list[Rung], key: str) -> list[Rung]:
    """Return the rungs that have the score `key`, the best first.

    Args:
        facts: of the competition.
        rungs: its ladder.
        key: of a metric.
    """
    metric = next((each for each in facts.competition.metrics if each.key == key), None)
    sign = 1 if metric is not None and metric.lower_is_better else -1
    scored = [rung for rung in rungs if key in rung.scores]
    return sorted(scored, key=lambda rung: (sign * rung.scores[key].score.value, rung.name))


def _places(facts: RunFacts) -> Iterator[tuple[str, str]]:
    """File and dotted name of the scores of each model: of all but the blend."""
    for file in facts.competition.timed_metrics(facts.settings):
        metrics = read_metrics(facts.metrics_dir / f"{file}.json")
        if isinstance(metrics.get("oof"), Mapping):
            yield from ((file, f"oof.{model}") for model in metrics["oof"])
        if isinstance(metrics.get("validation"), Mapping):
            yield from ((file, f"validation.{name}") for name in ("decoded", "constant_text"))
        if file == "predict_slides":
            yield from ((file, name) for name in ("network", "all_background", "hed_otsu"))


def _scores(facts: RunFacts, file: str, prefix: str) -> dict[str, Sourced]:
    """The scores below a dotted name, by metric; of a bare score that of the first metric."""
    scores = {}
    for metric in facts.competition.metrics:
        if each := facts.sourced(file, f"{prefix}.{metric.key}"):
            scores[metric.key] = each
    if not scores and (each := facts.sourced(file, prefix)):
        scores[facts.competition.metrics[0].key] = each
    return scores
