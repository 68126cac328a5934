from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from house import House, encoded, make_params, make_photos, striped
from podium.cli import app
from podium.core.files import file_sha256
from podium.slides.tile_store import load_pixels
from slide_fixtures import stained, write_pyramid

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> House:
    root = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        house = House(root, make_photos(root), make_params(root))
        house.everything()
    return house


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stdout, result.stderr


def test_help_needs_no_tensorflow_and_no_second():
    heavy = "{'tensorflow', 'keras', 'pandas'}"
    code = f"import sys, podium.cli; sys.exit(bool({heavy} & set(sys.modules)))"
    start = time.perf_counter()
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert time.perf_counter() - start < 20  # 0.3 s on an idle machine
    code_, out, _ = run("--help")
    assert code_ == 0
    for command in ("predict", "submit", "compare", "profile"):
        assert command in out


def test_predict_prints_a_row_per_picture_in_order(trained, tmp_path):
    paths = []
    for index in range(11):  # more than one batch of 8
        paths.append(tmp_path / f"{index}.png")
        paths[-1].write_bytes(encoded(striped("cat" if index % 2 else "dog", 200 + index), "PNG"))
    code, out, err = run("predict", *paths, "--model", trained.model)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0] == "path,class,p_cat,p_dog"
    assert [line.split(",")[0] for line in lines[1:]] == [str(path) for path in paths]
    for line in lines[1:]:
        _, label, cat, dog = line.split(",")
        assert float(cat) + float(dog) == pytest.approx(1, abs=2e-6)
        assert label == ("cat" if float(cat) > float(dog) else "dog")


def test_predict_goes_on_after_pictures_it_cannot_read(trained, tmp_path):
    bad, gone = tmp_path / "bad.jpg", tmp_path / "gone.jpg"
    bad.write_text("hello")
    gone.symlink_to(tmp_path / "nowhere.jpg")
    first, last = trained.photos / "test/1.jpg", trained.photos / "test/2.jpg"
    alone = run("predict", first, last, "--model", trained.model)[1]
    code, out, err = run("predict", first, bad, tmp_path, last, "--model", trained.model)
    assert code == 1
    assert out == alone  # the same bytes
    assert f"no answer: {bad}: not a JPEG" in err
    assert f"no answer: {gone}: No such file" in err
    assert err.endswith(f"error: 2 of 4 files have no answer, see above: {bad}, {gone}\n")
    assert run("predict", tmp_path / "none.jpg", "--model", trained.model)[0] == 2


def test_predict_without_a_model_or_with_a_broken_one(trained, tmp_path):
    picture = trained.photos / "test/1.jpg"
    code, _, err = run("predict", picture, "--model", tmp_path / "none.keras")
    assert (code, "no such model\nremedy: run dvc repro" in err) == (1, True)
    broken = tmp_path / "broken.keras"
    broken.write_bytes(trained.model.read_bytes()[:1000])
    code, _, err = run("predict", picture, "--model", broken)
    assert (code, "not a podium model" in err) == (1, True)


def test_submit_shows_what_it_would_send(trained):
    code, out, _ = run("submit", "photos", "--folder", trained.root / "submissions")
    assert code == 0
    sha = file_sha256(trained.out)
    assert f"would send {trained.out}: 5 rows, sha256 {sha[:16]}" in out
    assert "  id,label\n  3," in out
    assert re.search(r"held_out log_loss +0\.\d{4}  \(95 %: 0", out)
    assert re.search(r"blend method +weighted\n", out)
    assert re.search(r"blend nested +0\.\d{4}  \(95 %: ", out)


def test_submit_refuses_a_file_changed_by_hand(trained, tmp_path):
    (tmp_path / "photos.csv").write_bytes(trained.out.read_bytes() + b"6,0.5\n")
    (tmp_path / "photos.json").write_bytes(trained.out.with_suffix(".json").read_bytes())
    code, _, err = run("submit", "photos", "--folder", tmp_path)
    assert code == 1
    assert "changed since it was checked" in err
    code, _, err = run("submit", "slides", "--folder", tmp_path)
    assert (code, "slides.csv: no such file" in err) == (1, True)


