import hashlib
import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from podium.captcha.dataset import PART, SPLITS, read_captchas, splits, write_captchas
from podium.captcha.render import render
from podium.captcha.tasks import TASKS
from podium.errors import PodiumError, SettingsError

PARTS = splits((PART + 5, 3, 2), (1, 2, 3))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("captcha") / "arithmetic.h5"
    write_captchas(path, TASKS["arithmetic"], PARTS, {"task": "arithmetic"}, 1)
    return path


def test_each_split_is_a_seed_counted_from_zero(written: Path) -> None:
    for part in PARTS:
        found = read_captchas(written, part.name)
        assert (found.seed, len(found.texts)) == (part.seed, part.n_pictures)
        for index in (0, part.n_pictures - 1):
            pixels, text = render("arithmetic", part.seed, index)
            assert found.texts[index] == text
            assert np.array_equal(found.pixels[index], pixels)


def test_layout(written: Path) -> None:
    with h5py.File(written) as file:
        assert set(file) == set(SPLITS)
        pixels = file["train/pixels"]
        assert (pixels.shape, pixels.dtype) == ((PART + 5, 60, 180, 3), np.uint8)
        assert (pixels.compression, pixels.fletcher32) == ("lzf", True)
        assert json.loads(file.attrs["provenance"]) == {"task": "arithmetic"}


def test_bytes_do_not_depend_on_the_number_of_processes(written: Path, tmp_path: Path) -> None:
    again = tmp_path / "two.h5"
    write_captchas(again, TASKS["arithmetic"], PARTS, {"task": "arithmetic"}, 2)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (written, again)}
    assert len(digests) == 1


def test_nothing_is_left_of_a_failed_write(tmp_path: Path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise PodiumError("stopped")

    monkeypatch.setattr("podium.captcha.dataset.render_many", fail)
    with pytest.raises(PodiumError, match="stopped"):
        write_captchas(tmp_path / "text.h5", TASKS["text"], PARTS, {}, 1)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["scratch"])


def test_seeds_must_differ() -> None:
    with pytest.raises(SettingsError, match="seeds of their own"):
        splits((1, 1, 1), (1, 2, 1))


def test_unreadable_files(tmp_path: Path, written: Path) -> None:
    with pytest.raises(PodiumError, match="no such file"):
        read_captchas(tmp_path / "text.h5", "train")
    damaged = tmp_path / "damaged.h5"
    data = bytearray(written.read_bytes())
    with h5py.File(written) as file:
        data[file["train/pixels"].id.get_chunk_info(0).byte_offset + 9] ^= 255
    damaged.write_bytes(data)
    with pytest.raises(PodiumError, match="damaged"):
        read_captchas(damaged, "train")
