from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from house import encoded, striped
from podium.core.errors import PodiumError
from podium.core.files import write_table
from podium.pictures import dataset
from podium.pictures.dataset import (
    CheckCache,
    check_pictures,
    perceptual_hash,
    read_items,
)
from podium.pictures.source import PictureSource


def bits_apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def smooth(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((240, 180), Image.Resampling.BICUBIC)


def test_perceptual_hash_survives_size_quality_and_light_but_not_another_picture():
    picture = smooth(1)
    small = picture.resize((120, 90))
    poor = Image.open(__import__("io").BytesIO(encoded(picture, quality=30)))
    darker = picture.point(lambda value: int(value * 0.8))
    own = perceptual_hash(picture)
    assert all(bits_apart(own, perceptual_hash(other)) <= 4 for other in (small, poor, darker))
    assert all(bits_apart(own, perceptual_hash(smooth(seed))) > 16 for seed in range(2, 12))


def test_every_picture_is_in_a_table_or_quarantined(photos_dir):
    good = (photos_dir / "train/cat.3.jpg").read_bytes()
    (photos_dir / "train/cat.3.jpg").write_bytes(good[: len(good) // 2])
    (photos_dir / "test/2.jpg").write_text("no picture")
    items, quarantine = check_pictures(PictureSource(photos_dir), CheckCache(89.0))
    assert len(items) == 23 + 4
    first = items.iloc[0].to_dict()
    data = (photos_dir / "train/cat.0.jpg").read_bytes()
    assert first | {"phash": ""} == {
        "id": "cat.0",
        "split": "train",
        "label": "cat",
        "path": "train/cat.0.jpg",
        "content": hashlib.sha256(data).hexdigest(),
        "width": 48,
        "height": 40,
        "phash": "",
    }
    assert quarantine[["id", "split", "path"]].to_numpy().tolist() == [
        ["cat.3", "train", "train/cat.3.jpg"],
        ["2", "test", "test/2.jpg"],
    ]
    assert quarantine["reason"][0].startswith("damaged: ")
    assert quarantine["reason"][1] == "not a JPEG, PNG, WEBP, BMP picture"


def test_a_second_look_decodes_only_what_is_new(photos_dir, monkeypatch):
    check_pictures(PictureSource(photos_dir), CheckCache(89.0))
    (photos_dir / "train/dog.99.jpg").write_bytes(encoded(striped("dog", 99)))
    cache = CheckCache(89.0)
    items, _ = check_pictures(PictureSource(photos_dir), cache)
    assert cache.n_new == 1
    assert "dog.99" in set(items["id"])


def test_a_damaged_cache_costs_time_only(photos_dir):
    cache = CheckCache(89.0)
    check_pictures(PictureSource(photos_dir), cache)
    cache.path.write_text("content,width\nx,y,z\n")
    again = CheckCache(89.0)
    items, _ = check_pictures(PictureSource(photos_dir), again)
    assert again.n_new == len(items) == 29


def test_an_id_in_both_splits_is_refused(photos_dir):
    (photos_dir / "test/cat.0.jpg").write_bytes(encoded(striped("cat", 50)))
    with pytest.raises(PodiumError, match=r"1 ids occur more than once, namely cat\.0"):
        check_pictures(PictureSource(photos_dir), CheckCache(89.0))


def test_items_keep_ids_that_look_like_numbers(tmp_path):
    row = {"id": "007", "split": "test", "label": "NA", "path": "p", "content": "c"}
    table = dataset.pd.DataFrame([row | {"width": 4, "height": 3, "phash": "00e1"}])
    write_table(tmp_path / "items.csv", table)
    assert read_items(tmp_path / "items.csv").iloc[0].to_dict() == table.iloc[0].to_dict()
