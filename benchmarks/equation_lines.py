"""Finding the lines of equations: our finder beside the book's morphology, on the same pictures.

Both get the same fresh pictures. A picture is right if all its lines are found, in order and
nothing else, each with an overlap (IoU) of 0.8 or more. Seconds are those of the processor.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.canvas import paint
from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.line_maps import all_lines_match
from podium.captcha.equations.render import scene_of
from podium.captcha.equations.scene import Box
from podium.captcha.scoring import share

SEED = 11  # no stage uses it
Pixels = NDArray[np.uint8]


def book_lines(pixels: Pixels) -> list[Box]:
    """The lines in RGB `pixels` (H, W, 3) by the book's steps.

    Grey, equalised, median, opened at a quarter of the size, contours.
    Opening a light picture spreads what is dark, so that characters grow into one spot per line.
    The book then refines each crop; here the spot is cut down to the ink of an Otsu threshold.
    Its window of 7x40 suits its own pictures; on ours this median and a window of 3x10 did best
    of 48 combinations, tried on 40 other pictures: 21 right, 16 with 7x40.
    """
    grey = cv2.medianBlur(cv2.equalizeHist(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)), 7)
    quarter = cv2.resize(grey, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    joined = cv2.morphologyEx(quarter, cv2.MORPH_OPEN, np.ones((3, 10), np.uint8))
    spots = cv2.threshold(joined, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]
    ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)[1]
    boxes: list[Box] = []
    for contour in cv2.findContours(spots, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]:
        x, y, w, h = (4 * side for side in cv2.boundingRect(contour))
        left, top, right, bottom = cv2.boundingRect(ink[y : y + h, x : x + w])
        if right > 40 and bottom > 12:
            boxes.append((x + left, y + top, x + left + right, y + top + bottom))
    return sorted(boxes, key=lambda box: box[1] + box[3])


def measured(find: Callable[[Pixels], list[Box]], n_pictures: int) -> dict[str, Any]:
    """Share of pictures with all lines right, of those with the right count, and speed.

    Args:
        find: from RGB pixels (H, W, 3) to the boxes of lines.
        n_pictures: how many are drawn.
    """
    n_right, n_counted, seconds = 0, 0, 0.0
    find(paint(scene_of(SEED, 0)[0]))
    for index in range(n_pictures):
        scene, _ = scene_of(SEED, index)
        pixels = paint(scene)
        start = time.process_time()
        boxes = find(pixels)
        seconds += time.process_time() - start
        n_right += all_lines_match(boxes, scene)
        n_counted += len(boxes) == len(scene.boxes)
    return {
        "lines": share(n_right, n_pictures),
        "count": share(n_counted, n_pictures),
        "pictures_per_processor_second": round(n_pictures / seconds, 1),
    }


def main() -> None:
    """Print, and with --out write, how well and how fast both find lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--finder", type=Path, default=Path("models/equation-lines.keras"))
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    finder = LineFinder.load(args.finder)
    results = {
        "ours": measured(finder.find, args.pictures),
        "book": measured(book_lines, args.pictures),
    }
    print(json.dumps(results, indent=2))
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
