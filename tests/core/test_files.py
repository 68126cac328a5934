"""Files appear whole or not at all; locks end with their process; cells keep their form."""

import errno
import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from podium.core import files
from podium.core.errors import EnvironmentFault, PodiumError

ROOT = Path(__file__).parents[2]


def start(script, *args):
    """A Python process that runs `script` and says a word on stdout once it is ready."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ---- atomic_write


def test_written_whole_puts_the_file_in_place_at_the_end(tmp_path):
    path = tmp_path / "a/b/table.csv"
    with files.atomic_write(path) as partial:
        partial.write_text("new")
        assert not path.exists()
        assert partial.parent == path.parent  # a rename must not cross disks
        assert partial.suffix == ".csv"  # libraries tell formats by it
    assert path.read_text() == "new"
    assert names(path.parent) == ["table.csv"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_reader_of_the_old_file_never_meets_the_new_one(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("old")
    with path.open() as reader:  # a rename leaves it its file; writing in place would not
        files.write_text(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_the_bytes_are_on_disk_before_the_rename(tmp_path, monkeypatch):
    steps, fsync, replace = [], os.fsync, Path.replace

    def noted_fsync(handle):
        steps.append(("fsync", os.fstat(handle).st_size))
        fsync(handle)

    def noted_replace(self, target):
        steps.append(("replace", self.stat().st_size))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    files.write_text(tmp_path / "x.csv", "whole")
    assert steps == [("fsync", 5), ("replace", 5)]


def test_a_failing_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("old")

    def fail():
        with files.atomic_write(path) as partial:
            partial.write_text("ha")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x.csv"]


HALF_WAY = """
import sys, time
from pathlib import Path
from podium.core.errors import guarded
from podium.core.files import atomic_write

@guarded
def main():
    with atomic_write(Path(sys.argv[1])) as partial:
        partial.write_text("ha")
        print("half", flush=True)
        for _ in range(600):  # a signal just before one long sleep would wait for its end
            time.sleep(0.1)

