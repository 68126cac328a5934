"""Simulated competitions: a blend's naive and nested scores beside its score on fresh rows.

Models of known skill, some of which share their mistakes, predict rows of known truth. The whole
step (best of eight methods, its weights, a temperature) is fitted on the out-of-fold rows of a
competition and then meets 20,000 fresh ones. A bias below 0 is a score too good to be true.
Then blends fitted for other metrics than log loss, beside those fitted for log loss: see
`metric_blends.py`.

    python benchmarks/honesty.py --out benchmarks/honesty.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import metric_blends
import numpy as np
from ruamel.yaml import YAML

from podium.core.params import Blend
from podium.ensemble.blend import log_loss, single
from podium.ensemble.methods import step_of
from podium.ensemble.nested import nested

KINDS = [(25, 4, 2), (60, 5, 2), (100, 30, 2), (600, 12, 2), (600, 100, 2), (1000, 20, 3)]
FRESH = 20_000


def predicted(rng: np.random.Generator, truth: np.ndarray, skills: np.ndarray, n_classes: int):
    """Probabilities (M, N, K): logits of the truth by skill, of shared mistakes and of luck.

    Args:
        rng: draws the mistakes.
        truth: labels (N,) of 0 to K - 1.
        skills: (M,), how strongly each model sees the truth.
        n_classes: K.
    """
    shape = (len(truth), n_classes)
    shared = 1.5 * rng.normal(size=(3, *shape))  # three families
    logits = skills[:, None, None] * np.eye(n_classes)[truth]
    logits = logits + shared[np.arange(len(skills)) % 3] + rng.normal(size=(len(skills), *shape))
    sharp = np.exp(logits * np.linspace(0.7, 1.6, len(skills))[:, None, None])
    return sharp / sharp.sum(2, keepdims=True)


def competition(number: int, kind: tuple[int, int, int], settings: Blend) -> dict[str, float]:
    """Naive, nested and fresh log loss of one competition's blend and of its best single model.

    Args:
        number: of the competition, its seed.
        kind: rows, models and classes.
        settings: of the blend.
    """
    n_rows, n_models, n_classes = kind
    rng = np.random.default_rng([number, *kind])
    skills = rng.uniform(0.5, 3.0, n_models)
    truth, fresh = rng.integers(n_classes, size=n_rows), rng.integers(n_classes, size=FRESH)
    oof, unseen = (predicted(rng, labels, skills, n_classes) for labels in (truth, fresh))
    folds, groups = rng.permutation(n_rows) % 5, np.arange(n_rows)
    step, how = step_of(settings), settings.calibrate
    fitted = step.fit(oof, truth, folds, groups)
    honest = nested(step, oof, truth, folds, groups)[how]
    alone = single()(oof, truth)
    return {
        "naive": log_loss(fitted(oof)[how], truth),
        "nested": log_loss(honest, truth),
        "fresh": log_loss(fitted(unseen)[how], fresh),
        "single_naive": log_loss(alone(oof), truth),
        "single_fresh": log_loss(alone(unseen), fresh),
    }


def summary(competitions: list[dict[str, float]]) -> dict[str, float]:
    """Mean bias of each score with its standard error, and how far it is off on average."""
    figures: dict[str, float] = {"competitions": len(competitions)}
    for name, truth in (("naive", "fresh"), ("nested", "fresh"), ("single_naive", "single_fresh")):
        off = np.array([scores[name] - scores[truth] for scores in competitions])
        figures[f"{name}_bias"] = round(float(off.mean()), 4)
        figures[f"{name}_bias_se"] = round(float(off.std(ddof=1) / np.sqrt(len(off))), 4)
        figures[f"{name}_off_by"] = round(float(np.abs(off).mean()), 4)
    better = [scores["fresh"] < scores["single_fresh"] for scores in competitions]
    figures["blend_beats_single_on_fresh_rows"] = round(float(np.mean(better)), 3)
    return figures


def of_log_loss(n_each: int, settings: Blend) -> dict[str, dict[str, float]]:
    """Return the summary of `n_each` competitions of each kind, and of all; print them.

    Args:
        n_each: how many.
        settings: of the blend.
    """
    results, every = {}, []
    for kind in KINDS:
        each = [competition(number, kind, settings) for number in range(n_each)]
        every += each
        name = "{} rows, {} models, {} classes".format(*kind)
        results[name] = summary(each)
        print(name, results[name], flush=True)
    results["all"] = summary(every)
    print(json.dumps(results["all"], indent=2))
    return results


def main() -> None:
    """Simulate --each competitions of each kind; print, and with --out write, the summaries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=15, help="competitions of each kind")
    parser.add_argument("--method", default="best")
    parser.add_argument("--part", choices=["log-loss", "metrics", "both"], default="both")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    params = YAML(typ="safe").load(Path("params.yaml").read_text(encoding="utf-8"))
    settings = Blend.model_validate(
        params["blend"]["photos"] | {"method": args.method, "calibrate": "temperature", "bags": 5}
    )
    results = json.loads(args.out.read_text()) if args.out and args.out.is_file() else {}
    if args.part != "metrics":
        results |= of_log_loss(args.each, settings)
    if args.part != "log-loss":
        weighted = settings.model_copy(update={"method": "weighted"})
        results["metrics"] = metric_blends.of_every_metric(args.each, weighted)
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
