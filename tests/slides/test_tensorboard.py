"""A run's figures, read back from DVCLive's files and from TensorBoard's events."""

from __future__ import annotations

import gc
import json
import subprocess

import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from podium.core.files import scratch_dir
from podium.slides.tensorboard import events_dir, logger
from podium.training.runtime import tf
from slide_networks import settings

FIGURES = [
    {"epoch": 1, "train_loss": 0.75, "tumour_f1": 0.25},
    {"epoch": 2, "train_loss": 0.5, "tumour_f1": 0.625},
]


def scalars(folder):
    """Steps and values of each tag."""
    found = EventAccumulator(str(folder))
    found.Reload()
    tags = found.Tags()
    assert tags["scalars"] == []  # TensorFlow 2 writes them as tensors
    return {
        tag: [(one.step, float(tf.make_ndarray(one.tensor_proto))) for one in found.Tensors(tag)]
        for tag in tags["tensors"]
    }


def test_figures_can_be_read_back_at_once(tmp_path):
    log = logger(tmp_path / "plots", tmp_path / "events")
    for one in FIGURES:
        log(one)
    for name in ("train_loss", "tumour_f1"):
        table = pd.read_csv(tmp_path / f"plots/plots/metrics/{name}.tsv", sep="\t")
        assert table["step"].tolist() == [1, 2]
        assert table[name].tolist() == [one[name] for one in FIGURES]
    last = json.loads((tmp_path / "plots/metrics.json").read_text())
    assert last == {"train_loss": 0.5, "tumour_f1": 0.625, "step": 2}
    assert scalars(tmp_path / "events") == {
        "train_loss": [(1, 0.75), (2, 0.5)],
        "tumour_f1": [(1, 0.25), (2, 0.625)],
    }


def test_an_earlier_run_leaves_nothing(tmp_path):
    events = tmp_path / "events"
    events.mkdir()
    (events / "events.out.tfevents.1.host.2.0.v2").write_bytes(b"old")
    (events / "notes.txt").write_text("mine")
    for _ in range(2):
        log = logger(tmp_path / "plots", events)
        log(FIGURES[0])
    assert not (events / "events.out.tfevents.1.host.2.0.v2").exists()
    assert (events / "notes.txt").exists()
    assert scalars(events) == {"train_loss": [(1, 0.75)], "tumour_f1": [(1, 0.25)]}
    table = pd.read_csv(tmp_path / "plots/plots/metrics/train_loss.tsv", sep="\t")
    assert table["step"].tolist() == [1]


def test_no_handle_of_the_repository_stays_open(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    mine = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["gc", "-q"]):
        subprocess.run([*mine, *command], check=True)
    subprocess.run(["dvc", "init", "-q"], check=True)
    log = logger(tmp_path / "plots", tmp_path / "events")
    log(FIGURES[0])
    del log
    gc.collect()  # a pack left open is a warning, and a warning an error


def test_runs_are_named_by_their_settings():
    first = events_dir(settings(l2=0.001))
    assert first.parent == scratch_dir("tensorboard")
    assert first.name.startswith("efficientnet-lite0-rate0.01-l2-0.001-batch4-")
    assert events_dir(settings(l2=0.001)) == first
    assert events_dir(settings(l2=0.001, zoom=0.1)) != first


@pytest.mark.parametrize("change", [{"l2": 0.01}, {"learning_rate": 0.02}, {"batch_size": 8}])
def test_what_is_tried_is_in_the_name(change):
    number = slice(-8, None)
    first, other = events_dir(settings()).name, events_dir(settings(**change)).name
    assert first.replace(first[number], "") != other.replace(other[number], "")
