"""`podium plan`: what a run is going to take, before it starts."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from podium.cli import completion
from podium.cli.numbers import number, whole_number
from podium.core.errors import SettingsError, guarded
from podium.core.hardware import GIB

if TYPE_CHECKING:
    from podium.cli.workload import Workload
    from podium.core.params import Params

COPIES = 2  # of every output: one in the workspace, one in DVC's cache (unless it can link them)
FOLDERS = (Path("metrics"), Path("runs"))  # where stages write how long they took
LOCK = Path("dvc.lock")
REFERENCE = Path("benchmarks/edit_costs.json")  # stage -> seconds of a run of a fresh clone
Times = Mapping[str, float | None]  # stage -> seconds, None where unknown


@guarded
def plan(
    profile: Annotated[
        str | None,
        typer.Argument(
            metavar="PROFILE",
            help="A file in profiles/, e.g. full; none: params.yaml as is.",
            autocompletion=completion.profiles,
        ),
    ] = None,
    photos: Annotated[
        tuple[int, int] | None, whole_number("Train and test photos; else the source's.", 1)
    ] = None,
    slides: Annotated[int | None, whole_number("Whole raw slides; else the source's.", 1)] = None,
    side: Annotated[int, whole_number("Side of a raw slide, level-0 pixels.", 512)] = 40_000,
    tissue: Annotated[float, number("Share of a raw slide that is tissue.", 0.01, 1)] = 0.3,
    params: Annotated[Path, typer.Option(help="The settings.")] = Path("params.yaml"),
) -> None:
    """Say what a run will take: pictures, disk, memory, time.

    Nothing is run. Times come from how long the same stages took at the last run (runs/*.json) and
    grow with pictures, epochs and pixels. They hold for that machine; what never ran has none.
    Before the first run they are those of a run that was timed on two cores.

    Examples:
        podium plan
        podium plan full --photos 25000 12500
    """
    from podium.cli.workload import inputs, workloads
    from podium.core import profiles
    from podium.core.params import load_params

    settings = load_params(params)
    if profile:
        profiles.refuse_unknown(profile)
        settings = profiles.load_with_profile(Path("profiles") / f"{profile}.yaml", params)
    given = inputs(settings, photos, slides, side, tissue)
    planned, last = workloads(settings, given), last_runs(params)
    times = {name: run.seconds for name, run in last.items() if not run.workload}
    times |= {
        name: last[name].scaled(row) if name in last else None for name, row in planned.items()
    }
    print("\n".join(_table(planned, times)))
    print(
        f"taken for granted: {given.photos[0]:,} + {given.photos[1]:,} photos, {given.slides:,} "
        f"slides of {given.side:,} px with {given.tissue:.0%} tissue"
    )
    print("\n".join([*_grounds(planned, last, times), *_warnings(planned, settings)]))


class LastRun(NamedTuple):
    """How a stage went the last time."""

    seconds: float | None  # by the clock; None: unknown
    run: Mapping[str, Any]  # device, and of most stages items and items_per_second
    workload: Workload | None  # what it went through; None: the settings do not tell

    def scaled(self, planned: Workload) -> float | None:
        """The seconds for `planned` at the rate of this run; None if it measured none."""
        rate, items = self.run.get("items_per_second"), self.run.get("items")
        if not self.workload or not self.seconds or (items and not rate):
            return None  # it never ran, or had nothing to do
        growth = planned.item_size / self.workload.item_size
        if not (rate and items):
            return self.seconds * growth * planned.items / max(self.workload.items, 1)
        return max(self.seconds - items / rate, 0.0) + planned.items * growth / float(rate)

    def differences(self, planned: Workload) -> str:
        """The settings by which an item takes longer or shorter now, beside its size."""
        then = self.workload.costly if self.workload else {}
        changes = [(name, then.get(name), now) for name, now in planned.costly.items()]
        return ", ".join(f"{name} {old} -> {now}" for name, old, now in changes if old != now)


def last_runs(params: Path) -> dict[str, LastRun]:
    """Stage -> its last run, for every stage of dvc.lock.

    Args:
        params: the settings; those that have changed since a stage ran are taken from dvc.lock.
    """
    from podium.core.params import read_yaml

    stages = (read_yaml(LOCK) or {}).get("stages", {}) if LOCK.is_file() else {}
    locked = {name: body.get("params", {}).get(params.name, {}) for name, body in stages.items()}
    settings = read_yaml(params)
    for values in locked.values():
        _overlay(settings, values)
    records = _records()
    last = {}
    for name, values in locked.items():
        record = records.get(_file_key(name), {})
        workload = _workload(name, _overlay(copy.deepcopy(settings), values))
        last[name] = LastRun(record.get("seconds"), record.get("run", {}), workload)
    return last


def _records() -> dict[str, dict[str, Any]]:
    """Stage -> record of its last run; where none ran here, of the run that git has."""
    paths = {_file_key(path.stem): path for folder in FOLDERS for path in folder.glob("*.json")}
    records = {name: _record(path) for name, path in paths.items()}
    if any("seconds" in record for record in records.values()):
        return records
    device = {"device": f"the two cores of {REFERENCE}"}
    reference = _record(REFERENCE if REFERENCE.is_file() else None)
    return {_file_key(k): {"seconds": seconds, "run": device} for k, seconds in reference.items()}


def _file_key(name: str) -> str:
    """One spelling for a stage (extract_features@hog) and its file (extract_features-hog)."""
    return re.sub("[@_]", "-", name)


def _record(path: Path | None) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _overlay(settings: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Set the dotted keys of `values` in `settings`."""
    for key, value in values.items():
        *parents, name = key.split(".")
        section = settings
        for parent in parents:
            section = section.setdefault(parent, {})
        section[name] = copy.deepcopy(value)
    return settings


def _workload(stage: str, settings: dict[str, Any]) -> Workload | None:
    """What `stage` went through under `settings`; None where they are of an older kind."""
    from podium.cli.workload import inputs, workloads
    from podium.core.params import validate_params

    try:
        params = validate_params(settings, LOCK)
    except SettingsError:
        return None
    return workloads(params, inputs(params)).get(stage)


def _table(planned: Mapping[str, Workload], times: Times) -> Iterator[str]:
    rows = [["stage", "items", "epochs", "disk GiB", "memory GiB", "time"]]
    for name, row in planned.items():
        items, epochs = f"{row.items:,} {row.unit}", str(row.epochs or "")
        rows.append([name, items, epochs, _gib(row.disk), _gib(row.memory), _time(times[name])])
    others, measured = times.keys() - planned, [name for name in times if times[name]]
    rows.append(["others, as last time", "", "", "", "", _time(sum(times[n] or 0 for n in others))])
    disk, total = sum(row.disk for row in planned.values()), sum(times[n] or 0 for n in measured)
    open_end = " + ?" if len(measured) < len(times) else ""
    rows.append(["all", "", "", _gib(disk), "", _time(total) + open_end])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
        yield "  ".join([cells[0].ljust(widths[0]), *padded[1:]]).rstrip()


def _gib(n_bytes: float) -> str:
    return f"{n_bytes / GIB:.1f}" if n_bytes > GIB / 20 else ""


def _time(seconds: float | None) -> str:
    if not seconds:
        return "?"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def _grounds(
    planned: Mapping[str, Workload], last: Mapping[str, LastRun], times: Times
) -> Iterator[str]:
    """What the times rest on, and what they leave out."""
    from podium.core import hardware

    measured = [last[name] for name in times if times[name]]
    devices = sorted({run.run["device"] for run in measured if "device" in run.run})
    if not measured:
        yield "nothing was measured yet: run dvc repro once, at any size"
        return
    yield (
        f"times: as at the last run on {' and '.join(devices)}, scaled by pictures, epochs and "
        "pixels; they hold for that machine only"
    )
    here = [hardware.processor(), *filter(None, [hardware.gpu_info("name")])]
    if not all(any(name in device for name in here) for device in devices):
        yield f"this machine is another one: {' and '.join(here)}"
    for name, workload in planned.items():
        if times[name] and (differences := last[name].differences(workload)):
            yield f"{name}: the time is that of other settings: {differences}"
    if missing := [name for name in planned if not times[name]]:
        yield f"never measured, so without a time: {', '.join(missing)}"
    if rest := {name.partition("@")[0] for name in times.keys() - planned if not times[name]}:
        yield f"likewise, but they are short: {', '.join(sorted(rest))}"


def _warnings(planned: Mapping[str, Workload], params: Params) -> Iterator[str]:
    from podium.core import hardware

    disk = COPIES * sum(row.disk for row in planned.values())
    if disk > (disk_free := shutil.disk_usage(".").free):
        yield (
            f"warning: disk: about {disk / GIB:.0f} GiB are needed (outputs, and DVC's copy of "
            f"them), {disk_free / GIB:.0f} are free here"
        )
    most = max(planned.values(), key=lambda row: row.memory)
    memory, free = most.memory / GIB + 2, hardware.memory_gib(field="MemAvailable")
    if free and memory > free:
        yield f"warning: memory: {most.stage} takes about {memory:.0f} GiB, {free:.0f} are free"
    for name, extractor in params.extractors.items():
        if extractor.weights == "download":
            yield f"warning: extractors.{name}: its weights are downloaded at the first run"
    for name, settings in params.photo_networks.items():
        if settings.start == "imagenet" and not settings.network.startswith("efficientnet-lite"):
            yield f"warning: photo_networks.{name}: its weights are downloaded at the first run"
