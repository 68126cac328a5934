"""`podium plan`: what a run is going to take, before it starts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium.core.errors import SettingsError, guarded

if TYPE_CHECKING:
    from podium.cli.workload import Load
    from podium.core.params import Params
    from podium.doctor.estimate import Card, Need


@guarded
def plan(
    profile: Annotated[
        str | None, typer.Argument(help="A file in profiles/, e.g. full; none: params.yaml as is.")
    ] = None,
    card: Annotated[
        list[str] | None,
        typer.Option(help="t4, v100, l4, a100 or h100: estimate for it; may be given again."),
    ] = None,
    cores: Annotated[
        int | None, typer.Option(help="Processor cores; this machine's.", min=1)
    ] = None,
    photos: Annotated[
        tuple[int, int], typer.Option(help="Train and test photos, where data/raw has none.")
    ] = (25_000, 12_500),
    slides: Annotated[int, typer.Option(help="Whole slides.", min=1)] = 100,
    side: Annotated[int, typer.Option(help="Of a slide, level-0 pixels.", min=512)] = 40_000,
    tissue: Annotated[float, typer.Option(help="Share of a slide.", min=0.01, max=1)] = 0.3,
    params: Annotated[Path, typer.Option(help="The settings.")] = Path("params.yaml"),
    metrics: Annotated[Path, typer.Option(help="What was measured.")] = Path("metrics"),
) -> None:
    """Say what each stage will need: pictures, epochs, disk, memory, hours. Nothing is run.

    Hours come from the items per second of the last run (metrics/*.json) and from the operations
    of the networks; those of a card are estimates from its data sheet.
    """
    from podium.cli.workload import Load, all_needs
    from podium.core import hardware

    settings = _settings(profile, params)
    cards = [_card(name) for name in card or []]
    load = Load(_photos(settings, photos), slides, side, tissue, cores or hardware.cores())
    measured = dict(_measured(metrics))
    needs = list(all_needs(settings, load))
    print("\n".join(_table(needs, measured, cards)))
    print("\n".join(_grounds(load, measured)))
    for line in _warnings(needs, settings):
        print(f"warning: {line}")


def _settings(profile: str | None, params: Path) -> Params:
    from podium.core import profiles
    from podium.core.params import load_params

    if profile is None:
        return load_params(params)
    return profiles.load_with_profile(Path("profiles") / f"{profile}.yaml", params)


def _card(name: str) -> Card:
    from podium.doctor.estimate import CARDS

    if name.lower() not in CARDS:
        raise SettingsError(f"{name}: no such card; known are {', '.join(CARDS)}")
    return CARDS[name.lower()]


def _photos(params: Params, given: tuple[int, int]) -> tuple[int, int]:
    """How many pictures there are in data/raw, if the settings want them and they are there."""
    from podium.pictures.source import PictureSource

    root = Path("data/raw/photos")
    if params.photos.source != "raw":
        return params.draw_photos.n_train, params.draw_photos.n_test
    if not root.is_dir():
        return given
    source = PictureSource(root)
    return len(source.entries("train")), len(source.entries("test"))


def _measured(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in sorted(folder.glob("*.json")):
        try:
            run = json.loads(path.read_text(encoding="utf-8"))["run"]
        except (ValueError, KeyError, TypeError):
            continue
        if isinstance(run, dict):
            yield path.stem, run


def _table(
    needs: Sequence[Need], measured: Mapping[str, Mapping[str, Any]], cards: Sequence[Card]
) -> Iterator[str]:
    from podium.core import hardware
    from podium.core.hardware import GIB
    from podium.doctor.estimate import probe

    here = hardware.processor()
    speed = probe() if cards else None
    ratios = [1.0, *(speed.ratio(card) for card in cards if speed)]
    heads = ["hours here", *(f"hours {card.name.split()[1]}" for card in cards)]
    rows = [["stage", "items", "epochs", "MFLOP", "disk GiB", "memory GiB", *heads]]
    sums = [0.0 for _ in ratios]
    for need in needs:
        hours = [need.hours(measured), *(need.hours(measured, one, here) for one in ratios[1:])]
        sums = [total + (one or 0.0) for total, one in zip(sums, hours, strict=True)]
        size = [f"{one / GIB:.1f}" if one > GIB / 20 else "" for one in (need.disk, need.memory)]
        rows.append([
            need.stage, f"{need.items:,} {need.unit}", str(need.epochs or ""),
            _mflop(need.mflop), *size, *map(_hours, hours),
        ])  # fmt: skip
    rows.append(["all", "", "", "", "", "", *map(_hours, sums)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        yield "  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip()
    if speed:
        yield f"this processor: {speed.gflops:,.0f} GFLOP/s, {speed.bandwidth:.0f} GB/s"
    for card, ratio in zip(cards, ratios[1:], strict=True):
        rates = f"{card.tflops:,.0f} TFLOP/s, {card.bandwidth:,.0f} GB/s"
        yield f"{card.name} (estimates, from its data sheet): {rates}, taken as x{ratio:.0f}"


def _mflop(count: float) -> str:
    return f"{count:,.0f}" if count >= 1 else f"{count:.2g}" if count else ""


def _hours(hours: float | None) -> str:
    if hours is None:
        return "?"
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.1f}" if hours >= 1 else f"{hours:.2f}"


def _grounds(load: Load, measured: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What the figures rest on."""
    from podium.core import hardware

    yield (
        f"taken for granted: {load.photos[0]:,} + {load.photos[1]:,} photos, {load.slides} slides "
        f"of {load.side:,} px with {load.tissue:.0%} tissue, {load.cores} cores"
    )
    devices = sorted({str(one["device"]) for one in measured.values() if "items_per_second" in one})
    if not devices:
        yield "nothing was measured yet: run dvc repro once, at any size"
        return
    yield f"items per second: measured on {' and '.join(devices)}"
    if hardware.gpu_info("name") and not any("driver" in device for device in devices):
        yield "there is a GPU here on which nothing was measured yet"
    elif not hardware.gpu_info("name") and devices != [hardware.processor()]:
        yield f"this machine is another one: {hardware.processor()}"


def _warnings(needs: Sequence[Need], params: Params) -> Iterator[str]:
    from podium.core import hardware
    from podium.core.hardware import GIB
    from podium.doctor.estimate import COPIES

    disk, free = COPIES * sum(need.disk for need in needs) / GIB, shutil.disk_usage(".").free / GIB
    if disk > free:
        yield (
            f"disk: about {disk:.0f} GiB are needed (outputs, and DVC's copy of them), {free:.0f} "
            "are free here"
        )
    most = max(needs, key=lambda need: need.memory)
    memory, there = most.memory / GIB + 2, hardware.memory_gib(field="MemAvailable")
    if there and memory > there:
        yield f"memory: {most.stage} takes about {memory:.0f} GiB, {there:.0f} are free"
    for name, wanted in params.extractors.items():
        if wanted.weights == "download":
            yield f"extractors.{name}: its weights are downloaded at the first run"
