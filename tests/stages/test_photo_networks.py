"""The stage of networks end to end: table, blend, submission, metrics, plots."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import photo_networks
from house import House, make_params, make_photos
from podium.evaluation.predictions import read_predictions
from podium.photos.networks.predictor import NetworkPredictor

TINY = photo_networks.ENTRY | {"augment": photo_networks.MOVING, "epochs": 3}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> House:
    """One whole run of the stage, shared by the tests that only look at it."""
    root = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        changes = {"photo_networks": {"tiny": TINY}, "assign_photo_folds__seeds": [0]}
        house = House(root, make_photos(root), make_params(root, **changes))
        house.ingest()
        house.fold()
        house.train_network("tiny")
    return house


def test_the_table_is_like_any_other_models(finished):
    table = read_predictions(finished.root / "predictions/tables/photo-networks/tiny.csv")
    assert table["split"].value_counts().to_dict() == {"oof": 24, "test": 5}
    folds = pd.read_csv(finished.folds, dtype={"id": str}).set_index("id")
    oof = table[table["split"] == "oof"].set_index("id")
    assert (oof["fold"] == folds["fold"].loc[oof.index]).all()
    assert set(table["model"]) == {"tiny"}


def test_metrics_have_intervals_and_what_was_chosen(finished):
    found = finished.metrics("train_photo_networks-tiny")
    assert set(found["oof"]) == {"tiny", "prior"}
    assert set(found["oof"]["tiny"]["log_loss"]) == {"value", "se", "low", "high", "n"}
    assert found["chosen"]["image_size"] == 16
    run = json.loads((finished.root / "runs/train_photo_networks-tiny.json").read_text())
    assert run["run"]["items_per_second"] > 0


def test_plots(finished):
    plots = finished.root / "plots/train_photo_networks-tiny"
    curves = pd.read_csv(plots / "learning_curve.csv")
    assert curves.groupby("fold")["epoch"].apply(list).tolist() == [[1, 2, 3]] * 2
    assert {path.name for path in plots.iterdir()} >= {
        "learning_curve.png", "augmented.png", "roc.csv", "confusion.csv"
    }  # fmt: skip


def test_the_artefact_says_what_the_table_says_of_test_pictures(finished):
    predictor = NetworkPredictor(finished.root / "models/photos-tiny.keras")
    assert predictor.kind.names == ["cat", "dog"]
    paths = [finished.photos / f"test/{name}.jpg" for name in "12345"]
    values = predictor.predict(np.stack([predictor.pixels(path.read_bytes()) for path in paths]))
    table = read_predictions(finished.root / "predictions/tables/photo-networks/tiny.csv")
    said = table[table["split"] == "test"].set_index("id").loc[list("12345")]
    np.testing.assert_allclose(values, said[["p_cat", "p_dog"]], atol=1e-5)


def test_the_stage_leaves_no_progress_behind(finished):
    assert not list((finished.root / "scratch/photo-networks").iterdir())


def test_blend_and_submission_take_the_table_of_a_network_that_params_yaml_names(finished):
    stale = finished.root / "predictions/tables/photo-networks/gone.csv"
    stale.write_text("no table at all")
    finished.blend()
    finished.submit()
    assert "tiny" in json.dumps(finished.metrics("blend_photos"))
    manifest = json.loads(finished.out.with_suffix(".json").read_text())
    assert manifest["rows"] == 5
