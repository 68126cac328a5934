"""Reading sheets of equations on other papers, as they are and made like drawn ones first.

Every sheet is a drawn one of a seed that no stage uses, changed into one of PAPERS. Shares of the
sheets with as many boxes as lines, and with the whole text right, with 95 % intervals (Wilson).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.captcha.equations.finder import LineFinder
from podium.captcha.equations.render import render
from podium.captcha.equations.scene import Box
from podium.captcha.equations.strips import lay_out
from podium.captcha.reader import CaptchaReader
from podium.captcha.scoring import share

SEED = 77  # no stage uses it
Pixels = NDArray[np.uint8]


def drawn(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A sheet (H, W, 3) as it is drawn."""
    return pixels


def dark(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A sheet (H, W, 3) with paper and ink exchanged."""
    return 255 - pixels


def uneven(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A sheet (H, W, 3) with light of 0.4 to 1 at six places, smooth between them."""
    light = rng.uniform(0.4, 1.0, (2, 3)).astype(np.float32)
    light[rng.integers(2), rng.integers(3)] = 1.0
    light[rng.integers(2), rng.integers(3)] = 0.4
    light = cv2.resize(light, pixels.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(pixels * light[..., None], 0, 255).astype(np.uint8)


def noisy(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A sheet (H, W, 3) with grey noise of standard deviation 25."""
    noise = rng.normal(0, 25, pixels.shape[:2])[..., None]
    return np.clip(pixels + noise, 0, 255).round().astype(np.uint8)


def faint(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A sheet (H, W, 3) with 0.3 of its contrast."""
    return np.clip(pixels * 0.3 + rng.uniform(20, 170), 0, 255).round().astype(np.uint8)


def tilted(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A sheet (H, W, 3) turned by 8 degrees to either side, on paper large enough for it."""
    (h, w, _), degrees = pixels.shape, 8.0 * rng.choice([-1, 1])
    cos, sin = abs(np.cos(np.radians(degrees))), abs(np.sin(np.radians(degrees)))
    wide, high = int(w * cos + h * sin), int(h * cos + w * sin)
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1)
    matrix[:, 2] += (wide - w) / 2, (high - h) / 2
    paper = np.median(pixels[::7, ::7].reshape(-1, 3), axis=0).tolist()
    return np.asarray(cv2.warpAffine(pixels, matrix, (wide, high), borderValue=paper), np.uint8)


def photographed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A sheet (H, W, 3) on a table, askew, in uneven light, blurred, with noise, as JPEG."""
    (h, w, _), reach = pixels.shape, 0.05 * pixels.shape[0]
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], dtype=np.float32)
    radians = np.radians(rng.uniform(-3, 3))
    turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    placed = (corners - (w / 2, h / 2)) @ turn.T + rng.uniform(-reach, reach, (4, 2))
    placed -= placed.min(0) - 0.06 * h
    size = np.ceil(placed.max(0) + 0.06 * h).astype(int).tolist()
    matrix = cv2.getPerspectiveTransform(corners, placed.astype(np.float32))
    table = rng.uniform(50, 130, 3).tolist()
    photo = uneven(cv2.warpPerspective(pixels, matrix, size, borderValue=table), rng)
    photo = cv2.GaussianBlur((photo * 0.9).astype(np.uint8), (0, 0), 1.0)
    photo = np.clip(photo + rng.normal(0, 4, photo.shape), 0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


PAPERS = {
    paper.__name__: paper for paper in (drawn, dark, uneven, noisy, faint, tilted, photographed)
}


def measured(
    reader: CaptchaReader, lines: Callable[[Pixels], tuple[Pixels, list[Box]]], name: str, n: int
) -> dict[str, Any]:
    """Shares of sheets with the right number of lines, and with the right text.

    Args:
        reader: of equations.
        lines: from a sheet (H, W, 3) to the sheet that is read, and the boxes of its lines.
        name: of the paper.
        n: how many sheets.
    """
    h, w, _ = reader.logits.shape
    strips, texts, n_counted = [], [], 0
    for index in range(n):
        pixels, text = render(SEED, index)
        changed = PAPERS[name](pixels, np.random.default_rng([5, index]))
        sheet, boxes = lines(np.ascontiguousarray(changed))
        n_counted += len(boxes) == text.count(";") + 1
        strips.append(lay_out(sheet, boxes, (w, h)))
        texts.append(text)
    pairs = zip(reader.read(np.stack(strips)), texts, strict=True)
    n_right = sum(reading.text == text for reading, text in pairs)
    return {"count": share(n_counted, n), "text": share(n_right, n)}


def main() -> None:
    """Print, and with --out write, how well sheets on each paper are read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/equations-crnn.keras"))
    parser.add_argument("--finder", type=Path, help="of lines; else the one in the model")
    parser.add_argument("--papers", nargs="+", choices=PAPERS, default=list(PAPERS))
    parser.add_argument("--sheets", type=int, default=100)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    reader = CaptchaReader(args.model)
    finder = LineFinder.load(args.finder) if args.finder else reader.finder
    ways = {
        "as it is": lambda pixels: (pixels, finder.find(pixels)),
        "made like drawn ones": finder.lines,
    }
    results = {
        name: {way: measured(reader, lines, name, args.sheets) for way, lines in ways.items()}
        for name in args.papers
    }
    print(json.dumps(results, indent=2))
    if args.out:
        args.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
