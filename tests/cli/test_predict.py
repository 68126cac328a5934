"""`podium predict` without a network: which files are meant, tables, bars, and broken files."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from conftest import ROOT
from podium.cli import app
from podium.cli import predict as work
from podium.cli.inputs import files_named
from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.evaluation.file_answers import FileAnswer, FileAnswers


def answers(model, paths, options):
    """Columns name and half; files that begin with bad have no answer."""

    def answer(path):
        if path.name.startswith("full"):
            raise EnvironmentFault("the disk is full")
        if path.name.startswith("bad"):
            return FileAnswer(path, fault=f"{path}: damaged\nremedy: replace it")
        return FileAnswer(path, (path.stem, 0.5))

    return FileAnswers(["name", "half"], map(answer, paths))


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(work, "resolve_name", lambda _: answers)
    write_model(Path("models/photos.keras"), "photos")
    return tmp_path


def write_model(path: Path, task: str) -> None:
    layer = {"class_name": "MetadataLayer", "config": {"description": {"task": task}}}
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": [layer]}}))


def pictures(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"x")


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["predict", *words])
    return done.exit_code, done.stdout, done.stderr


def paths_of(out: str) -> list[str]:
    return [row[0] for row in csv.reader(out.splitlines())][1:]


# ---- which files


def test_files_folders_and_globs_each_once_in_natural_order():
    pictures("a/10.png", "a/9.png", "a/in/8.JPG", "b1.png", "b2.png", "b10.png")
    code, out, err = run("b10.png", "a", "b*.png")
    assert (code, err) == (0, "")
    assert paths_of(out) == ["b10.png", "a/in/8.JPG", "a/9.png", "a/10.png", "b1.png", "b2.png"]
    assert paths_of(run("**/8.JPG")[1]) == ["a/in/8.JPG"]


def test_what_a_folder_holds_beside_pictures_is_said():
    pictures("a/1.png", "a/labels.csv", "a/.hidden.png", "a/2.heic")
    code, out, err = run("a")
    assert (code, paths_of(out)) == (0, ["a/1.png", "a/2.heic"])  # this one is refused when read
    assert err == "note: a: left out 2 that are no pictures, e.g. .hidden.png\n"


def test_a_table_names_slides(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "some.csv").write_text("slide,path\ns1,images/a.svs\ns2,b.svs\ns3,\n")
    named = files_named([folder / "some.csv", folder / "some.csv"], slides=True)
    assert named == [folder / "images/a.svs", folder / "b.svs"]
    (folder / "other.csv").write_text("name\na.svs\n")
    with pytest.raises(PodiumError, match=r"other\.csv: no column path or slide"):
        files_named([folder / "other.csv"], slides=True)


def test_a_table_in_the_layout_of_the_raw_folder_names_slides():
    """`slides.csv` names slides, not their files: they are looked for below its folder."""
    pictures("set/images/a.svs", "set/images/b.tif", "set/annotations/a.png")
    table = Path("set/slides.csv")
    table.write_text("slide,patient\nb,1\na,2\nc,3\n")
    paths = [Path("set/images/b.tif"), Path("set/images/a.svs"), Path("set/c")]
    assert files_named([table], slides=True) == paths  # c gets an answer like a broken slide


def test_a_folder_before_a_name_tells_slides_of_one_name_apart():
    pictures("set/a/x.png", "set/b/x.tif", "set/b/y.tif", "set/b/y.txt")
    table = Path("set/some.csv")
    table.write_text("slide\nb/x\na/x\nc/x\nb/y\n")
    paths = [Path("set/b/x.tif"), Path("set/a/x.png"), Path("set/c/x"), Path("set/b/y")]
    assert files_named([table], slides=True) == paths  # none has the file of another folder


def test_a_folder_among_the_matches_of_a_pattern_stops_no_slide(capsys):
    pictures("s/A.mrxs", "s/A/Data0001.dat", "s/B.svs", "t/A/x.dat")
    assert files_named([Path("s/*")], slides=True) == [Path("s/A.mrxs"), Path("s/B.svs")]
    assert capsys.readouterr().err == "note: s/A: no slides in it\n"
    with pytest.raises(PodiumError, match="s/A: no slides in it"):
        files_named([Path("s/A")], slides=True)
    with pytest.raises(PodiumError, match="no slides are named"):
        files_named([Path("t/*")], slides=True)


def test_the_files_of_a_series_are_one_slide_however_they_are_named(capsys):
    pictures("b.svs")
    uid = b"\x20\0\x0d\0UI\x04\x001.2\0\x20\0\x0e\0UI\x06\x001.2.30"
    for name in ("a0.dcm", "a1.dcm"):
        Path(name).write_bytes(bytes(128) + b"DICM" + uid)
    for names in (["*.dcm", "b.svs"], ["a0.dcm", "b.svs", "a1.dcm"]):
        paths = files_named([Path(name) for name in names], slides=True)
        assert paths == [Path("a0.dcm"), Path("b.svs")]
        assert capsys.readouterr().err == "note: a1.dcm: of the same slide as a0.dcm\n"


def test_names_with_brackets_are_no_patterns():
    pictures("a[1].png", "a1.png")
    assert paths_of(run("a[1].png")[1]) == ["a[1].png"]


@pytest.mark.parametrize(
    ("name", "code", "fault"),
    [
        ("cat2.png", 2, "cat2.png: no such file; did you mean cat.png?\nremedy: give paths of"),
        ("*.jpg", 2, "*.jpg: no such file\nremedy: give paths of pictures"),
        ("empty", 1, "empty: no pictures in it"),
    ],
)
def test_no_files(name, code, fault):
    pictures("cat.png")
    Path("empty").mkdir()
    assert run(name)[0] == code
    assert run(name)[2].startswith(f"error: {fault}")


def test_slides_of_several_files_are_one():
    write_model(Path("models/slides.keras"), "slides")
    pictures("s/A.mrxs", "s/A/Data0001.dat", "s/B.svs", "s/notes.txt")
    code, out, err = run("s", "--model", "models/slides.keras")
    assert (code, paths_of(out)) == (0, ["s/A.mrxs", "s/B.svs"])
    assert err == "note: s: left out 1 that are no slides, e.g. notes.txt\n"


# ---- models


def test_a_missing_model_is_found_before_tensorflow_is_imported():
    pictures("cat.png")
    code = (
        "import sys\nfrom podium.cli import app\n"
        "try: app(['predict', 'cat.png', '--model', 'models/photo.keras'])\n"
        "finally: print({'tensorflow', 'keras', 'numpy'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "set()\n")
    assert done.stderr == (
        "error: models/photo.keras: no such model; did you mean models/photos.keras?\n"
        "remedy: run dvc repro, which trains it\n"
    )


def test_a_model_of_no_competition():
    pictures("cat.png")
    write_model(Path("models/other.keras"), "weather")
    code, _, err = run("cat.png", "--model", "models/other.keras")
    assert (code, "other.keras: a model for weather, which is no competition" in err) == (1, True)


# ---- what comes out


ODD = ["a,b.png", 'say "a".png', "line\nfeed.png", " .png", "\xe9.png"]


def test_csv_is_quoted():
    pictures(*ODD)
    rows = list(csv.reader(io.StringIO(run(*ODD)[1]), strict=True))
    assert rows == [
        ["path", "name", "half"],
        *([name.replace("\n", "\\n"), Path(name).stem, "0.500000"] for name in ODD),
    ]


def test_tables():
    pictures("a,b.png", "c.png")
    printed = run("a,b.png", "c.png")[1]
    assert run("a,b.png", "c.png", "--table", "out/t.csv")[:2] == (0, "out/t.csv: 2 rows\n")
    assert Path("out/t.csv").read_text() == printed
    assert run("a,b.png", "c.png", "--table", "t.JSON")[0] == 0
    assert json.loads(Path("t.JSON").read_text()) == [
        {"path": "a,b.png", "name": "a,b", "half": 0.5},
        {"path": "c.png", "name": "c", "half": 0.5},
    ]


@pytest.mark.parametrize("name", ["t.xlsx", "t", "a.csv"])
def test_other_tables_are_refused_first(name):
    pictures("bad.png", "a.csv/x")
    code, out, err = run("bad.png", "--table", name)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: --table {name}: ")


# ---- broken files


def test_broken_files_are_named_at_the_end():
    names = [f"bad{number}.png" for number in range(12)]
    pictures("1.png", *names, "2.png")
    code, out, err = run("1.png", *names, "2.png", "--table", "t.json")
    assert (code, out) == (1, "t.json: 2 rows\n")
    lines = err.splitlines()
    assert lines[0] == "no answer: bad0.png: damaged; remedy: replace it"
    assert lines[-1] == (
        f"error: 12 of 14 files have no answer, see above: {', '.join(names[:10])} and 2 more"
    )
    assert run("bad0.png", "1.png")[2].endswith("1 of 2 files has no answer, see above: bad0.png\n")


def test_a_fault_of_the_machine_ends_it():
    pictures("1.png", "full.png", "2.png")
    code, out, err = run("1.png", "full.png", "2.png")
    assert (code, paths_of(out), err) == (3, ["1.png"], "error: the disk is full\n")


# ---- the bar


PROGRAM = """
from podium.cli import app
from podium.cli import predict as work
from podium.cli.inputs import files_named
from podium.evaluation.file_answers import FileAnswer, FileAnswers

