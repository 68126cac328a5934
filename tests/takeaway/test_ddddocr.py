"""Readers as ddddocr runs them: its preparation of pictures and its decoding, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from podium.captcha import network
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules
from podium.captcha.reader import artefact_metadata
from podium.core.errors import SettingsError
from podium.takeaway.ddddocr import for_ddddocr
from podium.takeaway.export_model import portable
from podium.takeaway.portable import Portable
from podium.training import artefact

CHARSET = "AB"


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    rules = Rules(["cc"], {"c": CHARSET})
    for kind in ("cnn", "crnn", "ctc"):
        says = artefact_metadata("text", Decoder(kind, Charset(CHARSET), rules, 3), 16.0)
        artefact.save(network.build(kind, (64, 32), 3, 2, 4, says), folder / f"{kind}.keras")
    return {kind: portable(folder / f"{kind}.keras", Path("nowhere"), kind != "cnn")
            for kind in ("cnn", "crnn", "ctc")}  # fmt: skip


def as_read(outputs: np.ndarray, name: str, charset: list[str]) -> str:
    """What ddddocr makes of the first output: classes up to 1.5, scores from 1.6 on."""
    classes = outputs[0] if name == "ddddocr-1.5" else outputs[0].argmax(-1)
    runs = [now for before, now in zip([0, *classes], classes, strict=False) if now != before]
    return "".join(charset[k] for k in runs if k)


def prepared(picture: np.ndarray, name: str) -> np.ndarray:
    """What ddddocr gives the graph: (1, 3, H, W) float32."""
    pixels = picture.astype(np.float32) / 255
    if name == "ddddocr-1.5":
        pixels = (pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return pixels.transpose(2, 0, 1)[None].astype(np.float32)


@pytest.mark.parametrize("kind", ["cnn", "crnn", "ctc"])
@pytest.mark.parametrize("name", ["ddddocr", "ddddocr-1.5"])
def test_ddddocr_reads_what_the_reader_reads(readers, kind, name):
    reader = readers[kind]
    exported = for_ddddocr(reader, name)
    for seed in range(3):
        picture = np.random.default_rng(seed).integers(0, 256, (32, 64, 3), dtype=np.uint8)
        outputs = np.asarray(exported.model(prepared(picture, name)))
        classes = reader.answer([picture])[0].argmax(-1).tolist()
        if kind != "cnn":
            classes = [now for before, now in zip([0, *classes], classes, strict=False)
                       if now != before]  # fmt: skip
        own = "".join(CHARSET[k - 1] for k in classes if k)
        assert as_read(outputs, name, exported.description["charset"]) == own
        np.testing.assert_allclose(exported.answer([picture]), outputs, atol=1e-5)
        np.testing.assert_allclose(
            exported.inputs(picture)[0], prepared(picture, name)[0], atol=1e-6
        )


def test_the_charsets_file_has_what_ddddocr_asks_for(readers):
    fixed, any_width = (for_ddddocr(readers[kind], "ddddocr").description
                        for kind in ("cnn", "crnn"))  # fmt: skip
    names = ("charset", "word", "image", "channel")
    assert [fixed[name] for name in names] == [["", "A", "B"], False, [64, 32], 3]
    assert any_width["image"] == [-1, 32]


def test_a_model_that_reads_no_single_pictures_is_refused():
    strips = Portable(None, None, None, {"task": "captcha-equations"})
    with pytest.raises(SettingsError, match="remedy: --to onnx"):
        for_ddddocr(strips, "ddddocr")
