"""Seconds by the clock of commands that do little, each in a process of its own, in turns.

- `dvc repro` with nothing to do, beside `dvc status`, which looks at the same files;
- `podium predict` of one photo, cold: by TensorFlow and, where it is installed, ONNX Runtime, with
  copies of the trained models that ask for it, once their networks were converted.

Needs a finished run: make repro, then python benchmarks/commands.py
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from podium.core.array_tree import read_tree, write_tree

PHOTO = "data/standin/photos/test/1.jpg"
FILES = "photos.keras", "photos-members.h5", "photos-blend.h5"
LIMITS = {"tensorflow": 7.0, "onnxruntime": 3.0}  # seconds


def seconds(*words: str, scratch: Path | None = None) -> float:
    """Return how long a command of the environment takes.

    Args:
        words: the command.
        scratch: folder of work in progress; None: the usual one.
    """
    more = {"PODIUM_SCRATCH": str(scratch)} if scratch else {}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", *words], env=os.environ | more, stdout=subprocess.DEVNULL,
                   check=True)  # fmt: skip
    return time.perf_counter() - start


def by_onnx_runtime(folder: Path) -> Path:
    """Copy the photo models into a folder so that they ask for ONNX Runtime; the model's path."""
    for name in FILES:
        shutil.copy(Path("models") / name, folder)
    members = read_tree(folder / FILES[1], "file of photo models")
    for extractor in members["extractors"]:
        extractor["engine"] = "onnxruntime"
    write_tree(folder / FILES[1], members)
    return folder / FILES[0]


def main() -> None:
    """Print, and with --out write, seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = {"tensorflow": Path("models") / FILES[0]}
        if find_spec("onnxruntime") and find_spec("tf2onnx"):
            models["onnxruntime"] = by_onnx_runtime(folder)
            seconds("podium.cli", "predict", PHOTO, "--model", str(models["onnxruntime"]),
                    scratch=folder / "scratch")  # fmt: skip
        times: dict[str, list[float]] = {}
        for _ in range(args.rounds):
            for command in ("status", "repro"):
                times.setdefault(command, []).append(seconds("dvc", command))
            for engine, model in models.items():
                words = "podium.cli", "predict", PHOTO, "--model", str(model)
                times.setdefault(engine, []).append(seconds(*words, scratch=folder / "scratch"))
    middle = {job: median(each) for job, each in times.items()}
    result = {
        "seconds": {job: round(value, 2) for job, value in middle.items()},
        "status_to_repro": [
            round(status / repro, 2)
            for status, repro in zip(times["status"], times["repro"], strict=True)
        ],
        "predict_limit_to_seconds": {
            engine: round(limit / middle[engine], 2)
            for engine, limit in LIMITS.items()
            if engine in middle
        },
    }
    print(json.dumps(result, indent=2))
    if args.out:
        args.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
