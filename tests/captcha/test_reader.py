"""Artefacts of readers that are not what they should be."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from house import ROOT
from podium.captcha import network
from podium.captcha.charset import Charset
from podium.captcha.dataset import Facts, Split, write_captchas
from podium.captcha.raw_pixels import decode_picture, white
from podium.captcha.reader import CaptchaReader
from podium.captcha.training import reader_training
from podium.core.errors import PodiumError
from podium.core.params import load_params
from podium.training import artefact

SOUND = {
    "task": "captcha-text", "kind": "crnn", "charset": "ab", "beam_width": 3,
    "max_megapixels": 1.0, "rules": {"templates": ["cc"], "classes": {"c": "ab"}},
}  # fmt: skip


def written(folder: Path, **changes: object) -> Path:
    path = folder / "reader.keras"
    metadata = {key: value for key, value in (SOUND | changes).items() if value is not None}
    artefact.save(network.build("crnn", (32, 16), 3, 2, 4, metadata), path)
    return path


def test_a_sound_artefact(tmp_path: Path) -> None:
    reader = CaptchaReader(written(tmp_path))
    assert (reader.task, reader.max_megapixels) == ("text", 1.0)
    [reading] = reader.read(white((32, 16))[None])
    assert len(reading.text) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "photos"}, {"task": None}, {"task": 3}, {"charset": None}, {"charset": ""},
        {"charset": "aa"}, {"charset": 5}, {"beam_width": "wide"}, {"beam_width": None},
        {"max_megapixels": "many"}, {"rules": None}, {"rules": 7}, {"rules": {"language": "Latin"}},
        {"rules": {"templates": 5}}, {"rules": {"templates": ["c"], "classes": {"c": ""}}},
        {"rules": {"templates": ["c"], "classes": {"c": 7}}}, {"rules": {"other": 1}},
        {"kind": None}, {"kind": "rnn"}, {"chance": ["x", "y"]}, {"chance": [float("nan"), 0, 0]},
        {"chance": [1, 0, 10**400]}, {"chance": [1, 0, 0, 0]}, {"chance": [[1]]}, {"chance": 5},
    ],
    ids=lambda changes: json.dumps(changes)[:60],
)  # fmt: skip
def test_metadata_of_something_else(tmp_path: Path, changes: dict[str, object]) -> None:
    path = written(tmp_path, **changes)
    words = r"reader\.keras: a podium model, but not one for captchas\nremedy: give a model that"
    with pytest.raises(PodiumError, match=words):
        CaptchaReader(path)


def test_the_captchas_of_another_task(tmp_path: Path) -> None:
    path = tmp_path / "text.h5"
    facts = Facts((64, 32), Charset("ab"), {"task": "arithmetic", "source": "standin"})
    splits = [Split(name, ["0"]) for name in ("train", "validation", "test")]
    write_captchas(path, facts, splits, [(white((64, 32))[None], ["ab"])] * 3)
    words = r"text\.h5: captchas of arithmetic, but text-crnn reads text\nremedy: give the captcha"
    with pytest.raises(PodiumError, match=words):
        reader_training("text-crnn", path, facts, load_params(ROOT / "params.yaml"))


def test_equations_are_decoded_as_at_ingestion(tmp_path: Path) -> None:
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[10:20, 10:30] = 255  # white glyphs on transparent ground
    Image.fromarray(pixels).save(tmp_path / "x.png")
    seen = []

    class Finder:
        def lines(self, pixels: np.ndarray) -> tuple[np.ndarray, list[object]]:
            seen.append(pixels)
            return pixels, []

    reader = CaptchaReader.__new__(CaptchaReader)
    reader.max_megapixels, reader.finder = 1.0, Finder()
    with pytest.raises(PodiumError, match="no line of text found"):
        reader.read_files([tmp_path / "x.png"])
    np.testing.assert_array_equal(seen[0], decode_picture(tmp_path / "x.png", 1.0))
    assert seen[0].std() > 0
