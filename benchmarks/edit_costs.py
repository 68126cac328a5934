"""What an edit in each package costs: which stages run again, and how long these took.

    dvc repro --force | python benchmarks/edit_costs.py --time   # writes edit_costs.json
    python benchmarks/edit_costs.py                              # prints a table from it

An edit of a module changes the fingerprints of all stages that import it. Those stages run again,
and so does all that depends on their outputs: the worst case, in which every output changes.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path
from statistics import median

from podium.competitions import COMPETITIONS
from podium.core.code_fingerprint import SOURCE, imported_modules

SECONDS = Path(__file__).with_suffix(".json")


def main() -> None:
    """Time a run that is piped in, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time", action="store_true", help="read the output of dvc repro")
    if parser.parse_args().time:
        SECONDS.write_text(json.dumps(timed(), indent=2) + "\n", encoding="utf-8")
    seconds = json.loads(SECONDS.read_text(encoding="utf-8"))
    head = ("package", "modules", "stages, median", "most", "minutes, median", "most")
    print("{:<14}{:>8}{:>16}{:>6}{:>17}{:>6}".format(*head))
    for package, costs in costs_by_package(seconds).items():
        stages, minutes = [n for n, _ in costs], [s / 60 for _, s in costs]
        print(
            f"{package:<14}{len(costs):>8}{median(stages):>16.0f}{max(stages):>6}"
            f"{median(minutes):>17.1f}{max(minutes):>6.1f}"
        )


def timed() -> dict[str, float]:
    """Seconds of each stage, by when `dvc repro` says on standard input that it starts."""
    starts, last = [], time.perf_counter()
    for line in sys.stdin:
        print(line, end="", flush=True)
        last = time.perf_counter()
        if match := re.match(r"Running stage '(.+)':", line):
            starts.append((match[1], last))
    ends = [start for _, start in starts[1:]] + [last]
    return {name: round(end - start, 1) for (name, start), end in zip(starts, ends, strict=True)}


def costs_by_package(seconds: dict[str, float]) -> dict[str, list[tuple[int, float]]]:
    """For each package, (stages, seconds) that an edit of each of its modules costs."""
    reruns = _reruns()
    costs: dict[str, list[tuple[int, float]]] = {}
    for path in sorted((SOURCE / "podium").rglob("*.py")):
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        stages = {stage for code, below in reruns.items() if name in code for stage in below}
        package = name.split(".")[1]
        costs.setdefault(package, []).append(
            (len(stages), sum(seconds.get(stage, 0.0) for stage in stages))
        )
    return costs


def _reruns() -> dict[frozenset[str], set[str]]:
    """Modules of each fingerprint -> the stages that depend on it, and all that these feed."""
    from dvc.repo import Repo

    with Repo() as repo:
        stages = [stage for stage in repo.index.stages if stage.addressing != "fingerprint"]
        inputs = {s.addressing: [str(dep) for dep in s.deps] for s in stages}
        outputs = {s.addressing: [str(out) for out in s.outs] for s in stages}
    below = {name: _fed_by(name, inputs, outputs) for name in inputs}
    reruns: dict[frozenset[str], set[str]] = {}
    for name, deps in inputs.items():
        for dep in deps:
            folder, _, code = dep.partition("/")
            if folder == "fingerprints":
                reruns.setdefault(frozenset(_modules(code)), set()).update(below[name])
    return reruns


def _modules(code: str) -> list[str]:
    """Modules behind a fingerprint: of a stage, or of a competition's row; none for other rows."""
    competition = COMPETITIONS.get(code.removeprefix("competition-"))
    if competition:
        return sorted({name for each in competition.modules for name in imported_modules(each)})
    stage = SOURCE / f"podium/stages/{code}.py"
    return imported_modules(f"podium.stages.{code}") if stage.is_file() else []


def _fed_by(stage: str, inputs: dict[str, list[str]], outputs: dict[str, list[str]]) -> set[str]:
    """`stage` and every stage that depends on its outputs, at any distance."""
    reached, waiting = {stage}, [stage]
    while waiting:
        written = outputs[waiting.pop()]
        for name, deps in inputs.items():
            feeds = any(f"{dep}/".startswith(f"{out}/") or f"{out}/".startswith(f"{dep}/")
                        for dep in deps for out in written)  # fmt: skip
            if feeds and name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached


if __name__ == "__main__":
    main()