def test_submit_shows_the_scores_of_slides(tmp_path):
    path = tmp_path / "slides.csv"
    path.write_text("slide,probability,rle\na,0.9,1 4\nb,0.9," + "1 4 " * 200 + "\n")
    f1 = {"value": 0.9, "se": 0.01, "low": 0.85, "high": 0.95, "n": 2}
    test = {"tumour_f1": f1, "iou": {"value": 0.7}, "log_loss": {"value": 0.1}}
    manifest = {"sha256": file_sha256(path), "rows": 1, "scores": {"test": test}}
    path.with_suffix(".json").write_text(json.dumps(manifest))
    code, out, _ = run("submit", "slides", "--folder", tmp_path)
    assert code == 0
    cut = next(line for line in out.splitlines() if line.startswith("  b,0.9,1 4 1 4"))
    assert (len(cut), cut[-3:]) == (2 + 97 + 3, "...")
    assert re.search(r"  test log_loss +0\.1000\n", out)
    assert re.search(r"  test tumour_f1 +0\.9000  \(95 %: 0\.8500 to 0\.9500\)  n = 2\n", out)


def test_submit_refuses_an_empty_one(tmp_path):
    (tmp_path / "photos.csv").write_text("id\n")
    manifest = {
        "sha256": file_sha256(tmp_path / "photos.csv"),
        "note": "there are no test pictures",
    }
    (tmp_path / "photos.json").write_text(json.dumps(manifest))
    code, _, err = run("submit", "photos", "--folder", tmp_path)
    assert (code, "nothing to hand in, there are no test pictures" in err) == (1, True)


def test_profile_changes_params_and_shows_the_diff(write_params):
    params = write_params()
    code, out, _ = run("profile", "full", "--params", params)
    assert code == 0
    assert "+  resnet50:" in out
    assert "undo with: git checkout params.yaml" in out
    assert "already is at profile full" in run("profile", "full", "--params", params)[1]
    code, _, err = run("profile", "ful", "--params", params)
    assert (code, err) == (
        2,
        "error: ful: no such profile; did you mean full?\n"
        "remedy: profiles has book, finetune, finetune-full, full, laptop, long, smoke\n",
    )


def test_slides_are_tiled_by_name_into_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pyramid(tmp_path / "good.tif", stained(256, 192), mpp=0.5)
    (tmp_path / "bad.tif").write_bytes(b"II*\0 no slide")
    words = ["tile", "good.tif", "--size", "64", "--overlap", "32", "--target-mpp", "1.0"]
    done = CliRunner().invoke(app, [*words, "--out", "out"])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "slide,state,grid,tiles,unreadable,reason",
        "good,done,6,6,0,",  # 128 x 96 px of 1 um: x 0, 32, 64; y 0, 32
    ]
    assert load_pixels(tmp_path / "out/good.h5", [0]).shape == (1, 64, 64, 3)
    both = CliRunner().invoke(app, ["tile", "bad.tif", "good.tif", "--size", "64", "--out", "out"])
    assert both.exit_code == 1
    assert "\nbad,failed,0,0,0," in both.output
    assert "cannot be opened as a slide" in both.output
    assert "\ngood,done,12,12,0," in both.output
    (tmp_path / "some.csv").write_text("path\ngone.tif\ngood.tif\n")
    table = CliRunner().invoke(app, ["tile", "some.csv", "--size", "64", "--out", "out"])
    assert table.exit_code == 1
    assert "\ngone,failed,0,0,0," in table.output
    assert "\ngood,done,12,12,0," in table.output
    wrong = CliRunner().invoke(app, ["tile", "good.tif", "--overlap", "256"])
    assert wrong.exit_code == 2
