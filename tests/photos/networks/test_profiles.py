"""A profile and what inspect writes touch other sections: their order does not matter."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import ROOT
from podium.cli import app
from podium.core import profiles
from podium.core.params import load_params


def inspect(photos: Path, params: Path, folder: Path) -> None:
    words = ["inspect", "photos", "--write", "--source", photos, "--params", params]
    done = CliRunner().invoke(app, [str(word) for word in [*words, "--sheet", folder / "s.png"]])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", ["finetune", "finetune-full"])
def test_profile_and_inspect_in_either_order_give_the_same_settings(name, photos_dir, tmp_path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    for path in (first, second):
        path.write_text((ROOT / "params.yaml").read_text())
    profile = ROOT / f"profiles/{name}.yaml"
    inspect(photos_dir, first, tmp_path)
    profiles.apply(profile, first)
    profiles.apply(profile, second)
    inspect(photos_dir, second, tmp_path)
    assert first.read_bytes() == second.read_bytes()
    params = load_params(first)
    assert params.photos.source == "raw"
    assert "finetuned" in params.photo_networks
