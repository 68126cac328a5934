"""Mini competitions in the layouts of public ones: a folder of tiny pictures and tables each."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from house import encoded

TRAIN, TEST = 24, 8
CLASSES = ("ash", "Birke", "chêne")


def picture(seed: int, value: float) -> Image.Image:
    """A 24x20 picture whose redness says `value`, under noise of its own seed."""
    pixels = np.random.default_rng(seed).integers(0, 200, (20, 24, 3))
    pixels[..., 0] = 40 + 160 * value + pixels[..., 0] % 40
    return Image.fromarray(pixels.astype(np.uint8))


def put(path: Path, seed: int, value: float = 0.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {".png": "PNG", ".tif": "TIFF"}.get(path.suffix, "JPEG")
    path.write_bytes(encoded(picture(seed, value), kind))


def table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def pictures(
    root: Path, names: Sequence[str], train: str, test: str
) -> tuple[list[str], list[str]]:
    """Puts the first TRAIN of `names` into `train`, the others into `test`."""
    for seed, name in enumerate(names):
        put(root / (train if seed < TRAIN else test) / name, seed, seed % 3 / 2)
    return list(names[:TRAIN]), list(names[TRAIN:])


def names(suffix: str, stem: str = "p{:03d}") -> list[str]:
    return [stem.format(k) + suffix for k in range(TRAIN + TEST)]


def cactus(root: Path) -> None:
    """Ids with suffix, one column of 0 and 1, its probability is wanted."""
    train, test = pictures(root, names(".jpg"), "train", "test")
    table(root / "train.csv", ["id", "has_cactus"], [(n, k % 2) for k, n in enumerate(train)])
    table(root / "sample_submission.csv", ["id", "has_cactus"], [(n, 0.5) for n in test])


def breed(root: Path) -> None:
    """Ids without suffix, one column of names, a column for each in the sample."""
    train, test = pictures(root, names(".jpg", "p.{:03d}.x"), "train", "test")
    rows = [(n[:-4], CLASSES[k % 3]) for k, n in enumerate(train)]
    table(root / "labels.csv", ["id", "breed"], rows)
    order = (CLASSES[2], CLASSES[0], CLASSES[1])
    table(root / "sample_submission.csv", ["id", *order], [(n[:-4], 0.3, 0.3, 0.4) for n in test])


def histo(root: Path) -> None:
    """TIFF pictures."""
    train, test = pictures(root, names(".tif"), "train", "test")
    table(
        root / "train_labels.csv", ["id", "label"], [(n[:-4], k % 2) for k, n in enumerate(train)]
    )
    table(root / "sample_submission.csv", ["id", "label"], [(n[:-4], 0) for n in test])


def plant(root: Path) -> None:
    """One folder for both splits, a column of 0 and 1 for each class, test.csv."""
    train, test = pictures(root, names(".jpg"), "images", "images")
    rows = [(n[:-4], *(int(k % 3 == j) for j in range(3))) for k, n in enumerate(train)]
    table(root / "train.csv", ["image_id", "rust", "healthy", "scab"], rows)
    table(root / "test.csv", ["image_id"], [(n[:-4],) for n in test])
    sample = [(n[:-4], 0.3, 0.3, 0.4) for n in test]
    table(root / "sample_submission.csv", ["image_id", "rust", "healthy", "scab"], sample)


def aptos(root: Path) -> None:
    """Grades 0 to 2, whole numbers are wanted."""
    train, test = pictures(root, names(".png"), "train_images", "test_images")
    rows = [(n[:-4], k % 3) for k, n in enumerate(train)]
    table(root / "train.csv", ["id_code", "diagnosis"], rows)
    table(root / "test.csv", ["id_code"], [(n[:-4],) for n in test])
    table(root / "sample_submission.csv", ["id_code", "diagnosis"], [(n[:-4], 0) for n in test])


def cassava(root: Path) -> None:
    """Numbers of classes are wanted; a JSON beside names them."""
    train, test = pictures(root, names(".jpg", "{:d}"), "train_images", "test_images")
    table(root / "train.csv", ["image_id", "label"], [(n, k % 3) for k, n in enumerate(train)])
    (root / "label_num_to_disease_map.json").write_text('{"0": "CBB", "1": "CBSD", "2": "CGM"}')
    table(root / "sample_submission.csv", ["image_id", "label"], [(n, 4) for n in test])


def catheters(root: Path) -> None:
    """Several labels a picture, a patient for each three, DICOM's ids; a table of outlines, too."""
    train, test = pictures(root, names(".jpg", "1.2.826.0.{:d}"), "train", "test")
    labels = ["ETT - Normal", "NGT", "CVC"]
    rows = [(n[:-4], k % 2, int(k % 5 == 0), int(k % 3 == 0), f"p{k // 3}")
            for k, n in enumerate(train)]  # fmt: skip
    table(root / "train.csv", ["StudyInstanceUID", *labels, "PatientID"], rows)
    outlines = [(n[:-4], tube, "[[1, 2]]") for n in train for tube in ("NGT", "CVC")]
    table(root / "train_annotations.csv", ["StudyInstanceUID", "label", "data"], outlines)
    sample = [(n[:-4], 0, 0, 0) for n in test]
    table(root / "sample_submission.csv", ["StudyInstanceUID", *labels], sample)


