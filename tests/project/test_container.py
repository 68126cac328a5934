"""Dockerfile, .dockerignore and compose.yaml: what they say, and their steps without Docker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dockerfile import Build, Context, instructions
from house import ROOT

STEPS = instructions((ROOT / "Dockerfile").read_text())
COMPOSE = YAML(typ="safe").load((ROOT / "compose.yaml").read_text())
RULES = (ROOT / ".dockerignore").read_text()
TOOLS = Path(sys.executable).parent


def said(word: str) -> list[str]:
    return [rest for found, rest in STEPS if found == word]


def tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_hadolint_finds_nothing():
    done = subprocess.run(
        [TOOLS / "hadolint", "--no-color", ROOT / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_small_python_of_a_fixed_tag_without_root_runs_the_pipeline():
    (base,) = said("FROM")
    assert re.fullmatch(r"python:3\.1[123]-slim-\w+", base)
    assert [found for found, _ in STEPS if found in ("USER", "CMD")] == ["USER", "CMD"]
    assert said("USER") == ["1000:1000"]
    assert json.loads(said("CMD")[0]) == ["make", "repro"]
    places = {"/podium/data/raw", "/podium/.dvc/cache", "/scratch"}
    assert set(json.loads(said("VOLUME")[0])) == places
    assert "NVIDIA_VISIBLE_DEVICES=all" in said("ENV")[0]


def test_nothing_is_installed_after_the_code_is_copied():
    words = [f"{word} {rest}" for word, rest in STEPS]
    everything = next(at for at, line in enumerate(words) if re.match(r"COPY .* \. \.$", line))
    assert not any(
        re.search(r"src|dvc\.yaml", line) for line in words[:everything] if "COPY" in line
    )
    assert any("make setup" in line for line in words[:everything])
    assert not any(re.search(r"make setup|pip ", line) for line in words[everything:])


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", ".dockerignore"])
def test_no_registry_and_no_index_is_named(name):
    assert not re.search(r"\.io/|index-url|https?://", (ROOT / name).read_text())


def test_compose_is_well_formed_and_reserves_a_gpu_for_one_service_only():
    schema = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    subprocess.run([*schema, ROOT / "compose.yaml"], check=True, capture_output=True)
    services = COMPOSE["services"]
    (device,) = services["gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert "deploy" not in services["cpu"]
    assert services["cpu"]["profiles"] == ["cpu"]
    for name, service in services.items():
        assert service["build"]["args"] == {"REQUIREMENTS": name}
        assert (ROOT / f"requirements/{name}.txt").is_file()


def test_the_volumes_of_compose_are_those_of_the_image():
    image = set(json.loads(said("VOLUME")[0]))
    for service in COMPOSE["services"].values():
        mounts = dict(reversed(one.removesuffix(":ro").split(":")) for one in service["volumes"])
        assert set(mounts) == image | {"/podium/data/weights"}
        assert {one for one in mounts.values() if one[0] != "."} == set(COMPOSE["volumes"])


def test_what_is_copied_is_there_and_what_git_knows_reaches_the_image():
    context = Context(ROOT, RULES)
    for line in said("COPY"):
        *sources, _ = [one for one in line.split() if not one.startswith("--")]
        for source in sources:
            assert (ROOT / source).exists()
            assert source == "." or context.keeps(source)
    assert [name for name in tracked() if not context.keeps(name)] == []
    for name in ("data/raw/photos.dvc", "data/raw/captcha/text.dvc", ".git/HEAD"):
        assert context.keeps(name)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config", ".dvc/config.local", ".dvc/cache/files/md5/00/1", ".dvc/tmp/lock", ".env",
        "deep/kaggle.json", "id.pem", ".netrc", ".venv/bin/python", "src/podium/__pycache__/x.pyc",
        "src/podium.egg-info/PKG-INFO", "data/raw/photos/train/cat.0.jpg", 
        "data/raw/captcha/text/1.png",
        "data/raw/slides/images/a.svs", "data/photos/items.csv", "data/standin/photos/train/1.jpg",
        "data/weights/vgg16.weights.h5", "features/hog.h5", "models/photos.keras", "plots/a.png",
        "predictions/a.csv", "submissions/photos.csv", "reports/blends.md", "data/.x.partial-1",
    ],
)  # fmt: skip
def test_secrets_data_and_caches_stay_out(path):
    assert not Context(ROOT, RULES).keeps(path)


STAND_IN_PYTHON = """#!/bin/sh
# answers the Makefile: the version is right; -m venv makes a pip that only takes notes
[ "$1" = -c ] && exit 0
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "$@" >> {log}\\n' > .venv/bin/pip
chmod +x .venv/bin/pip
"""


def clone(target: Path) -> Path:
    """A fresh clone of this repository with the work tree's own container and set-up files."""
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, target], check=True)
    for name in ("Makefile", "pyproject.toml", "requirements/cpu.txt", "requirements/remotes.txt"):
        shutil.copy(ROOT / name, target / name)
    return target


def test_set_up_is_done_before_the_code_comes_and_not_again_after(tmp_path, monkeypatch):
    log, bin_ = tmp_path / "pip.log", tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "python3").write_text(STAND_IN_PYTHON.format(log=log))
    (bin_ / "python3").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    source = clone(tmp_path / "clone")
    build = Build(Context(source, RULES), tmp_path / "image", {"REQUIREMENTS": "cpu"})
    at = next(number for number, step in enumerate(STEPS) if step[1].endswith(" . ."))
    build.run(STEPS[:at])
    younger = time.time() + 60  # a clone made after the layer with the packages
    os.utime(source / "pyproject.toml", (younger, younger))
    (build.folder / "podium/.venv/installed-cpu").touch()
    build.run(STEPS[at : at + 1])
    assert build.shell("make --question setup").returncode == 1
    os.utime(build.folder / "podium/pyproject.toml")
    build.run(STEPS[at + 1 :])
    first, second, third = log.read_text().splitlines()
    assert "--require-hashes -r requirements/cpu.txt" in first
    assert second.endswith("-e .")
    assert third.endswith("--require-hashes --requirement requirements/remotes.txt")
    left = build.shell("make --no-print-directory --dry-run repro").stdout.splitlines()
    assert [line.split()[0] for line in left] == ["podium", "podium", "podium"]
    assert build.environment["PODIUM_SCRATCH"] == str(build.folder / "scratch")
    assert len(build.left_out) == 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_steps_with_real_packages_make_a_folder_that_runs(tmp_path):
    """Needs pip's index and 3 GB of disk."""
    build = Build(
        Context(clone(tmp_path / "clone"), RULES), tmp_path / "image", {"REQUIREMENTS": "cpu"}
    )
    build.environment.pop("PYTHONPATH", None)
    build.run(STEPS)
    assert build.shell("podium profile smoke").returncode == 0
    done = build.shell("make setup && dvc repro assign_photo_folds")
    assert done.returncode == 0, done.stderr
    assert "pip" not in done.stdout
    assert (build.folder / "podium/data/photos/folds.csv").is_file()
    assert build.shell("dvc metrics diff --md HEAD").returncode == 0
