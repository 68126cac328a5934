"""The whole dvc.yaml in a copy of the project: what runs, what does not, and whose code runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from ruamel.yaml import YAML

from house import ROOT, encoded, finished_at_smoke_size, make_photos, striped

pytestmark = [pytest.mark.weights, pytest.mark.slow, pytest.mark.timeout(900)]
PARTS = ("src", "profiles", "dvc.yaml", "params.yaml", ".dvcignore", ".gitignore", "data/raw")
PARTS += ("data/standin/captcha", "fingerprints")


class Project:
    """A copy of the project under git and DVC, at smoke size."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *words: str, returncode: int = 0) -> str:
        """What `words` printed; fails the test if they end otherwise."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        scratch = self.root.parent / "scratch"
        environment = os.environ | {"PATH": path, "PODIUM_SCRATCH": str(scratch)}
        environment |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
        done = subprocess.run(
            words, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == returncode, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def dvc(self, *words: str, returncode: int = 0) -> str:
        return self.run(sys.executable, "-m", "dvc", *words, returncode=returncode)

    def commit(self) -> None:
        self.run("git", "add", "-A")
        self.run("git", "commit", "-qm", "state")

    def ran(self, output: str) -> list[str]:
        """The stages that ran, in order."""
        return re.findall(r"Running stage '([^']+)'", output)

    def change(self, edit: Callable[[dict], None]) -> None:
        yaml, path = YAML(), self.root / "params.yaml"
        settings = yaml.load(path.read_text())
        edit(settings)
        with path.open("w") as file:
            yaml.dump(settings, file)

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    def metrics(self, stage: str) -> dict:
        return json.loads((self.root / f"metrics/{stage}.json").read_text())


def new_project(root: Path) -> Project:
    project = Project(root)
    for part in PARTS:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        kwargs = {"ignore": shutil.ignore_patterns("photos", "captcha", "slides", "__pycache__")}
        if part == "src":
            kwargs = {"ignore": shutil.ignore_patterns("__pycache__", "*.egg-info")}
        copy(ROOT / part, root / part, **(kwargs if (ROOT / part).is_dir() else {}))
    (root / ".dvc").mkdir()
    for name in ("config", ".gitignore"):
        shutil.copy(ROOT / ".dvc" / name, root / ".dvc" / name)
    project.run("git", "init", "-q")
    project.run("git", "config", "user.name", "t")
    project.run("git", "config", "user.email", "t@example.org")
    project.run(sys.executable, "-m", "podium.cli", "profile", "smoke")
    return project


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A project whose pipeline ran once on raw pictures, tracked by `dvc add`; for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    root = shared / "built/project"
    with FileLock(shared / "built.lock"):
        if not (shared / "built.done").is_file():
            _build(root)
            (shared / "built.done").touch()
    return root


def _build(root: Path) -> None:
    root.mkdir(parents=True)
    project = new_project(root)
    photos = make_photos(root)
    project.change(lambda settings: settings["photos"].update(source="raw"))
    project.change(lambda settings: settings["photo_networks"].clear())
    project.dvc("add", "-q", str(photos))
    project.commit()
    assert "extract_features@hog" in project.ran(project.dvc("repro", "submit@photos"))
    project.commit()


@pytest.fixture
def project(built, tmp_path) -> Project:
    shutil.copytree(built, tmp_path / "project", symlinks=True)
    if (built.parent / "scratch").exists():
        shutil.copytree(built.parent / "scratch", tmp_path / "scratch", dirs_exist_ok=True)
    return Project(tmp_path / "project")


TAIL = ["train_photo_classifier", "blend@photos", "submit@photos"]
STAGES = sorted(
    [
        "fingerprint", "explain_mistakes", "report",
        "draw_photos", "ingest_photos", "assign_photo_folds", "extract_features@efficientnet-lite0",
        "extract_features@hog", "train_photo_networks@small", *TAIL,
        "generate_captcha@text", "generate_captcha@arithmetic", "train_line_finder",
        "generate_equations", "train_captcha_reader@equations-crnn",
        "train_captcha_reader@text-cnn", "train_captcha_reader@text-crnn",
        "train_captcha_reader@arithmetic-crnn", "blend@captcha-text", "blend@captcha-arithmetic",
        "blend@captcha-equations", "submit@captcha-text", "submit@captcha-arithmetic",
        "submit@captcha-equations",
        "draw_slides", "ingest_slides", "tile_slides", "train_segmenter", "predict_slides",
        "blend@slides", "submit@slides",
    ]
)  # fmt: skip


@pytest.fixture
def finished(tmp_path) -> Project:
    """A finished run of the smoke profile: the working tree's, if it holds one, or a new one."""
    if finished_at_smoke_size():
        return Project(ROOT)
    project = new_project(tmp_path / "project")
    project.commit()
    project.dvc("repro")
    changed = {
        line[3:].split("/")[0] for line in project.run("git", "status", "--short").splitlines()
    }
    assert changed == {"dvc.lock", "metrics"}
    return project