def melanoma(root: Path) -> None:
    """Nested folders beside DICOM files; patients; columns beside the pictures."""
    train, test = pictures(root, names(".jpg"), "jpeg/train", "jpeg/test")
    for name in train[:3]:
        (root / "train").mkdir(exist_ok=True)
        (root / f"train/{name[:-4]}.dcm").write_bytes(b"\0" * 128 + b"DICM")
    header = ["image_name", "patient_id", "sex", "age", "diagnosis", "target"]
    rows = [(n[:-4], f"IP_{k // 2}", "mf"[k % 2], 30 + k, "nevus" if k % 3 else "melanoma",
             int(k % 3 == 0)) for k, n in enumerate(train)]  # fmt: skip
    table(root / "train.csv", header, rows)
    table(root / "test.csv", header[:4], [(n[:-4], "IP_99", "", 50) for n in test])
    table(root / "sample_submission.csv", ["image_name", "target"], [(n[:-4], 0) for n in test])


def seedlings(root: Path) -> None:
    """Class folders, ids with suffix, class names are wanted."""
    for k, name in enumerate(names(".png")):
        folder = "test" if k >= TRAIN else f"train/{('Maize', 'Sugar beet', 'Common wheat')[k % 3]}"
        put(root / folder / name, k, k % 3 / 2)
    sample = [(name, "Sugar beet") for name in names(".png")[TRAIN:]]
    table(root / "sample_submission.csv", ["file", "species"], sample)


def herbarium(root: Path) -> None:
    """COCO's JSON beside nested folders; test ids that train has, too; a category is wanted."""
    images, annotations, test = [], [], []
    for k in range(TRAIN + TEST):
        split, row = ("train", k) if k < TRAIN else ("test", k - TRAIN)
        name = f"images/{k % 3:03d}/{row}.jpg" if k < TRAIN else f"images/000/{row}.jpg"
        put(root / "nybg" / split / name, k, k % 3 / 2)
        (images if k < TRAIN else test).append({"id": row, "file_name": name, "height": 20})
        if k < TRAIN:
            annotations.append({"id": k, "image_id": row, "category_id": 100 + k % 3})
    categories = [{"id": 100 + k, "name": name} for k, name in enumerate(CLASSES)]
    train = {"images": images, "annotations": annotations, "categories": categories, "info": {}}
    (root / "nybg/train/metadata.json").write_text(json.dumps(train))
    (root / "nybg/test/metadata.json").write_text(json.dumps({"images": test, "info": {}}))
    table(root / "sample_submission.csv", ["Id", "Predicted"], [(k, 100) for k in range(TEST)])


def pawpularity(root: Path) -> None:
    """A whole number is wanted as a number; columns beside the pictures; all of it zipped."""
    train, test = pictures(root / "x", names(".jpg"), "pets_train", "pets_test")
    rows = [(n[:-4], k % 2, 10 + k) for k, n in enumerate(train)]
    table(root / "train.csv", ["Id", "Eyes", "Pawpularity"], rows)
    table(root / "test.csv", ["Id", "Eyes"], [(n[:-4], 1) for n in test])
    sample = [(n[:-4], 61.71) for n in test]
    table(root / "sample_submission.csv", ["Id", "Pawpularity"], sample)
    for name in ("pets_train", "pets_test"):
        shutil.make_archive(str(root / name), "zip", root / "x", name)
    shutil.rmtree(root / "x")


