"""Ensemble selection: ours beside a plain NumPy port of AutoGluon's EnsembleSelection, in one run.

Both pick the same models: 20 bags of half of 200 models, 25,000 rows, 100 picks each. The port
does what AutoGluon's loop does, one candidate after the other, and is spared its scorer's checks:
it sees the probabilities of the true classes only, as ours does.

    python benchmarks/selection.py --out benchmarks/selection.json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from pathlib import Path

import numpy as np

from podium.ensemble import selection


def simulated(n_models: int, n_rows: int, seed: int = 0) -> np.ndarray:
    """Probabilities (M, N) of the true classes by models that share mistakes.

    Args:
        n_models: M.
        n_rows: N.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    hard = rng.normal(size=n_rows)
    skill, own = rng.uniform(0.5, 2, (n_models, 1)), rng.uniform(0.8, 2, (n_models, 1))
    logit = skill + 0.7 * hard + own * rng.normal(size=(n_models, n_rows))
    return 1 / (1 + np.exp(-logit))


def ported(probs: np.ndarray, n_picks: int, members: np.ndarray) -> list[int]:
    """The picks of AutoGluon's loop (Caruana et al. 2004), candidate by candidate.

    Args:
        probs: probabilities (M, N) of the true classes.
        n_picks: how many models are picked, with repetition.
        members: numbers (B,) of the models in the bag.
    """
    total, picks = np.zeros(probs.shape[1]), []
    for size in range(1, n_picks + 1):
        losses = [-np.log((total + probs[m]) / size).mean() for m in members]
        picks.append(int(members[int(np.argmin(losses))]))
        total += probs[picks[-1]]
    return picks


def peak_of(args: argparse.Namespace) -> float:
    """Peak memory in MiB of a process that selects."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak, (args.models, args.rows, args.picks, args.bags))


def _peak(models: int, rows: int, picks: int, bags: int) -> float:
    probs = simulated(models, rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    selection.select(probs, picks, bags, 0.5)
    return max(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


def main() -> None:
    """Time both on the same matrix."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("models", 200), ("rows", 25000), ("picks", 100), ("bags", 20)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    probs = simulated(args.models, args.rows)
    bags = selection.bags_of(args.models, args.bags, 0.5, 0)
    ours, seconds = None, []
    for _ in range(5):
        start = time.perf_counter()
        ours = selection.pick(probs, args.picks, bags)
        seconds.append(time.perf_counter() - start)
    start = time.perf_counter()
    theirs = [ported(probs, args.picks, members) for members in bags]
    port = time.perf_counter() - start
    results = {
        "size": {name: getattr(args, name) for name in ("models", "rows", "picks", "bags")},
        "seconds": {
            "ours": sorted(round(value, 2) for value in seconds),
            "numpy_port": round(port, 1),
        },
        "ratio": round(port / float(np.median(seconds)), 1),
        "bags_with_the_same_picks": sum(
            bag.models == other for bag, other in zip(ours, theirs, strict=True)
        ),
        "peak_mib": round(peak_of(args)),
        "matrix_mib": round(probs.nbytes / 2**20),
    }
    print(json.dumps(results, indent=2))
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
