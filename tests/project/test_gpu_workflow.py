"""Every block of gpu.yml, run in order in a stand-in project with an origin and a remote."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from house import ROOT
from stand_in_project import Bench, make_bench
from workflow import Job, dispatched, pull_request, read

GPU = read(ROOT / ".github/workflows/gpu.yml")
EVERY = [step["name"] for step in GPU["jobs"]["run"]["steps"] if "run" in step]


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    return make_bench(tmp_path_factory.mktemp("bench") / "b").root


@pytest.fixture
def bench(built, tmp_path) -> Bench:
    """The bench as it was built, with folders of its own."""
    bench = Bench(tmp_path / "b")
    for name in ("origin.git", "store"):
        shutil.copytree(built / name, bench.root / name)
    return bench


def gpu_run(bench: Bench, name: str, context: dict[str, Any], rev: str = "origin/main") -> Job:
    """The job after it ran in a fresh clone at `rev`, as run `name`."""
    clone = bench.clone(name, rev)
    main = bench.run(name, "git", "rev-parse", "origin/main").strip()
    github = context["github"]
    github |= {"sha": bench.run(name, "git", "rev-parse", rev).strip(), "token": "t"}
    github.setdefault("event", {}).setdefault("pull_request", {})["base"] = {"sha": main}
    store = {"PODIUM_STATE": str(bench.state), "DVC_REMOTE_URL": str(bench.root / "store")}
    context = {"vars": store, "inputs": {}, "secrets": {}} | context
    job = Job(GPU, "run", context, clone)
    assert job.wanted() or "event_name" not in github
    server = {"GITHUB_SERVER_URL": "https://hub", "GITHUB_REPOSITORY": "us/podium"}
    job.run(bench.environment | server | {"GITHUB_RUN_ID": name})
    return job


def at(bench: Bench, rev: str, path: str) -> str:
    return bench.run("origin.git", "git", "show", f"{rev}:{path}")


def change(bench: Bench, branch: str, old: str, new: str) -> None:
    """Push `branch`: main with params.yaml changed."""
    clone = bench.clone(f"person-{branch}")
    path = clone / "params.yaml"
    path.write_text(path.read_text().replace(old, new))
    bench.git(clone.name, "commit", "-qam", "change")
    bench.git(clone.name, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")


def test_a_labelled_pull_request_gets_its_results_and_a_comment(bench):
    change(bench, "better", "factor: 2", "factor: 7")
    context = pull_request("labeled", "gpu", label="gpu")
    job = gpu_run(bench, "101", context, "origin/better")
    assert (job.failed, job.ran) == ("", EVERY), job.printed
    assert bench.ran() == ["second", "third"]  # first came from the remote
    assert json.loads(at(bench, "better", "metrics/second.json")) == {"score": 21}
    author = bench.run("origin.git", "git", "log", "-1", "--format=%an|%s", "better").strip()
    assert author == "github-actions[bot]|repro on a GPU, run 101: success"

    fresh = bench.clone("fresh", "origin/better")
    bench.run("fresh", "dvc", "remote", "add", "-q", "--local", "-d", "s", f"{bench.root}/store")
    bench.run("fresh", "dvc", "pull", "-q")
    assert (fresh / "data/third.txt").read_text() == '{"score": 21}'

    asked = [line for line in bench.notes() if not line.startswith("pip")]
    assert asked[:2] == ["make setup", "podium doctor --fix"]
    assert asked[2].startswith("gh pr comment 7 --edit-last --create-if-none --body-file ")
    comment = (bench.root / "notes.comment").read_text()
    squeezed = re.sub(r" +", " ", comment)
    assert "| metrics/second.json | score | 6 | 21 | 15 |" in squeezed
    assert "| params.yaml | second.factor | 2 | 7 |" in squeezed
    found = re.search(r"https://hub/us/podium/blob/(\w+)/(\S+\.png)\?raw=true", comment)
    picture = ["git", "cat-file", "blob", f"{found[1]}:{found[2]}"]
    shown = subprocess.run(picture, cwd=bench.root / "origin.git", capture_output=True, check=True)
    assert shown.stdout == b"\x89PNG" + bytes([21])
    assert job.summary.read_text() == comment


def test_an_experiment_changes_settings_on_a_branch_of_its_own(bench):
    given = {
        "what": "experiment",
        "settings": "first.length=4 second.factor=5",
        "targets": "second",
    }
    job = gpu_run(bench, "102", dispatched(**given))
    assert (job.failed, job.ran) == ("", EVERY[:-1]), job.printed
    assert bench.ran() == ["first", "second"], job.printed
    assert (bench.root / "102/data/third.txt").is_file()  # fetched, though nobody asked for it
    settings = YAML(typ="safe").load(at(bench, "gpu/102", "params.yaml"))
    assert settings == {"first": {"length": 4}, "second": {"factor": 5}}
    assert json.loads(at(bench, "gpu/102", "metrics/second.json")) == {"score": 20}
    assert json.loads(at(bench, "main", "metrics/second.json")) == {"score": 6}


def arrange(bench: Bench, mishap: str) -> None:
    (bench.state / "scratch").mkdir(parents=True)
    (bench.state / "scratch" / mishap).touch()


def test_a_killed_run_goes_on_where_it_was_in_a_fresh_clone(bench):
    arrange(bench, "power-cut-third")
    job = gpu_run(bench, "103", dispatched(what="repro", profile="long"))
    assert (job.failed, job.ran[-1]) == ("run", "run")
    assert bench.ran() == ["first", "second"]
    shutil.rmtree(bench.root / "103")

    job = gpu_run(bench, "104", dispatched(what="repro", profile="long"))
    assert job.failed == "", job.printed
    assert bench.ran() == ["first", "second", "third"]
    assert json.loads(at(bench, "gpu/104", "metrics/second.json")) == {"score": 10}
    assert "length: 5" in at(bench, "gpu/104", "params.yaml")


@pytest.mark.slow
def test_what_a_failed_run_finished_serves_another_machine(bench):
    change(bench, "better", "factor: 2", "factor: 9")
    arrange(bench, "fault-third")
    context = pull_request("synchronize", "gpu")
    job = gpu_run(bench, "105", context, "origin/better")
    assert (job.failed, job.ran[-1]) == ("run", "commit dvc.lock, metrics and settings")
    assert "error: a fault" in job.printed
    assert bench.ran() == ["second"]
    assert json.loads(at(bench, "gpu/105", "metrics/second.json")) == {"score": 27}
    assert json.loads(at(bench, "better", "metrics/second.json")) == {"score": 6}

    shutil.rmtree(bench.state)
    job = gpu_run(bench, "106", dispatched(), "origin/gpu/105")
    assert job.failed == "", job.printed
    assert bench.ran() == ["third"]


@pytest.mark.slow
def test_a_queue_leaves_its_experiments_with_origin_and_remote(bench):
    given = {"what": "queue", "settings": "second.factor=4,5", "targets": "second"}
    job = gpu_run(bench, "106", dispatched(**given))
    assert (job.failed, job.ran) == ("", EVERY[:-1]), job.printed
    refs = bench.run("origin.git", "git", "for-each-ref", "--format=%(objectname)", "refs/exps")
    scores = [json.loads(at(bench, rev, "metrics/second.json"))["score"] for rev in refs.split()]
    assert sorted(scores) == [12, 15]
    assert "second.factor" in job.summary.read_text()

    bench.clone("other")
    bench.run("other", "git", "config", "user.name", "t")
    bench.run("other", "git", "config", "user.email", "t@e.org")
    bench.run("other", "dvc", "remote", "add", "-q", "--local", "-d", "s", f"{bench.root}/store")
    bench.run("other", "dvc", "exp", "pull", "origin", "--rev", "origin/main")
    names = bench.run("other", "dvc", "exp", "list", "--name-only", "--rev", "origin/main").split()
    bench.run("other", "dvc", "exp", "apply", names[0])
    picture = bench.root / "other/plots/second.png"
    assert picture.read_bytes()[-1] in scores


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"what": "repro", "settings": "second.factor=4"}, "settings belong to an experiment"),
        ({"what": "experiment", "targets": "second --force"}, "no options"),
        ({"what": "experiment", "settings": "-f"}, "no options"),
        ({"what": "else"}, "not else"),
    ],
)
def test_wrong_inputs_are_named_before_anything_runs(given, said, tmp_path):
    bench = Bench(tmp_path / "b")
    inputs = {name.upper(): value for name, value in given.items()}
    done = subprocess.run(
        [ROOT / ".github/scripts/run.sh"], cwd=bench.root, env=bench.environment | inputs,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert said in done.stdout


def test_without_a_remote_a_run_says_so_and_keeps_what_it_made(bench):
    bench.clone("106")
    for name in ("prepare", "pull", "push"):
        said = bench.run("106", f".github/scripts/{name}.sh")
        assert ("::notice::no DVC remote" in said) is (name != "prepare")
