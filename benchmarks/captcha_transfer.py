"""Share of texts read right in our own pictures, and in as many by the package captcha.

The reader was trained on ours only. Both sets show the same texts. The package cannot be seeded (it
draws from `secrets`), so its pictures differ from run to run.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from captcha.image import ImageCaptcha

from podium.captcha.generator import render_many
from podium.captcha.reader import CaptchaReader
from podium.captcha.scoring import text_scores
from podium.core.progress import progress

PART = 500


def main() -> None:
    """Print, and with --out write, both scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/text-crnn.keras"))
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=97)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    reader = CaptchaReader(args.model)
    height, width, _ = reader.logits.shape
    package = ImageCaptcha(width, height)
    truth: list[str] = []
    read: dict[str, list[str]] = {"ours": [], "package": []}
    starts = range(0, args.pictures, PART)
    for start in progress(starts, len(starts), "pictures, parts"):
        stop = min(start + PART, args.pictures)
        pairs = list(render_many("text", args.seed, start, stop))
        truth += [text for _, text in pairs]
        drawn = {
            "ours": np.stack([pixels for pixels, _ in pairs]),
            "package": np.stack([np.asarray(package.generate_image(text)) for _, text in pairs]),
        }
        for name, pixels in drawn.items():
            read[name] += [answer.text for answer in reader.read(pixels)]
    scores = {name: text_scores(truth, texts) for name, texts in read.items()}
    print(json.dumps(scores, indent=2))
    if args.out:
        args.out.write_text(json.dumps(scores, indent=2) + "\n")


if __name__ == "__main__":
    main()
