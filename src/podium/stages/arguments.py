"""The command line every stage shares: paths in, paths out, where the settings lie, and the clock.

No other file of the stages or below reads the time for a result.
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
    description: str | None, argv: Sequence[str] | None, *paths: str, names: Sequence[str] = ()
) -> argparse.Namespace:
    """The stage's arguments: `--<path>` for each of `paths`, `--<name>` for words, `--params`.

    Args:
        description: shown by --help.
        argv: the words after the module's name; None reads the command line.
        paths: required options that take a path.
        names: required options that take a word.
    """
    parser = argparse.ArgumentParser(description=description)
    for name in paths:
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
    for name in names:
        parser.add_argument(f"--{name}", required=True, metavar="NAME")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="PATH")
    return parser.parse_args(argv, argparse.Namespace(started=time.perf_counter()))


def write_metrics(
    args: argparse.Namespace,
    metrics: Mapping[str, Any],
    throughput: Throughput | None = None,
    device: Mapping[str, Any] | None = None,
) -> None:
    """Write `metrics` to --metrics, and how they came about.

    `run` tells device and software, and items, batch size, items per second.
    `seconds` are by the clock, since the arguments were read: DVC keeps no durations, and `podium
    compare` adds these up. Nothing else differs between two equal runs.

    Args:
        args: of the stage.
        metrics: its scores.
        throughput: what it spent most of its time on.
        device: as `runtime.report` tells it; None: the processor.
    """
    seconds = round(time.perf_counter() - args.started, 1)
    run = {**(device or hardware.report()), **(throughput.as_metrics() if throughput else {})}
    write_json(args.metrics, {**metrics, "run": run, "seconds": seconds})
