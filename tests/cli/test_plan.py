"""`podium plan`: settings in, a table of what each stage needs out; nothing is run."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from house import ROOT, make_photos
from podium.cli import app
from podium.core import hardware, profiles

# stage -> seconds, items, items per second of a run at the settings of profiles/laptop.yaml
MEASURED = {
    "extract_features@efficientnet-lite0": (17.0, 800, 100.0),
    "extract_features@efficientnet-lite1": (19.0, 800, 80.0),
    "extract_features@efficientnet-lite2": (25.0, 800, 50.0),
    "extract_features@hog": (6.0, 800, 400.0),
    "train_photo_classifier": (17.0, 3000, 200.0),
    "train_line_finder": (46.0, 2560, 80.0),
    "train_captcha_reader@text-crnn": (85.0, 16000, 250.0),
    "train_captcha_reader@text-cnn": (54.0, 8000, 200.0),
    "train_captcha_reader@arithmetic-crnn": (55.0, 12000, 300.0),
    "train_captcha_reader@equations-crnn": (123.0, 6912, 64.0),
    "tile_slides": (7.0, 576, 96.0),
    "train_segmenter": (120.0, 4320, 48.0),
    "predict_slides": (47.0, 2304, 64.0),
}
CLOCKED = {"generate_captcha@text": 20.0, "blend@photos": 30.0, "submit@captcha-text": 2.0}
SECONDS = sum(seconds for seconds, *_ in MEASURED.values()) + sum(CLOCKED.values())


def write_run(folder: Path, stage: str, seconds: float, **run: object) -> None:
    folder.mkdir(exist_ok=True)
    record = {"run": {"device": hardware.processor(), **run}, "seconds": seconds}
    (folder / f"{stage.replace('@', '-')}.json").write_text(json.dumps(record))


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project that has run once at laptop size: settings, dvc.lock, and what was measured."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    profiles.apply(ROOT / "profiles/laptop.yaml", tmp_path / "params.yaml")
    settings = YAML(typ="safe").load((tmp_path / "params.yaml").read_text())
    stages: dict[str, dict] = {"draw_photos": {}, "report": {}}
    for stage in (*MEASURED, *CLOCKED):
        section, _, key = stage.partition("@")
        own = {name: settings[name] for name in (section,) if name in settings}
        if section == "train_captcha_reader":
            own = {f"{section}.{key}": settings[section][key], "captcha": settings["captcha"]}
        if section == "train_photo_classifier":
            own["extractors"] = settings["extractors"]
        stages[stage] = {"params": {"params.yaml": own}}
    for stage, (seconds, items, rate) in MEASURED.items():
        write_run(tmp_path / "runs", stage, seconds, items=items, items_per_second=rate)
    for stage, seconds in CLOCKED.items():
        write_run(tmp_path / "runs", stage, seconds)
    with (tmp_path / "dvc.lock").open("w") as file:
        YAML().dump({"schema": "2.0", "stages": stages}, file)
    return tmp_path


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["plan", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def printed(*words: object) -> str:
    code, out, err = run(*words)
    assert code == 0, err
    return out


def rows(out: str) -> dict[str, list[str]]:
    """First cell -> the others that hold something."""
    lines = out.split("\ntaken for granted")[0].splitlines()
    return {cells[0]: cells[1:] for cells in (re.split(r"  +", line.strip()) for line in lines)}


def seconds(cell: str) -> float:
    number, unit = cell.split()[:2]
    return float(number.replace(",", "")) * {"s": 1, "min": 60, "h": 3600}[unit]


@pytest.mark.parametrize("words", [(), ("laptop",)])
def test_a_run_at_the_same_settings_takes_as_long_as_the_last(project, words):
    table = rows(printed(*words))
    assert table["train_captcha_reader@text-crnn"] == ["16,000 pictures", "4", "0.6", "85 s"]
    assert table["extract_features@hog"] == ["800 pictures", "6 s"]
    assert table["generate_captcha@text"][-1] == "20 s"
    assert table["others, as last time"] == ["32 s"]
    assert table["all"][-1].endswith(" + ?")
    assert seconds(table["all"][-1]) == pytest.approx(SECONDS, abs=31)
    assert float(table["all"][0]) == pytest.approx(0.5, abs=0.2)  # GiB


def test_full_size_is_scaled_by_pictures_epochs_and_pixels(project):
    table = rows(printed("full", "--photos", 25_000, 12_500, "--slides", 10))
    for name in ("resnet50", "inceptionv3", "xception"):
        assert table[f"extract_features@{name}"][-1] == "?"
    # 17 s, of which 800 / 100 were spent on pictures; then 37,500 / 100
    assert seconds(table["extract_features@efficientnet-lite0"][-1]) == pytest.approx(384, abs=31)
    text = table["train_captcha_reader@text-crnn"]
    assert text[:2] == ["10,000,000 pictures", "100"]
    assert seconds(text[-1]) == pytest.approx(85 - 64 + 10_000_000 / 250, abs=181)
    # strips of 768x64 in place of 576x48
    equations = seconds(table["train_captcha_reader@equations-crnn"][-1])
    assert equations == pytest.approx(3_000_000 / 64 * 16 / 9, rel=0.01)
    # tiles of 512 px in place of 128; 10 slides of 40,000 px at 0.5 um, halved, 30 % tissue
    assert table["tile_slides"][0] == "4,578 tiles"
    assert seconds(table["tile_slides"][-1]) == pytest.approx(1 + 4578 * 16 / 96, abs=31)
    assert "draw_slides" not in table


@pytest.mark.parametrize("folder", ["images", "train"])
def test_raw_files_are_counted(project, folder):
    make_photos(project)  # 12 cats, 12 dogs, 5 test pictures
    (project / f"data/raw/slides/{folder}").mkdir(parents=True)
    for name in "abc":
        (project / f"data/raw/slides/{folder}/{name}.svs").touch()
    with Path("profiles/mine.yaml").open("w") as file:
        YAML().dump({"photos": {"source": "raw"}, "slides": {"source": "raw"}}, file)
    out = printed("mine", "--side", 1000)
    assert "taken for granted: 24 + 5 photos, 3 slides of 1,000 px with 30% tissue" in out
    assert rows(out)["ingest_photos"][0] == "29 pictures"
    assert "draw_photos" not in rows(out)


def test_what_was_never_measured_is_named(project):
    out = printed("full")
    (line,) = (line for line in out.splitlines() if line.startswith("never measured"))
    assert "extract_features@resnet50, " in line
    assert "train_captcha_reader@equations-crnn-2, " in line
    assert "efficientnet-lite0" not in line
    assert "likewise, but they are short: report\n" in out


def test_a_network_of_other_settings_is_named(project):
    assert "other settings" not in printed("laptop")
    line = "train_captcha_reader@text-cnn: the time is that of other settings: width 16 -> 32"
    assert line in printed("full").splitlines()


def test_the_settings_of_the_last_run_are_those_of_dvc_lock(project):
    planned = rows(printed("full"))
    profiles.apply(Path("profiles/full.yaml"), Path("params.yaml"))
    assert rows(printed()) == planned


def test_what_dvc_lock_keeps_of_stages_that_are_gone_changes_no_other(project):
    lock = YAML(typ="safe").load(Path("dvc.lock").read_text())
    gone = {"extractors.resnet50": {"weights": "download", "views": "plain"}}
    lock["stages"]["extract_features@resnet50"] = {"params": {"params.yaml": gone}}
    lock["stages"] = dict(reversed(lock["stages"].items()))
    lock["stages"]["extract_features@xception"] = {
        "params": {"params.yaml": {"extractors.xception": gone["extractors.resnet50"]}}
    }
    with Path("dvc.lock").open("w") as file:
        YAML().dump(lock, file)
    assert rows(printed())["train_photo_classifier"][-1] == "17 s"


def test_runs_are_read_before_metrics(project):
    write_run(project / "metrics", "train_line_finder", 99.0, items=2560, items_per_second=80.0)
    assert rows(printed())["train_line_finder"][-1] == "46 s"
    (project / "runs/train_line_finder.json").unlink()
    assert rows(printed())["train_line_finder"][-1] == "2 min"


@pytest.mark.parametrize("text", ["{", "[]", '{"log_loss": 0.1}', '{"run": {}}'])
def test_a_file_that_tells_no_time(project, text):
    (project / "runs/tile_slides.json").write_text(text)
    assert rows(printed())["tile_slides"][-1] == "?"


def test_a_stage_that_had_nothing_to_do_measured_nothing(project):
    write_run(project / "runs", "extract_features@hog", 3.0, items=800)
    assert rows(printed())["extract_features@hog"][-1] == "?"


def test_a_project_of_one_small_slide_and_no_network_for_photos(project):
    """Nothing is divided by the zero tiles or features of the last run."""
    settings = YAML(typ="safe").load(Path("params.yaml").read_text())
    settings["extractors"] = {"hog": {"weights": "none", "views": "plain"}}
    settings["draw_slides"] |= {"n_train": 1, "n_test": 0, "side": 512}
    settings["tile_slides"]["stride"] = 2048
    with Path("params.yaml").open("w") as file:
        YAML().dump(settings, file)
    lock = YAML(typ="safe").load(Path("dvc.lock").read_text())
    for stage in ("train_photo_classifier", "tile_slides"):
        del lock["stages"][stage]["params"]
        write_run(project / "runs", stage, 5.0)
    with Path("dvc.lock").open("w") as file:
        YAML().dump(lock, file)
    table = rows(printed())
    assert table["train_photo_classifier"][-1] == "5 s"
    assert table["tile_slides"] == ["0 tiles", "?"]


def test_what_the_figures_rest_on_is_said(project):
    out = printed("full", "--slides", 10)
    assert "10 slides of 40,000 px with 30% tissue" in out
    assert f"times: as at the last run on {hardware.processor()}, scaled by " in out
    assert "they hold for that machine only" in out
    assert "another one" not in out
    assert "warning: extractors.xception: its weights are downloaded at the first run" in out


def test_another_machine_is_named(project, monkeypatch):
    monkeypatch.setattr(hardware, "processor", lambda: "abacus, 1 cores")
    assert "\nthis machine is another one: abacus, 1 cores\n" in printed()


def test_short_memory_and_disk_are_warned_of(project, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Disk", (), {"free": 2**30}))
    monkeypatch.setattr(hardware, "memory_gib", lambda **_: 1.0)
    out = printed("smoke", "--slides", 90_000)
    assert re.search(r"^warning: disk: about [\d]+ GiB are needed .*, 1 are free here$", out, re.M)
    assert re.search(r"^warning: memory: \S+ takes about \d+ GiB, 1 are free$", out, re.M)


def test_a_fresh_clone_knows_how_long_a_default_run_takes(project):
    shutil.rmtree(project / "runs")
    (project / "benchmarks").mkdir()
    reference = {stage: seconds for stage, (seconds, *_) in MEASURED.items()} | CLOCKED
    (project / "benchmarks/edit_costs.json").write_text(json.dumps(reference | {"report": 4.0}))
    out = printed()
    assert rows(out)["train_captcha_reader@text-crnn"][-1] == "85 s"
    assert rows(out)["others, as last time"] == ["36 s"]
    assert seconds(rows(out)["all"][-1]) == pytest.approx(SECONDS + 4, abs=31)
    assert "the last run on the two cores of benchmarks/edit_costs.json, scaled" in out
    assert f"this machine is another one: {hardware.processor()}" in out
    assert seconds(rows(printed("full"))["train_captcha_reader@text-crnn"][-1]) > 3600


@pytest.mark.parametrize("gone", ["runs", "dvc.lock"])
def test_nothing_was_measured_yet(project, gone):
    (project / gone).rename(project / "elsewhere")
    out = printed("smoke")
    assert "nothing was measured yet: run dvc repro once, at any size" in out
    assert rows(out)["all"] == ["? + ?"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["hull"], "hull: no such profile; did you mean full?"),
        (["full", "--params", "none.yaml"], "none.yaml: no such file"),
    ],
)
def test_what_cannot_be_planned(words, fault, project):
    code, _, err = run(*words)
    assert code == 2
    assert err.startswith(f"error: {fault}")
