"""What every stage shares: its arguments, its metrics, and the record of its run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import podium
from house import ROOT
from podium.core import hardware
from podium.core.throughput import Throughput
from podium.stages import arguments
from podium.stages.arguments import parse, warnings_in, write_metrics

STAGES = ROOT / "src/podium/stages"
TIMED = (
    "extract_features",
    "train_photo_classifier",
    "train_captcha_reader",
    "train_line_finder",
    "train_segmenter",
    "predict_slides",
)


def test_arguments_are_paths_and_words():
    args = parse("what", ["--out", "a/b", "--task", "text"], "out", names=["task"])
    assert (args.out, args.task, args.params) == (Path("a/b"), "text", Path("params.yaml"))
    with pytest.raises(SystemExit) as stop:
        parse("what", [], "out")
    assert stop.value.code == 2


def written(folder: Path, name: str) -> dict:
    return json.loads((folder / name / "x.json").read_text())


def test_seconds_since_the_arguments_were_read_stand_apart_from_metrics(tmp_path, monkeypatch):
    clock = iter([100.0, 161.2345])
    monkeypatch.setattr(arguments.time, "perf_counter", lambda: next(clock))
    args = parse("what", ["--metrics", str(tmp_path / "metrics/x.json")], "metrics")
    write_metrics(args, {"score": 0.5})
    assert written(tmp_path, "metrics") == {"score": 0.5}
    record = written(tmp_path, "runs")
    assert (record["run"], record["seconds"]) == (hardware.report(), 61.2)


def test_the_record_tells_the_device_and_the_throughput(tmp_path):
    args = parse("what", ["--metrics", str(tmp_path / "metrics/x.json")], "metrics")
    throughput = Throughput(1200, seconds=4.0, n_timed=1000, batch_size=32)
    write_metrics(args, {}, throughput, {"device": "a GPU"})
    assert written(tmp_path, "runs")["run"] == {
        "device": "a GPU", "items": 1200, "items_per_second": 250.0, "batch_size": 32,
    }  # fmt: skip


def test_a_stages_seconds_hold_its_imports(monkeypatch):
    monkeypatch.setattr("sys.argv", ["stage", "--out", "a"])
    monkeypatch.setattr(podium, "STARTED", 7.0)
    assert parse("what", None, "out").started == 7.0


def test_warnings_are_the_lines_that_say_so():
    lines = ["note: x", "WARNING: few tiles", "remedy: y", "warning: class 'a' is rare"]
    assert warnings_in(lines) == {"warnings": ["few tiles", "class 'a' is rare"]}
    assert warnings_in(["a WARNING: in the midst"]) == {}


@pytest.mark.parametrize("stage", [path.stem for path in STAGES.glob("[a-z]*.py")])
def test_every_stage_but_the_first_and_the_last_leaves_metrics_and_a_record(stage):
    writes = "write_metrics(args" in (STAGES / f"{stage}.py").read_text()
    assert writes == (stage not in ("arguments", "fingerprint", "report"))


@pytest.mark.parametrize("stage", TIMED)
def test_a_stage_that_computes_leaves_its_seconds_last(stage):
    text = (ROOT / f"src/podium/stages/{stage}.py").read_text()
    after = text[text.index("    write_metrics(") :].partition("\n\n\n")[0]  # of `main`
    assert "write_table(" not in after
    assert "_png(" not in after


def test_stages_that_compute_no_network_start_without_tensorflow():
    names = {path.stem for path in STAGES.glob("[a-z]*.py")}
    networks = {name for name in names if name.startswith(("train_photo", "train_segmenter"))}
    others = sorted(names - networks - {"predict_slides", "explain_mistakes"})
    modules = ", ".join(f"podium.stages.{name}" for name in others)
    code = f"import sys, {modules}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