def whales(root: Path) -> None:
    """The five likeliest names are wanted, in a column named Id; one zip with both splits."""
    train, test = pictures(root / "x", names(".jpg"), "imgs/train", "imgs/test")
    rows = [(n, f"w_{k % 8}") for k, n in enumerate(train)]
    table(root / "train.csv", ["Image", "Id"], rows)
    sample = [(n, "w_1 w_2 w_3 w_4 w_5") for n in test]
    table(root / "sample_submission.csv", ["Image", "Id"], sample)
    shutil.make_archive(str(root / "imgs"), "zip", root / "x", "imgs")
    shutil.rmtree(root / "x")


def apples(root: Path) -> None:
    """Several labels in one cell, names joined by blanks are wanted."""
    train, test = pictures(root, names(".jpg"), "train_images", "test_images")
    cells = ["healthy", "scab", "scab rust", "rust"]
    table(root / "train.csv", ["image", "labels"], [(n, cells[k % 4]) for k, n in enumerate(train)])
    table(root / "sample_submission.csv", ["image", "labels"], [(n, "healthy") for n in test])


def bare(root: Path) -> None:
    """Class folders in a folder of another name, no test, no sample."""
    for k in range(TRAIN):
        put(root / "PetImages" / CLASSES[k % 3] / f"{k}.jpg", k, k % 3 / 2)


SHOWN = {
    "cactus": (cactus, "auc"), "breed": (breed, "log_loss"), "histo": (histo, "auc"),
    "plant": (plant, "mean_auc"), "aptos": (aptos, "quadratic_kappa"),
    "cassava": (cassava, "accuracy"), "catheters": (catheters, "mean_auc"),
    "melanoma": (melanoma, "auc"), "seedlings": (seedlings, "micro_f1"),
    "herbarium": (herbarium, "macro_f1"), "pawpularity": (pawpularity, "rmse"),
    "whales": (whales, "map@5"), "apples": (apples, "micro_f1"), "bare": (bare, "log_loss"),
}  # name -> what writes it, its metric  # fmt: skip


def naturalist(root: Path) -> None:
    """COCO's JSON for train and test; ids apart from file names; several levels of folders."""
    images, annotations, test = [], [], []
    for k in range(TRAIN + TEST):
        name = f"train_val2019/Birds/{k % 3}/{k:08x}.jpg" if k < TRAIN else f"test2019/{k:08x}.jpg"
        put(root / name, k, k % 3 / 2)
        (images if k < TRAIN else test).append({"id": 500 + k, "file_name": name, "width": 24})
        if k < TRAIN:
            annotations.append({"id": k, "image_id": 500 + k, "category_id": k % 3})
    categories = [{"id": k, "name": name} for k, name in enumerate(CLASSES)]
    train = {"images": images, "annotations": annotations, "categories": categories}
    (root / "train2019.json").write_text(json.dumps(train))
    (root / "test2019.json").write_text(json.dumps({"images": test}))
    sample = [(500 + k, 0) for k in range(TRAIN, TRAIN + TEST)]
    table(root / "sample_submission.csv", ["id", "predicted"], sample)


def leaves(root: Path) -> None:
    """One folder, numbers beside the pictures in both tables, a column for each class."""
    train, test = pictures(root, names(".jpg", "{:d}"), "images", "images")
    rows = [(n[:-4], CLASSES[k % 3], k / 100) for k, n in enumerate(train)]
    table(root / "train.csv", ["id", "species", "margin1"], rows)
    table(root / "test.csv", ["id", "margin1"], [(n[:-4], 0.1) for n in test])
    table(root / "sample_submission.csv", ["id", *CLASSES], [(n[:-4], 0.3, 0.3, 0.4) for n in test])


