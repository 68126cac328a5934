"""What the metrics of a blend say, whatever it blends, and how people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podium.evaluation.intervals import (
    Groups,
    Terms,
    bootstrap_difference,
    bootstrap_scores,
    value_of,
)
from podium.evaluation.scores import Metric, Score, score_from


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are drawn: the groups (N,) of the rows, how often, and the seed."""

    groups: Groups
    n_draws: int
    seed: int

    def scores(self, metric: Metric, sides: Sequence[Terms]) -> list[Score]:
        """Return the score of each side, by its terms of the same rows, with its interval."""
        return bootstrap_scores(sides, self.groups, self.n_draws, self.seed, metric)

    def difference(self, metric: Metric, side: Terms, other: Terms) -> Score:
        """Return the score of one side less that of another, paired on the same draws.

        Args:
            metric: which score.
            side: terms (N,) and (N,).
            other: terms of the same rows.
        """
        sides = side, other
        return bootstrap_difference(sides, self.groups, self.n_draws, self.seed, metric)


@dataclass(frozen=True)
class Sides:
    """The terms of a blend and of what it is compared with, all of the same rows.

    Attributes:
        nested: of the blend, each row by a blend that never saw its fold.
        naive: of the blend on the rows that it was fitted on.
        single: of the best single model.
        model: the name of that model.
    """

    nested: Terms
    naive: Terms
    single: Terms
    model: str


def against_single(metric: Metric, sides: Sides, draws: Bootstrap) -> dict[str, Any]:
    """Return nested, naive and single score of N rows, the naive one's optimism, and the gain.

    `optimism` is how much better the naive score is than the nested one; `difference` is nested
    less single, per row and over groups drawn again.

    Args:
        metric: which score.
        sides: the terms (N,) and (N,) of blend and single model.
        draws: how intervals are drawn.
    """
    scores = draws.scores(metric, [sides.nested, sides.naive, sides.single])
    nested, naive, single = (score.as_dict() for score in scores)
    flattered, honest = value_of(sides.naive, metric), value_of(sides.nested, metric)
    return {
        "nested": {metric.key: nested},
        "naive": {metric.key: naive},
        "single": {"model": sides.model, metric.key: single},
        "optimism": honest - flattered if metric.lower_is_better else flattered - honest,
        "difference": draws.difference(metric, sides.nested, sides.single).as_dict(),
    }


def method_scores(
    metric: Metric, naive: Mapping[str, Terms], nested: Mapping[str, Terms], draws: Bootstrap
) -> dict[str, dict[str, Any]]:
    """Return naive and nested score of each method.

    Args:
        metric: which score.
        naive: terms by method, on the rows that it was fitted on.
        nested: terms by method, on rows of folds that it never saw.
        draws: how intervals are drawn.
    """
    scores = draws.scores(metric, [*naive.values(), *nested.values()])
    halves = scores[: len(naive)], scores[len(naive) :]
    return {
        name: {"naive": left.as_dict(), "nested": right.as_dict()}
        for name, left, right in zip(naive, *halves, strict=True)
    }


def blend_summary(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a submission's manifest says of its blend: method, metric, naive and nested."""
    key = metrics["metric"]
    sides = {side: metrics[side][key] for side in ("naive", "nested")}
    return {"method": metrics["method"], "metric": key, **sides}


def summary_lines(metrics: Mapping[str, Any], metric: Metric) -> list[str]:
    """Return what a person reads after a blend: a line for each method, then blend and single.

    Args:
        metrics: of the blend.
        metric: which score they are of.
    """
    key, single = metrics["metric"], metrics["single"]
    naive, nested = (metrics[side][key] for side in ("naive", "nested"))
    gap = metrics["difference"]
    return [
        f"{'method':<12} {'naive':>8} {'nested':>8}   {metric.name}",
        *(
            f"{name:<12} {each['naive']['value']:8.4f} {each['nested']['value']:8.4f}"
            for name, each in metrics["methods"].items()
        ),
        f"best single model {single['model']}: {single[key]['value']:.4f}",
        f"blend ({metrics['method']}) of {metrics['n_models']}: naive {naive['value']:.4f}, "
        f"nested {nested['value']:.4f} +- {nested['se']:.4f}, against the single one "
        f"{gap['value']:+.4f} (95 %: {gap['low']:+.4f} to {gap['high']:+.4f})",
    ]


def first_value(scores: object, key: object) -> float | None:
    """Return the value of the score `key` in scores by name, as files hold them; None if none."""
    score = score_from(scores.get(key)) if isinstance(scores, Mapping) else None
    return None if score is None else score.value
