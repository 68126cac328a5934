"""Work in progress is never taken over from other code; a changed docstring costs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from house import ROOT, House, make_params
from podium.core.feature_store import read_features
from podium.pictures import dataset
from podium.pictures.dataset import CheckCache
from podium.slides import tile_store
from podium.slides.tile_store import Job, Plan, tile_slide

RESIZE = "src/podium/core/picture_decoder.py"


@pytest.fixture
def extract(photos_dir, tmp_path):
    """Extract features with a copy of the code, in which `file`'s `old` is `new`."""
    house = House(tmp_path, photos_dir, make_params(tmp_path))
    house.ingest()
    shutil.copytree(ROOT / "src/podium", tmp_path / "src/podium")

    def extract(file: str, old: str, new: str):
        path = tmp_path / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        words = [
            *("--extractor", "hog", "--source", photos_dir, "--items", house.items),
            *("--weights-dir", tmp_path, "--out", tmp_path / "hog.h5", "--params", house.params),
            *("--metrics", tmp_path / "hog.json"),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "podium.stages.extract_features", *map(str, words)],
            env=os.environ | {"PYTHONPATH": str(tmp_path / "src")},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout, read_features(tmp_path / "hog.h5")

    return extract


def test_features_follow_a_real_edit_and_not_a_docstring(extract):
    said, first = extract(RESIZE, "import", "import")
    assert "29 pictures new" in said
    said, again = extract(RESIZE, '"""The one decoder', '"""The only decoder')
    assert "0 pictures new" in said
    assert again.features.tobytes() == first.features.tobytes()
    said, other = extract(RESIZE, "BICUBIC", "NEAREST")
    assert "29 pictures new" in said
    assert other.features.tobytes() != first.features.tobytes()


def test_checks_of_pictures_belong_to_the_code_that_made_them(monkeypatch):
    before = CheckCache(89.0).path
    assert CheckCache(89.0).path == before
    monkeypatch.setattr(dataset, "computing_code", lambda _: "other code")
    assert CheckCache(89.0).path != before


def test_tiles_belong_to_the_code_that_cut_them(tmp_path, monkeypatch):
    job = Job("a", tmp_path / "gone.tif", "c")
    first = tile_slide(job, Plan(64, 32, 0.5), tmp_path)
    monkeypatch.setattr(tile_store, "computing_code", lambda _: "other code")
    assert tile_slide(job, Plan(64, 32, 0.5), tmp_path).fingerprint != first.fingerprint