main()
"""


@pytest.mark.parametrize(
    ("number", "code", "debris"), [(signal.SIGKILL, -9, 1), (signal.SIGTERM, 143, 0)]
)
def test_a_killed_process_leaves_the_old_file(tmp_path, number, code, debris):
    path = tmp_path / "x.csv"
    path.write_text("old")
    with start(HALF_WAY, path) as process:
        assert process.stdout.readline() == "half\n"
        process.send_signal(number)
        assert process.wait(30) == code
    assert path.read_text() == "old"
    left = [name for name in names(tmp_path) if name != "x.csv"]
    assert len(left) == debris  # nobody can clean up after SIGKILL
    assert all(name.startswith(".x.csv.") for name in left)
    files.write_text(path, "new")  # and what is left never stands in the way
    assert path.read_text() == "new"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux' always full device")
def test_a_disk_that_fills_up_is_named_and_the_old_file_stays(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("old")
    full = rf"^{re.escape(str(path))}: the disk is full: free some space"
    with pytest.raises(EnvironmentFault, match=full), files.atomic_write(path):
        Path("/dev/full").write_bytes(b"x")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x.csv"]


def test_an_error_that_is_not_the_disks_passes_unchanged(tmp_path):
    reset = ConnectionResetError(errno.ECONNRESET, "reset")
    with pytest.raises(ConnectionResetError) as caught, files.atomic_write(tmp_path / "x"):
        raise reset
    assert caught.value is reset


@pytest.mark.parametrize("below", ["x.csv", "deeper/x.csv"])
def test_a_file_where_a_folder_is_needed(tmp_path, below):
    (tmp_path / "taken").write_text("a file")
    path = tmp_path / "taken" / below
    wanted = rf"^{re.escape(str(path))}: a file stands where a folder is needed: move it away$"
    with pytest.raises(EnvironmentFault, match=wanted):
        files.write_text(path, "new")
    assert (tmp_path / "taken").read_text() == "a file"


def test_a_folder_where_a_file_is_needed(tmp_path):
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(EnvironmentFault, match=r"x\.csv: a folder stands where a file is needed"):
        files.write_text(tmp_path / "x.csv", "new")
    assert names(tmp_path) == ["x.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(tmp_path):
    locked_up = tmp_path / "locked-up"
    locked_up.mkdir(mode=0o555)
    with pytest.raises(EnvironmentFault, match=r"x\.csv: permission denied: check who owns it"):
        files.write_text(locked_up / "x.csv", "new")


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="Linux' sysfs")
def test_a_folder_in_which_nobody_may_write():
    wanted = r"^/sys/kernel/x\.csv: (permission denied|not permitted|the disk is read-only)"
    with pytest.raises(EnvironmentFault, match=wanted):
        files.write_text(Path("/sys/kernel/x.csv"), "new")


# ---- write_text, write_json, write_table


def test_write_text_is_utf8(tmp_path):
    files.write_text(tmp_path / "x", "é\n")
    assert (tmp_path / "x").read_bytes() == b"\xc3\xa9\n"


def test_write_json_keeps_key_order_and_letters(tmp_path):
    files.write_json(tmp_path / "x.json", {"b": 1, "a": "é"})
    assert (tmp_path / "x.json").read_text() == '{\n  "b": 1,\n  "a": "é"\n}\n'


def test_write_json_refuses_nan_and_keeps_the_old_file(tmp_path):
    files.write_json(tmp_path / "x.json", {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "x.json", {"a": float("nan")})
    assert '"a": 1' in (tmp_path / "x.json").read_text()


def test_a_table_reads_back_to_the_same_bits(tmp_path, rng):
    values = np.concatenate([rng.random(200), rng.random(200) * 1e-12, [0.1 + 0.2, 1e-300]])
    table = pd.DataFrame({"id": [f"00{row}" for row in range(len(values))], "p": values})
    files.write_table(tmp_path / "x.csv", table)
    assert b"\r" not in (tmp_path / "x.csv").read_bytes()
    found = files.read_table(tmp_path / "x.csv", "id", "p")
    files.to_numbers(tmp_path / "x.csv", found, ["p"])
    pd.testing.assert_frame_equal(found, table.astype({"id": found["id"].dtype}), check_exact=True)


# ---- read_table, to_numbers


def table_of(tmp_path, data):
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    return path


def test_cells_keep_their_form(tmp_path):
    path = table_of(tmp_path, b'\xef\xbb\xbfid,label\r\n007,NA\r\n1.50,\r\n"a,b","two\nlines"\r\n')
    found = files.read_table(path, "id", "label")
    assert list(found.columns) == ["id", "label"]  # the byte-order mark is not in the name
    assert found["id"].tolist() == ["007", "1.50", "a,b"]
    assert found["label"].tolist() == ["NA", "", "two\nlines"]


def test_a_table_may_have_no_rows(tmp_path):
    found = files.read_table(table_of(tmp_path, b"id,label\n"), "label")
    assert (list(found.columns), len(found)) == (["id", "label"], 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"id,label\n1,2\n3\n", r"line 3 has 1 fields, the header 2\nremedy: "),
        (b"id,label\n1,2,3\n", r"line 2 has 3 fields, the header 2\nremedy: "),
        (b"id,class\n1,2\n", r"column label is missing; it has \['id', 'class'\]\nremedy: "),
        (b"a,b\n1,2\n", r"column id, label is missing; it has \['a', 'b'\]\nremedy: "),
        (b"", r"column id, label is missing; it has \[\]\nremedy: "),
        (b"id,label\n\xff,1\n", r"not a readable CSV table \(.*utf-8.*\)\nremedy: "),
        (b'id,label\n"a"b,1\n', r"not a readable CSV table \(.*expected after.*\)\nremedy: "),
    ],
)
def test_a_broken_table_is_refused_with_its_path(tmp_path, data, reason):
    path = table_of(tmp_path, data)
    with pytest.raises(PodiumError, match=f"^{re.escape(str(path))}: {reason}") as caught:
        files.read_table(path, "id", "label")
    assert caught.value.exit_code == 1


def test_a_folder_in_place_of_a_table(tmp_path):
    with pytest.raises(EnvironmentFault, match=f"{tmp_path}: a folder stands where a file is"):
        files.read_table(tmp_path, "id")


def test_a_missing_table_names_the_remedy(tmp_path):
    with pytest.raises(PodiumError, match=r"x\.csv: no such file\nremedy: run the stage"):
        files.read_table(tmp_path / "x.csv", "id")


def test_to_numbers_in_place():
    table = pd.DataFrame({"p": ["0.25", "1e-3", "-2"], "n": ["1", "-1", "007"]})
    files.to_numbers(Path("x.csv"), table, ["p"])
    files.to_numbers(Path("x.csv"), table, ["n"], int)
    assert table["p"].tolist() == [0.25, 0.001, -2.0]
    assert table["n"].tolist() == [1, -1, 7]
    assert table["n"].dtype == np.int64


@pytest.mark.parametrize(
    ("cell", "kind"), [("cat", float), ("", float), ("1.5", int), ("9" * 20, int)]
)
def test_a_cell_that_is_no_number_is_refused(cell, kind):
    table = pd.DataFrame({"n": ["1", cell]}, dtype=str)
    with pytest.raises(PodiumError, match=r"^x\.csv: column n holds something else: "):
        files.to_numbers(Path("x.csv"), table, ["n"], kind)


# ---- locked

HOLD = """
import sys, time
from pathlib import Path
from podium.core.files import locked

