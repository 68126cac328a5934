"""Tiles that cannot fit are refused before the first one is cut."""

from collections import namedtuple

import pytest

from podium.core.errors import EnvironmentFault
from podium.slides import disk_space
from podium.slides.disk_space import least_bytes, require_disk
from slide_networks import TILES, row

LARGE = [row("a", width=10_000, height=20_000, mpp="0.5"), row("b", width=10_000, height=20_000)]
PLAIN = TILES.model_copy(update={"tile": 256, "stride": 128, "target_mpp": 1.0})


def test_bytes_by_hand():
    # 2 slides of 5,000 x 10,000 px of 1 mpp, a tenth of it tissue, each pixel in four tiles
    assert least_bytes(LARGE, PLAIN) == pytest.approx(0.1 * 1e8 * (3.2 * 4 + 4))
    fine = PLAIN.model_copy(update={"target_mpp": 0.25, "stride": 256})
    assert least_bytes(LARGE, fine) == pytest.approx(0.1 * 4e8 * 7.2)  # no finer than scanned
    level = PLAIN.model_copy(update={"target_mpp": None, "level": 1, "stride": 256})
    assert least_bytes(LARGE, level) == pytest.approx(0.1 * 4e8 / 16 * 7.2)
    assert least_bytes([row("u", mpp="")], PLAIN) == 0


def test_a_disk_that_is_too_small_is_refused_at_once(tmp_path, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: usage(1.2e8))
    with pytest.raises(EnvironmentFault) as refused:
        require_disk(LARGE, PLAIN, tmp_path)
    assert str(refused.value).startswith(
        f"{tmp_path}: tiles and heat maps of 2 slides take 0.2 GiB or more, 0.1 GiB are free\n"
        "remedy: free some space, set PODIUM_SCRATCH"
    )
    assert "set tile_slides.pixels to coordinates" in str(refused.value)
    smallest = PLAIN.model_copy(update={"pixels": "coordinates"})
    with pytest.raises(EnvironmentFault) as refused:
        require_disk([*LARGE] * 9, smallest, tmp_path)
    assert "coordinates" not in str(refused.value)
    (tmp_path / "b.h5").touch()  # cut already
    require_disk(LARGE, PLAIN, tmp_path)
