"""`podium plan`: settings in, a table of what each stage needs out; nothing is run."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from house import ROOT
from podium.cli import app
from podium.core import hardware

MEASURED = {
    "extract_features-efficientnet-lite0": (100.0, 767.8),
    "extract_features-hog": (50.0, None),
    "train_photo_classifier": (2000.0, 0.01536),
    "train_line_finder": (80.0, 200.0),
    "train_captcha_reader-text-crnn": (200.0, 112.0),
    "train_captcha_reader-text-cnn": (300.0, 130.0),
    "tile_slides": (500.0, None),
    "train_segmenter": (20.0, 500.0),
    "predict_slides": (60.0, 500.0),
}


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["plan", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def metrics(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metrics")
    for name, (speed, mflop) in MEASURED.items():
        found = {"device": hardware.processor(), "items_per_second": speed}
        if mflop:
            found["mflop_per_item"] = mflop
        (folder / f"{name}.json").write_text(json.dumps({"run": found, "seconds": 1.0}))
    (folder / "blend_photos.json").write_text('{"log_loss": 0.1}')
    (folder / "broken.json").write_text("{")
    return folder


@pytest.fixture(scope="module")
def told(metrics) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        code, out, err = run("full", "--metrics", metrics, "--card", "t4", "--slides", 10)
    assert code == 0, err
    return out


def rows(told: str) -> dict[str, list[str]]:
    lines = told.split("\nall ")[0].splitlines()
    return {line.split()[0]: re.split(r"  +", line.strip())[1:] for line in lines}


def test_every_stage_that_takes_long_has_a_row_and_a_time(told):
    found = rows(told)
    for name in ("resnet50", "inceptionv3", "xception", "efficientnet-lite0", "hog"):
        assert f"extract_features@{name}" in found
    for name in ("text-crnn", "text-cnn", "arithmetic-crnn", "equations-crnn-3"):
        assert f"train_captcha_reader@{name}" in found
    for name in ("train_line_finder", "tile_slides", "train_segmenter", "predict_slides"):
        assert name in found
    assert "?" not in told
    assert "nan" not in told


def test_pictures_epochs_and_hours_are_those_of_the_settings(told):
    found = rows(told)
    assert found["train_captcha_reader@text-crnn"][:2] == ["10,000,000 pictures", "100"]
    # 37,500 pictures, ten times the operations, 100 per second: 3,768 seconds
    items, _, *_ = found["extract_features@resnet50"]
    if "37,500" in items:  # no photos in data/raw
        assert found["extract_features@resnet50"][-2] == "1.0"
    text = found["train_captcha_reader@text-crnn"]
    mflop = float(text[2].replace(",", ""))
    hours = 10_000_000 / (200.0 * 112.0 / mflop) / 3600
    assert float(text[-2]) == pytest.approx(hours, abs=0.51)
    # 10 slides of 40,000 px at 0.5 um, halved, 512 px tiles, 30 % tissue
    assert found["tile_slides"][0] == "4,578 tiles"


def test_what_the_figures_rest_on_is_said(told):
    assert "10 slides of 40,000 px with 30% tissue" in told
    assert f"items per second: measured on {hardware.processor()}" in told
    assert "warning: extractors.xception: its weights are downloaded at the first run" in told
    assert re.search(r"NVIDIA T4 \(estimates, from its data sheet\): 65 TFLOP/s, 320 GB/s", told)


def test_short_memory_and_disk_are_warned_of(metrics, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Disk", (), {"free": 2**30}))
    monkeypatch.setattr(hardware, "memory_gib", lambda **_: 1.0)
    code, out, _ = run("smoke", "--metrics", metrics, "--slides", 90_000)
    assert code == 0
    assert re.search(r"^warning: disk: about [\d]+ GiB are needed .*, 1 are free here$", out, re.M)
    assert re.search(r"^warning: memory: \S+ takes about \d+ GiB, 1 are free$", out, re.M)


def test_nothing_was_measured_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    code, out, _ = run("smoke", "--metrics", tmp_path)
    assert code == 0
    assert "nothing was measured yet: run dvc repro once, at any size" in out
    assert "extract_features@resnet50" not in out


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["full", "--card", "abacus"], "abacus: no such card; known are t4, "),
        (["huge"], "profiles/huge.yaml: no such file"),
        (["full", "--params", "none.yaml"], "none.yaml: no such file"),
    ],
)
def test_what_cannot_be_planned(words, fault, monkeypatch):
    monkeypatch.chdir(ROOT)
    code, _, err = run(*words)
    assert code == 2
    assert err.startswith(f"error: {fault}")