with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path):
    path = tmp_path / "x.h5"
    with start(HOLD, path) as process:
        assert process.stdout.readline() == "held\n"
        busy = rf"^{re.escape(str(path))}: another process is writing it\nremedy: wait until"
        with pytest.raises(EnvironmentFault, match=busy), files.locked(path):
            pass
        with files.locked(tmp_path / "y.h5"):  # another file is free
            pass
        process.kill()
        process.wait(30)
    with files.locked(path):
        pass


def test_the_lock_goes_by_the_file_not_by_how_it_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (
        files.locked(Path("x.h5")),
        pytest.raises(EnvironmentFault, match="another process"),
        files.locked(tmp_path / "x.h5"),
    ):
        pass


def test_the_lock_is_free_after_an_error(tmp_path):
    def fail():
        with files.locked(tmp_path / "x.h5"):
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        fail()
    with files.locked(tmp_path / "x.h5"):
        pass


# ---- require_space


@pytest.mark.parametrize("n_bytes", [0, 1, 1 << 20])
def test_require_space_leaves_no_trace(tmp_path, n_bytes):
    (tmp_path / "x.h5").write_text("old")
    files.require_space(tmp_path / "x.h5", n_bytes)
    assert names(tmp_path) == ["x.h5"]
    assert (tmp_path / "x.h5").read_text() == "old"


LITTLE_SPACE = """
import resource, sys
from pathlib import Path
from podium.core.errors import EnvironmentFault
from podium.core.files import require_space

resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
require_space(Path(sys.argv[1]), 1 << 20)
try:
    require_space(Path(sys.argv[1]), (1 << 20) + 1)
except EnvironmentFault as fault:
    print(fault)
"""


def test_require_space_asks_before_the_work(tmp_path):
    path = tmp_path / "x.h5"
    with start(LITTLE_SPACE, path) as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.startswith(str(path))
    assert out.endswith(
        "the file would pass this process' size limit: raise it (ulimit -f) and run again\n"
    )
    assert names(tmp_path) == []


# ---- scratch_dir, hashes


def test_scratch_dir_honours_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "mine"))
    assert files.scratch_dir("features", "abc") == tmp_path / "mine/features/abc"
    assert (tmp_path / "mine/features/abc").is_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="XDG")
def test_scratch_dir_is_the_users_cache_by_default(tmp_path, monkeypatch):
    monkeypatch.delenv("PODIUM_SCRATCH")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert files.scratch_dir("locks") == tmp_path / "cache/podium/locks"


