"""Peak memory of a slide predicted at level 0: the stage predict_slides, or podium predict.

Everything runs as in a real run, from reading tiles to the mask, outlines, run lengths and overlay;
only the heat of most tiles is drawn instead of computed, as two cores would need hours. The first
batches go through a real network without training, for the memory that it takes. The slide is full
of tissue, its truth some 20,000 outlines; what is marked are some 100,000 blobs.

    python benchmarks/large_slide.py --side 30000
    python benchmarks/large_slide.py --side 30000 --height 4096 --classes 3 --work predict
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import yaml
from shapely import MultiPolygon, box
from tiling import write_slide

ROOT = Path(__file__).parents[1]
TILE, BATCH, N_REAL = 256, 32, 2  # side of a tile, tiles at once, batches of the real network
NAMES = ["tumour", "stroma", "necrosis", "vessel"]


def settings(folder: Path, n_classes: int, stride: int) -> Path:
    """The params.yaml of a run at full resolution.

    Args:
        folder: where it is written.
        n_classes: how many classes are learnt.
        stride: from one tile to the next, pixels.
    """
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    values["slides"]["source"] = "raw"
    if n_classes > 1:
        values["slides"]["classes"] = [{name: []} for name in NAMES[:n_classes]]
    values["tile_slides"] |= {"tile": TILE, "stride": stride, "target_mpp": None, "min_tissue": 0.0}
    values["train_segmenter"] |= {"weights": "none", "finest": 2}
    values["predict_slides"] |= {"stride": stride, "batch_size": BATCH}
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def prepare(folder: Path, size: tuple[int, int], n_classes: int, stride: int) -> None:
    """Write slide, truth, table, settings and networks to `folder`.

    Args:
        folder: empty.
        size: (w, h) of the slide.
        n_classes: how many classes are learnt.
        stride: from one tile to the next, pixels.
    """
    from podium.core.params import load_params
    from podium.slides import dataset, fcn, segmenter
    from podium.slides.annotations import stored
    from podium.slides.annotations.labelled import Labelled
    from podium.training import artefact

    params = load_params(settings(folder, n_classes, stride))
    (folder / "annotations").mkdir()
    write_slide(folder / "S1.tif", *size, 256)
    (width, height), step = size, max(64, max(size) // 150)
    at = [(x, y) for x in range(0, width - 40, step) for y in range(0, height - 40, step)]
    parts = [MultiPolygon([box(x, y, x + 30, y + 30) for x, y in at[k::n_classes]])
             for k in range(n_classes)]  # fmt: skip
    truth = parts[0] if n_classes == 1 else Labelled(dict(enumerate(parts, 1)), MultiPolygon())
    name = stored.write(folder / "annotations", "S1", truth, NAMES[:n_classes])
    row = dataset.SlideRecord(
        "S1", "S1.tif", "P1", "train", "1", 0, "0.25", name, width, height, 0.1, "S1", "", ""
    )
    dataset.table_of([row]).to_csv(folder / "slides.csv", index=False)
    model = fcn.build(params.train_segmenter, folder, {}, n_classes)
    description = segmenter.describe(params.slides, params.tile_slides)
    artefact.save(segmenter.assemble({0: model}, description), folder / "slides.keras")


def draw_heat(n_classes: int) -> None:
    """Let all but the first batches of every segmenter be drawn: dark blobs of a tile are hot."""
    from podium.slides.segmenter import Segmenter

    real, n_seen = Segmenter.heat, 0

    def heat(self: Segmenter, pixels: np.ndarray, fold: int = -1, turns: int = 1) -> np.ndarray:
        nonlocal n_seen
        n_seen += 1
        if n_seen <= N_REAL:
            return real(self, pixels, fold, turns)
        self._n_tiles += len(pixels)
        dark = [cv2.GaussianBlur(255 - tile[..., 1], (0, 0), 8) for tile in pixels]
        blobs = np.clip(np.stack(dark).astype(np.float32) / 64 - 1.25, 0, 1)
        return blobs if n_classes == 1 else np.stack([blobs / n_classes] * n_classes, axis=1)

    Segmenter.heat = heat


def run_stage(folder: Path) -> None:
    """predict_slides, as dvc.yaml calls it."""
    from podium.stages import predict_slides

    for name in ("out", "tables", "plots"):
        (folder / name).mkdir(exist_ok=True)
    names = {"source": ".", "slides": "slides.csv", "annotations": "annotations", "out": "out",
             "model": "slides.keras", "manner": "slides.json", "tables": "tables",
             "metrics": "metrics.json", "plots": "plots", "params": "params.yaml"}  # fmt: skip
    predict_slides.main([word for name, value in names.items()
                         for word in (f"--{name}", str(folder / value))])  # fmt: skip


def run_predict(folder: Path) -> None:
    """Podium predict with masks, outlines and an overlay."""
    from podium.core.files import file_sha256
    from podium.evaluation.competition import PredictOptions
    from podium.slides.predict_files import InferenceConfig, answers

    stride = yaml.safe_load((folder / "params.yaml").read_text())["predict_slides"]["stride"]
    config = InferenceConfig(
        file_sha256(folder / "slides.keras"), 128, 1.0, 5.0, stride, BATCH, 0.1, 0.5
    )
    (folder / "slides.json").write_text(json.dumps(asdict(config)))
    (folder / "marked").mkdir()
    options = PredictOptions(folder, folder / "marked")
    for answer in answers(folder / "slides.keras", [folder / "S1.tif"], options).answers:
        print(answer.cells, answer.fault)


def measured(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Seconds, peak memory (MiB) and the files of one run in a process of its own."""
    size = args.side, args.height or args.side
    prepare(folder, size, args.classes, args.stride)
    command = [sys.executable, __file__, "--inside", str(folder), "--work", args.work,
               "--classes", str(args.classes)]  # fmt: skip
    start = time.perf_counter()
    environment = os.environ | {"PODIUM_SCRATCH": str(folder / "scratch")}
    process = subprocess.Popen(command, env=environment, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"{command} failed")
    out = folder / ("marked" if args.work == "predict" else "out")
    files = {path.name: round(path.stat().st_size / 2**20, 1) for path in sorted(out.iterdir())}
    return {
        "slide": f"{size[0]}x{size[1]}", "classes": args.classes, "work": args.work,
        "seconds": round(time.perf_counter() - start), "peak_mib": round(usage.ru_maxrss / 1024),
        "files_mib": files,
    }  # fmt: skip


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description="Peak memory of a large slide.")
    parser.add_argument("--side", type=int, default=30_000, help="of the slide, pixels")
    parser.add_argument("--height", type=int, help="of a slide that is not square")
    parser.add_argument("--classes", type=int, default=1)
    parser.add_argument("--stride", type=int, default=TILE // 2, help="of tiles, pixels")
    parser.add_argument("--work", choices=["stage", "predict"], default="stage")
    parser.add_argument("--folder", type=Path, help="where everything is put meanwhile")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        draw_heat(args.classes)
        return {"stage": run_stage, "predict": run_predict}[args.work](args.inside)
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        print(json.dumps(measured(args, Path(name)), indent=2))


if __name__ == "__main__":
    main()
