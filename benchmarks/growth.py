"""Processor seconds and peak memory of stages against what they work on, each point a process.

    python benchmarks/growth.py                          all jobs, some minutes on one core
    python benchmarks/growth.py --jobs slides --sizes 4 10 20
    python benchmarks/growth.py --plot docs/pictures     draw what benchmarks/growth.json holds

A point is kept under its job and size; others that were measured before stay.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "benchmarks/growth.json"


def heads(n_classes: int, _: Path) -> None:
    """Train the heads of five folds, 20 epochs, on 3,000 rows of 1,280 random features."""
    from podium.core.params import load_params
    from podium.photos.head_training import HeadTask, train_heads

    rng = np.random.default_rng(0)
    features = rng.standard_normal((3000, 1280), dtype=np.float32)
    truth = np.repeat(rng.integers(0, n_classes, (3000, 1)), 5, axis=1)
    fold = rng.integers(0, 5, 3000)[:, None] == np.arange(5)
    task = HeadTask(features, truth, ~fold, np.zeros_like(fold), n_classes)
    settings = load_params(ROOT / "params.yaml").train_photo_classifier
    train_heads(task, settings.model_copy(update={"epochs": 20, "patience": 0}), 0)


def captchas(n_pictures: int, folder: Path) -> None:
    """Draw text captchas into a captcha file, in one process."""
    from podium.captcha.ingest import write_drawn_captchas
    from podium.core.params import load_params

    params = load_params(ROOT / "params.yaml")
    counts = {"n_train": n_pictures - 200, "n_validation": 100, "n_test": 100}
    section = params.generate_captcha.model_copy(update=counts)
    drawn = params.model_copy(update={"generate_captcha": section})
    write_drawn_captchas(folder / "text.h5", "text", drawn, 0)


def slides(n_slides: int, folder: Path) -> None:
    """Tile slides of 4,000 x 4,000 pixels, without overlap, one after the other."""
    from tiling import write_slide

    from podium.slides.tiling import Job, Plan, tile_all

    path = write_slide(folder / "slide.tif", 4000, 4000, 256)
    jobs = [Job(f"slide{number}", path, "-") for number in range(n_slides)]
    tile_all(jobs, Plan(256, 256, thumbnail=512), folder / "tiles", 1)


def sides(side: int, folder: Path) -> None:
    """Tile one slide of a side, without overlap."""
    from tiling import write_slide

    from podium.slides.tiling import Job, Plan, tile_all

    job = Job("slide", write_slide(folder / "slide.tif", side, side, 256), "-")
    tile_all([job], Plan(256, 256), folder / "tiles", 1)


def models(n_models: int, folder: Path) -> None:
    """Read, join and blend tables of 2,000 rows and two classes by all methods."""
    import pandas as pd

    from podium.competitions import competition_named
    from podium.core.params import load_params
    from podium.ensemble.blend_competition import blend_section, blend_tables
    from podium.ensemble.prediction_set import tables_in
    from podium.evaluation.predictions import write_predictions

    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 1500)
    hard = rng.normal(size=2000) + np.r_[truth * 2 - 1, np.zeros(500)]
    table = pd.DataFrame({"id": [f"i{row}" for row in range(2000)], "split": "oof", "seed": 0})
    table["fold"] = np.r_[np.arange(1500) % 5, [-1] * 500]
    table["truth"] = [*np.array(["cat", "dog"])[truth], *[""] * 500]
    table.loc[1500:, "split"] = "test"
    for number in range(n_models):
        probability = 1 / (1 + np.exp(-hard - rng.normal(0, rng.uniform(0.5, 2), 2000)))
        said = table.assign(p_cat=1 - probability, p_dog=probability)
        write_predictions(folder / f"model{number}.csv", said, {"number": number})
    competition = competition_named("photos")
    section = blend_section(competition, load_params(ROOT / "params.yaml"))
    blend_tables(tables_in(folder, []), section, competition.table_metrics[0])


JOBS: dict[str, tuple[Callable[[int, Path], None], list[int]]] = {
    "classes": (heads, [2, 10, 100, 300, 1000]),
    "captchas": (captchas, [1000, 5000, 20_000, 50_000]),
    "slides": (slides, [4, 10, 20, 40]),
    "sides": (sides, [5000, 10_000, 20_000]),
    "models": (models, [10, 50, 200, 1000]),
}
# jobs as plots name them; scaling.py measures pictures, many_rows.py rows
AXES = {
    "pictures": "pictures: features extracted",
    "rows": "rows: folds, models, blend, submission",
    "classes": "classes of the photo heads",
    "captchas": "captchas drawn",
    "slides": "slides of 4,000 px tiled",
    "sides": "megapixels of one slide tiled",
    "models": "models blended",
}


def measured(job: str, size: int) -> dict[str, float]:
    """Processor seconds and peak memory of a point: the clock says little on a shared machine."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'benchmarks'}"}
        paths["PODIUM_SCRATCH"] = f"{folder}/scratch"
        command = [sys.executable, __file__, "--point", job, str(size), folder]
        process = subprocess.Popen(command, env=os.environ | paths, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{job} {size} failed")
    spent = usage.ru_utime + usage.ru_stime
    return {
        "processor_seconds": round(spent, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
    }


def keep(job: str, size: int, point: dict[str, float]) -> None:
    """Write a point into KEPT.

    Args:
        job: a key of AXES.
        size: of what it works on.
        point: seconds and memory.
    """
    every = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    points = {int(number): each for number, each in every.get(job, {}).items()} | {size: point}
    every[job] = {str(number): points[number] for number in sorted(points)}
    in_order = {name: every[name] for name in AXES if name in every}
    KEPT.write_text(json.dumps(in_order, indent=2) + "\n")


def plot(folder: Path) -> None:
    """Draw time and memory of all jobs of KEPT, grey a straight line from first to last."""
    from matplotlib.figure import Figure

    every = json.loads(KEPT.read_text())
    for name, unit in (("time", "seconds"), ("memory", "peak memory, MiB")):
        figure = Figure(figsize=(11, 5), layout="constrained")
        panels = figure.subplots(2, 4).ravel()
        for axes, (job, points) in zip(panels, every.items(), strict=False):
            sizes = np.array([int(size) for size in points], float)
            sizes = sizes**2 / 1e6 if job == "sides" else sizes
            own = [point.get("processor_seconds", point.get("seconds")) if name == "time"
                   else point["peak_mib"] for point in points.values()]  # fmt: skip
            axes.plot(sizes[[0, -1]], [own[0], own[-1]], color="#bbbbbb")
            axes.plot(sizes, own, marker="o", color="#4477aa")
            axes.set(ylabel=unit, xlim=(0, None), ylim=(0, 1.2 * max(own)))
            axes.set_title(AXES[job], fontsize=9)
            axes.ticklabel_format(useOffset=False, style="plain")
            axes.locator_params(nbins=4)
            axes.spines[["top", "right"]].set_visible(False)
        for axes in panels[len(every) :]:
            axes.axis("off")
        figure.savefig(folder / f"growth-{name}.png", dpi=80)


def main() -> None:
    """Measure points, one line each, or draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", nargs="+", default=list(JOBS), choices=JOBS)
    parser.add_argument("--sizes", nargs="+", type=int)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--point", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.point:
        job, size, folder = args.point
        JOBS[job][0](int(size), Path(folder))
        return
    for job in [] if args.plot else args.jobs:
        for size in args.sizes or JOBS[job][1]:
            point = measured(job, size)
            print(job, size, json.dumps(point), flush=True)
            keep(job, size, point)
    if args.plot:
        plot(args.plot)


if __name__ == "__main__":
    main()