def invasive(root: Path) -> None:
    """Train and test pictures of one name."""
    for k in range(TRAIN + TEST):
        split, row = ("train", k) if k < TRAIN else ("test", k - TRAIN)
        put(root / split / f"{row + 1}.jpg", k, k % 2)
    rows = [(k + 1, k % 2) for k in range(TRAIN)]
    table(root / "train_labels.csv", ["name", "invasive"], rows)
    sample = [(k + 1, 0.5) for k in range(TEST)]
    table(root / "sample_submission.csv", ["name", "invasive"], sample)


def paddy(root: Path) -> None:
    """Class folders, and a table that says the classes, too."""
    rows = []
    for k, name in enumerate(names(".jpg", "1{:05d}")):
        label = ("blast", "hispa", "normal")[k % 3]
        put(root / (f"train_images/{label}" if k < TRAIN else "test_images") / name, k, k % 3 / 2)
        rows.append((name, label, "ADT45", 40 + k % 5))
    table(root / "train.csv", ["image_id", "label", "variety", "age"], rows[:TRAIN])
    sample = [(row[0], "") for row in rows[TRAIN:]]
    table(root / "sample_submission.csv", ["image_id", "label"], sample)


def hotels(root: Path) -> None:
    """Folders that are chains, a table of hotels, the five likeliest are wanted."""
    train, test = [], []
    for k, name in enumerate(names(".jpg", "{:016x}")):
        put(root / (f"train_images/{k % 2}" if k < TRAIN else "test_images") / name, k, k % 3 / 2)
        (train if k < TRAIN else test).append((name, k % 2, 1000 + k % 8, f"2018-01-{k % 28 + 1}"))
    table(root / "train.csv", ["image", "chain", "hotel_id", "timestamp"], train)
    sample = [(row[0], "36363 53586 18807 64314 60181") for row in test]
    table(root / "sample_submission.csv", ["image", "hotel_id"], sample)


def museum(root: Path) -> None:
    """Numbers of labels in one cell, their names in a table beside."""
    train, test = pictures(root, names(".png", "{:016x}"), "train", "test")
    cells = ["1 7", "7", "12", "1 12"]
    rows = [(n[:-4], cells[k % 4]) for k, n in enumerate(train)]
    table(root / "train.csv", ["id", "attribute_ids"], rows)
    attributes = [(k, f"culture::{k}") for k in (1, 7, 12)]
    table(root / "labels.csv", ["attribute_id", "attribute_name"], attributes)
    table(root / "sample_submission.csv", ["id", "attribute_ids"], [(n[:-4], "0 1") for n in test])


def wildcam(root: Path) -> None:
    """Zips, ids and file names in columns of their own, places and sequences."""
    train, test = pictures(root / "x", names(".jpg", "{:08x}"), "train_images", "test_images")
    header = ["date_captured", "file_name", "id", "location", "seq_id"]
    rows = [(f"2011-05-{k % 28 + 1:02d}", n, n[:-4], k % 4, f"s{k // 3}", k % 3)
            for k, n in enumerate(train)]  # fmt: skip
    table(root / "train.csv", [*header, "category_id"], rows)
    rows = [(f"2011-06-{k + 1:02d}", n, n[:-4], 9, f"t{k // 3}") for k, n in enumerate(test)]
    table(root / "test.csv", header, rows)
    table(root / "sample_submission.csv", ["Id", "Predicted"], [(n[:-4], 0) for n in test])
    for name in ("train_images", "test_images"):
        shutil.make_archive(str(root / name), "zip", root / "x" / name)
    shutil.rmtree(root / "x")


def zipped(root: Path) -> None:
    """All that a competition has in one zip, the sample submission, too."""
    breed(root / "x")
    shutil.make_archive(str(root / "all"), "zip", root / "x")
    shutil.rmtree(root / "x")


ASKING = {
    "zipped": (zipped, ("--metric", "log_loss")),
    "naturalist": (naturalist, ("--metric", "accuracy")),
    "leaves": (leaves, ("--metric", "log_loss")),
    "invasive": (invasive, ("--metric", "auc")),
    "paddy": (paddy, ("--metric", "accuracy", "--table", "train.csv")),
    "hotels": (hotels, ("--metric", "map@5")),
    "museum": (museum, ("--metric", "micro_f1")),
    "wildcam": (wildcam, ("--metric", "macro_f1", "--group", "location")),
}  # name -> what writes it, the options that inspect needs
