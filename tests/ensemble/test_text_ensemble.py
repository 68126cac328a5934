"""Elections: tables of readers to one of elected texts, and its honest score."""

import re

import numpy as np
import pytest

from podium.core.errors import PodiumError, SettingsError
from podium.core.params import TextBlend, load_params
from podium.ensemble import voting
from podium.ensemble.text_ensemble import (
    TextPredictions,
    chosen_readers,
    load,
    vote,
)
from podium.evaluation.predictions import (
    Reading,
    read_text_predictions,
    readings,
    text_rows,
    write_text_predictions,
)

IDS, TEST, TRUTH = ["7", "NA", "2"], ["5", "6"], ["a", "b", "c"]
OTHER = r"\nremedy: give tables of one task, made by one run of dvc repro"


def settings(**changes):
    usual = {
        "readers": ["a"],
        "methods": ["single", "majority", "confidence", "calibrated"],
        "method": "calibrated",
        "n_folds": 3,
        "bootstrap": 100,
        "seed": 0,
    }
    return TextBlend.model_validate(usual | changes)


def of(texts, p=0.5):
    return [Reading(text, float(np.log(p))) for text in texts]


def write(folder, name, ids=IDS, test=TEST, truth=TRUTH, seed=0, texts="xyz"):
    """The table of one reader, and its path."""
    path = folder / f"{name}.csv"
    parts = [
        text_rows(ids, "holdout", seed, of(texts[: len(ids)]), truth),
        text_rows(test, "test", seed, of("uvw"[: len(test)])),
    ]
    write_text_predictions(path, parts, {})
    return path


# ---- settings


def params(write_params, **changes):
    return load_params(write_params(**changes))


def test_the_readers_of_a_competition(write_params):
    found = params(write_params)
    names = chosen_readers("captcha-text", "text", found)
    assert names == found.blend["captcha-text"].readers


@pytest.mark.parametrize(
    ("readers", "reason"),
    [
        (["text-crnn", "mine"], r"'mine' does not read text\nremedy: .*: text-crnn"),
        (["arithmetic-crnn"], r"'arithmetic-crnn' does not read text\n"),
        (["text-crnn", "text-cnn", "text-crnn"], r"'text-crnn' is named twice\n"),
    ],
)
def test_readers_that_cannot_vote(write_params, readers, reason):
    found = params(write_params, **{"blend__captcha-text__readers": readers})
    with pytest.raises(SettingsError, match=rf"^blend\.captcha-text\.readers: {reason}"):
        chosen_readers("captcha-text", "text", found)


# ---- load


def test_ballots_are_joined_by_id(tmp_path):
    first = write(tmp_path, "one")
    second = write(tmp_path, "two", ["2", "7", "NA"], ["6", "5"], ["c", "a", "b"])
    found = load([first, second])
    assert (found.readers, found.ids, found.truth) == (["one", "two"], IDS, TRUTH)
    assert found.test_ids == TEST
    assert [one.text for one in found.holdout[0]] == ["x", "y", "z"]
    assert [one.text for one in found.holdout[1]] == ["y", "z", "x"]
    assert [one.text for one in found.test[1]] == ["v", "u"]
    assert found.test[1][0].log_prob == pytest.approx(np.log(0.5))


def refused(reason, *paths):
    with pytest.raises(PodiumError, match=f"^{re.escape(str(paths[-1].parent))}/{reason}$"):
        load(paths)


def test_ids_are_unique_within_their_split_only(tmp_path):
    paths = [write(tmp_path, name, test=["7", "5"]) for name in ("one", "two")]
    found = load(paths)
    assert "7" in found.ids
    assert found.test_ids == ["7", "5"]


def test_other_pictures(tmp_path):
    one = write(tmp_path, "one")
    two = write(tmp_path, "two", ["7", "NA", "3"])
    refused(r"two\.csv: 1 ids are missing, namely 2; 1 ids are unknown, namely 3" + OTHER, one, two)
    two = write(tmp_path, "two", test=["5"])
    refused(r"two\.csv: 1 ids are missing, namely 6" + OTHER, one, two)
    two = write(tmp_path, "two", test=["5", "6", "8"])
    refused(r"two\.csv: 1 ids are unknown, namely 8" + OTHER, one, two)


def test_a_text_that_differs(tmp_path):
    one, two = write(tmp_path, "one"), write(tmp_path, "two", truth=["a", "B", "c"])
    refused(r"two\.csv: the text of NA is not that of one\.csv" + OTHER, one, two)


@pytest.mark.parametrize("order", [0, 1])
def test_a_picture_read_twice(tmp_path, order):
    path = write(tmp_path, "two")
    again = read_text_predictions(path).assign(seed=1)
    write_text_predictions(path, [read_text_predictions(path), again])
    paths = [write(tmp_path, "one"), path] if order else [path]
    refused(r"two\.csv: a picture was read twice by one reader\nremedy: keep .*", *paths)


@pytest.mark.parametrize(("ids", "truth"), [([], []), (IDS, ["a", "", "c"])])
def test_no_held_out_pictures_with_known_texts(tmp_path, ids, truth):
    path = write(tmp_path, "one", ids, truth=truth)
    reason = r"one\.csv: no held-out pictures with known texts to try a vote on\nremedy: .*"
    refused(reason, path)


def test_no_test_pictures(tmp_path):
    paths = [write(tmp_path, name, test=[]) for name in ("one", "two")]
    found = load(paths)
    assert (found.test_ids, found.test) == ([], [[], []])
    table = vote(found, settings()).table
    assert table["id"].tolist() == IDS
    assert (table["fold"].dtype, table["seed"].dtype) == (np.int64, np.int64)
    write_text_predictions(tmp_path / "out.csv", [table])
    assert len(read_text_predictions(tmp_path / "out.csv")) == 3


