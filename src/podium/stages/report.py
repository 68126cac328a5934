"""Put the blends of all competitions side by side for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podium.competitions import CONTESTS
from podium.core.errors import guarded
from podium.core.files import write_text
from podium.ensemble import report
from podium.evaluation.outcome import value
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write the page --out and the picture --picture from metrics in the folder --metrics."""
    args = parse(__doc__, argv, "metrics", "out", "picture")
    blends = {name: _read(args.metrics / f"blend_{name}.json") for name in CONTESTS}
    submitted = {name: _read(args.metrics / f"submit_{name}.json") for name in CONTESTS}
    tests = {name: value(one["test"]) for name, one in submitted.items() if "test" in one}
    write_text(args.out, report.markdown(blends, tests))
    report.picture(args.picture, blends)
    print("\n".join(report.markdown(blends, tests).splitlines()[2:9]))


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
