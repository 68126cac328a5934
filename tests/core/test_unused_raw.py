"""Raw files that lie there while stand-ins are used are named, and counted without end."""

from __future__ import annotations

import pytest

from house import ROOT
from podium.competitions import COMPETITIONS
from podium.core.params import load_params
from podium.core.unused_raw import n_raw_files, unused_raw
from podium.doctor.environment import unused_raw_files
from podium.stages import draw_slides


def drop(root, *names):
    for name in names:
        path = root / "data/raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param(["slides/README.md", "slides/images.dvc"], "", id="nothing of a person's"),
        pytest.param(
            ["slides/train/a.png"],
            "data/raw/slides holds 1 file that is not used; podium inspect slides --write would "
            "use it",
            id="one",
        ),
        pytest.param(
            [f"slides/images/{k}.svs" for k in range(3)],
            "data/raw/slides holds 3 files that are not used; podium inspect slides --write would "
            "use them",
            id="several",
        ),
        pytest.param(
            [f"slides/{k}/{k}.svs" for k in range(5)],
            "data/raw/slides holds 4 files or more that are not used; podium inspect slides "
            "--write would use them",
            id="many",
        ),
    ],
)
def test_what_is_said(tmp_path, names, said):
    drop(tmp_path, *names)
    assert unused_raw(tmp_path / "data/standin/slides", most=4) == said


def test_links_are_followed_to_no_folder_twice_and_to_none_above(tmp_path):
    drop(tmp_path, "slides/README.md", "photos/a.jpg")
    (tmp_path / "elsewhere").mkdir()
    for name in ("a.svs", "b.svs"):
        (tmp_path / "elsewhere" / name).touch()
    raw = tmp_path / "data/raw/slides"
    (raw / "images").symlink_to(tmp_path / "elsewhere")
    (raw / "again").symlink_to(tmp_path / "elsewhere")
    (raw / "above").symlink_to("..")
    (tmp_path / "elsewhere/itself").symlink_to(".")
    (tmp_path / "link").symlink_to(raw)
    assert n_raw_files(raw) == n_raw_files(tmp_path / "link") == 2
    assert n_raw_files(raw, most=1) == 1


def test_only_what_is_drawn_instead_counts(tmp_path):
    drop(tmp_path, "captcha/text/train/AB.png", "photos/train.zip")
    settings = load_params(ROOT / "params.yaml").model_dump()
    settings["photos"]["source"] = "raw"
    [result] = unused_raw_files(tmp_path, settings)
    assert (result.name, result.state) == ("raw files captcha-text", "note")
    assert "podium inspect captcha text --write" in result.text
    assert COMPETITIONS["photos"].unused_raw(tmp_path, settings) == ""


def test_the_stage_that_draws_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(draw_slides, "draw_dataset", lambda *_, **__: None)
    drop(tmp_path, "slides/images/a.svs")
    draw_slides.main([
        "--out", str(tmp_path / "data/standin/slides"), "--metrics", str(tmp_path / "m.json"),
        "--params", str(ROOT / "params.yaml"),
    ])  # fmt: skip
    assert "note: data/raw/slides holds 1 file that is not used" in capsys.readouterr().out
