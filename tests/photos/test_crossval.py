from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest

from podium.core import mapped_rows
from podium.core.errors import PodiumError
from podium.core.feature_store import write_features
from podium.core.files import write_table
from podium.evaluation.scores import ACCURACY, LOG_LOSS
from podium.evaluation.task import usual_classes
from podium.photos.crossval import TrainRows, load_features, load_rows, prediction_table
from podium.photos.linear import linear_table, prior_table
from podium.photos.scoring import model_scores
from podium.pictures.look_alikes import assign_folds

CATS_AND_DOGS = usual_classes(("cat", "dog"))


def oof_scores(table: pd.DataFrame, data: TrainRows) -> dict[str, float]:
    """The out-of-fold scores of one table, as numbers."""
    scores = model_scores({"m": table}, data, [LOG_LOSS, ACCURACY])["m"]
    return {key: score.value for key, score in scores.items()}


@pytest.fixture
def data(tmp_path):
    ids = [f"i{n}" for n in range(24)]
    items = pd.DataFrame({"id": [*ids, "t1", "t2"], "split": ["train"] * 24 + ["test"] * 2})
    items["label"] = ["dog", "cat"] * 12 + ["", ""]
    items["content"] = items["id"]
    groups = np.array([0, 1, 0, 1, *range(2, 22)])
    folds = assign_folds(items[:24], groups, 3, [0, 5])
    write_table(tmp_path / "folds.csv", folds)
    return load_rows(items, tmp_path / "folds.csv", CATS_AND_DOGS)


def write(path, ids, features):
    blank = [""] * len(ids)
    content = [f"sha256 of {name}" for name in ids]
    write_features(path, ids, blank, content, iter([features]), features.shape[1], {})


def load(paths, ids):
    return load_features(paths, ids, [f"sha256 of {name}" for name in ids])


def test_rows_and_splits(data):
    assert data.names == ["cat", "dog"]
    assert data.truth.tolist() == [1, 0] * 12
    assert data.seeds == [0, 5]
    assert data.test_ids == ["t1", "t2"]
    for seed in data.seeds:
        members = [split for split in data.splits if split.seed == seed]
        assert sum(split.held_out.astype(int) for split in members).tolist() == [1] * 24
        for split in members:
            assert split.held_out[0] == split.held_out[2]
            assert split.stop[0] == split.stop[2]
            assert not (split.stop & split.held_out).any()
            assert not (split.train & (split.stop | split.held_out)).any()
            assert (split.train | split.stop | split.held_out).all()
            assert split.stop.any()


def test_folds_of_other_pictures_are_refused(tmp_path, data):
    items = pd.DataFrame({"id": ["x", "i1"], "split": "train", "label": ["cat", "dog"]}).assign(
        content=""
    )
    with pytest.raises(PodiumError, match=r"folds\.csv: 1 ids are missing, namely x"):
        load_rows(items, tmp_path / "folds.csv", CATS_AND_DOGS)


@pytest.mark.parametrize("in_memory", [1 << 30, 0])
def test_features_are_joined_by_id_not_by_position(tmp_path, monkeypatch, in_memory):
    monkeypatch.setattr(mapped_rows, "IN_MEMORY", in_memory)
    write(tmp_path / "a.h5", ["x", "y", "z"], np.array([[1], [2], [3]], np.float32))
    write(tmp_path / "b.h5", ["z", "x", "y"], np.array([[30, 31], [10, 11], [20, 21]], np.float32))
    joined = load([tmp_path / "a.h5", tmp_path / "b.h5"], ["y", "z", "x"])
    assert joined.tolist() == [[2, 20, 21], [3, 30, 31], [1, 10, 11]]


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        (["x", "y"], "1 ids are missing, namely z"),
        (["x", "y", "z", "w"], "1 ids are unknown, namely w"),
    ],
)
def test_features_of_other_ids_are_refused(tmp_path, ids, says):
    write(tmp_path / "a.h5", ids, np.zeros((len(ids), 1), np.float32))
    with pytest.raises(
        PodiumError, match=rf"a\.h5: {says}\nremedy: remove .*a\.h5 and run dvc repro"
    ):
        load([tmp_path / "a.h5"], ["x", "y", "z"])


