"""Does extraction time grow linearly with the pictures, and does its memory stay flat?

Makes N JPEG pictures of 500x375 (drawn stand-ins, each file different by trailing bytes), then runs
the ingest_photos and extract_features stages on them, each in a process of its own, and prints
seconds, pictures/s and the peak memory of that process.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from growth import keep

from podium.standin.photos.dataset import draw_picture


def pictures(root: Path, count: int) -> None:
    """`count` files of 40 pictures; what follows a JPEG's end makes each file another one."""
    kinds = []
    for index in range(40):
        image = draw_picture("cat" if index % 2 else "dog", 0, index).resize((500, 375))
        data = io.BytesIO()
        image.save(data, "JPEG", quality=90)
        kinds.append(data.getvalue())
    (root / "train").mkdir(parents=True)
    for index in range(count):
        name = f"{'cat' if index % 2 else 'dog'}.{index}.jpg"
        (root / "train" / name).write_bytes(kinds[index % 40] + index.to_bytes(4, "big"))


def timed(*words: object, scratch: Path) -> tuple[float, float]:
    """Seconds and peak memory (MiB) of a stage run as a process of its own."""
    start = time.perf_counter()
    environment = os.environ | {"PODIUM_SCRATCH": str(scratch)}
    command = [sys.executable, "-m", *(str(word) for word in words)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def measured(count: int, extractor: str) -> dict[str, float]:
    """Seconds, speed and peak memory of both stages for `count` pictures."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        pictures(root / "photos", count)
        shared = ("--source", root / "photos", "--items", root / "items.csv")
        _, ingest_memory = timed(
            "podium.stages.ingest_photos", *shared, "--quarantine", root / "q.csv",
            "--columns", root / "columns.csv", "--task", root / "task.json",
            "--metrics", root / "m.json", scratch=root / "scratch",
        )  # fmt: skip
        seconds, memory = timed(
            "podium.stages.extract_features", *shared, "--extractor", extractor,
            "--weights-dir", root, "--out", root / "f.h5", "--metrics", root / "m.json",
            scratch=root / "scratch",
        )  # fmt: skip
    return {
        "pictures": count,
        "seconds": round(seconds, 1),
        "pictures_per_second": round(count / seconds, 1),
        "peak_mib": round(memory),
        "ingest_peak_mib": round(ingest_memory),
    }


def main() -> None:
    """Print one line per size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 2000, 4000])
    parser.add_argument("--extractor", default="efficientnet-lite0")
    args = parser.parse_args()
    for count in args.sizes:
        point = measured(count, args.extractor)
        print(json.dumps(point), flush=True)
        keep("pictures", count, {name: point[name] for name in ("seconds", "peak_mib")})


if __name__ == "__main__":
    main()
