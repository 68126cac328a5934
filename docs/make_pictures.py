"""Draw the pictures of the README from what a default run left: what goes in, what comes out.

    python docs/make_pictures.py --run . --out docs/pictures

Beside the pictures lies shown.json: the ids, and the answers that stand in the pictures. Every
picture carries its part of that file in its own metadata, so a test can tell a stale one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import openslide
import pandas as pd
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from podium.captcha.equations.render import render
from podium.captcha.fonts import load_font

PHOTOS = ["2", "1", "7", "13", "33", "4"]
TEXT = ["0", "3"]
ARITHMETIC = ["7", "13"]
EQUATION = "39"
SLIDES = ["train-010", "train-003"]

WIDTH = 1000  # pixels; GitHub shows about 830
COLOURS = {"photos": 160, "captcha": 160, "equations": 160, "slides": 96}  # of each PNG's palette
INK, PALE, BLUE, RED, GREEN = "#1f2328", "#d0d7de", "#0969da", "#cf222e", "#1a7f37"
BOLD, MONO, CHINESE = "dejavu-sans-bold", "dejavu-sans-mono", "noto-sans-sc"


def answers(run: Path) -> dict[str, Any]:
    """What the pictures show, by picture: ids and answers of the default run in `run`."""
    photos = _submission(run, "photos")["label"]
    text = _submission(run, "captcha-text")["text"]
    arithmetic, equations = (_submission(run, f"captcha-{task}") for task in _SUMS)
    sums = {row: list(arithmetic.loc[row]) for row in ARITHMETIC}
    found = pd.read_csv(run / "predictions/tables/slides/fcn.csv", dtype={"id": str})
    tumour = found.set_index("id")["p_tumour"] >= 0.5
    return {
        "photos": {row: "dog" if float(photos[row]) >= 0.5 else "cat" for row in PHOTOS},
        "captcha": {"text": {row: text[row] for row in TEXT}, "arithmetic": sums},
        "equations": {EQUATION: list(equations.loc[EQUATION])},
        "slides": {row: "tumour" if tumour[row] else "no tumour" for row in SLIDES},
    }


_SUMS = ("arithmetic", "equations")


def _submission(run: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(run / f"submissions/{name}.csv", dtype=str).set_index("id")


def photos_picture(run: Path, shown: dict[str, str]) -> Image.Image:
    """Test photos with the class that was predicted, and a bar that says how surely."""
    label = _submission(run, "photos")["label"].astype(float)
    page, draw = _page(206)
    side, gap = 150, 20
    for column, (name, answer) in enumerate(shown.items()):
        left = column * (side + gap)
        photo = Image.open(run / f"data/standin/photos/test/{name}.jpg")
        page.paste(_fit(photo, side, side), (left, 0))
        share = label[name] if answer == "dog" else 1 - label[name]
        draw.text((left, 158), answer, INK, load_font(BOLD, 24))
        draw.rectangle((left, 194, left + side - 1, 204), PALE)
        draw.rectangle((left, 194, left + int(share * side) - 1, 204), BLUE)
    return page


def captcha_picture(run: Path, shown: dict[str, Any]) -> Image.Image:
    """Captchas of two tasks, and beneath each what was read there."""
    sums = {row: f"{text} = {value}" for row, (text, value) in shown["arithmetic"].items()}
    page, draw = _page(150)
    width, height, gap, column = 230, 108, 26, 0
    for task, texts in (("text", shown["text"]), ("arithmetic", sums)):
        with h5py.File(run / f"data/captcha/{task}.h5") as file:
            pixels = {row: file["test/pixels"][int(row)] for row in texts}
        for row, text in texts.items():
            picture = Image.fromarray(pixels[row])
            picture = _fit(picture, width, picture.height * width // picture.width)
            left = column * (width + gap)
            page.paste(picture, (left, height - picture.height))
            draw.text((left, height + 8), text, INK, load_font(MONO, 26))
            column += 1
    return page


def equations_picture(run: Path, shown: dict[str, list[str]]) -> Image.Image:
    """A picture of equations, the strip of its lines that the reader sees, and its answer."""
    ((row, (text, value)),) = shown.items()
    seed = json.loads((run / "submissions/captcha-equations.json").read_text())["params"]
    pixels, _ = render(seed["generate_equations"]["seed_test"], int(row))
    with h5py.File(run / "data/captcha/equations.h5") as file:
        strip = Image.fromarray(file["test/pixels"][int(row)])
    whole = Image.fromarray(pixels)
    whole = whole.resize((WIDTH, whole.height * WIDTH // whole.width), Image.Resampling.LANCZOS)
    whole = _smooth(whole)
    strip = strip.resize((WIDTH, strip.height * WIDTH // strip.width), Image.Resampling.LANCZOS)
    page, draw = _page(whole.height + strip.height + 60)
    page.paste(whole, (0, 0))
    page.paste(strip, (0, whole.height + 8))
    at = (0, whole.height + strip.height + 14)
    draw.text(at, f"{text} = {value}", INK, load_font(CHINESE, 30))
    return page


def slides_picture(run: Path, shown: dict[str, str]) -> Image.Image:
    """Slides; beside each the same with tumour as it was marked (red) and drawn (green)."""
    page, draw = _page(272)
    width, height, gap = 235, 238, 20
    for pair, (name, answer) in enumerate(shown.items()):
        left, right = (column * (width + gap) for column in (2 * pair, 2 * pair + 1))
        slide = openslide.OpenSlide(run / f"data/standin/slides/images/{name}.tif")
        small = np.array(slide.get_thumbnail((width, height)).convert("RGB"))
        mask = np.array(Image.open(run / f"predictions/slides/{name}.png").convert("L"))
        truth = _truth(run / f"data/slides/annotations/{name}.geojson", mask.shape)
        page.paste(Image.fromarray(small), (left, 0))
        page.paste(Image.fromarray(_marked(small, mask, truth)), (right, 0))
        draw.text((right, height + 4), answer, RED, load_font(BOLD, 24))
    return page


def _truth(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The mask (H, W) uint8 of hand-drawn outlines; none for a slide without annotation."""
    mask = np.zeros(shape, np.uint8)
    if path.is_file():
        for feature in json.loads(path.read_text())["features"]:
            kind, rings = feature["geometry"]["type"], feature["geometry"]["coordinates"]
            for polygon in rings if kind == "MultiPolygon" else [rings]:
                cv2.fillPoly(mask, [np.rint(ring).astype(np.int32) for ring in polygon], 255)
    return mask


