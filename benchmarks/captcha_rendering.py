"""Pictures per second and core: our renderer beside the package captcha, in turns, in one run.

Both draw 170x80 pictures of four characters into NumPy arrays, on one pinned core. Each round
times one after the other; the ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from captcha.image import ImageCaptcha

from podium.captcha.generator import BLOCK, render_many

OURS, THEIRS = 5 * BLOCK, 60  # pictures in a round


def seconds(draw: Callable[[], object]) -> float:
    """Processor seconds of `draw`: those in which another process had the core do not count."""
    start = time.process_time()
    draw()
    return time.process_time() - start


def main() -> None:
    """Print, and with --out write, both speeds and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    package = ImageCaptcha(170, 80)
    texts = [text for _, text in render_many("text", 0, 0, OURS)]  # also loads the glyphs
    for text in texts[:3]:
        package.generate_image(text)

    def ours(start: int) -> None:
        for _ in render_many("text", 1, start, start + OURS):
            pass

    def theirs() -> None:
        for text in texts[:THEIRS]:
            np.asarray(package.generate_image(text))

    rounds = [
        (OURS / seconds(lambda start=start: ours(start)), THEIRS / seconds(theirs))
        for start in range(0, args.rounds * OURS, OURS)
    ]
    ratios = [mine / other for mine, other in rounds]
    results = {
        "ours_per_second": round(median(mine for mine, _ in rounds)),
        "package_per_second": round(median(other for _, other in rounds)),
        "ratio": round(median(ratios), 2),
        "ratio_lowest": round(min(ratios), 2),
        "ratio_highest": round(max(ratios), 2),
        "rounds": args.rounds,
    }
    print(json.dumps(results, indent=2))
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
