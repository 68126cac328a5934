"""Cut the slides into tiles of tissue: pixels, masks and coordinates in one file per slide."""

from __future__ import annotations

import os
from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.files import write_table
from podium.core.params import load_params
from podium.core.printable import printable
from podium.core.throughput import Throughput, ThroughputMeter
from podium.slides.dataset import read_slides
from podium.slides.disk_space import require_disk
from podium.slides.tile_states import summary
from podium.slides.tiling import jobs_of, plan_of, tile_all, tiles_dir
from podium.stages.arguments import parse, write_metrics


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --tiles, --table and --metrics."""
    args = parse(__doc__, argv, "source", "slides", "annotations", "tiles", "table", "metrics")
    params = load_params(args.params)
    meter = ThroughputMeter()
    rows, plan = read_slides(args.slides), plan_of(params.tile_slides)
    require_disk(rows, params.tile_slides, tiles_dir(plan))
    jobs = jobs_of(rows, args.source, args.annotations, params.slides)
    processes = min(len(jobs), len(os.sched_getaffinity(0)))
    with meter.measure(1):
        outcomes = tile_all(jobs, plan, args.tiles, processes)
    table = summary(outcomes, args.tiles)
    write_table(args.table, table)
    counts = {
        "n_slides": int((table["state"] == "done").sum()),
        "n_failed": int((table["state"] == "failed").sum()),
        "n_no_tiles": int((table["state"] == "no tiles").sum()),
        **{name: int(table[name].sum()) for name in ("n_tiles", "n_tumour", "n_unreadable")},
    }
    n = counts["n_tiles"]
    write_metrics(args, counts, Throughput(n, meter.throughput(1).seconds, n))
    print(", ".join(f"{name} {value}" for name, value in counts.items()))
    for row in table[table["state"] != "done"].itertuples():
        print(printable(f"{row.state}: {row.reason}"))


if __name__ == "__main__":
    main()