def _marked(picture: np.ndarray, mask: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """`picture` (h, w, 3) with the mask tinted and outlined in red, the truth's outline green."""
    marked = picture.copy()
    height, width = picture.shape[:2]
    for area, colour, tint in ((mask, RED, 0.35), (truth, GREEN, 0.0)):
        rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)])
        small = cv2.resize(area, (width, height), interpolation=cv2.INTER_AREA) >= 128
        marked[small] = (marked[small] * (1 - tint) + rgb * tint).astype(np.uint8)
        lines, _ = cv2.findContours(small.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(marked, lines, -1, rgb.tolist(), 2)
    return marked


def _smooth(picture: Image.Image) -> Image.Image:
    """`picture` without the grain of its paper, which nobody sees and no PNG packs."""
    pixels = np.array(picture)
    paper = np.median(pixels.reshape(-1, 3), axis=0)
    pixels[np.abs(pixels - paper).max(axis=2) <= 16] = paper
    return Image.fromarray(pixels)


def _page(height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("RGB", (WIDTH, height), "white")
    return page, ImageDraw.Draw(page)


def _fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The middle of `picture` at a size, as RGB."""
    scale = max(width / picture.width, height / picture.height)
    size = max(width, round(picture.width * scale)), max(height, round(picture.height * scale))
    large = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    left, top = (large.width - width) // 2, (large.height - height) // 2
    return large.crop((left, top, left + width, top + height))


DRAWN = {
    "photos": photos_picture,
    "captcha": captcha_picture,
    "equations": equations_picture,
    "slides": slides_picture,
}


def main() -> None:
    """Write the pictures and shown.json."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, default=Path())
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    args = parser.parse_args()
    shown = answers(args.run)
    text = json.dumps(shown, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    (args.out / "shown.json").write_text(text, encoding="utf-8")
    for name, draw in DRAWN.items():
        about = PngInfo()
        about.add_itxt("shown", json.dumps(shown[name], ensure_ascii=False, sort_keys=True))
        page = draw(args.run, shown[name])
        page = page.quantize(COLOURS[name], dither=Image.Dither.NONE)
        page.save(args.out / f"{name}.png", pnginfo=about, optimize=True)


if __name__ == "__main__":
    main()
