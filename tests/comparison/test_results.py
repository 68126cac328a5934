"""What a run says of each competition: the score, what is trivial, warnings, what is in git."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from house import ROOT
from podium.cli import app
from podium.comparison import results_page
from podium.comparison.results import Result, read_result
from podium.comparison.run_results import read_results
from podium.competitions import COMPETITIONS
from podium.core.run_records import write_run
from podium.evaluation.scores import Score

SETTINGS = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
PHOTOS, SLIDES, TEXT = (COMPETITIONS[name] for name in ("photos", "slides", "captcha-text"))


def score(value: float) -> dict[str, float]:
    return {"value": value, "se": 0.02, "low": value - 0.04, "high": value + 0.04, "n": 9}


FILES = {
    "blend_photos": {
        "metric": "log_loss", "nested": {"log_loss": score(0.2), "accuracy": score(0.9)},
    },
    "submit_photos": {"test": {"log_loss": score(0.25), "accuracy": score(0.8)}},
    "train_photo_classifier": {"oof": {"prior": {"log_loss": 0.69}}, "warnings": ["head weak"]},
    "ingest_photos": {"n_unreadable_train": 0, "n_unreadable_test": 2},
    "extract_features-gone": {"warnings": ["of an extractor that the settings no longer name"]},
    "blend_slides": {"metric": "log_loss", "nested": {"log_loss": score(0.3)}},
    "submit_slides": {"test": {"tumour_f1": score(0.7), "log_loss": score(0.4)}},
    "predict_slides": {
        "network": {"tumour_f1": score(0.75)}, "all_background": {"tumour_f1": score(0.75)},
        "n_no_tiles": 1, "warnings": ["no tiles: 1 slides were seen by no network"],
    },
    "blend_captcha-text": {"metric": "whole_string", "nested": {"whole_string": score(0.9)}},
    "train_captcha_reader-text-cnn": {"validation": {"constant_text": score(0.01)}},
}  # fmt: skip


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    (tmp_path / "metrics").mkdir()
    for name, metrics in FILES.items():
        path = tmp_path / f"metrics/{name}.json"
        path.write_text(json.dumps(metrics))
        write_run(path, {"seconds": 30.0})
    (tmp_path / "submissions").mkdir()
    (tmp_path / "submissions/photos.csv").write_text("id,label\n")
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def result(project: Path, competition) -> Result:
    return read_result(project / "metrics", competition, SETTINGS)


def test_the_score_is_nested_and_what_is_trivial_is_found(project):
    photos = result(project, PHOTOS)
    assert (photos.metric, photos.metric_name) == ("log_loss", "log loss")
    assert photos.score == Score(**score(0.2))
    assert (photos.trivial.value, photos.test.value) == (0.69, 0.25)
    assert {name: each.value for name, each in photos.others.items()} == {"accuracy": 0.9}
    assert photos.seconds == 4 * 30  # not of an extractor that the settings no longer name
    text = result(project, TEXT)  # only one of two readers has run
    assert (text.score.value, text.trivial.value, text.test) == (0.9, 0.01, None)


def test_slides_count_pixels_of_masks_first(project):
    slides = result(project, SLIDES)
    assert (slides.metric, slides.score.value, slides.test.value) == ("tumour_f1", 0.75, 0.7)
    assert {name: each.value for name, each in slides.others.items()} == {"log_loss": 0.3}


def test_every_stages_warnings_are_repeated(project):
    assert result(project, PHOTOS).warnings == [
        "ingest_photos: 2 test pictures cannot be read: their rows are filled",
        "train_photo_classifier: head weak",
    ]
    assert results_page.all_warnings(result(project, SLIDES)) == [
        "the score is no better than the trivial one",
        "predict_slides: no tiles: 1 slides were seen by no network",
    ]
    assert results_page.all_warnings(result(project, TEXT)) == []


def test_the_headline_is_small_and_enough_for_a_fresh_clone(project):
    photos = result(project, PHOTOS).numbers()
    assert photos == {"photos": {"log_loss": 0.2, "test": 0.25, "accuracy": 0.9, "se": 0.02}}
    for path in (project / "metrics").iterdir():
        path.unlink()
    assert result(project, PHOTOS) == Result(PHOTOS)
    (project / "metrics/photos.json").write_text(json.dumps(photos))
    cloned = result(project, PHOTOS)
    assert (cloned.metric, cloned.score) == ("log_loss", Score(0.2, 0.02))
    assert (cloned.test, cloned.seconds) == (Score(0.25), None)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_file_that_holds_no_metrics_says_nothing(project, text):
    (project / "metrics/blend_photos.json").write_text(text)
    assert result(project, PHOTOS) == Result(PHOTOS)


def test_minutes_of_an_experiment_are_known_on_the_machine_where_it_ran(project, tmp_path):
    root = tmp_path / "copy"  # as a revision comes out of DVC's cache, without runs/
    shutil.copytree(project / "metrics", root / "metrics")
    shutil.copy(project / "params.yaml", root)
    known = read_results("experiment", root, PHOTOS)
    assert (known.seconds, known.notes) == (4 * 30, [])
    shutil.rmtree(tmp_path / "scratch/runs")
    elsewhere = read_results("experiment", root, PHOTOS)
    assert elsewhere.seconds is None
    assert elsewhere.notes == [
        "minutes unknown: not all of its stages ran with this machine's scratch folder"
    ]


def printed(*words: str) -> str:
    done = CliRunner().invoke(app, ["results", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_ends_with_what_to_type_next(project):
    lines = printed().splitlines()
    rows = [line.split() for line in lines[:6]]
    assert rows[1][:7] == ["photos", "log", "loss", "0.2000", "(0.1600", "to", "0.2400)"]
    assert rows[1][7:] == ["0.6900", "0.2500", "photos.csv", "2.0", "2"]
    assert rows[2][-2:] == ["1.5", "2"]
    assert lines[4].split() == ["captcha-arithmetic", "not", "run", "yet", "none"]
    assert max(map(len, lines[:6])) <= 120
    assert "drawn stand-ins, no real pictures: photos, slides, captcha-text" in "\n".join(lines)
    assert "warning: photos: train_photo_classifier: head weak" in lines
    next_lines = lines[lines.index("next:") + 1 :]
    assert next_lines[0].split()[:2] == ["dvc", "repro"]
    assert next_lines[0].endswith("missing: captcha-arithmetic, captcha-equations")
    assert next_lines[1].startswith("  podium compare photos ")


def test_what_is_real_can_be_handed_in(project):
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("source: standin", "source: raw", 1))
    out = printed()
    assert "  podium submit photos " in out
    assert "no real pictures: slides, " in out


def test_settings_that_cannot_be_used(project):
    done = CliRunner().invoke(app, ["results", "--params", "none.yaml"])
    assert done.exit_code == 2
    assert done.stderr.startswith("error: none.yaml: no such file")
