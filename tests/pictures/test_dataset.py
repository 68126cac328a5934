from __future__ import annotations

import hashlib
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from house import encoded, striped
from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.files import write_table
from podium.core.raw_folder import quarantine_lines
from podium.pictures import dataset
from podium.pictures.dataset import (
    CheckCache,
    check_pictures,
    perceptual_hash,
    read_items,
)
from podium.pictures.quarantine import refuse_many_unreadable
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
    assert first | {"phash": "", "thumbnail": ""} == {
        "id": "cat.0",
        "split": "train",
        "label": "cat",
        "group": "",
        "path": "train/cat.0.jpg",
        "content": hashlib.sha256(data).hexdigest(),
        "width": 48,
        "height": 40,
        "phash": "",
        "thumbnail": "",
    }
    assert quarantine[["id", "split", "path"]].to_numpy().tolist() == [
        ["cat.3", "train", "train/cat.3.jpg"],
        ["2", "test", "test/2.jpg"],
    ]
    assert quarantine["reason"][0].startswith("damaged: ")
    assert quarantine["reason"][1].startswith("not a JPEG, PNG, ")


def test_whatever_lies_there_is_read_or_quarantined(photos_dir, tmp_path):
    (photos_dir / "test/9.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (photos_dir / "test/8.gif").write_bytes(encoded(striped("dog", 8), "GIF"))
    (photos_dir / "train/cat.77.jpg").symlink_to("nowhere")
    (photos_dir / "train.csv").write_text("id,label\n")
    (photos_dir / "train/a\x1b[31m\r\n.txt").write_text("x")
    items, quarantine = check_pictures(PictureSource(photos_dir), CheckCache(89.0))
    assert "8" in set(items["id"])
    assert quarantine[["id", "split", "path"]].to_numpy().tolist() == [
        ["cat.77", "train", "train/cat.77.jpg"],
        ["9", "test", "test/9.heic"],
        ["a\\x1b[31m\\r\\n.txt", "", "train/a\\x1b[31m\\r\\n.txt"],
        ["train.csv", "", "train.csv"],
    ]
    assert quarantine_lines(tmp_path / "q.csv", quarantine) == [
        "quarantined: 1 x a link to nothing, e.g. train/cat.77.jpg",
        "quarantined: 1 x .heic pictures are not read, e.g. test/9.heic",
        "quarantined: 1 x no picture, e.g. train/a\\x1b[31m\\r\\n.txt",
        "quarantined: 1 x table, e.g. train.csv",
        f"quarantined: 4 in all, listed in {tmp_path}/q.csv",
    ]


def test_damaged_members_of_a_zip_are_quarantined(photos_dir):
    shutil.rmtree(photos_dir / "train")
    with zipfile.ZipFile(photos_dir / "train.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"cat.{number}.jpg", encoded(striped("cat", number)))
            archive.writestr(f"dog.{number}.jpg", encoded(striped("dog", number)))
    data = bytearray((photos_dir / "train.zip").read_bytes())
    data[200] ^= 0xFF  # inside the first picture
    (photos_dir / "train.zip").write_bytes(data)
    items, quarantine = check_pictures(PictureSource(photos_dir), CheckCache(89.0))
    assert (items["split"] == "train").sum() == 5
    (row,) = quarantine.to_dict("records")
    assert (row["id"], row["split"], row["label"]) == ("cat.0", "train", "cat")
    assert row["reason"].startswith("damaged member of a zip: Bad CRC-32")


def test_a_lack_of_memory_is_not_remembered_as_damage(photos_dir, monkeypatch):
    def starved(*_args, **_options):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "convert", starved)
        with pytest.raises(EnvironmentFault, match=r"cat\.0\.jpg: memory ran out"):
            check_pictures(PictureSource(photos_dir), CheckCache(89.0))
    items, quarantine = check_pictures(PictureSource(photos_dir), CheckCache(89.0))
    assert len(items) == 29
    assert quarantine.empty


def test_what_cannot_be_read_is_tried_anew(photos_dir):
    (photos_dir / "test/2.jpg").write_text("no picture")
    cache = CheckCache(89.0)
    check_pictures(PictureSource(photos_dir), cache)
    assert all(check.reason == "" for check in CheckCache(89.0).checks.values())


def test_no_train_pictures_says_where_pictures_are(tmp_path):
    (tmp_path / "training/cat").mkdir(parents=True)
    (tmp_path / "training/cat/1.jpg").write_bytes(encoded(striped("cat", 1)))
    with pytest.raises(
        PodiumError,
        match=r"no train pictures; 1 pictures lie elsewhere, e\.g\. training/cat/1\.jpg",
    ):
        check_pictures(PictureSource(tmp_path), CheckCache(89.0))


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
    row = {"id": "007", "split": "test", "label": "NA", "group": "01"}
    table = dataset.pd.DataFrame(
        [
            row
            | {
                "path": "p",
                "content": "c",
                "width": 4,
                "height": 3,
                "phash": "00e1",
                "thumbnail": "",
            }
        ]
    )
    write_table(tmp_path / "items.csv", table)
    assert read_items(tmp_path / "items.csv").iloc[0].to_dict() == table.iloc[0].to_dict()


def test_without_a_readable_train_picture_no_tolerance_helps(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train/cat.1.jpg").write_bytes(b"x")
    items, quarantine = check_pictures(PictureSource(tmp_path), CheckCache(89.0))
    with pytest.raises(PodiumError, match=r"1 of 1 train pictures cannot be read"):
        refuse_many_unreadable(tmp_path, items, quarantine, 1.0, "key")


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(PodiumError, match=r"none: no train pictures\nremedy: put train/"):
        check_pictures(PictureSource(tmp_path / "none"), CheckCache(89.0))
