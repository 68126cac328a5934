"""`podium bundle photos`: it answers as the pipeline does, where podium is not installed."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from house import House, make_params
from photos.competitions import SHOWN
from podium.cli import app
from podium.core.errors import PodiumError
from podium.photos.offline import Bundle, CompetitionFiles

pytestmark = [pytest.mark.weights, pytest.mark.slow, pytest.mark.timeout(900)]

# runs submission.py, or the cells of submission.ipynb, without a network; then looks at what came
RUNNER = """
import json, runpy, socket, sys

def refuse(*args, **kwargs):
    raise AssertionError("it asked the network")

socket.socket.connect = refuse
script = sys.argv[1]
if script.endswith(".ipynb"):
    space = {"__name__": "__main__"}
    for cell in json.load(open(script))["cells"]:
        exec("".join(cell["source"]), space)
else:
    runpy.run_path(script, run_name="__main__")
ours = [module for name, module in sys.modules.items() if name.split(".")[0] == "podium"]
assert len(ours) > 30
assert all(module.__file__.startswith(sys.argv[2]) for module in ours), ours
assert not {"dvc", "pydantic", "typer", "ruamel"} & {name.split(".")[0] for name in sys.modules}
"""


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(map(str, words)))
    return result.exit_code, result.stdout, result.stderr


def finished(root: Path, name: str) -> House:
    """A run of a mini competition as its files are, all models in the blend."""
    raw = root / "data/raw/photos"
    raw.mkdir(parents=True)
    make, metric = SHOWN[name]
    make(raw)
    params = make_params(root, blend__photos__method="mean")
    words = ("--source", raw, "--params", params, "--sheet", root / "sheet.png", "--write")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        code, _, err = run("inspect", "photos", "--metric", metric, *words)
        assert code == 0, err
        house = House(root, raw, params)
        house.everything()
    return house


def bundled(house: House, monkeypatch, *words: object) -> Path:
    monkeypatch.chdir(house.root)
    code, out, err = run("bundle", "photos", "--out", house.root / "bundle", *words)
    assert code == 0, err
    assert "mean: " in out
    return house.root / "bundle"


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory) -> Path:
    """A Python that has all packages of this one, but not podium."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin/python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([python, "-I", "-c", code], check=True, capture_output=True, text=True)
    # a .pth file in a folder that a .pth file names is not read: podium's own is one
    (Path(own.stdout.strip()) / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    code = "import numpy, importlib.util as u; assert u.find_spec('podium') is None"
    subprocess.run([python, "-I", "-c", code], check=True)
    return python


def answered(python: Path, bundle: Path, source: Path, where: Path, script="submission.py") -> Path:
    """The submission that a bundle writes of a folder of test pictures."""
    where.mkdir(exist_ok=True)
    env = {"PATH": os.defpath, "HOME": str(where), "PODIUM_INPUT": str(source)}
    env |= {"PODIUM_SCRATCH": str(where / "scratch"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [python, "-I", "-c", RUNNER, bundle / script, str(bundle)],
        cwd=where, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return where / "submission.csv"


def check_same(found: Path, expected: Path) -> None:
    """The same ids and texts; numbers to 1e-6."""
    mine, theirs = (
        pd.read_csv(path, dtype=str, keep_default_na=False) for path in (found, expected)
    )
    assert list(mine.columns) == list(theirs.columns)
    for name in mine:
        if (mine[name] == theirs[name]).all():
            continue
        numbers = mine[name].to_numpy(dtype=float), theirs[name].to_numpy(dtype=float)
        np.testing.assert_allclose(*numbers, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["aptos", "melanoma", "pawpularity", "apples", "herbarium"])
def test_a_bundle_answers_as_the_pipeline_does(tmp_path, monkeypatch, bare_python, name):
    house = finished(tmp_path / "project", name)
    bundle = bundled(house, monkeypatch)
    shutil.move(bundle, tmp_path / "moved")
    found = answered(bare_python, tmp_path / "moved", house.photos, tmp_path / "run")
    check_same(found, house.out)
    code, out, err = run("validate", found, "--competition", "photos")
    assert code == 0, out + err


@pytest.fixture(scope="module")
def breed(tmp_path_factory) -> House:
    """A project and its bundle, shared by the tests that only look at it."""
    root = tmp_path_factory.mktemp("breed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        house = finished(root / "project", "breed")
        bundled(house, patch)
    return house


def test_the_notebook_is_the_script_and_odd_test_sets_are_answered(breed, tmp_path, bare_python):
    bundle, raw = breed.root / "bundle", tmp_path / "raw"
    shutil.copytree(bundle, tmp_path / "run")  # a notebook looks for the bundle where it runs
    shutil.copytree(breed.photos, raw)
    sample = pd.read_csv(raw / "sample_submission.csv", dtype=str)
    (raw / f"test/{sample['id'][0]}.jpg").write_bytes(b"no picture")
    (raw / f"test/{sample['id'][1]}.jpg").unlink()
    (raw / "test/unasked.jpg").write_bytes((raw / f"test/{sample['id'][2]}.jpg").read_bytes())
    sample = sample.iloc[::-1]
    sample.to_csv(raw / "sample_submission.csv", index=False)
    found = answered(bare_python, tmp_path / "run", raw, tmp_path / "run", "submission.ipynb")
    rows, usual = (
        pd.read_csv(path, dtype={"id": str}).set_index("id") for path in (found, breed.out)
    )
    assert rows.index.tolist() == sample["id"].tolist()
    assert rows.iloc[-2:].to_numpy() == pytest.approx(1 / 3)  # 24 train pictures, 8 of each
    np.testing.assert_allclose(rows.iloc[:-2], usual.loc[rows.index[:-2]], atol=1e-6)
    notebook = json.loads((bundle / "submission.ipynb").read_text())
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    assert code.split() == (bundle / "submission.py").read_text().replace("# %%", "").split()
    assert (notebook["nbformat"], {cell["cell_type"] for cell in notebook["cells"]}) == (
        4,
        {"code"},
    )


def test_what_is_in_a_bundle(breed):
    bundle = breed.root / "bundle"
    names = {path.name for path in bundle.iterdir()}
    assert names == {
        "README.md", "models", "podium", "podium-bundle.json", "sample_submission.csv",
        "submission.ipynb", "submission.py", "task.json", "weights",
    }  # fmt: skip
    weights = {path.name for path in (bundle / "weights").iterdir()}
    assert weights == {"efficientnet-lite0.pth", "LICENSE-efficientnet-lite0"}
    assert "Apache License" in (bundle / "weights/LICENSE-efficientnet-lite0").read_text()
    page = (bundle / "README.md").read_text()
    assert len(page.splitlines()) == 11
    assert "scikit-image" in page  # hog is in the blend
    for path in (bundle / "podium").rglob("*.py"):  # grammar of Python 3.10
        ast.parse(path.read_text(), feature_version=(3, 10))
    assert not any(path.name in ("cli", "stages") for path in (bundle / "podium").iterdir())


def refused(house: House, monkeypatch, *words: object) -> tuple[int, str]:
    monkeypatch.chdir(house.root)
    code, out, err = run("bundle", "photos", *words)
    assert out == ""
    return code, err


def test_a_folder_that_is_no_bundle_is_left_alone(breed, tmp_path, monkeypatch):
    kept = tmp_path / "mine/kept.txt"
    kept.parent.mkdir()
    kept.write_text("x")
    code, err = refused(breed, monkeypatch, "--out", kept.parent)
    assert (code, "mine: it exists and is no bundle, so it is left alone\nremedy: name" in err) == (
        2, True,
    )  # fmt: skip
    assert refused(breed, monkeypatch, "--out", kept)[0] == 2
    assert kept.read_text() == "x"


def test_a_bundle_is_replaced_by_a_new_one(breed, tmp_path, monkeypatch):
    out = tmp_path / "old"
    shutil.copytree(breed.root / "bundle", out)
    (out / "stale.txt").touch()
    monkeypatch.chdir(breed.root)
    code, said, err = run("bundle", "photos", "--out", out, "--slug", "dog-breeds")
    assert code == 0, err
    assert (
        said.splitlines()[-1] == f"try it: PODIUM_INPUT=data/raw/photos python {out}/submission.py"
    )
    assert not (out / "stale.txt").exists()
    assert "SLUG = 'dog-breeds'" in (out / "submission.py").read_text()
    assert [path.name for path in tmp_path.iterdir() if "old" in path.name] == ["old"]


@pytest.mark.parametrize(
    ("name", "stage"), [("blend", "blend@photos"), ("members", "train_photo_classifier")]
)
def test_before_there_is_a_blend(breed, tmp_path, monkeypatch, name, stage):
    shutil.copytree(breed.root, tmp_path / "copy", ignore=shutil.ignore_patterns("bundle"))
    house = House(
        tmp_path / "copy", tmp_path / "copy/data/raw/photos", tmp_path / "copy/params.yaml"
    )
    (house.root / f"models/photos-{name}.h5").unlink()
    code, err = refused(house, monkeypatch)
    assert code == 1
    assert err == f"error: models/photos-{name}.h5: no such file\nremedy: run dvc repro {stage}\n"
    assert not (house.root / "bundles").exists()


def test_other_competitions_have_no_bundles(breed, monkeypatch):
    monkeypatch.chdir(breed.root)
    code, _, err = run("bundle", "slides")
    assert (code, "slides: bundles are for photos only" in err) == (2, True)


def test_a_bundle_refuses_what_it_cannot_answer(breed, tmp_path):
    bundle = Bundle(breed.root / "bundle")
    with pytest.raises(PodiumError, match=r"none: no such folder or zip\nremedy: .*TEST"):
        bundle.submission(CompetitionFiles(tmp_path / "none"))
    sample = tmp_path / "sample.csv"
    sample.write_text("id,x\n1,2\n")
    with pytest.raises(PodiumError, match=r"column .*Birke is missing"):
        bundle.submission(CompetitionFiles(breed.photos / "test", sample))
    header = (breed.photos / "sample_submission.csv").read_text().splitlines()[0]
    sample.write_text(f"{header}\nother,0,0,1\n")
    with pytest.raises(PodiumError, match="names no picture"):
        bundle.submission(CompetitionFiles(breed.photos / "test", sample))
    with pytest.raises(PodiumError, match="no bundle"):
        Bundle(tmp_path)
    rows = bundle.submission(CompetitionFiles(breed.photos / "test"))  # no sample: all pictures
    assert rows["id"].tolist() == [f"p.{k:03d}.x" for k in range(24, 32)]
