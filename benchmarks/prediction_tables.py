"""A prediction table as CSV and as columns: bytes, processor seconds and peak memory of each.

Every reading and writing runs in a process of its own, whose start and table of random
probabilities are taken off the seconds.

    python benchmarks/prediction_tables.py --rows 1000000 --classes 2
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from podium.evaluation.predictions import RowFacts, read_predictions, rows, write_predictions

FORMATS = {"csv": "as text", "h5": "as columns"}


def table_of(n_rows: int, n_classes: int) -> pd.DataFrame:
    """Rows of float32 probabilities, as networks give them, of random classes."""
    rng = np.random.default_rng(0)
    values = rng.random((n_rows, n_classes), dtype=np.float32) + 1e-3
    values /= values.sum(1, keepdims=True)
    names = [f"c{number:03d}" for number in range(n_classes)]
    ids = [f"{number:08d}" for number in range(n_rows)]
    truth = [names[number] for number in rng.integers(0, n_classes, n_rows)]
    fold = np.arange(n_rows) % 5
    return rows(ids, "oof", fold, 0, values.astype(np.float64), names, RowFacts(ids, truth))


def measure(job: str, path: Path, n_rows: int, n_classes: int) -> None:
    """Print processor seconds and peak MiB of reading or writing `path`."""
    table = table_of(n_rows, n_classes) if job == "write" else None
    start = time.process_time()
    if table is None:
        read_predictions(path)
    else:
        write_predictions(path, table, {})
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 2), "peak_mib": round(peak)}))


def main() -> None:
    """Print, and with --out write, what both formats take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classes", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--job", choices=("write", "read"), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        measure(args.job, args.path, args.rows, args.classes)
        return
    result: dict[str, object] = {"rows": args.rows, "classes": args.classes}
    with tempfile.TemporaryDirectory() as folder:
        for suffix, name in FORMATS.items():
            path = Path(folder) / f"model.{suffix}"
            numbers = {}
            for job in ("write", "read"):
                given = ["--rows", str(args.rows), "--classes", str(args.classes)]
                command = [sys.executable, __file__, *given, "--job", job, "--path", str(path)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                numbers[job] = json.loads(done.stdout)
            result[name] = {"megabytes": round(path.stat().st_size / 1e6, 1), **numbers}
    print(json.dumps(result, indent=2))
    if args.out:
        args.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