# ---- elect


def ballots(n=60, n_test=10, accuracies=(0.5, 0.7, 0.8), seed=0):
    """Readers of known accuracy; mistakes are their own, and less sure."""
    rng = np.random.default_rng(seed)
    truth = [f"t{row}" for row in range(n + n_test)]
    every = []
    for number, accuracy in enumerate(accuracies):
        hit = rng.random(n + n_test) < accuracy
        p = np.where(hit, rng.uniform(0.5, 1, len(hit)), rng.uniform(0.3, 0.8, len(hit)))
        texts = [t if one else f"x{number}{t}" for one, t in zip(hit, truth, strict=True)]
        every.append([Reading(t, float(np.log(q))) for t, q in zip(texts, p, strict=True)])
    return TextPredictions(
        readers=[f"reader{number}" for number in range(len(accuracies))],
        ids=[f"h{row}" for row in range(n)],
        truth=truth[:n],
        holdout=[one[:n] for one in every],
        test_ids=[f"q{row}" for row in range(n_test)],
        test=[one[n:] for one in every],
    )


def shares(some, found):
    return voting.is_correct(found, some.truth).mean()


def test_the_table_has_elected_texts(tmp_path):
    some = ballots()
    found = vote(some, settings(seed=3))
    holdout = found.table[found.table["split"] == "holdout"]
    test = found.table[found.table["split"] == "test"]
    folds = voting.folds_of(60, 3, 3)
    honest = voting.cross_fitted(voting.calibrated, some.holdout, some.truth, folds)
    assert readings(holdout) == honest
    assert readings(test) == voting.calibrated(some.holdout, some.truth)(some.test)
    assert (holdout["id"].tolist(), holdout["truth"].tolist()) == (some.ids, some.truth)
    assert (test["id"].tolist(), set(test["truth"])) == (some.test_ids, {""})
    assert (set(found.table["seed"]), set(found.table["fold"])) == ({3}, {-1})
    write_text_predictions(tmp_path / "out.csv", [found.table])


def values(scores):
    return {name: score["value"] for name, score in scores.items()}


def test_the_metrics_of_a_vote():
    some = ballots()
    metrics = vote(some, settings()).metrics
    folds = voting.folds_of(60, 3, 0)
    naive = shares(some, voting.calibrated(some.holdout, some.truth)(some.holdout))
    honest = shares(some, voting.cross_fitted(voting.calibrated, some.holdout, some.truth, folds))
    alone = [shares(some, one) for one in some.holdout]
    assert (metrics["method"], metrics["n_models"]) == ("calibrated", 3)
    nested = metrics["nested"]["whole_string"]
    assert (metrics["naive"]["whole_string"]["value"], nested["value"]) == (naive, honest)
    assert nested["low"] < honest < nested["high"]
    assert nested["n"] == 60
    # a share of n pictures: sqrt(p (1 - p) / n)
    assert nested["se"] == pytest.approx((honest * (1 - honest) / 60) ** 0.5, rel=0.3)
    assert metrics["optimism"] == pytest.approx(naive - honest)
    assert metrics["single"]["model"] == "reader2"
    assert metrics["single"]["whole_string"]["value"] == max(alone)
    assert metrics["difference"]["value"] == pytest.approx(honest - max(alone))
    low, high = metrics["difference"]["low"], metrics["difference"]["high"]
    assert low < metrics["difference"]["value"] < high
    assert list(metrics["methods"]) == ["single", "majority", "confidence", "calibrated"]
    assert values(metrics["methods"]["calibrated"]) == {"naive": naive, "nested": honest}
    plain = shares(some, voting.majority(some.holdout, some.truth)(some.holdout))
    assert values(metrics["methods"]["majority"]) == {"naive": plain, "nested": plain}
    assert metrics["methods"]["single"]["naive"]["value"] == max(alone)


def test_a_vote_of_three_gains_on_the_best_of_them():
    found = vote(ballots(n=400, accuracies=(0.7, 0.7, 0.7)), settings()).metrics
    assert found["difference"]["low"] > 0


def test_the_best_vote_is_chosen_among_the_methods():
    some = ballots()
    found = vote(some, settings(method="best")).metrics
    folds = voting.folds_of(60, 3, 0)
    score = {
        name: shares(some, voting.cross_fitted(fit, some.holdout, some.truth, folds))
        for name, fit in voting.VOTES.items()
    }
    assert found["method"] == max(score, key=score.get)
    step = voting.best(voting.VOTES, 3, 0)
    honest = shares(some, voting.cross_fitted(step, some.holdout, some.truth, folds))
    assert found["nested"]["whole_string"]["value"] == honest
    only = vote(some, settings(method="best", methods=["single"])).metrics
    assert (only["method"], list(only["methods"])) == ("single", ["single"])


@pytest.mark.parametrize("method", ["single", "majority", "confidence", "calibrated", "best"])
def test_one_reader_only_is_that_reader(method):
    some = ballots(accuracies=(0.6,))
    found = vote(some, settings(method=method))
    wanted = [one.text for one in (*some.holdout[0], *some.test[0])]
    assert found.table["text"].tolist() == wanted
    metrics = found.metrics
    alone = shares(some, some.holdout[0])
    assert (metrics["naive"]["whole_string"]["value"], metrics["optimism"]) == (alone, 0)
    assert metrics["nested"]["whole_string"]["value"] == alone
    assert metrics["difference"] == {"value": 0, "se": 0, "low": 0, "high": 0, "n": 60}


def test_the_same_settings_elect_the_same():
    one, other = (vote(ballots(), settings(method="best")) for _ in range(2))
    assert one.metrics == other.metrics
    assert one.table.equals(other.table)
