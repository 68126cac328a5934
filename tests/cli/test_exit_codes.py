"""Exit codes of every command: 0 done, 1 the data, 2 the settings, 3 the machine."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from conftest import ROOT
from podium.cli import app

CASES = [
    (0, "--version"),
    (0, "ledger show"),
    (0, "profile laptop"),
    (0, "plan"),
    (0, "plan full --side 2048"),
    (0, "validate fits.csv --competition photos --sample sample.csv"),
    (1, "predict one.png"),  # there is no model
    (1, "predict one.png --model fits.csv"),
    (1, "serve"),  # there is no model
    (1, "blend fits.csv"),  # no prediction table
    (1, "blend bytes.csv"),
    (1, "validate faulty.csv --competition photos --sample sample.csv"),
    (1, "validate bytes.csv --competition photos --sample sample.csv"),
    (1, "submit photos"),
    (1, "ledger add photos"),
    (1, "ledger plot"),
    (1, "ledger show --folder broken"),
    (1, "tile bytes.csv"),
    (1, "tile empty"),
    (2, ""),
    (2, "predcit"),
    (2, "ledger"),
    (2, "ledger shwo"),
    (2, "predict"),
    (2, "predict one.png --modl x"),
    (2, "predict one.png --mpp 0_5"),
    (2, "predict one.png --table answers.xlsx"),
    (2, "tile none.svs"),
    (2, "tile *.svs"),
    (2, "tile one.png --overlap 300"),
    (2, "blend none.csv"),
    (2, "blend fits.csv --params none.yaml"),
    (2, "blend fits.csv --competition photo"),
    (2, "validate fits.csv"),
    (2, "validate fits.csv --competition photo"),
    (2, "validate none.csv --competition photos"),
    (2, "validate fits.csv --competition photos --params none.yaml"),
    (2, "submit photo"),
    (2, "submit photos --wait nan"),
    (2, "download slides"),
    (2, "download no!"),
    (2, "compare photo"),
    (2, "compare photos --draws 0"),
    (2, "ledger add photo"),
    (2, "ledger add photos --file none.csv"),
    (2, "ledger add photos --public much"),
    (2, "ledger show photo"),
    (2, "profile ful"),
    (2, "profile full --params none.yaml"),
    (2, "plan ful"),
    (2, "plan --tissue 2"),
    (2, "doctor --slow"),
    (3, "tile one.png --out fits.csv"),  # a file stands where a folder is needed
    (3, "tile one.png --out fits.csv/tiles"),
    (3, "ledger add photos --file fits.csv --folder fits.csv"),
]


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    shutil.copytree(ROOT / "profiles", "profiles")
    (tmp_path / "sample.csv").write_text("id,label\n1,0.5\n")
    (tmp_path / "fits.csv").write_text("id,label\n1,0.25\n")
    (tmp_path / "faulty.csv").write_text("id,label\n1,2\n")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\x00")
    (tmp_path / "one.png").write_bytes(b"no picture")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/ledger.csv").write_text("a,b\n")
    return tmp_path


@pytest.mark.parametrize(("code", "typed"), CASES, ids=[f"{code} {typed}" for code, typed in CASES])
def test_exit_codes(code, typed, project):
    done = CliRunner().invoke(app, typed.split())
    assert done.exit_code == code, done.output
    if code and typed not in ("", "ledger"):  # these print their help
        assert "error: " in done.stderr.lower()
        assert done.exception is None or isinstance(done.exception, SystemExit)


def test_the_shell_sees_them(project):
    def code(*words: str) -> int:
        command = [sys.executable, "-m", "podium.cli", *words]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert code("ledger", "show") == 0
    assert code("submit", "photos") == 1
    assert code("profile", "ful") == 2


def test_a_reader_that_stops_early_is_no_fault(project):
    entries = "".join(f"2026-01-01T00:00:00Z,photos,{k:016d},,,,,,,,\n" for k in range(20_000))
    head = "time,competition,sha256,revision,method,oof_score,nested_score,test_score,"
    (project / "submissions").mkdir()
    (project / "submissions/ledger.csv").write_text(
        f"{head}public_score,private_score,note\n{entries}"
    )
    line = f"{sys.executable} -m podium.cli ledger show | head -1"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.stdout.split()[0], done.stderr) == ("time", "")
