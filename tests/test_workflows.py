"""The workflows: well-formed, without known holes, and every block of gpu.yml run in order."""

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
from stand_in_project import TOOLS, Bench, make_bench
from workflow import Job, filled, read

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SCRIPTS = [*sorted((ROOT / ".github/scripts").glob("*.sh")), ROOT / ".ci/run"]
GPU, CI = read(ROOT / ".github/workflows/gpu.yml"), read(ROOT / ".github/workflows/ci.yml")


def blocks() -> list[tuple[str, str]]:
    """(where, block) of every `run:`."""
    return [
        (f"{path.stem}-{at}", step["run"])
        for path in WORKFLOWS
        for job in read(path)["jobs"].values()
        for at, step in enumerate(job["steps"])
        if "run" in step
    ]


def checked(*words: object) -> None:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_fit_their_schema():
    schema = "vendor.github-workflows"
    checked(TOOLS / "check-jsonschema", "--builtin-schema", schema, *WORKFLOWS)


def test_zizmor_finds_no_hole():
    config = ROOT / ".github/zizmor.yml"
    checked(TOOLS / "zizmor", "--offline", "--no-progress", "--config", config, *WORKFLOWS)


def test_actionlint_finds_nothing():
    if not (tool := shutil.which("actionlint")):
        pytest.skip("actionlint is not on PATH")
    checked(tool, "-config-file", ROOT / ".github/actionlint.yaml", *WORKFLOWS)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing_in_a_script(path):
    assert path.stat().st_mode & 0o111
    checked(TOOLS / "shellcheck", path)


@pytest.mark.parametrize(("where", "block"), blocks())
def test_a_block_is_short_clean_and_takes_nothing_but_its_environment(where, block, tmp_path):
    assert "${{" not in block
    assert len(block.splitlines()) <= 10
    script = tmp_path / f"{where}.sh"
    script.write_text(block)
    checked(TOOLS / "shellcheck", "--shell", "bash", script)


@pytest.mark.parametrize("workflow", [CI, GPU], ids=["ci", "gpu"])
def test_every_job_ends_has_little_power_and_leaves_no_token(workflow):
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] < 24 * 60
        (checkout,) = [one for one in job["steps"] if "checkout" in one.get("uses", "")]
        assert checkout["with"]["persist-credentials"] is False
    assert CI["jobs"]["test"]["permissions"] == {"contents": "read"}
    assert CI["concurrency"]["cancel-in-progress"] is True
    assert GPU["concurrency"]["cancel-in-progress"] is False


def test_ci_runs_the_script_that_anybody_can_run():
    assert [step["run"] for step in CI["jobs"]["test"]["steps"] if "run" in step] == [".ci/run"]
    said = (ROOT / ".ci/run").read_text()
    assert re.findall(r"^make (\w+)", said, re.M) == ["setup", "lint", "test", "repro", "repro"]


def test_secrets_reach_only_the_steps_that_need_them():
    assert "secrets." not in str(GPU["jobs"]["run"]["env"])
    steps = GPU["jobs"]["run"]["steps"]
    with_secrets = {step["name"] for step in steps if "secrets." in str(step.get("env"))}
    assert with_secrets == {"fetch what earlier runs made", "keep what is finished"}
    (run,) = [step for step in steps if step.get("name") == "run"]
    assert "env" not in run


def dispatched(**inputs: str) -> dict[str, Any]:
    return {"github": {"event_name": "workflow_dispatch"}, "inputs": inputs}


def pull_request(action: str, *labels: str, label: str = "", fork: bool = False) -> dict[str, Any]:
    event = {
        "action": action,
        "label": {"name": label},
        "pull_request": {
            "number": 7,
            "head": {"repo": {"full_name": "them/podium" if fork else "us/podium"}},
            "labels": [{"name": one} for one in labels],
        },
    }
    github = {"event_name": "pull_request", "event": event, "repository": "us/podium"}
    return {"github": github | {"head_ref": "better"}}


@pytest.mark.parametrize(
    ("context", "wanted"),
    [
        (dispatched(what="repro"), True),
        (pull_request("labeled", "gpu", label="gpu"), True),
        (pull_request("labeled", "gpu", "docs", label="docs"), False),
        (pull_request("synchronize", "docs", "gpu"), True),
        (pull_request("synchronize", "docs"), False),
        (pull_request("labeled", "gpu", label="gpu", fork=True), False),
        (pull_request("synchronize", "gpu", fork=True), False),
    ],
)
def test_who_gets_the_gpu(context, wanted, tmp_path):
    assert Job(GPU, "run", context, tmp_path / "x").wanted() is wanted


def test_runs_of_one_branch_wait_for_each_other():
    group = GPU["concurrency"]["group"]
    by_hand = dispatched() | {"github": {"ref_name": "better"}}
    assert filled(group, pull_request("labeled")) == filled(group, by_hand) == "gpu-better"


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


EVERY = [step["name"] for step in GPU["jobs"]["run"]["steps"] if "run" in step]


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