def answers(model, paths, options):
    return FileAnswers(["answer"], (FileAnswer(path, ("x" * 90,)) for path in paths))

work.resolve_name = lambda _: answers
app(["predict", "1.png", "2.png"], prog_name="podium")
"""
ROWS = [f"{number}.png,{'x' * 90}" for number in (1, 2)]


def on_a_terminal(stdout: int | None) -> tuple[str, str]:
    """What PROGRAM writes to a pipe as stdout (or to the terminal), and to a terminal as stderr."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=stdout or theirs, stderr=theirs, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "TERM": "xterm", "COLUMNS": "200"},
    ) as program:  # fmt: skip
        out = program.stdout.read() if program.stdout else ""
        assert program.wait(60) == 0
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # Linux: the other end is closed
        pass
    os.close(ours)
    return out, shown.decode()


def test_a_bar_on_the_terminal_keeps_out_of_a_pipe():
    pictures("1.png", "2.png")
    out, shown = on_a_terminal(subprocess.PIPE)
    assert out.splitlines() == ["path,answer", *ROWS]
    assert "files" in shown
    assert "100%" in shown
    assert "png" not in shown


def test_rows_and_bar_on_one_terminal():
    pictures("1.png", "2.png")
    shown = on_a_terminal(None)[1]
    assert "100%" in shown
    for row in ROWS:
        assert f"{row}\r\n" in shown


