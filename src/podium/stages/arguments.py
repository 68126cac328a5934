"""The command line that every stage shares, its metrics, and the record of its run.

No other file of the stages or below reads the clock for a result.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from podium.core import hardware
from podium.core.files import write_json
from podium.core.throughput import Throughput


def parse(
    description: str | None,
    argv: Sequence[str] | None,
    *paths: str,
    names: Sequence[str] = (),
    folders: Sequence[str] = (),
) -> argparse.Namespace:
    """Return the stage's arguments: `--<path>` for `paths`, `--<name>` for `names`, `--params`.

    Args:
        description: shown by --help.
        argv: the words after the module's name; None reads the command line.
        paths: required options that take a path.
        names: required options that take a word.
        folders: options that take a folder; the working folder, if nobody says it.
    """
    parser = argparse.ArgumentParser(description=description)
    for name in paths:
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
    for name in names:
        parser.add_argument(f"--{name}", required=True, metavar="NAME")
    for name in folders:
        parser.add_argument(f"--{name}", type=Path, default=Path(), metavar="PATH")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="PATH")
    return parser.parse_args(argv, argparse.Namespace(started=time.perf_counter()))


def run_path(metrics: Path) -> Path:
    """Return the file of a run's record: metrics/x.json -> runs/x.json."""
    return metrics.parent.with_name("runs") / metrics.name


def write_metrics(
    args: argparse.Namespace,
    metrics: Mapping[str, Any],
    throughput: Throughput | None = None,
    device: Mapping[str, Any] | None = None,
) -> None:
    """Write `metrics` to --metrics, and the record of the run to `run_path`.

    Equal runs write equal metrics. Whatever differs between them is in the record, which neither
    git nor DVC compares: `run` holds device, software and throughput, `seconds` the wall-clock
    time since the arguments were read.

    Args:
        args: of the stage.
        metrics: scores and counts, as JSON values.
        throughput: of what the stage spent most of its time on.
        device: as `runtime.report` gives it; None: the processor.
    """
    write_json(args.metrics, metrics)
    run = {**(device or hardware.report()), **(throughput.as_record() if throughput else {})}
    seconds = round(time.perf_counter() - args.started, 1)
    write_json(run_path(args.metrics), {"run": run, "seconds": seconds})
