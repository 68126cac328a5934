"""Draw the pictures of one captcha task, with their texts: train, validation and test."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from podium.captcha.dataset import splits, write_captchas
from podium.captcha.tasks import task_from
from podium.errors import guarded
from podium.params import load_params
from podium.stages.arguments import parse


@guarded
def main(argv: Sequence[str] | None = None) -> None:
    """Write --out, the pictures of --task."""
    args = parse(__doc__, argv, "out", names=["task"])
    params = load_params(args.params)
    task, sizes = task_from(args.task, params.captcha), params.generate_captcha
    parts = splits(
        (sizes.n_train, sizes.n_validation, sizes.n_test),
        (sizes.seed_train, sizes.seed_validation, sizes.seed_test),
    )
    provenance = {"task": args.task, **getattr(params.captcha, args.task).model_dump()}
    start = time.perf_counter()
    write_captchas(args.out, task, parts, provenance, len(os.sched_getaffinity(0)))
    seconds, n = time.perf_counter() - start, sum(part.n_pictures for part in parts)
    print(f"{args.out}: {n} pictures in {seconds:.1f} s, {n / seconds:.0f} pictures/s")


if __name__ == "__main__":
    main()
