"""The workflows: well-formed, without known holes; who may start what."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from house import ROOT
from stand_in_project import TOOLS
from workflow import Job, dispatched, filled, pull_request, read

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