def test_each_row_is_predicted_by_the_model_that_never_saw_it(data):
    # model m says probability m / 10 for every row, so a row's number tells who predicted it
    n_models = len(data.splits)
    chance = np.tile(np.arange(n_models) / 10, (26, 1))
    table = prediction_table(np.stack([1 - chance, chance], axis=2), data)
    oof = table[table["split"] == "oof"]
    assert len(oof) == 48
    row_of = {name: row for row, name in enumerate(data.ids)}
    for _, row in oof.iterrows():
        split = data.splits[round(row["p_dog"] * 10)]
        assert split.held_out[row_of[row["id"]]]
        assert (split.seed, split.fold) == (row["seed"], row["fold"])
    test = table[table["split"] == "test"].set_index(["id", "seed"])
    assert test.loc[("t1", 0), "p_dog"] == pytest.approx((0 + 0.1 + 0.2) / 3)
    assert test.loc[("t2", 5), "p_dog"] == pytest.approx((0.3 + 0.4 + 0.5) / 3)
    assert set(test["fold"]) == {-1}


def test_logistic_out_of_fold_is_honest_on_noise_and_good_on_signal(data, rng):
    signal = np.concatenate([data.truth, [1, 0]])[:, None] * 4 + rng.normal(size=(26, 3))
    good = linear_table(signal.astype(np.float32), data, [1.0], 100)
    assert oof_scores(good, data)["accuracy"] > 0.9
    assert good[good["split"] == "test"].set_index("id")["p_dog"].groupby("id").mean()["t1"] > 0.5
    wide = rng.normal(size=(26, 200)).astype(np.float32)  # can be learnt by heart, not generalised
    assert oof_scores(linear_table(wide, data, [1.0], 100), data)["accuracy"] < 0.8


def test_prior_is_ln_two_for_balanced_classes(data):
    found = oof_scores(prior_table(data), data)
    assert found["log_loss"] == pytest.approx(np.log(2), abs=0.01)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: table.assign(fold=[10**12, *table["fold"][1:]]), "not numbered 0, 1"),
        (lambda table: table.assign(fold=[-1, *table["fold"][1:]]), "not numbered 0, 1"),
        (lambda table: table.assign(fold=0), "not numbered 0, 1"),
        (lambda table: pd.concat([table, table[:1]]), "1 ids occur more than once, namely i0"),
        (
            lambda table: table.assign(fold=["0" if n % 2 else "1" for n in range(24)]),
            "all pictures of class 'cat' are in one fold",
        ),
    ],
)
def test_folds_that_are_none_are_refused(tmp_path, data, change, says):
    items = pd.DataFrame({"id": data.ids, "split": "train", "label": ["dog", "cat"] * 12})
    items["content"] = ""
    table = pd.read_csv(tmp_path / "folds.csv", dtype=str)
    write_table(tmp_path / "folds.csv", change(table[table["seed"] == "0"]))
    with pytest.raises(PodiumError, match=rf"folds\.csv: .*{says}"):
        load_rows(items, tmp_path / "folds.csv", CATS_AND_DOGS)


def test_a_rare_class_leaves_nine_tenths_to_learn_from(tmp_path):
    labels = ["a"] * 100 + ["b"] * 100 + ["c"] * 3
    items = pd.DataFrame({"id": [f"i{n}" for n in range(203)], "split": "train", "label": labels})
    items["content"] = ""
    write_table(tmp_path / "folds.csv", assign_folds(items, np.arange(203), 5, [0]))
    for split in load_rows(items, tmp_path / "folds.csv", usual_classes(("a", "b", "c"))).splits:
        assert 15 <= split.stop[:200].sum() <= 17  # of 160
        assert split.train[200:].any()


def test_reversed_ids_are_noticed_by_the_content(tmp_path):
    write(tmp_path / "a.h5", ["x", "y", "z"], np.zeros((3, 1), np.float32))
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["ids"][...] = file["ids"][:][::-1]
        del file.attrs["podium_sha256"]
    with pytest.raises(PodiumError, match=r"a\.h5: the features of x are those of another picture"):
        load([tmp_path / "a.h5"], ["x", "y", "z"])
