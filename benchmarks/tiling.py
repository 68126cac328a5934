"""Tiles per second: ours beside a loop of read_region per tile, in turns, in one run.

Draws a pyramid of JPEG tiles as scanners write them. The loop goes row by row, once as people
write it (one process), and with half of the rows each in two processes and in two threads; ours
reads large parts with two threads. All give RGB arrays. Without overlap there is nothing to save
but calls: every pixel has to be decoded and painted once.

    python benchmarks/tiling.py                                 on a slide of 40,000 x 2,048 px
    python benchmarks/tiling.py --slide FILE                    on a slide of your own
    python benchmarks/tiling.py --side 40000 --rounds 0 --peak  peak memory, on a full slide
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import openslide
import tifffile

from podium.slides.reader import Slide
from podium.slides.stitch import stitch, window, write_heat_map
from podium.slides.tile_grid import Grid, read_tiles
from podium.slides.tiling import Job, Plan, tile_slide

WORKERS, TILE, KINDS = 2, 256, 64


def stored_tiles(side: int) -> list[bytes]:
    """JPEGs of pink and purple texture."""
    rng, tiles = np.random.default_rng(0), []
    for _ in range(KINDS):
        clumps = cv2.GaussianBlur(rng.normal(size=(side, side)), (0, 0), 3)[:, :, None]
        colour = (195, 150, 205) + clumps / clumps.std() * (35, 40, 30)  # blue, green, red
        pixels = np.clip(colour + rng.normal(0, 5, (side, side, 3)), 0, 255).astype(np.uint8)
        tiles.append(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    return tiles


def write_slide(path: Path, width: int, height: int, side: int) -> Path:
    """Write a pyramid of JPEG tiles at 0.25 um per pixel; its path.

    Args:
        path: of the TIFF file.
        width: of the slide, level-0 pixels.
        height: of the slide, level-0 pixels.
        side: of a stored tile, pixels.
    """
    tiles, order = stored_tiles(side), np.random.default_rng(1)
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for level, factor in enumerate((1, 4, 16)):
            w, h = width // factor, height // factor
            count = -(-w // side) * -(-h // side)
            data = (tiles[kind] for kind in order.integers(0, KINDS, count))
            file.write(
                data, shape=(h, w, 3), dtype="uint8", tile=(side, side), photometric="rgb",
                compression="adobe_deflate", extratags=[(530, "H", 2, (2, 2), True)],
                resolution=(40000, 40000), resolutionunit="CENTIMETER", metadata=None,
                subfiletype=int(level > 0),
            )  # fmt: skip
    with tifffile.TiffFile(path, mode="r+b") as file:  # tifffile alone cannot declare JPEG
        for page in file.pages:
            page.tags["Compression"].overwrite(7)
            page.tags["PhotometricInterpretation"].overwrite(6)  # YCbCr
    return path


def looped(path: Path, corners: np.ndarray) -> int:
    """Read the tiles at `corners` (N, 2), one read for each; the sum of their first pixels."""
    slide, total = openslide.OpenSlide(path), 0
    for x, y in corners.tolist():
        tile = np.asarray(slide.read_region((x, y), 0, (TILE, TILE)).convert("RGB"))
        total += int(tile[0, 0, 0])
    return total


def ours(path: Path, grid: Grid) -> int:
    """Read all tiles of the grid, many from one read; the sum of their first pixels."""
    parts = read_tiles(Slide.open(path), grid, grid.l_corners, WORKERS)
    return sum(int(pixels[:, 0, 0, 0].sum(dtype=np.int64)) for _, pixels in parts)


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Seconds of `work` by the clock, and its result."""
    start = time.perf_counter()
    total = work()
    return time.perf_counter() - start, total


def speed(path: Path, stride: int, rounds: int) -> dict[str, object]:
    """Tiles per second of all four, and the median of our ratios over the rounds.

    Args:
        path: of the slide.
        stride: from one tile to the next, pixels.
        rounds: how often each is timed.
    """
    grid = Grid(Slide.open(path).size, 1.0, TILE, stride)
    halves, seconds = np.array_split(grid.l_corners, WORKERS), []
    with ProcessPoolExecutor(WORKERS) as pool, ThreadPoolExecutor(WORKERS) as threads:

        def shared(parts: list[np.ndarray], workers: Executor = pool) -> int:
            return sum(workers.map(looped, [path] * len(parts), parts))

        shared([half[:2] for half in halves])  # start them
        for _ in range(rounds):
            turns = [
                lambda: ours(path, grid),
                lambda: looped(path, grid.l_corners),
                lambda: shared(halves),
                lambda: shared(halves, threads),
            ]
            results = [timed(turn) for turn in turns]
            if len({total for _, total in results}) > 1:
                raise SystemExit(f"the tiles differ: {results}")
            seconds.append([each for each, _ in results])
    rates = len(grid.l_corners) / np.array(seconds)
    names = "ours", "loop", "loop_in_two_processes", "loop_in_two_threads"
    per_second = dict(zip(names, np.rint(np.median(rates, axis=0)).tolist(), strict=True))
    ratios = rates[:, :1] / rates[:, 1:]
    shown = {
        f"ratio_to_{name}": [round(float(pick(ratio)), 2) for pick in (np.median, np.min, np.max)]
        for name, ratio in zip(names[1:], ratios.T, strict=True)
    }
    return {"tiles": len(grid.l_corners), "per_second": per_second} | shown


