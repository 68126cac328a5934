"""Ctrl-C while programs start, import and work: one line, exit status 130, no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from conftest import ROOT
from podium.core.errors import guarded
from podium.core.interrupts import LINE, end_quietly_while_importing, interrupts_raised

ONE_LINE = (130, "", f"{LINE}\n")
STRIKE = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nimport time\ntime.sleep(5)\n"
AS_IMPORT_ERROR = """
import os, signal, time
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    raise ImportError('half imported')
"""


@pytest.fixture
def python(tmp_path):
    """Runs Python where the import of a module is struck by Ctrl-C."""

    def run(module: str, source: str, *words: str) -> tuple[int, str, str]:
        (tmp_path / f"{module}.py").write_text(source)
        (tmp_path / "one.png").write_bytes(b"")
        path = os.pathsep.join([str(tmp_path), str(ROOT / "src")])
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, check=False,
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": path},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


SCRIPT = "import sys; sys.argv[0] = '/venv/bin/podium'; from podium.cli import app; app()"


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("typer", ["-m", "podium.cli", "--help"]),
        ("typer", ["-c", SCRIPT, "--help"]),
        ("numpy", ["-m", "podium.stages.ingest_photos"]),
        ("pandas", ["-m", "podium.stages.submit"]),
        ("keras", ["-m", "podium.stages.train_segmenter"]),
        ("openslide", ["-m", "podium.cli", "tile", "one.png"]),  # imported by the command
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2])[-30:],
)
@pytest.mark.parametrize("source", [STRIKE, AS_IMPORT_ERROR], ids=["plain", "as ImportError"])
def test_during_imports(module, words, source, python):
    assert python(module, source, *words) == ONE_LINE


def test_after_the_work(python):
    code = (
        "import sys; sys.argv[0] = '/bin/podium'\n"
        "from podium.core.errors import guarded\n"
        "guarded(lambda: None)()\n"
        "import other\n"
    )
    assert python("other", STRIKE, "-c", code) == ONE_LINE


def test_programs_that_only_import_podium_keep_their_own_ways(python):
    code = "import podium, signal; print(signal.getsignal(2) is signal.default_int_handler)"
    assert python("other", "", "-c", code) == (0, "True\n", "")


def test_where_it_is_ignored_it_stays_ignored(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/podium"])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        end_quietly_while_importing()
        with interrupts_raised():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_work_is_cleaned_up_and_the_handler_comes_back(capsys):
    left = []

    @guarded
    def main():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            left.append("cleaned up")

    with pytest.raises(SystemExit) as caught:
        main()
    assert (caught.value.code, left, capsys.readouterr().err) == (130, ["cleaned up"], f"{LINE}\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_errors_pass():
    with pytest.raises(ImportError), interrupts_raised():
        raise ImportError
