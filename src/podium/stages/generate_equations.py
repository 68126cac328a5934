"""The pictures of equations with their texts, as strips: train, validation and test.

Drawn from seeds, or (captcha.equations.source: raw) taken from a folder with train/ and test/.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from podium.core.errors import guarded
from podium.core.params import load_params
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out; --finder cuts the pictures into lines."""
    args = parse(__doc__, argv, "source", "finder", "out")
    params = load_params(args.params)
    # below, so that the processes which draw pictures do not import TensorFlow
    from podium.captcha.equations.ingest import draw_equations, take_equations

    start = time.perf_counter()
    if params.captcha.equations.source == "raw":
        found = take_equations(args.out, args.source, args.finder, params)
    else:
        processes = max(1, len(os.sched_getaffinity(0)) // 2)
        found = draw_equations(args.out, args.finder, params, processes)
    print(f"{args.out}: {found}\n{time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