def stitched(grid: Grid, prediction: np.ndarray) -> int:
    """Blend one prediction for all tiles into bands of heat; the middle, in millionths."""
    corners = grid.l_corners
    squares = grid.super_tiles(corners)
    parts = ((corners[rows], [prediction] * len(rows)) for rows in squares)
    middle = 0.0
    for first, band in stitch(grid, corners, parts):  # written to a file, band by band, elsewhere
        if 0 <= grid.frame[1] // 2 - first < len(band):
            middle = float(band[grid.frame[1] // 2 - first, grid.frame[0] // 2])
    return round(1e6 * middle)


def summed(grid: Grid, prediction: np.ndarray) -> int:
    """The same by NumPy alone: weighted sums, divided at the end by the sums of the weights."""
    heat, total = np.zeros((2, *grid.frame[::-1]), np.float32)
    weights = window(grid.tile)
    for x, y in grid.l_corners.tolist():
        place = slice(y, y + grid.tile), slice(x, x + grid.tile)
        heat[place] += prediction * weights
        total[place] += weights
    heat /= total
    return round(1e6 * float(heat[len(heat) // 2, len(heat) // 2]))


def stitch_speed(rounds: int) -> dict[str, object]:
    """Seconds of stitching 3,969 tiles of 256 px into 8,192 x 8,192 px, and the ratios."""
    grid = Grid((8192, 8192), 1.0, TILE, TILE // 2)
    prediction = np.full((TILE, TILE), 0.25, np.float32)
    ways = [partial(way, grid, prediction) for way in (stitched, summed)]
    turns = [[timed(way) for way in ways] for _ in range(rounds)]
    seconds = np.array([[each for each, _ in turn] for turn in turns])
    return {
        "seconds": np.median(seconds, axis=0).round(2).tolist(),
        "ratio_to_numpy": (seconds[:, 1] / seconds[:, 0]).round(2).tolist(),
    }


def tile(path: Path, folder: Path) -> None:
    """Tile a whole slide to disk."""
    outcome = tile_slide(Job("slide", path, "-"), Plan(TILE, TILE), folder, WORKERS)
    print(json.dumps({"tiles": outcome.n_tiles, "state": outcome.state, "why": outcome.reason}))


def stitch_heat(path: Path, folder: Path) -> None:
    """Blend predictions for all tiles of a slide at half overlap into a heat map at level 0."""
    grid = Grid(Slide.open(path).size, 1.0, TILE, TILE // 2)
    corners, smooth = grid.l_corners, np.linspace(0, 1, TILE * TILE, dtype=np.float32)
    prediction = smooth.reshape(TILE, TILE)

    def parts() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for rows in grid.super_tiles(corners):
            yield grid.to_l0(corners[rows]), np.stack([prediction] * len(rows))

    bands = stitch(grid, grid.to_l0(corners), parts())
    write_heat_map(folder / "heat.h5", grid, bands, {})
    print(json.dumps({"tiles": len(corners)}))


def peak(work: str, path: Path) -> dict[str, float]:
    """Seconds and peak memory (MiB) of `work` in a process of its own."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        start = time.perf_counter()
        command = [sys.executable, __file__, "--work", work, str(path), folder]
        environment = os.environ | {"PODIUM_SCRATCH": folder}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"{command} failed")
    seconds = time.perf_counter() - start
    return {"seconds": round(seconds, 1), "peak_mib": round(usage.ru_maxrss / 1024)}


def measured(args: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Speeds and peak memory, as the command line asks."""
    size = (args.side, args.side) if args.side else (args.width, args.height)
    results: dict[str, object] = {"slide": "x".join(map(str, size)), "rounds": args.rounds}
    for side in [0] if args.slide else args.stored:
        path = args.slide or write_slide(folder / "slide.tif", *size, side)
        name = args.slide.name if args.slide else f"stored_{side}"
        if args.rounds:
            results[f"{name}_no_overlap"] = speed(path, TILE, args.rounds)
            results[f"{name}_half_overlap"] = speed(path, TILE // 2, args.rounds)
        print(json.dumps(results), file=sys.stderr)
    if args.rounds:
        results["stitching"] = stitch_speed(args.rounds)
    if args.peak:
        results |= {work: peak(work, path) for work in ("tile", "stitch")}
    return results


def main() -> None:
    """Print, and with --out write, what was measured."""
    parser = argparse.ArgumentParser(description="Tiles per second, and peak memory.")
    parser.add_argument("--slide", type=Path, help="instead of one that is drawn")
    parser.add_argument("--side", type=int, help="of a square slide")
    parser.add_argument("--width", type=int, default=40_000)
    parser.add_argument("--height", type=int, default=2_048)
    parser.add_argument("--stored", type=int, nargs="+", default=[240, 256], help="px, JPEG tiles")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peak", action="store_true", help="measure peak memory, too")
    parser.add_argument("--folder", type=Path, help="where the slide is put meanwhile")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--work", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        work, path, folder = args.work
        return {"tile": tile, "stitch": stitch}[work](Path(path), Path(folder))
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        results = json.dumps(measured(args, Path(name)), indent=2)
    print(results)
    if args.out:
        args.out.write_text(results + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
