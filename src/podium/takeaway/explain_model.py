"""Explain a model: one PNG for each picture, or one of pictures that it makes up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from podium.core.errors import PodiumError, SettingsError
from podium.slides.crops import Crop, CropReader
from podium.takeaway.export_model import portable
from podium.takeaway.grids import write_grid, write_overlays
from podium.takeaway.maps import (
    class_map,
    feature_maps,
    places_of_characters,
    refuse_without_maps,
)
from podium.takeaway.pictures_at_hand import read_named
from podium.takeaway.portable import Pixels, Portable
from podium.takeaway.recording import convolutions, is_normalised_after_average, layer_named
from podium.takeaway.shared_names import refuse_shared_names
from podium.takeaway.synthesis import class_pictures, filter_pictures
from podium.training.model_file import read_task

MAPS = ("cam", "gradcam")
OF_PICTURES = (*MAPS, "maps")
MOST_SIDE = 1200  # px of a crop that is drawn: a figure holds each pixel as floats
MOST_MAPS, MOST_FILTERS, MOST_CLASSES = 24, 12, 8


@dataclass(frozen=True)
class Explaining:
    """How to explain.

    Attributes:
        what: cam, gradcam, maps, filters or class.
        layer: name of a layer, '' for the last convolution.
        target: a class or label, '' for the one that the model says.
        steps: of gradient ascent.
    """

    what: str
    layer: str = ""
    target: str = ""
    steps: int = 30


def explain(
    path: Path, pictures: Sequence[Path], out: Path, how: Explaining, weights_dir: Path
) -> Iterator[Path]:
    """Write PNGs to a folder, and yield the path of each.

    Args:
        path: of an artefact.
        pictures: files to explain it on; none for filters and class.
        out: the folder.
        how: to explain.
        weights_dir: where ImageNet weights of one's own lie.

    Raises:
        PodiumError: a picture cannot be read.
        SettingsError: this model cannot be explained so.
    """
    if (how.what in OF_PICTURES) != bool(pictures):
        need = "needs pictures" if not pictures else "takes no pictures: it makes them up"
        raise SettingsError(f"--what {how.what} {need}\nremedy: see podium explain --help")
    model = portable(path, weights_dir, any_width=False)
    task = model.description["task"]
    if how.what in ("cam", "gradcam", "class") and task == "slides":
        raise SettingsError(
            f"--what {how.what}: a segmenter's answer is a map already\n"
            "remedy: podium predict SLIDE --model models/slides.keras --out marked"
        )
    if how.what in ("cam", "class") and task != "photos":
        raise SettingsError(
            f"--what {how.what}: not for captcha readers\n"
            "remedy: --what gradcam, where the reader looks for each character"
        )
    refuse_shared_names(pictures)
    out.mkdir(parents=True, exist_ok=True)
    if task == "photos" and how.what in MAPS and is_normalised_after_average(model.model):
        print(f"note: {path.name} normalises its averages: maps are to first order, no exact sums",
              file=sys.stderr)  # fmt: skip
    if not pictures:
        yield _made_up(path, model, out, how)
    for picture in pictures:
        pixels = read_named(picture, task)
        png = out / f"{path.stem}-{how.what}-{picture.stem}.png"
        _explain_picture(png, model, pixels, how)
        yield png


def explainer(path: Path, weights_dir: Path) -> Callable[[Path, Path], None]:
    """Return what explains the answer for a picture file: takes it, and the PNG to be written.

    Of photos it is the class activation map of what the heads say, of captchas the places of the
    characters, of slides the probability of each class on a crop.

    Args:
        path: of an artefact.
        weights_dir: where ImageNet weights of one's own lie.

    Raises:
        PodiumError: this model cannot be explained.
    """
    task = read_task(path)
    if task == "slides":
        reader = CropReader(path)
        return lambda picture, png: _explain_crop(png, reader.classes, reader.read(picture))
    model = portable(path, weights_dir, any_width=False)
    how = Explaining("gradcam" if task.startswith("captcha-") else "cam")
    if how.what == "cam":
        refuse_without_maps(model)
    return lambda picture, png: _explain_picture(png, model, read_named(picture, task), how)


def _explain_crop(png: Path, classes: Sequence[str], crop: Crop) -> None:
    heats = [_at_most(heat, MOST_SIDE).astype(np.float64) for heat in crop.heat]
    pixels = _at_most(crop.pixels, MOST_SIDE)
    write_overlays(png, pixels, list(zip(classes, heats, strict=True)), signed=False)


def _at_most(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Pixels or a map (H, W, ...), shrunk so that neither side is longer than `side`."""
    h, w = values.shape[:2]
    share = min(1.0, side / max(h, w))
    size = max(1, round(share * w)), max(1, round(share * h))
    return cv2.resize(values, size, interpolation=cv2.INTER_AREA) if share < 1 else values


def _explain_picture(png: Path, model: Portable, pixels: Pixels, how: Explaining) -> None:
    if how.what == "maps":
        maps = feature_maps(model, pixels, _layer(model, how))
        strongest = np.argsort(-maps.mean((0, 1)), kind="stable")[:MOST_MAPS]
        write_grid(png, [(f"channel {k}", maps[..., k]) for k in strongest])
    elif model.description["task"].startswith("captcha-"):
        charset, pixels = model.description["charset"], model.inputs(pixels)[0]
        places = places_of_characters(model, pixels, "ctc" in model.description)
        if not places:
            raise PodiumError(f"{png.stem}: no character is read\nremedy: give another picture")
        named = [(charset[label - 1] if label else "blank", each) for label, each in places]
        write_overlays(png, pixels, named, signed=False)
    else:
        target = _target(model, pixels, how.target)
        only_for = how.what == "gradcam"
        found = class_map(model, pixels, target, only_for)
        name = (model.description["names"] or ["y"])[target]
        title = f"{name}, logit {found.logit:.2f}"
        size = (pixels.shape[1], pixels.shape[0])
        write_overlays(png, pixels, [(title, found.whole(size))], signed=not only_for)


def _target(model: Portable, pixels: Pixels, name: str) -> int:
    """The class by its name, or the one that the model says."""
    names = list(model.description["names"])
    if not name:
        return int(model.answer([pixels])[0].argmax())
    if name not in names:
        raise SettingsError(f"--class {name}: unknown\nremedy: one of {', '.join(names) or 'none'}")
    return names.index(name)


def _layer(model: Portable, how: Explaining) -> str:
    return how.layer or convolutions(model.model)[-1]


def _made_up(path: Path, model: Portable, out: Path, how: Explaining) -> Path:
    """The PNG of pictures that a model makes up."""
    png = out / f"{path.stem}-{how.what}.png"
    if how.what == "filters":
        layer = _layer(model, how)
        channels = range(min(MOST_FILTERS, layer_named(model.model, layer).output.shape[-1]))
        pictures = filter_pictures(model, layer, channels, how.steps, seed=0)
        titles = [f"{layer} {channel}"[-24:] for channel in channels]
    else:
        names = list(model.description["names"]) or ["y"]
        chosen = [how.target] if how.target else names[:MOST_CLASSES]
        if unknown := set(chosen) - set(names):
            raise SettingsError(f"--class {unknown.pop()}: unknown\nremedy: one of "
                                f"{', '.join(names)}")  # fmt: skip
        targets = [names.index(name) for name in chosen]
        pictures, titles = class_pictures(model, targets, how.steps, seed=0), chosen
    write_grid(png, list(zip(titles, pictures, strict=True)))
    return png
