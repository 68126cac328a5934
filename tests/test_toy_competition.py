"""A fourth competition, a number predicted from pictures: one room file and one registry row.

From raw pictures to a validated submission, all by the code that the others use.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML
from typer.testing import CliRunner

import toy_room
from house import ROOT, make_params
from podium import competitions
from podium.cli import app
from podium.comparison.compare import Choice, compare
from podium.comparison.run_results import read_results
from podium.evaluation.competition import Competition, Files
from podium.evaluation.predictions import read_predictions
from podium.evaluation.scores import MAE, RMSE
from podium.stages import blend, submit

BRIGHTNESS = Competition(
    name="brightness",
    room="toy_room",
    task="",
    metrics=(RMSE, MAE),
    sections=("blend.brightness", "submit.brightness"),
    files=Files(
        source="brightness",
        tables="predictions/tables/brightness",
        blend="predictions/blends/brightness.csv",
        items=("data/brightness/items.csv",),
        key="test_brightness.csv",
    ),
    format="toy_room:BrightnessSubmission",
    columns=("id", "brightness"),
    ingest="ingest_brightness",
)
SECTION = {
    "leave_out": [],
    "methods": ["single", "mean", "weighted", "caruana", "ridge"],
    "method": "best",
    "calibrate": "none",
    "clip": 0.01,
    "per_class": False,
    "picks": 10,
    "bags": 2,
    "bag_share": 1.0,
    "logistic_c": 1.0,
    "ridge_alpha": 0.01,
    "bootstrap": 50,
    "seed": 0,
}


def draw(folder: Path, name: str, level: float, rng: np.random.Generator) -> float:
    """A noisy grey picture of about that level; its mean."""
    pixels = np.clip(level + rng.normal(0, 30, (24, 32)), 0, 255).astype(np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / f"{name}.png")
    return float(pixels.mean())


def raw_files(root: Path) -> None:
    """45 pictures in folders named by their level, 6 test pictures, a sample, the answer key."""
    rng, source = np.random.default_rng(0), root / "data/raw/brightness"
    for k in range(45):
        level = int(rng.integers(40, 210))
        draw(source / f"train/{level}", str(k), level, rng)
    levels = {str(k): float(rng.integers(40, 210)) for k in (3, 1, 2, 6, 5, 4)}
    for name, level in levels.items():
        draw(source / "test", name, level, rng)
    header = "id,brightness\n"
    key = header + "".join(f"{name},{level}\n" for name, level in levels.items())
    (source / "test_brightness.csv").write_text(key)
    (source / "sample_submission.csv").write_text(header + "".join(f"{n},0\n" for n in levels))


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project in which the whole way was gone once."""
    root = tmp_path_factory.mktemp("toy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        patch.setitem(competitions.COMPETITIONS, BRIGHTNESS.name, BRIGHTNESS)
        raw_files(root)
        yaml, params = YAML(), make_params(root)
        settings = yaml.load(params.read_text())
        settings["blend"]["brightness"] = SECTION
        settings["submit"]["brightness"] = {"bootstrap": 50}
        with params.open("w") as file:
            yaml.dump(settings, file)
        files, source = BRIGHTNESS.files, root / "data/raw/brightness"
        toy_room.ingest(source, root / files.items[0])
        toy_room.train(source, root / files.items[0], root / files.tables)
        common = ["--competition", "brightness", "--params", params]
        blended, scores = root / files.blend, root / "metrics/blend_brightness.json"
        words = ["--tables", root / files.tables, "--out", blended, "--metrics", scores]
        words += ["--fitted", root / "models/brightness-blend.h5"]
        blend.main([str(word) for word in (*common, *words)])
        words = ["--root", root, "--table", blended, "--blend", scores]
        words += ["--out", root / "submissions/brightness.csv"]
        words += ["--metrics", root / "metrics/submit_brightness.json"]
        words += ["--headline", root / "metrics/brightness.json"]
        submit.main([str(word) for word in (*common, *words)])
        patch.chdir(root)
        yield root


@pytest.fixture(autouse=True)
def _registered(project, monkeypatch):
    monkeypatch.setitem(competitions.COMPETITIONS, BRIGHTNESS.name, BRIGHTNESS)
    monkeypatch.chdir(project)


def test_the_blend_is_of_numbers_and_scored_by_the_competitions_metric(project):
    metrics = json.loads((project / "metrics/blend_brightness.json").read_text())
    assert (metrics["metric"], metrics["n_models"]) == ("rmse", 2)
    assert set(metrics["methods"]) == set(SECTION["methods"])
    assert metrics["method"] in SECTION["methods"]
    table = read_predictions(project / BRIGHTNESS.files.blend)
    oof = table[table["split"] == "oof"]
    errors = oof["y"] - oof["truth"].astype(float)
    rmse = metrics["nested"]["rmse"]
    assert rmse["value"] == pytest.approx(np.sqrt((errors**2).mean()))
    assert metrics["nested"]["mae"]["value"] == pytest.approx(errors.abs().mean())
    assert rmse["low"] < rmse["value"] < rmse["high"]
    assert rmse["value"] < 5  # noise of 30 over 768 pixels: the mean is known to about 1
    single = metrics["single"]["rmse"]["value"]
    assert metrics["difference"]["value"] == pytest.approx(rmse["value"] - single)


def test_the_submission_follows_the_sample_and_is_scored_on_the_key(project):
    lines = (project / "submissions/brightness.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["id", "3", "1", "2", "6", "5", "4"]
    manifest = json.loads((project / "submissions/brightness.json").read_text())
    assert manifest["filled"] == []
    scores = json.loads((project / "metrics/submit_brightness.json").read_text())
    assert list(scores) == ["held_out", "test"]
    assert list(scores["test"]) == list(scores["held_out"]) == ["rmse", "mae"]
    assert 0 < scores["test"]["mae"]["value"] < 5
    assert scores["test"]["rmse"]["n"] == 6


def test_it_validates_and_faults_are_found(project, tmp_path):
    file = project / "submissions/brightness.csv"
    code, out = run("validate", file, "--competition", "brightness")
    assert code == 0, out
    assert out.endswith(
        "brightness.csv: 6 rows, fits brightness "
        "(sample: data/raw/brightness/sample_submission.csv)\n"
    )
    bad = tmp_path / "bad.csv"
    bad.write_text(file.read_text().replace("\n3,", "\n7,").rsplit(",", 1)[0] + ",nan\n")
    code, out = run("validate", bad, "--competition", "brightness")
    assert code == 1
    assert "bad.csv: 1 id missing, namely 3\n" in out
    assert "bad.csv: column brightness: 1 cell no finite number, namely id 4: 'nan'\n" in out
    code, out = run("validate", file, "--competition", "photos")
    assert "that is a submission for brightness" in out


def test_models_are_compared_and_tables_blended_by_hand(project):
    results = read_results("here", project, BRIGHTNESS)
    assert set(results.models) == {"ridge", "neighbours", "blend"}
    assert results.settings["blend.brightness.method"] == "best"
    found = compare(BRIGHTNESS, [results], Choice(draws=100))
    assert found.baseline == "here:blend"
    by_model = {line.model: line for line in found.lines}
    metrics = json.loads((project / "metrics/blend_brightness.json").read_text())
    assert by_model["blend"].score == pytest.approx(metrics["nested"]["rmse"]["value"])
    assert by_model["neighbours"].difference.value > 0
    tables = sorted((project / BRIGHTNESS.files.tables).iterdir())
    code, out = run("blend", *tables, "--competition", "brightness", "--method", "caruana")
    assert code == 0, out
    assert "root mean squared error" in out


def test_it_is_shown_and_entered_like_any_other(project, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    code, out = run("submit", "brightness", "--dry-run")
    assert code == 0, out
    assert "would send submissions/brightness.csv: 6 rows" in out
    code, out = run("ledger", "add", "brightness")
    assert code == 0, out
    metrics = json.loads((project / "metrics/blend_brightness.json").read_text())
    assert f"{metrics['nested']['rmse']['value']:.6f}".rstrip("0") in out


def test_nothing_in_the_house_knows_of_it():
    """Files touched: the room and a row of the registry, besides params.yaml and dvc.yaml."""
    words = "toy_room", "BrightnessSubmission", "blend.brightness"
    for path in (ROOT / "src").rglob("*.py"):
        assert not [word for word in words if word in path.read_text()], path
