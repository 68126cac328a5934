"""Records of runs: the last one beside the metrics, every one under the metrics it wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from podium.core.run_records import read_run, run_path, write_run


def wrote(metrics: Path, text: str, seconds: float) -> None:
    metrics.parent.mkdir(parents=True, exist_ok=True)
    metrics.write_text(text)
    write_run(metrics, {"seconds": seconds})


def test_runs_lie_beside_metrics():
    assert run_path(Path("metrics/x.json")) == Path("runs/x.json")
    assert run_path(Path("/a/metrics/x.json")) == Path("/a/runs/x.json")
    assert run_path(Path("x.json")) == Path("runs/x.json")


def test_metrics_of_another_run_bring_back_its_record(tmp_path):
    metrics = tmp_path / "metrics/x.json"
    wrote(metrics, '{"score": 1}', 60.0)
    wrote(metrics, '{"score": 2}', 30.0)
    assert read_run(metrics)["seconds"] == 30
    metrics.write_text('{"score": 1}')  # as `git checkout` or `dvc checkout` does
    assert read_run(metrics)["seconds"] == 60
    elsewhere = tmp_path / "copy/metrics/x.json"  # a revision that is read out of the cache
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_text('{"score": 2}')
    assert read_run(elsewhere)["seconds"] == 30


def test_a_rerun_that_took_work_from_an_earlier_one_does_not_hide_what_it_cost(tmp_path):
    metrics = tmp_path / "metrics/x.json"
    wrote(metrics, "{}", 60.0)
    wrote(metrics, "{}", 2.0)
    assert read_run(metrics)["seconds"] == 2  # the last run
    run_path(metrics).unlink()
    assert read_run(metrics)["seconds"] == 60


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_what_is_no_record_tells_nothing(tmp_path, text):
    metrics = tmp_path / "metrics/x.json"
    assert read_run(metrics) == {}
    wrote(metrics, '{"score": 1}', 60.0)
    run_path(metrics).write_text(text)
    assert read_run(metrics)["seconds"] == 60
    metrics.write_text('{"score": 3}')
    assert read_run(metrics).get("seconds") is None


def test_metrics_of_older_revisions_hold_the_seconds(tmp_path):
    metrics = tmp_path / "metrics/x.json"
    metrics.parent.mkdir()
    metrics.write_text(json.dumps({"seconds": 5.0}))
    assert read_run(metrics)["seconds"] == 5
