"""What every stage shares: its arguments, and the metrics with the seconds it took."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from house import ROOT
from podium.core import hardware
from podium.core.throughput import Throughput
from podium.stages import arguments
from podium.stages.arguments import parse, write_metrics

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


def test_metrics_hold_the_seconds_since_the_arguments_were_read(tmp_path, monkeypatch):
    meter = iter([100.0, 161.2345])
    monkeypatch.setattr(arguments.time, "perf_counter", lambda: next(meter))
    args = parse("what", ["--metrics", str(tmp_path / "m.json")], "metrics")
    write_metrics(args, {"score": 0.5})
    found = json.loads((tmp_path / "m.json").read_text())
    assert list(found) == ["score", "run", "seconds"]
    assert (found["score"], found["seconds"]) == (0.5, 61.2)
    assert found["run"] == hardware.report()


def test_metrics_tell_the_device_and_the_work(tmp_path):
    args = parse("what", ["--metrics", str(tmp_path / "m.json")], "metrics")
    work = Throughput(1200, seconds=4.0, n_timed=1000, batch_size=32, mflop=781.25)
    write_metrics(args, {}, work, {"device": "a GPU"})
    found = json.loads((tmp_path / "m.json").read_text())
    assert found["run"] == {
        "device": "a GPU",
        "items": 1200,
        "items_per_second": 250.0,
        "batch_size": 32,
        "mflop_per_item": 781.2,
    }


@pytest.mark.parametrize("stage", TIMED)
def test_a_stage_that_computes_leaves_its_seconds_last(stage):
    text = (ROOT / f"src/podium/stages/{stage}.py").read_text()
    after = text[text.index("    write_metrics(args, ") :]
    assert "write_table(" not in after
    assert "_png(" not in after
