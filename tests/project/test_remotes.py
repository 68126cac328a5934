"""docs/remotes.md on the real dvc.yaml: what one clone has made, another gets and does not make."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from house import ROOT, encoded, make_photos, striped
from stand_in_project import TOOLS

FOLDS = "assign_photo_folds"
STAGES = ["draw_photos", "ingest_photos", FOLDS]  # those that need no TensorFlow
WITH_DEPS = ("-q", "--with-deps", FOLDS)
RAN = re.compile(r"Running stage '([^']+)'")


class Clone:
    """A clone of the project with settings of its own and one remote, a folder.

    Attributes:
        root: the clone's folder.
    """

    def __init__(self, source: Path, root: Path, store: Path) -> None:
        self.root = root
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        self._environment = kept | {
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "HOME": str(store.parent / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PODIUM_SCRATCH": str(store.parent / "scratch"),
        }
        root.parent.mkdir(exist_ok=True)
        self._run(root.parent, "git", "clone", "-q", str(source), str(root))
        local = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {store}\n"
        (root / ".dvc/config.local").write_text(local)  # what dvc remote add --local writes

    def _run(self, folder: Path, *words: str) -> str:
        done = subprocess.run(
            words, cwd=folder, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def dvc(self, *words: str) -> str:
        return self._run(self.root, "dvc", *words)

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        return self._run(self.root, "git", *who, *words)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "state")

    def change(self, **settings: object) -> None:
        """Settings as section__key=value."""
        yaml, path = YAML(), self.root / "params.yaml"
        params = yaml.load(path.read_text())
        for name, value in settings.items():
            section, key = name.split("__")
            params[section][key] = value
        with path.open("w") as file:
            yaml.dump(params, file)

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Bytes and time of everything the photo stages made here."""
        made = [*self.root.glob("data/photos/*"), *self.root.glob("data/standin/photos/**/*")]
        return {
            path.relative_to(self.root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in made
            if path.is_file()
        }

    def contents(self) -> dict[str, bytes]:
        return {name: data for name, (data, _) in self.files().items()}


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Clone:
    """A clone whose photo stages ran on a few pictures; dvc.lock committed, outputs pushed."""
    folder = tmp_path_factory.mktemp("shared")
    clone = Clone(ROOT, folder / "clone", folder / "store")
    clone.change(draw_photos__n_train=4, draw_photos__n_test=2, assign_photo_folds__n_folds=2)
    ran = RAN.findall(clone.dvc("repro", FOLDS))
    assert [stage for stage in ran if stage != "fingerprint"] == STAGES
    clone.commit()
    clone.dvc("push", "--run-cache", *WITH_DEPS)
    return clone


def another(shared: Clone, root: Path) -> Clone:
    return Clone(shared.root, root, shared.root.parent / "store")


def test_a_fresh_clone_pulls_and_runs_nothing(shared, tmp_path):
    fresh = another(shared, tmp_path / "fresh")
    assert fresh.files() == {}
    fresh.dvc("pull", *WITH_DEPS)
    before = fresh.files()
    assert {name: data for name, (data, _) in before.items()} == shared.contents()
    assert len(before) == 6 + 2 + 6  # pictures, sample and answers, five tables and the task
    assert RAN.findall(fresh.dvc("repro", FOLDS)) == []
    assert fresh.files() == before
    assert fresh.git("status", "--short") == ""


@pytest.mark.slow
def test_what_another_clone_ran_comes_out_of_the_run_cache(shared, tmp_path):
    """The folds of other settings were made elsewhere; dvc.lock here has never heard of them."""
    one = another(shared, tmp_path / "one")
    one.dvc("pull", *WITH_DEPS)
    one.change(assign_photo_folds__seeds=[5])
    assert RAN.findall(one.dvc("repro", FOLDS)) == [FOLDS]
    one.dvc("push", "--run-cache", *WITH_DEPS)

    two = another(shared, tmp_path / "two")
    two.change(assign_photo_folds__seeds=[5])
    said = two.dvc("repro", "--pull", FOLDS)
    assert RAN.findall(said) == []
    assert "Stage 'assign_photo_folds' is cached" in said
    assert two.contents() == one.contents()
    assert two.contents() != shared.contents()

    two.git("checkout", "-q", "params.yaml")
    said = two.dvc("repro", "--pull", FOLDS)
    assert RAN.findall(said) == []
    assert "Stage 'assign_photo_folds' is cached" in said
    assert two.contents() == shared.contents()


@pytest.mark.slow
def test_raw_pictures_travel_with_their_pointer(shared, tmp_path):
    one = another(shared, tmp_path / "one")
    photos = make_photos(one.root)
    one.dvc("add", "-q", "data/raw/photos")
    one.commit()
    one.dvc("push", "-q", "data/raw/photos")

    two = Clone(one.root, tmp_path / "two", shared.root.parent / "store")
    two.dvc("pull", "-q", "data/raw/photos")
    for path in photos.rglob("*"):
        copy = two.root / path.relative_to(one.root)
        assert path.is_dir() or copy.read_bytes() == path.read_bytes()
    picture = two.root / "data/raw/photos/train/cat.0.jpg"
    assert picture.read_bytes() == encoded(striped("cat", 0))


def names(settings: object) -> set[str]:
    if not isinstance(settings, dict):
        return set()
    return {str(key) for key in settings}.union(*map(names, settings.values()))


@pytest.mark.parametrize(
    "path", [ROOT / "params.yaml", *sorted((ROOT / "profiles").glob("*.yaml"))]
)
def test_no_setting_has_a_name_that_the_run_cache_overlooks(path):
    """DVC 3.67 leaves `size` and `nfiles` out of a run's key, wherever they stand."""
    found = names(YAML(typ="safe").load(path.read_text()))
    assert found
    assert not found & {"size", "nfiles"}