def test_what_cannot_be_explained_is_refused_before_anything_is_predicted():
    write_model(Path("models/slides.keras"), "slides")
    pictures("s.tif", "a/1.jpg", "b/1.jpg")
    slides = run("s.tif", "--model", "models/slides.keras", "--explain", "why")
    shared = run("a/1.jpg", "b/1.jpg", "--explain", "why")
    assert (slides[0], shared[0]) == (2, 2)
    assert "--out marked, whose overlays show it" in slides[2]
    assert "both would become 1.png" in shared[2]
    assert slides[1] == shared[1] == ""
    assert not Path("why").exists()


def explaining(monkeypatch, model_fault=None):
    """Explains pictures by empty files, all but blank.png; a model with a fault explains none."""

    def explainer(model, weights_dir):
        if model_fault:
            raise model_fault

        def write(picture, png):
            if picture.stem == "blank":
                raise PodiumError(f"{picture}: no character is read\nremedy: give another picture")
            if picture.stem == "last":
                raise EnvironmentFault("the disk is full")
            png.write_bytes(b"")

        return write

    module = SimpleNamespace(explainer=explainer)
    monkeypatch.setitem(sys.modules, "podium.takeaway.explain_model", module)


def test_explanations_are_written_beside_the_answers(monkeypatch):
    explaining(monkeypatch)
    pictures("1.png", "2.png")
    code, out, err = run("1.png", "2.png", "--explain", "deep/why")
    assert (code, paths_of(out)) == (0, ["1.png", "2.png"])
    assert err == "deep/why: 2 pictures of where models/photos.keras looks\n"
    assert {path.name for path in Path("deep/why").iterdir()} == {"1.png", "2.png"}


@pytest.mark.parametrize(
    ("fault", "folder", "code", "words"),
    [
        pytest.param(SettingsError("ten crops"), "why", 2, "error: ten crops", id="model"),
        pytest.param(None, "a.txt", 3, "error: a.txt: a file stands where a folder", id="folder"),
    ],
)
def test_a_model_and_a_folder_are_refused_before_anything_is_predicted(
    monkeypatch, fault, folder, code, words
):
    explaining(monkeypatch, fault)
    pictures("1.png", "a.txt")
    done = run("1.png", "--explain", folder)
    assert done[:2] == (code, "")
    assert done[2].startswith(words)
    assert not Path("why").exists()


def test_a_picture_that_is_not_explained_stops_no_other(monkeypatch):
    explaining(monkeypatch)
    pictures("blank.png", "2.png", "bad.png")
    code, out, err = run("blank.png", "2.png", "bad.png", "--explain", "why")
    assert (code, paths_of(out)) == (1, ["blank.png", "2.png"])
    assert [path.name for path in Path("why").iterdir()] == ["2.png"]
    assert err.splitlines() == [
        "no answer: bad.png: damaged; remedy: replace it",
        "no explanation: blank.png: no character is read; remedy: give another picture",
        "why: 1 pictures of where models/photos.keras looks",
        "error: 1 of 3 files has no answer, see above: bad.png",
        "1 of 3 files has no explanation, see above: blank.png",
    ]
    pictures("last.png")
    assert run("2.png", "last.png", "--explain", "why")[0] == 3
