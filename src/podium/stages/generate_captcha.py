"""The pictures of one captcha task, with their texts: train, validation and test.

Drawn from seeds, or (captcha.<task>.source: raw) taken from a folder with train/ and test/.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from podium.captcha.ingest import draw_captchas, take_captchas
from podium.captcha.tasks import task_named
from podium.core.errors import guarded
from podium.core.params import load_params
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, the pictures of --task."""
    args = parse(__doc__, argv, "source", "out", names=["task"])
    params = load_params(args.params)
    task_named(args.task)
    start = time.perf_counter()
    if getattr(params.captcha, args.task).source == "raw":
        found = take_captchas(args.out, args.source, args.task, params)
    else:
        processes = len(os.sched_getaffinity(0))
        found = draw_captchas(args.out, args.task, params, processes if processes > 1 else 0)
    print(f"{args.out}: {found}\n{time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
