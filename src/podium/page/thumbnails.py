"""Pictures of single rows as small JPEGs inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import pandas as pd
from PIL import Image

from podium.captcha.dataset import read_facts
from podium.core.errors import PodiumError
from podium.core.hdf5_file import open_hdf5, texts_in
from podium.core.picture_decoder import decode
from podium.evaluation.competition import value_at
from podium.page.run_facts import RunFacts
from podium.pictures.dataset import read_items
from podium.pictures.source import PictureSource

SIDE, WIDE = 160, 360  # px: of photos and slides, of captchas
STRIP = 6  # times as wide as high: lines of equations, which need more room


def thumbnail(picture: Image.Image) -> str:
    """Return a picture as a small JPEG in a data URI."""
    w, h = picture.size
    side = SIDE if 2 * w < 3 * h else WIDE if w < STRIP * h else 2 * WIDE
    small = picture.convert("RGB")
    small.thumbnail((side, side))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=78)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def pictures_of(facts: RunFacts, ids: Sequence[str]) -> dict[str, Image.Image]:
    """Return held-out pictures by id; those that are no longer there are left out."""
    if not ids:
        return {}
    makers = {"photos": _photos, "captcha": _captchas, "slides": _slides}
    return makers[facts.competition.room](facts, ids)


def _photos(facts: RunFacts, ids: Sequence[str]) -> dict[str, Image.Image]:
    folder = facts.root / facts.competition.source_folder(facts.settings)
    path = facts.root / facts.competition.files.items[0]
    if not folder.is_dir() or not path.is_file():
        return {}
    items, source = read_items(path).set_index("id")["path"], PictureSource(folder)
    most, pictures = float(value_at(facts.settings, "photos.max_megapixels")), {}
    for name in ids:
        try:
            pictures[name] = decode(source.read(items[name]), most)
        except (KeyError, OSError, PodiumError):
            continue
    return pictures


def _captchas(facts: RunFacts, ids: Sequence[str]) -> dict[str, Image.Image]:
    path = facts.root / facts.competition.files.items[0]
    if not path.is_file():
        return {}
    read_facts(path)
    with open_hdf5(path, "captcha file") as file:
        group = file["validation"]
        row = {name: k for k, name in enumerate(texts_in(group, "ids"))}
        pixels = {name: group["pixels"][row[name]] for name in ids if name in row}
    return {name: Image.fromarray(each) for name, each in pixels.items()}


def _slides(facts: RunFacts, ids: Sequence[str]) -> dict[str, Image.Image]:
    folder = facts.root / "plots" / "predict_slides"
    paths = {name: folder / f"{name}.png" for name in ids}
    pictures = {}
    for name, path in paths.items():
        if path.is_file():
            with Image.open(path) as picture:
                pictures[name] = picture.convert("RGB")
    return pictures


def worst_slides(facts: RunFacts, most: int) -> pd.DataFrame:
    """Return the slides whose marked area overlaps least with the true one: slide and f1."""
    path = facts.root / facts.competition.files.counts
    if not facts.competition.files.counts or not path.is_file():
        return pd.DataFrame({"slide": [], "f1": []})
    counts = pd.read_csv(path, dtype={"slide": str})
    counts = counts[counts["model"] == "network"]
    area = 2 * counts["true_positive"] + counts["false_positive"] + counts["false_negative"]
    scored = counts.assign(f1=2 * counts["true_positive"] / area)[area > 0]
    return scored.sort_values(["f1", "slide"])[["slide", "f1"]].head(most)
