"""The ratios of all side-by-side timings in one table, each beside what is wanted.

Reads benchmarks/*.json, which `make bench` writes, and prints Markdown. A ratio above 1: podium is
faster.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

FOLDER = Path(__file__).parent
ONNX = "needs requirements/export.txt"


@dataclass(frozen=True)
class Row:
    """A job, what it is held against, and where its ratio stands.

    Attributes:
        job: what is timed.
        against: the alternative, timed in the same run.
        wanted: the least ratio.
        keys: the file's name without suffix, then the keys of its value; none: not measured.
        why: why it is not measured.
    """

    job: str
    against: str
    wanted: float
    keys: Sequence[str] = ()
    why: str = ""

    def ratio(self) -> float | None:
        """Return the ratio, of several the median."""
        if not self.keys:
            return None
        file = FOLDER / f"{self.keys[0]}.json"
        value = json.loads(file.read_text()) if file.is_file() else {}
        for key in self.keys[1:]:
            if key not in value:
                return None
            value = value[key]
        return float(median(value)) if isinstance(value, list) else float(value)


ROWS = (
    Row("features of EfficientNet-Lite0, JPEG to HDF5", "Keras `predict` on decoded pictures", 3,
        ("extraction", "podium_is_faster_by", "predict")),
    Row("the same by ONNX Runtime", "Keras `predict` on decoded pictures", 3,
        ("extraction", "podium_onnx_is_faster_by", "predict"), why=ONNX),
    Row("the same", "ONNX Runtime on tensors in memory", 0.85,
        ("extraction", "podium_onnx_is_faster_by", "tensors"), why=ONNX),
    Row("heat of tissue tiles, 128 px", "the network as a live graph of TensorFlow", 1.4,
        ("segmenting", "podium_is_faster_by", "live")),
    Row("the same", "Keras `predict`", 1.4, ("segmenting", "podium_is_faster_by", "predict")),
    Row("the same by ONNX Runtime", "Keras `predict`", 1.4,
        ("segmenting", "podium_onnx_is_faster_by", "predict"), why=ONNX),
    Row("a network learns, 128 px", "Keras `fit` on tensors in memory", 0.9,
        ("network_training", "times_fit")),
    Row("text captchas are read, with beam", "Keras' beam search", 1,
        ("captcha_reading", "times_keras_beam")),
    Row("the same", "Keras' greedy decoding", 1, ("captcha_reading", "times_keras_greedy")),
    Row("the same", "the book's network", 1, ("captcha_reading", "times_book")),
    Row("text captchas are drawn", "the package `captcha`", 10, ("captcha_rendering", "ratio")),
    Row("equation sheets are read", "the book's way", 1,
        ("equation_reading", "reading", "times_book")),
    Row("tiles, no overlap", "`read_region` in two processes", 1.2,
        ("tiling", "stored_240_no_overlap", "ratio_to_loop_in_two_processes")),
    Row("the same", "`read_region` in two threads", 1.2,
        ("tiling", "stored_240_no_overlap", "ratio_to_loop_in_two_threads")),
    Row("tiles, half overlap", "`read_region` in two processes", 2.8,
        ("tiling", "stored_240_half_overlap", "ratio_to_loop_in_two_processes")),
    Row("the same", "`read_region` in two threads", 2.8,
        ("tiling", "stored_240_half_overlap", "ratio_to_loop_in_two_threads")),
    Row("heat is stitched, 3,969 tiles", "sums in NumPy", 2,
        ("tiling", "stitching", "ratio_to_numpy")),
    Row("`dvc repro` with nothing to do", "`dvc status`", 0.83, ("commands", "status_to_repro")),
    Row("`podium predict` of a photo, cold", "7 s", 1,
        ("commands", "predict_limit_to_seconds", "tensorflow")),
    Row("the same by ONNX Runtime", "3 s", 1,
        ("commands", "predict_limit_to_seconds", "onnxruntime"), why=ONNX),
    Row("ensemble selection, 200 models", "plain NumPy with all candidates", 10,
        ("selection", "ratio")),
    Row("features, tensors in memory", "OpenVINO", 0.85,
        why="OpenVINO is not among the requirements"),
    Row("a step of the captcha and tissue networks", "PyTorch", 1.1,
        why="PyTorch is not among the requirements"),
)  # fmt: skip


def lines() -> list[str]:
    """Return the lines of the table."""
    out = ["| job | against | ratio | wanted | |", "|---|---|---|---|---|"]
    for row in ROWS:
        ratio = row.ratio()
        shown = "-" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"
        word = "holds" if (ratio or 0) >= row.wanted else "falls short"
        if ratio is None:
            word = row.why or "not timed yet"
        out.append(f"| {row.job} | {row.against} | {shown} | {row.wanted:g} | {word} |")
    return out


if __name__ == "__main__":
    print("\n".join(lines()))
