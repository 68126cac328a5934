"""Kills `dvc repro` at random moments; what the next start leaves must equal an uninterrupted run.

Every round is a fresh clone with a cache and a scratch folder of its own, at the structure of full
size (three networks, two fold seeds, a vote of three readers) and small numbers. All processes of
the run are killed at once (SIGKILL), after a time drawn evenly from that of the uninterrupted run;
one that had ended before is no round and is done again.

    python benchmarks/kills.py --rounds 10 --at-once 2 --out benchmarks/kills.json
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START = ["make", "-o", "setup", "repro"]  # with the environment that runs this file
STRUCTURE = """
extractors:
  efficientnet-lite0: {weights: package, views: plain}
  efficientnet-lite1: {weights: package, views: plain}
  hog: {weights: none, views: plain}
assign_photo_folds:
  seeds: [0, 1]
train_captcha_reader:
  text-crnn: {}
  text-cnn: {}
  arithmetic-crnn: {epochs: 3}
  equations-crnn: {epochs: 3}
  equations-crnn-2: {task: equations, model: crnn, step: 4, on_the_fly: true, emphasis: '',
    start: scratch, precision: auto, augment: 0.0, vary: 0.0, recombine: 0.0,
    learning_rate: 0.003, weight_decay: 0.0001,
    beam_width: 10, seed: 1, width: 4, epochs: 1, epoch_size: 64, batch_size: 16, warmup: 0.1}
blend:
  captcha-equations:
    readers: [equations-crnn, equations-crnn-2]
train_segmenter:
  epochs: 3
"""
TABLES = ("predictions/tables", "predictions/blends", "submissions")


class Clone:
    """A clone of the project with a cache and a scratch folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.root, self.scratch = folder / "project", folder / "scratch"
        here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = os.environ | {"PATH": here, "PODIUM_SCRATCH": str(self.scratch)}
        subprocess.run(["git", "clone", "-q", str(ROOT), str(self.root)], check=True)
        (self.root / "structure.yaml").write_text(STRUCTURE)
        for words in (["smoke"], ["structure", "--folder", "."]):
            words = [sys.executable, "-m", "podium.cli", "profile", *words]
            env = self.environment | {"PYTHONPATH": "src"}
            subprocess.run(words, cwd=self.root, env=env, check=True, stdout=subprocess.DEVNULL)

    def start(self, log: str) -> subprocess.Popen[bytes]:
        """A run of the pipeline with all its processes in one group."""
        with (self.root / log).open("wb") as file:
            return subprocess.Popen(
                START, cwd=self.root, env=self.environment, stdout=file, stderr=file,
                start_new_session=True,
            )  # fmt: skip

    def killed(self, moment: float) -> bool:
        """Start a run and kill it after `moment` seconds; False if it had ended before."""
        run = self.start("killed.log")
        try:
            run.wait(moment)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            return True
        return False

    def outputs(self) -> dict[str, str]:
        """Path -> hash of tables and submissions, metrics without device, speed and seconds."""
        contents = {}
        for folder in TABLES:
            for path in sorted((self.root / folder).rglob("*.csv")):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                contents[str(path.relative_to(self.root))] = digest
        for path in sorted((self.root / "metrics").glob("*.json")):
            metrics = json.loads(path.read_text())
            for noise in ("run", "seconds"):
                metrics.pop(noise, None)
            contents[f"metrics/{path.name}"] = json.dumps(metrics, sort_keys=True)
        return contents


def killed_round(
    number: int, folder: Path, seconds: float, expected: dict[str, str]
) -> dict[str, object]:
    """One round: start a run, kill it, start it again, compare.

    Args:
        number: of the round, its seed.
        folder: of the clone; it stays if something differs.
        seconds: that an uninterrupted run takes.
        expected: outputs of an uninterrupted run.
    """
    clone, rng = Clone(folder), random.Random(number)
    while (moment := rng.uniform(0, seconds)) and not clone.killed(moment):
        shutil.rmtree(folder)  # it had ended before
        clone = Clone(folder)
    stages = re.findall(r"Running stage '([^']+)'", (clone.root / "killed.log").read_text())
    again = clone.start("again.log").wait()
    actual = clone.outputs()
    differ = sorted(name for name in expected | actual if expected.get(name) != actual.get(name))
    result = {
        "round": number, "killed_after": round(moment, 1), "in_stage": stages[-1] if stages else "",
        "next_start": again, "differ": differ,
    }  # fmt: skip
    print(json.dumps(result), flush=True)
    if not again and not differ:
        shutil.rmtree(folder)
    return result


def main() -> None:
    """Run the pipeline once without interruption, then in rounds with a kill each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the first round, its seed")
    parser.add_argument("--at-once", type=int, default=1, help="rounds side by side")
    parser.add_argument("--folder", type=Path, help="where clones go; kept if something differs")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="kills-"))
    whole = Clone(folder / "whole")
    start = time.perf_counter()
    if whole.start("whole.log").wait():
        sys.exit(f"the uninterrupted run failed: see {whole.root / 'whole.log'}")
    seconds, expected = time.perf_counter() - start, whole.outputs()
    print(f"uninterrupted: {seconds:.0f} s, {len(expected)} files", flush=True)
    with ThreadPoolExecutor(args.at_once) as pool:
        jobs = [
            pool.submit(killed_round, number, folder / str(number), seconds, expected)
            for number in range(args.first, args.first + args.rounds)
        ]
        rounds = [job.result() for job in jobs]
    good = sum(not result["next_start"] and not result["differ"] for result in rounds)
    summary = {"uninterrupted_seconds": round(seconds, 1), "as_if_never_killed": good}
    summary |= {"files": len(expected), "rounds": rounds}
    if args.out:
        args.out.write_text(json.dumps(summary, indent=2) + "\n")
    print(f"{good} of {args.rounds} rounds ended as if never killed")
    sys.exit(good != args.rounds)


if __name__ == "__main__":
    main()
