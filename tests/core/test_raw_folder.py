"""Every file of a raw folder is met once, whatever links lead where; the quarantine lists them."""

import os
from pathlib import Path

import pytest

from podium.core import raw_folder
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.raw_folder import LeftOut, files_below, link_fault, write_quarantine


def below(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files_below(folder)]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    for name in ("raw/b/2.png", "raw/b/10.png", "raw/a.png", "elsewhere/x/y.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path / "raw"


def test_every_file_in_natural_order(raw: Path) -> None:
    for name in (".DS_Store", ".gitignore", "b.dvc"):
        (raw / name).write_bytes(b"x")
    assert below(raw) == [".DS_Store", "a.png", "b/2.png", "b/10.png"]
    assert below(raw / "none") == below(raw / "a.png") == []


def test_links_are_followed_and_a_folder_is_known_by_its_own_name(raw: Path) -> None:
    (raw / "a-link-to-b").symlink_to("b")
    (raw / "more").symlink_to("../elsewhere")
    (raw / "a-link.png").symlink_to("b/2.png")
    assert below(raw) == [
        "a-link-to-b", "a-link.png", "a.png", "b/2.png", "b/10.png", "more/x/y.png",
    ]  # fmt: skip
    again = "a link to a folder above or to one that is read already"
    assert [link_fault(raw / name) for name in ("a-link-to-b", "a-link.png")] == [again, ""]


def test_links_above_to_nothing_and_to_themselves_end(raw: Path) -> None:
    for name, target in {"up": "..", "root": "/", "own": "own", "gone": "/nowhere/x.svs"}.items():
        (raw / name).symlink_to(target)
    os.mkfifo(raw / "pipe")
    assert below(raw) == ["a.png", "b/2.png", "b/10.png", "gone", "own", "pipe", "root", "up"]
    assert link_fault(raw / "gone") == "a link to nothing: /nowhere/x.svs is missing"
    assert link_fault(raw / "own") == "a link to nothing: own is missing"
    assert link_fault(raw / "pipe") == "no regular file"
    assert link_fault(raw / "up").startswith("a link to a folder above")


def test_names_that_are_passed_over_are_not_entered(raw: Path) -> None:
    (raw / "up").symlink_to("..")
    assert [path.name for path in files_below(raw, ["b/2.png", "up"])] == ["a.png", "10.png"]
    assert [path.name for path in files_below(raw, ["b"])] == ["a.png", "up"]


def test_a_raw_folder_may_be_a_link_but_not_to_one_above(raw: Path, monkeypatch) -> None:
    (raw.parent / "elsewhere/all").symlink_to(raw)
    assert [path.name for path in files_below(raw.parent / "elsewhere/all/b")] == [
        "2.png",
        "10.png",
    ]
    assert below(raw.parent / "elsewhere/all") == ["a.png", "b/2.png", "b/10.png"]
    monkeypatch.chdir(raw / "b")
    assert below(Path("..")) == ["a.png", "b/2.png", "b/10.png"]
    for name, target in {"train": "/", "test": "."}.items():
        (raw / name).symlink_to(target)
        with pytest.raises(PodiumError, match=f"{name}: a link to a folder above it\nremedy: "):
            files_below(raw / name)


def test_a_folder_that_cannot_be_read_is_the_machines_fault(raw: Path, monkeypatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(EnvironmentFault, match="raw: permission denied: check who owns it"):
        files_below(raw)


def test_the_quarantine_and_its_counts(tmp_path: Path) -> None:
    rows = [
        LeftOut("c", "test", "", "test/c.png", "empty file"),
        LeftOut("a", "train", "A", "train/a.png", "damaged: 7"),
        LeftOut("b", "train", "B", "train/\x1b.png", "damaged: 9"),
        LeftOut("", "", "", "x,y.zip", "an archive: unpack it"),
    ]
    path = tmp_path / "q.csv"
    assert write_quarantine(path, rows) == [
        "quarantined: 2 x damaged, e.g. train/a.png",
        "quarantined: 1 x empty file, e.g. test/c.png",
        "quarantined: 1 x an archive, e.g. x,y.zip",
        f"quarantined: 4 in all, listed in {path}",
    ]
    assert path.read_text().splitlines() == [
        ",".join(raw_folder.QUARANTINE_COLUMNS),
        "c,test,,test/c.png,empty file",
        "a,train,A,train/a.png,damaged: 7",
        r"b,train,B,train/\x1b.png,damaged: 9",
        ',,,"x,y.zip",an archive: unpack it',
    ]
    assert write_quarantine(path, []) == []
    assert path.read_text() == "id,split,label,path,reason\n"
