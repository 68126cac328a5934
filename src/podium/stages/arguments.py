"""The command line that every stage shares, its metrics, and the record of its run.

No other file of the stages or below reads the clock for a result.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import podium
from podium.core import hardware
from podium.core.files import write_json
from podium.core.run_records import write_run
from podium.core.throughput import Throughput
from podium.core.unused_raw import unused_raw


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
    started = podium.STARTED if argv is None else time.perf_counter()
    return parser.parse_args(argv, argparse.Namespace(started=started))


def write_metrics(
    args: argparse.Namespace,
    metrics: Mapping[str, Any],
    throughput: Throughput | None = None,
    device: Mapping[str, Any] | None = None,
) -> None:
    """Write `metrics` to --metrics, and the record of the run to `run_records`.

    Equal runs write equal metrics. Whatever differs between them is in the record: `run` holds
    device, software and throughput, `seconds` the wall-clock time since the process began.

    Args:
        args: of the stage.
        metrics: scores and counts, as JSON values.
        throughput: of what the stage spent most of its time on.
        device: as `runtime.report` gives it; None: the processor.
    """
    write_json(args.metrics, metrics)
    run = {**(device or hardware.report()), **(throughput.as_record() if throughput else {})}
    seconds = round(time.perf_counter() - args.started, 1)
    write_run(args.metrics, {"run": run, "seconds": seconds})


def say_unused_raw(standin: Path) -> None:
    """Print a note if raw files lie there for what is drawn to a folder of stand-ins instead."""
    if words := unused_raw(standin):
        print(f"note: {words}")


def warnings_in(lines: Iterable[str]) -> dict[str, list[str]]:
    """Return the lines that begin with `warning: ` as the metric `warnings`; {} if there are none.

    The report and `podium results` repeat them.
    """
    mark = "WARNING: "
    warnings = [line[len(mark) :] for line in lines if line.upper().startswith(mark)]
    return {"warnings": warnings} if warnings else {}