def test_scratch_dir_where_a_file_stands(tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "taken"))
    for parts in ((), ("locks",)):
        with pytest.raises(EnvironmentFault, match=r"taken.*: a file stands where a folder is"):
            files.scratch_dir(*parts)


@pytest.mark.skipif(sys.platform != "linux", reason="no folder can be made below /proc")
def test_scratch_dir_that_cannot_be_made_names_the_variable(monkeypatch):
    monkeypatch.delenv("PODIUM_SCRATCH")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/cache")
    with pytest.raises(EnvironmentFault, match=r"^/proc/cache/podium/locks: .*set PODIUM_SCRATCH"):
        files.scratch_dir("locks")


def test_file_sha256_is_the_published_one(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.file_sha256(tmp_path / "x") == digest


def test_text_sha256_does_not_depend_on_key_order():
    digest = hashlib.sha256(b'{"a": [1, 2], "b": 1}').hexdigest()
    assert files.json_sha256({"b": 1, "a": [1, 2]}) == digest
    assert files.json_sha256({"a": [2, 1], "b": 1}) != digest


def test_blank_lines_are_no_rows_and_line_numbers_stay_true(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('id,label\n1,"a\nb"\n\n2,c\n\n')
    assert files.read_table(path).to_numpy().tolist() == [["1", "a\nb"], ["2", "c"]]
    path.write_text("id,label\n1,a\n\n2,b,c\n")
    with pytest.raises(PodiumError, match=r"line 4 has 3 fields"):
        files.read_table(path)


def test_a_table_of_very_many_columns_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text(",".join(map(str, range(50_001))) + "\n")
    with pytest.raises(
        PodiumError, match="50,001 columns, over the limit of 50,000\nremedy: name the right file"
    ):
        files.read_table(tmp_path / "t.csv")


def test_a_column_name_twice_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("id,id\n1,2\n")
    with pytest.raises(PodiumError, match="a column name occurs twice"):
        files.read_table(tmp_path / "t.csv")


def test_a_carriage_return_in_a_cell_survives(tmp_path):
    table = pd.DataFrame({"id": ["a\rb", "c\nd", 'e"f', "g"], "share": [0.1, 1e-17, 2.0, 3.5]})
    files.write_table(tmp_path / "t.csv", table)
    back = files.read_table(tmp_path / "t.csv", "id", "share")
    assert back["id"].tolist() == table["id"].tolist()
    assert back["share"].astype(float).tolist() == table["share"].tolist()


@pytest.mark.parametrize("cell", ["0_5", "\uff15", "1e", "", "x", "9" * 5000, "1" + "0" * 400])
def test_what_is_no_number_is_refused_shortly(tmp_path, cell):
    kind = int if len(cell) > 100 else float
    table = pd.DataFrame({"n": ["1", cell]})
    with pytest.raises(PodiumError, match="column n holds something else: ") as caught:
        files.to_numbers(tmp_path / "t.csv", table, ["n"], kind)
    assert len(str(caught.value)) < 400


def test_the_umask_rules_who_may_read(tmp_path):
    for mask, mode in ((0o077, 0o600), (0o022, 0o644), (0o002, 0o664)):
        before = os.umask(mask)
        try:
            files.write_text(tmp_path / "x", "x")
        finally:
            os.umask(before)
        assert (tmp_path / "x").stat().st_mode & 0o777 == mode


def test_what_a_killed_process_left_is_removed_by_the_next_write(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from podium.core.files import atomic_write
with atomic_write(Path({str(tmp_path / "x.csv")!r})) as partial:
    partial.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    (left,) = tmp_path.glob(".x.csv.*partial*")
    with files.atomic_write(tmp_path / "x.csv") as partial:  # by a living process: stays
        files.write_text(tmp_path / "x.csv", "other")
        assert not left.exists()
        partial.write_text("whole")
    assert (tmp_path / "x.csv").read_text() == "whole"
    assert not list(tmp_path.glob(".*partial*"))
