"""The stage that draws stand-in slides."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from podium.stages import draw_slides


def words(folder) -> list[str]:
    return ["--out", str(folder / "slides"), "--metrics", str(folder / "metrics/draw_slides.json")]


def _settings(monkeypatch, **changes):
    section = SimpleNamespace(**({"n_train": 2, "n_test": 1, "side": 512, "seed": 3} | changes))
    params = SimpleNamespace(draw_slides=section)
    monkeypatch.setattr(draw_slides, "load_params", lambda path: params)


def test_the_stage_writes_what_its_section_asks_for(tmp_path, monkeypatch, capsys):
    _settings(monkeypatch)
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # no pool: its processes start slowly
    draw_slides.main(words(tmp_path))
    table = pd.read_csv(tmp_path / "slides" / "slides.csv")
    assert table["slide"].tolist() == ["train-001", "train-002", "test-001"]
    found = sorted(path.name for path in (tmp_path / "slides" / "images").iterdir())
    assert found == ["test-001.tif", "train-001.tif", "train-002.tif"]
    assert "2 train and 1 test slides" in capsys.readouterr().out


def test_numbers_that_cannot_be_met_end_in_one_line(tmp_path, monkeypatch, capsys):
    _settings(monkeypatch, side=100)
    with pytest.raises(SystemExit) as stop:
        draw_slides.main(words(tmp_path))
    assert stop.value.code == 2
    message = capsys.readouterr().err
    assert message.startswith("error: cannot draw 2 train and 1 test slides of 100 px")
    assert message.count("\n") == 1