def test_stand_in_pictures_from_nothing_to_a_submission(finished):
    project = finished
    assert project.ran(project.dvc("repro")) == []  # each stage below has run
    assert sorted(project.dvc("stage", "list", "--name-only").split()) == STAGES
    assert len((project.root / "submissions/photos.csv").read_text().splitlines()) == 9
    assert project.metrics("submit_photos")["test"]["log_loss"]["value"] > 0
    for task in ("text", "arithmetic"):
        rows = (project.root / f"submissions/captcha-{task}.csv").read_text().splitlines()
        assert len(rows) == 17
        assert project.metrics(f"submit_captcha-{task}")["test"]["whole_string"]["n"] == 16
    rows = (project.root / "submissions/captcha-equations.csv").read_text().splitlines()
    assert (rows[0], len(rows)) == ("id,expression,value", 9)
    assert project.metrics("submit_captcha-equations")["test"]["sequence"]["n"] == 8
    assert project.metrics("train_line_finder")["test"]["lines"]["n"] == 4
    rows = (project.root / "submissions/slides.csv").read_text().splitlines()
    assert (rows[0], len(rows)) == ("slide,probability,rle", 3)
    assert project.metrics("submit_slides")["test"]["tumour_f1"]["n"] == 2
    assert len(list((project.root / "plots/predict_slides").glob("t*-*.png"))) == 12
    page = (project.root / "reports/blends.md").read_text()
    assert len(re.findall(r"^\| (photos|slides|captcha-\w+) \(", page, re.M)) == 5


def test_what_runs_after_a_change_and_what_dvc_shows_of_it(project):
    assert project.ran(project.dvc("repro", "submit@photos")) == []

    project.change(lambda settings: settings["extractors"].pop("hog"))
    assert project.ran(project.dvc("repro", "submit@photos")) == TAIL  # it is in the blend
    assert "hog" not in project.metrics("train_photo_classifier")["oof"]

    one_more = {"efficientnet-lite1": {"weights": "package", "views": "plain"}}
    project.change(lambda settings: settings["extractors"].update(one_more))
    ran = project.ran(project.dvc("repro", "submit@photos"))
    assert ran == ["extract_features@efficientnet-lite1", *TAIL]

    project.change(lambda settings: settings["extractors"].pop("efficientnet-lite1"))
    project.change(lambda settings: settings["train_photo_classifier"].update(l2=0.02))
    project.change(lambda settings: settings["blend"]["photos"].update(method="mean"))
    assert project.ran(project.dvc("repro", "submit@photos")) == TAIL
    assert "train_photo_classifier.l2" in project.dvc("params", "diff")
    assert re.search(r"photos\.log_loss +0\.", project.dvc("metrics", "diff"))
    project.dvc("plots", "show")
    page = (project.root / "dvc_plots/index.html").read_text()
    for title in ("photos, ROC", "photos, confusion", "photos, calibration", "ladder.png"):
        assert title in page
    assert "extract_features@efficientnet-lite0" in project.dvc("dag")

    picture = project.root / "data/raw/photos/train/cat.70.jpg"
    picture.write_bytes(encoded(striped("cat", 70)))
    output = project.dvc("repro", "submit@photos")
    extract = "extract_features@efficientnet-lite0"
    ran = project.ran(output)  # DVC promises no order where there is no dependency
    first = ["ingest_photos", "assign_photo_folds", extract]
    assert [ran[0], *sorted(ran[1:3]), *ran[3:]] == [*first, *TAIL]
    assert re.findall(r"\b(\d+) pictures new", output) == ["1"]

    before = (project.root / "features/efficientnet-lite0.h5").read_bytes()
    project.replace(
        "src/podium/core/picture_decoder.py", '"""The one decoder', '"""The only decoder'
    )
    assert project.ran(project.dvc("repro", extract)) == ["fingerprint"]
    assert (project.root / "features/efficientnet-lite0.h5").read_bytes() == before
    project.replace("src/podium/core/picture_decoder.py", "BICUBIC", "NEAREST")
    output = project.dvc("repro", extract)
    assert "fingerprint" in project.ran(output)
    assert extract in project.ran(output)
    assert re.findall(r"\b(\d+) pictures new", output) != ["0"]
    assert (project.root / "features/efficientnet-lite0.h5").read_bytes() != before


