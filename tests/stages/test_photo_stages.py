"""Each photo stage's main, end to end on 29 tiny pictures, with good input and with bad."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from house import House, encoded, make_params, make_photos, striped
from podium.core.feature_store import read_features
from podium.evaluation.predictions import read_predictions
from podium.pictures.extract import Recipe

pytestmark = [pytest.mark.weights, pytest.mark.slow]
OTHERS = ["book", "boosting", "efficientnet-lite0", "hog", "logistic", "prior"]  # than dense


@pytest.fixture
def house(tmp_path, photos_dir, write_params) -> House:
    return House(tmp_path, photos_dir, write_params())


def refused(capsys, *words: str) -> str:
    """The printed error: at most three lines, no traceback, with all `words`."""
    message = capsys.readouterr().err
    error = message[message.index("error: ") :]
    assert error.count("\n") <= 3
    assert "Traceback" not in message
    for word in words:
        assert word in error
    return error


def expect_exit(code: int, call) -> None:
    with pytest.raises(SystemExit) as stop:
        call()
    assert stop.value.code == code


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> House:
    """One whole run, shared by the tests that only look at it."""
    root = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        photos = make_photos(root)
        (photos / "test/4.jpg").write_bytes(b"no picture")
        house = House(root, photos, make_params(root, blend__photos__leave_out=OTHERS))
        house.everything()
    return house


def test_the_submission_follows_the_sample_and_flags_what_it_filled(finished):
    table = pd.read_csv(finished.out, dtype={"id": str})
    assert list(table.columns) == ["id", "label"]
    assert table["id"].tolist() == ["3", "1", "2", "5", "4"]
    assert table["label"].between(0, 1).all()
    assert table["label"].iloc[-1] == 0.5  # the unreadable picture gets the share of dogs, 12 of 24
    manifest = json.loads(finished.out.with_suffix(".json").read_text())
    assert manifest["filled"] == ["4"]
    assert manifest["rows"] == 5
    assert manifest["params"]["photos"]["source"] == "raw"


def test_the_artefact_predicts_what_a_blend_of_it_alone_submits(finished):
    from podium.photos.classifier import PhotoClassifier

    classifier = PhotoClassifier(finished.model, finished.root / "data/weights")
    paths = [finished.photos / f"test/{name}.jpg" for name in ("3", "1", "2", "5")]
    submitted = pd.read_csv(finished.out)["label"].to_numpy()[:4]
    np.testing.assert_allclose(classifier.classify(paths)[:, 1], submitted, atol=1e-5)


@pytest.mark.parametrize("views", ["flip", "crops"])
def test_the_artefact_looks_at_pictures_as_its_features_did(house, write_params, views):
    from podium.photos.classifier import PhotoClassifier

    house.params = write_params(
        **{"extractors__efficientnet-lite0__views": views, "extractors__hog__views": "flip"},
        blend__photos__leave_out=OTHERS, blend__photos__calibrate="none",
        train_photo_classifier__calibrate=False,
    )  # fmt: skip
    house.everything()
    for name, wanted in (("efficientnet-lite0", views), ("hog", "flip")):
        features = house.root / f"features/{name}.h5"
        assert read_features(features).provenance["views"] == wanted
    classifier = PhotoClassifier(house.model, house.root / "data/weights")
    paths = [house.photos / f"test/{name}.jpg" for name in ("3", "1", "2", "5", "4")]
    submitted = pd.read_csv(house.out)["label"].to_numpy()
    np.testing.assert_allclose(classifier.classify(paths)[:, 1], submitted, atol=1e-5)
    plain = Recipe(classifier.recipes[0].extractor, classifier.batch_size, 89.0)
    classifier.recipes = [plain]
    assert np.abs(classifier.classify(paths)[:, 1] - submitted).max() > 1e-4


def test_pseudo_labels_give_one_more_table_and_say_how_many_joined(
    finished, tmp_path, write_params, capsys
):
    root = tmp_path / "twice"
    shutil.copytree(finished.root, root)
    house = House(root, root / "data/raw/photos", finished.params)
    tables = root / "predictions/tables/photos"
    before = read_predictions(tables / "dense.csv").drop(columns="params")
    house.params = write_params(train_photo_classifier__pseudo_label=0.55)
    house.train()
    assert read_predictions(tables / "dense.csv").drop(columns="params").equals(before)
    assert read_predictions(tables / "pseudo.csv")["id"].nunique() == 28
    found = house.metrics("train_photo_classifier")
    assert "pseudo" in found["oof"]
    joined = found["pseudo_labels"]
    assert joined["test_pictures"] == 4
    assert 0 <= joined["fewest"] <= joined["most"] <= 4
    assert f"to {joined['most']} of 4 test pictures joined a head" in capsys.readouterr().out


def test_tables_hold_each_train_picture_once_per_seed(finished):
    tables = sorted(path.stem for path in (finished.root / "predictions/tables/photos").iterdir())
    assert tables == ["book", "boosting", "dense", "efficientnet-lite0", "hog", "logistic", "prior"]
    table = read_predictions(finished.root / "predictions/tables/photos/dense.csv")
    oof = table[table["split"] == "oof"]
    assert oof.groupby("seed")["id"].nunique().to_dict() == {0: 24, 1: 24}
    assert len(oof) == 48


def test_metrics_show_every_model_beside_its_baselines(finished):
    found = finished.metrics("train_photo_classifier")["oof"]
    assert set(found) == {
        "book", "boosting", "dense", "efficientnet-lite0", "hog", "logistic", "prior"
    }  # fmt: skip
    assert found["prior"]["log_loss"]["value"] == pytest.approx(np.log(2), abs=1e-3)
    assert set(found["dense"]["log_loss"]) == {"value", "se", "low", "high", "n"}
    assert (
        found["logistic"]["accuracy"]["value"] > 0.7
    )  # stripes across against stripes up and down
    submitted = finished.metrics("submit_photos")
    assert found["prior"]["log_loss"]["value"] > submitted["held_out"]["log_loss"]["value"]
    assert submitted["test"]["accuracy"]["value"] >= 0.6


def test_the_blend_is_scored_on_rows_it_never_saw(finished):
    found = finished.metrics("blend_photos")
    assert set(found["calibration"]) == {"none", "clip", "temperature", "isotonic"}
    assert found["single"]["model"] == "dense"
    held_out = finished.metrics("submit_photos")["held_out"]["log_loss"]["value"]
    assert found["nested"]["log_loss"]["value"] == pytest.approx(held_out)
    table = read_predictions(finished.root / "predictions/blends/photos.csv")
    assert table.groupby(["split", "seed"]).size().to_dict() == {
        ("oof", 0): 24, ("oof", 1): 24, ("test", 0): 4,
    }  # fmt: skip
    manifest = json.loads(finished.out.with_suffix(".json").read_text())
    assert manifest["scores"]["blend"]["nested"] == found["nested"]["log_loss"]


def test_plots_are_there(finished):
    plots = finished.root / "plots/train_photo_classifier"
    assert {path.name for path in plots.iterdir()} == {
        "calibration.csv",
        "confusion.csv",
        "confusion.png",
        "curves.png",
        "folds.csv",
        "ladder.png",
        "learning_curve.csv",
        "mistakes.png",
        "precision_recall.csv",
        "roc.csv",
    }


def test_features_have_the_same_bytes_by_every_route(house, tmp_path):
    house.ingest()
    whole = house.extract("efficientnet-lite0").read_bytes()
    scratch = next((tmp_path / "scratch/features").iterdir())
    shards = sorted(scratch.glob("shard-*.h5"))
    assert len(shards) == 2
    shards[0].unlink()  # as if the run had been killed before it wrote this one
    assert house.extract("efficientnet-lite0").read_bytes() == whole
    shutil.rmtree(scratch)
    held_back = [house.photos / f"train/{name}.jpg" for name in ("cat.3", "dog.7", "dog.0")]
    kept = [path.read_bytes() for path in held_back]
    for path in held_back:
        path.unlink()
    house.ingest()
    house.extract("efficientnet-lite0")
    for path, data in zip(held_back, kept, strict=True):
        path.write_bytes(data)
    house.ingest()
    assert house.extract("efficientnet-lite0").read_bytes() == whole


def test_features_say_where_they_come_from(finished):
    found = read_features(finished.root / "features/efficientnet-lite0.h5")
    assert found.ids[:3] == ["cat.0", "cat.1", "cat.2"]
    assert found.labels[0] == "cat"
    assert found.labels[-1] == ""
    assert found.features.shape == (28, 1280)
    assert {"extractor", "weights_sha256", "image_size", "preprocessing", "keras"} <= set(
        found.provenance
    )


def test_more_than_two_classes_from_folders_and_zips(house, tmp_path):
    shutil.rmtree(house.photos)
    house.photos.mkdir()
    with zipfile.ZipFile(house.photos / "train.zip", "w") as archive:
        for label, color in (("red", 0), ("green", 1), ("blue", 2)):
            for index in range(8):
                pixels = np.asarray(striped("cat", index)).copy()
                pixels[:, :, color] = 255
                name = f"train/{label}/deep/{index}.PNG"
                archive.writestr(name, encoded(Image.fromarray(pixels), "PNG"))
        archive.writestr("train/red/deep/notes.txt", "hello")
    (house.photos / "test").mkdir()
    (house.photos / "test/a.bmp").write_bytes(encoded(striped("cat", 9), "BMP"))
    house.everything()
    table = pd.read_csv(house.out)
    assert list(table.columns) == ["id", "blue", "green", "red"]
    assert table[["blue", "green", "red"]].sum(axis=1).to_numpy() == pytest.approx([1.0])
    assert house.metrics("train_photo_classifier")["oof"]["logistic"]["accuracy"]["value"] > 0.8


def test_no_test_pictures_gives_metrics_and_says_so(house, capsys):
    shutil.rmtree(house.photos / "test")
    house.everything()
    assert "photos has no test items: metrics only" in capsys.readouterr().out
    assert house.out.read_text() == "id\n"
    assert house.metrics("submit_photos")["held_out"]["log_loss"]["value"] > 0


# ---- bad input


def test_no_pictures(house, capsys):
    shutil.rmtree(house.photos)
    house.photos.mkdir()
    expect_exit(1, house.ingest)
    refused(capsys, str(house.photos), "no train pictures", "remedy: put train/")


def test_one_class_only(house, capsys):
    for path in house.photos.glob("train/dog.*"):
        path.unlink()
    expect_exit(1, house.ingest)
    refused(capsys, str(house.photos), "one class, 'cat'", "remedy")


def truncated(path: Path) -> bytes:
    data = path.read_bytes()
    return data[: len(data) * 2 // 3]


def huge_header(_: Path) -> bytes:
    data = bytearray(encoded(Image.new("RGB", (8, 8)), "PNG"))
    data[16:24] = (30_000).to_bytes(4, "big") * 2  # width and height of the IHDR chunk
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (truncated, "damaged: "),
        (lambda _: b"<html>not found</html>", "not a JPEG"),
        (huge_header, "30000x30000 px is over the limit of 89 megapixels"),
    ],
)
def test_unreadable_train_pictures_beyond_the_tolerance(house, capsys, make, says):
    house.ingest()
    before = house.items.read_bytes()
    path = house.photos / "train/dog.5.jpg"
    path.write_bytes(make(path))
    expect_exit(1, house.ingest)
    refused(capsys, str(path), says, "1 of 24", "ingest_photos.max_unreadable", "remedy")
    assert house.items.read_bytes() == before


def test_unreadable_train_pictures_within_the_tolerance(house, write_params):
    house.params = write_params(ingest_photos__max_unreadable=0.05)
    (house.photos / "train/dog.5.jpg").write_bytes(b"x")
    house.ingest()
    assert 'dog.5,train,dog,train/dog.5.jpg,"not a JPEG' in house.quarantine.read_text()
    assert house.metrics("ingest_photos")["n_unreadable_train"] == 1


def test_too_few_pictures_for_the_folds(house, capsys, write_params):
    house.params = write_params(assign_photo_folds__n_folds=30)
    house.ingest()
    expect_exit(1, house.fold)
    refused(capsys, "24 train pictures", "30 folds", "assign_photo_folds.n_folds")


def copy_of(house: House, folder: Path) -> House:
    root = folder / "copy"
    shutil.copytree(house.root, root)
    return House(root, root / house.photos.relative_to(house.root), house.params)


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        ("id,label\n1,0\n2,0\n3,0\n4,0\n", "1 ids are missing, namely 5"),
        ("id,label\n1,0\n2,0\n3,0\n4,0\n5,0\n6,0\n", "1 ids are unknown, namely 6"),
        ("id,label\n1,0\n1,0\n", "more than once, namely 1"),
        ("id,dog,cat\n1,0,0\n", "column label is missing"),
        ("id,label\n1,0,3\n", "line 2 has 3 fields"),
    ],
)
def test_a_sample_that_does_not_fit(finished, tmp_path, capsys, sample, says):
    other = copy_of(finished, tmp_path)
    (other.photos / "sample_submission.csv").write_text(sample)
    before = other.out.read_bytes()
    expect_exit(1, other.submit)
    refused(capsys, "sample_submission.csv", says)
    assert other.out.read_bytes() == before


def test_an_answer_key_that_does_not_fit(finished, tmp_path, capsys):
    other = copy_of(finished, tmp_path)
    labels = "id,label\n1,cat\n2,dog\n3,dog\n4,cow\n5,dog\n"
    (other.photos / "test_labels.csv").write_text(labels)
    expect_exit(1, other.submit)
    refused(capsys, "test_labels.csv", "unknown classes ['cow']")


@pytest.mark.parametrize("table", ["sample_submission.csv", "test_labels.csv"])
def test_tables_are_refused_before_anything_is_computed(house, capsys, table):
    with (house.photos / table).open("a") as file:
        file.write("3,0\n")
    expect_exit(1, house.ingest)
    refused(capsys, table, "1 ids occur more than once, namely 3", "remedy")
    assert not house.items.exists()


def test_a_class_called_id_is_refused_before_anything_is_computed(house, capsys):
    for name in ("sample_submission.csv", "test_labels.csv"):
        (house.photos / name).unlink()
    for number in range(12):
        path = house.photos / f"train/cat.{number}.jpg"
        path.rename(path.with_name(f"{'id' if number % 2 else 'bird'}.{number}.jpg"))
    expect_exit(1, house.ingest)
    refused(capsys, "two columns 'id'", "remedy: rename that class")
    assert not house.items.exists()


def test_ingest_says_what_it_left_out(house, capsys):
    (house.photos / "train.csv").write_text("id,label\n")
    (house.photos / "test/9.heic").write_bytes(b"x")
    sample = house.photos / "sample_submission.csv"
    sample.write_text(sample.read_text() + "9,0.5\n")
    (house.photos / "test_labels.csv").unlink()
    house.ingest()
    assert capsys.readouterr().out.splitlines()[1:] == [
        "quarantined: 1 x .heic pictures are not read, e.g. test/9.heic",
        "quarantined: 1 x table, e.g. train.csv",
        f"quarantined: 2 in all, listed in {house.quarantine}",
    ]
    house.fold()
    out = capsys.readouterr().out
    assert out == "24 pictures, 24 groups, 0 look-alikes\n"


def test_a_rare_class_goes_through_with_a_warning(house, capsys, write_params):
    house.params = write_params(
        assign_photo_folds__n_folds=4,
        assign_photo_folds__seeds=[0],
        blend__photos__leave_out=OTHERS,
    )
    for number in range(3):
        path = house.photos / f"train/emu.{number}.jpg"
        path.write_bytes(encoded(striped("emu", number)))
    for name in ("sample_submission.csv", "test_labels.csv"):
        (house.photos / name).unlink()
    house.everything()
    assert "warning: class 'emu' has 3 pictures" in capsys.readouterr().out
    assert list(pd.read_csv(house.out).columns) == ["id", "cat", "dog", "emu"]


def test_an_unknown_extractor(house, capsys, write_params):
    house.params = write_params(extractors={"resnet5": {"weights": "download", "views": "plain"}})
    house.ingest()
    expect_exit(2, lambda: house.extract("resnet5"))
    refused(capsys, "extractors.resnet5: unknown extractor; known are efficientnet-lite0")


def test_missing_local_weights(house, capsys, write_params):
    house.params = write_params(extractors={"resnet50": {"weights": "a" * 64, "views": "plain"}})
    house.ingest()
    expect_exit(1, lambda: house.extract("resnet50"))
    refused(capsys, "data/weights/resnet50.weights.h5: no such weights file", "remedy")


def test_features_of_other_pictures(house, capsys):
    house.ingest()
    house.fold()
    house.extract("hog")
    out = house.extract("efficientnet-lite0")
    (house.photos / "train/cat.40.jpg").write_bytes(encoded(striped("cat", 40)))
    house.ingest()
    house.fold()
    house.extract("hog")
    expect_exit(1, house.train)
    refused(capsys, str(out), "1 ids are missing, namely cat.40", "remedy: remove")


def test_a_corrupt_feature_file(house, capsys):
    house.ingest()
    house.fold()
    house.extract("hog")
    out = house.extract("efficientnet-lite0")
    out.write_bytes(out.read_bytes()[:5000])
    expect_exit(1, house.train)
    refused(capsys, str(out), "damaged", "remedy: remove it and run dvc repro")
    assert not house.model.exists()


def test_only_baselines_cannot_be_fused(house, capsys, write_params):
    house.params = write_params(extractors={"hog": {"weights": "none", "views": "plain"}})
    house.ingest()
    house.fold()
    house.extract("hog")
    expect_exit(2, house.train)
    refused(capsys, "extractors: nothing to fuse")


def test_pseudo_labels_without_test_pictures(house, capsys, write_params):
    house.params = write_params(train_photo_classifier__pseudo_label=0.99)
    shutil.rmtree(house.photos / "test")
    house.ingest()
    house.fold()
    for name in ("hog", "efficientnet-lite0"):
        house.extract(name)
    expect_exit(2, house.train)
    refused(capsys, "train_photo_classifier.pseudo_label: 0.99, but there are no test pictures")


def test_an_output_that_cannot_be_written(house, capsys):
    house.ingest()
    (house.root / "features").write_text("a file where a folder should be")
    expect_exit(3, lambda: house.extract("hog"))
    refused(capsys, "features/hog.h5", "a file stands where a folder is needed")
