"""Folds, models, artefact and pictures for labels, numbers and columns beside the pictures."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from house import House, make_params, make_photos
from podium.core.files import write_table
from podium.evaluation.competition import PredictOptions
from podium.evaluation.predictions import read_predictions
from podium.evaluation.task import PictureTask, SampleStyle, usual_classes, write_task
from podium.photos.classifier import PhotoClassifier
from podium.photos.predict_files import answers
from podium.pictures.dataset import read_items

pytestmark = [pytest.mark.weights, pytest.mark.slow]
LABELS = PictureTask(
    "labels", ("up", "late"), "mean_auc", SampleStyle(("id", "up", "late"), "probabilities")
)
NUMBER = PictureTask("number", (), "rmse", SampleStyle(("id", "y"), "number"))
COLUMNS = replace(usual_classes(("cat", "dog")), columns=("age", "sex"))


@pytest.fixture(scope="module")
def extracted(tmp_path_factory) -> House:
    """Pictures and their features, which are the same whatever is predicted."""
    root = tmp_path_factory.mktemp("extracted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        house = House(root, make_photos(root), make_params(root))
        house.ingest()
        for name in ("efficientnet-lite0", "hog"):
            house.extract(name)
    return house


def trained(extracted: House, root: Path, task: PictureTask, label) -> House:
    """A copy whose train pictures are labelled by `label` (name, number in the table)."""
    shutil.copytree(extracted.root, root)
    house = House(root, root / "data/raw/photos", extracted.params)
    items = read_items(house.items)
    train = items["split"] == "train"
    items.loc[train, "label"] = [label(name, k) for k, name in enumerate(items["id"][train])]
    groups = [f"p{k // 2}" if has else "" for k, has in enumerate(train)]
    items = items.drop(columns="group", errors="ignore")
    items.insert(items.columns.get_loc("label") + 1, "group", groups)
    write_table(house.items, items)
    write_task(house.task, task)
    age = [str(20 + k) if k % 3 else "" for k in range(len(items))]
    sex = ["f" if "dog" in name else "m" for name in items["id"]]
    write_table(house.columns, pd.DataFrame({"id": items["id"], "age": age, "sex": sex}))
    house.fold()
    house.train()
    return house


def check_artefact(house: House, columns: list[str], table: str) -> None:
    """The artefact says what the heads of `table` say of test pictures, calibrated or not."""
    classifier = PhotoClassifier(house.model, house.root / "data/weights")
    paths = [house.photos / f"test/{name}.jpg" for name in "12345"]
    classifier.calibration = {}
    rows = read_predictions(house.root / f"predictions/tables/photos/{table}.csv")
    rows = rows[(rows["split"] == "test")].groupby("id")[classifier.kind.columns()].mean()
    np.testing.assert_allclose(
        classifier.classify(paths), rows.loc[list("12345")].to_numpy(), rtol=1e-4, atol=1e-5
    )
    said = answers(house.model, paths[:2], PredictOptions(house.root / "data/weights"))
    assert said.columns == columns
    rows_of_files = list(said.answers)
    assert [row.path for row in rows_of_files] == paths[:2]
    assert all(len(row.cells) == len(columns) and not row.fault for row in rows_of_files)


def plots(house: House) -> set[str]:
    return {path.name for path in (house.root / "plots/train_photo_classifier").iterdir()}


def test_labels(extracted, tmp_path, capsys):
    def label(name: str, number: int) -> str:
        return ";".join([*["up"] * ("dog" in name), *["late"] * (number % 3 == 0)]) or "-"

    house = trained(extracted, tmp_path / "labels", LABELS, label)
    assert "up to" not in capsys.readouterr().err
    folds = pd.read_csv(house.folds)
    assert (folds.groupby(["seed", "group"])["fold"].nunique() == 1).all()
    assert folds["group"].nunique() == 12
    found = house.metrics("train_photo_classifier")
    assert found["metric"] == "log_loss" or found["metric"] == "mean_auc"
    assert set(found["oof"]["dense"]["log_loss"]) == {"value", "se", "low", "high", "n"}
    assert {"labels.png", "curves.png", "ladder.png", "mistakes.png", "roc.csv"} <= plots(house)
    check_artefact(house, ["labels", "l_up", "l_late"], "dense")


def test_numbers(extracted, tmp_path):
    house = trained(
        extracted, tmp_path / "number", NUMBER, lambda name, k: repr(100.0 * ("dog" in name) + k)
    )
    scores = house.metrics("train_photo_classifier")["oof"]
    assert scores["hog"]["rmse"]["value"] < scores["prior"]["rmse"]["value"] / 2  # it sees stripes
    assert set(scores["dense"]) == {"rmse", "mae"}
    assert {"predicted.csv", "curves.png", "ladder.png", "mistakes.png"} <= plots(house)
    check_artefact(house, ["y"], "dense")


def test_columns_beside_the_pictures(extracted, tmp_path, capsys):
    house = trained(extracted, tmp_path / "columns", COLUMNS, lambda name, _: name[:3])
    assert "columns beside the pictures: log_loss of dense falls by" in capsys.readouterr().out
    gain = house.metrics("train_photo_classifier")["gain_by_columns"]["log_loss"]
    assert gain["value"] > 0
    check_artefact(house, ["class", "p_cat", "p_dog"], "pictures")