def test_a_forced_rerun_changes_nothing_and_a_failed_stage_deletes_nothing(project):
    assert "Running stage" in project.dvc("repro", "--force", "submit@photos")
    assert project.run("git", "status", "--short") == ""
    changed = project.dvc("metrics", "diff").splitlines()
    assert [
        line for line in changed if "failed to load some metrics" not in line
    ] == []  # of slides

    fault = "    raise SystemExit('error: a fault')\n"
    for stage, start in (
        ("submit", "    form = format_of("),
        ("train_photo_classifier", "    params = load_params("),
    ):
        project.replace(f"src/podium/stages/{stage}.py", start, fault + start)
        project.dvc("repro", "submit@photos", returncode=255)
        assert project.run("git", "ls-files", "--deleted") == ""
    assert not (project.root / "metrics/train_photo_classifier.json").exists()  # it did begin
    assert (project.root / "submissions/photos.csv").is_file()


def test_an_experiment_on_a_fresh_clone_is_recorded(tmp_path):
    """dvc.lock names outputs of all competitions, and not one of them is in the cache."""
    project = new_project(tmp_path / "project")
    shutil.copy(ROOT / "dvc.lock", project.root)
    make_photos(project.root)
    project.change(lambda settings: settings["photo_networks"].clear())
    project.commit()
    project.dvc("exp", "run", "-n", "first", "-S", "photos.source=raw", "submit@photos")
    assert "first" in project.dvc("exp", "list")
    head, *rows = project.dvc("exp", "show", "--csv").splitlines()
    assert len(rows) == 3
    columns = head.split(",")
    scores = ["photos.accuracy", "photos.log_loss", "photos.se", "photos.test"]
    assert [name for name in columns if name.startswith("photos.")][:4] == scores
    assert [name for name in columns if name.startswith("src")] == ["src/podium"]  # all code
    changed = project.dvc("exp", "show", "--only-changed", "--drop", ".*/", "--csv")
    assert "photos.source" in changed.splitlines()[0]
    assert len(changed.splitlines()[0].split(",")) < 20


def test_a_queued_experiment_runs_the_code_it_was_queued_with(project):
    stage = "src/podium/stages/submit.py"
    written = "write_json(args.headline, headline.numbers()"
    project.replace(stage, written, written + ' | {"marker": 1}')
    project.dvc(
        "exp",
        "run",
        "--queue",
        "-n",
        "first",
        "-S",
        "train_photo_classifier.dropout=0.25",
        "submit@photos",
    )
    project.replace(stage, '"marker": 1', '"marker": 2')
    project.dvc("queue", "start")
    deadline = time.monotonic() + 240
    while not re.search(r"first\s+.*(Success|Failed)", status := project.dvc("queue", "status")):
        assert time.monotonic() < deadline, status
        time.sleep(1)
    assert "Success" in status, project.dvc("queue", "logs", "first")
    shown = json.loads(project.dvc("exp", "show", "--json"))
    found = [
        rev["data"]
        for baseline in shown
        for experiment in baseline["experiments"] or []
        for rev in experiment["revs"]
    ]
    assert len(found) == 1
    assert found[0]["params"]["params.yaml"]["data"]["train_photo_classifier"]["dropout"] == 0.25
    assert found[0]["metrics"]["metrics/photos.json"]["data"]["marker"] == 1
