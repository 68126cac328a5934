"""Slides are classified, and thresholds chosen, by other folds; scores by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from podium.evaluation.predictions import check
from podium.slides.oof_metrics import metrics
from podium.slides.scoring import LEVELS, Counts
from podium.slides.slide_classification import (
    PlattScaling,
    SlidePrediction,
    choose_level,
    classify_out_of_fold,
    fit_and_classify,
    fit_platt,
    hot_area,
    mean_heat,
    prediction_table,
    prediction_tables,
    tumour_share,
)
from podium.slides.slide_tables import counts_table, precision_recall, state_of, states_table
from slide_networks import result, row

TRUTH = [[1, 1, 0, 0]]


def slide(name, fold, heat, truth=TRUTH, top_heat=0.9, **changes):
    label = str(int(np.any(truth))) if truth is not None else ""
    return result(row(name, fold=fold, **{"label": label} | changes), heat, truth, top_heat)


def negative(name, fold, top_heat=0.1, **changes):
    return slide(name, fold, [[0.1] * 4], [[0] * 4], top_heat, **changes)


def logit(p):
    return np.log(p / (1 - p))


# ---- from score to probability


def test_the_caller_by_formula():
    p = np.array([0.2, 0.5, 0.9])
    np.testing.assert_allclose(PlattScaling()(p), p)
    np.testing.assert_allclose(PlattScaling(2, 1)(p), 1 / (1 + np.exp(-(2 * logit(p) + 1))))
    ends = PlattScaling()(np.array([0.0, 1.0]))
    np.testing.assert_allclose(ends, [1 / 256, 255 / 256])  # nothing is certain


def test_platts_logistic_is_scikit_learns():
    hot = [0.9, 0.8, 0.4, 0.3, 0.2]
    found = [slide(f"t{k}", 0, [[0.5] * 4], top_heat=p) for k, p in enumerate(hot[:3])]
    found += [negative(f"n{k}", 0, top_heat=p) for k, p in enumerate(hot[3:])]
    unknown = slide("u", 0, [[0.5] * 4], None, top_heat=0.99)
    model = LogisticRegression().fit(logit(np.array(hot))[:, None], [1, 1, 1, 0, 0])
    wanted = model.predict_proba(logit(np.array([[0.25], [0.7]])))[:, 1]
    np.testing.assert_allclose(fit_platt([*found, unknown])(np.array([0.25, 0.7])), wanted)


@pytest.mark.parametrize("found", [
    [],
    [slide("a", 0, [[0.5] * 4], top_heat=0.1), slide("b", 0, [[0.5] * 4])],
    [negative("a", 0), negative("b", 0, top_heat=0.9)],
    [slide("u", 0, [[0.5] * 4], None)],
])  # fmt: skip
def test_labels_of_one_kind_leave_the_score_as_it_is(found):
    assert fit_platt(found) == PlattScaling(1.0, 0.0)


def test_hotter_never_means_less_likely():
    found = [slide("a", 0, [[0.5] * 4], top_heat=0.1)]
    found += [negative(f"n{k}", 0, top_heat=0.9) for k in range(3)]
    np.testing.assert_allclose(fit_platt(found)(np.array([0.1, 0.9])), 0.25)  # the share, no more


# ---- threshold


def test_the_level_of_the_best_pooled_f1():
    # 0.25 and below is background, 0.75 and above tumour: the middle of levels 65 to 192
    a = slide("a", 0, [[0.75, 0.75, 0.25, 0.25]])
    b = slide("b", 1, [[0.8, 0.9, 0.1, 0.2]])
    unknown = slide("u", 0, [[0.3] * 400], None)
    assert choose_level([a, b, unknown]) == 128
    for nothing in ([], [unknown], [negative("n", 0)]):
        assert choose_level(nothing) == LEVELS // 2


FOLDS = [
    slide("a0", 0, [[0.9, 0.9, 0.7, 0.7]], top_heat=0.95),  # levels 180 to 230: 205
    negative("n0", 0, top_heat=0.6),
    slide("a1", 1, [[0.4, 0.4, 0.2, 0.2]], top_heat=0.45),  # levels 52 to 102: 77
    negative("n1", 1, top_heat=0.15),
]


def test_threshold_and_call_come_from_other_folds():
    found = {one.result.row.slide: one for one in classify_out_of_fold(FOLDS)}
    assert list(found) == ["a0", "n0", "a1", "n1"]
    assert found["a0"].level == choose_level(FOLDS[2:]) == 77
    callers = fit_platt(FOLDS[2:]), fit_platt(FOLDS[:2])
    for name, caller in zip(found, np.repeat(callers, 2), strict=True):
        wanted = caller(np.array([found[name].result.top_heat]))[0]
        assert found[name].probability == pytest.approx(wanted)
    assert found["a1"].probability < 0.5  # beside fold 0 it is cool
    assert found["n0"].probability > 0.5  # beside fold 1 it is hot


def test_a_slides_own_fold_changes_nothing():
    other = [slide("a0", 0, [[0.1, 0.2, 0.9, 1.0]], top_heat=0.95),
             negative("n0", 0, top_heat=0.6, label="1")]  # fmt: skip
    before, after = classify_out_of_fold(FOLDS)[:2], classify_out_of_fold([*other, *FOLDS[2:]])[:2]
    assert [one.probability for one in before] == [one.probability for one in after]
    assert [one.level for one in before] == [one.level for one in after]
    moved = classify_out_of_fold([*other, *FOLDS[2:]])[2:]
    unmoved = classify_out_of_fold(FOLDS)[2:]
    assert [one.probability for one in moved] != [one.probability for one in unmoved]


def test_a_slide_called_free_of_tumour_has_nothing_marked():
    hot = slide("x", -1, [[1.0, 1.0, 0.9, 0.0]], top_heat=0.05)
    found = fit_and_classify([hot, slide("y", -1, [[1.0, 1.0, 0.1, 0.0]])], FOLDS)
    assert [one.probability < 0.5 for one in found] == [True, False]
    assert found[0].level == LEVELS
    assert found[0].counts == Counts(0, 0, 2, 2)
    assert found[1].level == choose_level(FOLDS) < LEVELS
    assert found[1].counts == Counts(2, 0, 0, 2)


# ---- slides that no network saw


def unseen(name, fold, **changes):
    return replace(negative(name, fold, top_heat=0.5 / 256, **changes), n_tiles=0)


def test_the_share_of_tumour_slides_is_never_certain():
    assert tumour_share([*FOLDS, slide("t", 1, [[0.5] * 4])]) == 0.6
    assert tumour_share([FOLDS[0], FOLDS[2]]) == 3 / 4
    assert tumour_share([FOLDS[1]]) == 1 / 3
    assert tumour_share([]) == tumour_share([slide("u", 0, [[0.5] * 4], None)]) == 0.5


def test_a_slide_without_tiles_gets_the_share_of_tumour_slides_and_no_mask():
    hot = replace(slide("x", -1, [[1.0] * 4], None, top_heat=0.99), n_tiles=0)
    three = [slide("t", 0, [[0.5] * 4]), *FOLDS[:2], FOLDS[2]]
    blank, seen = fit_and_classify([hot, FOLDS[0]], three)
    assert blank.probability == 0.75
    assert blank.level == LEVELS  # though 0.75 is more likely than not
    assert state_of(blank.result) == "no tiles"
    assert state_of(seen.result) == "done"
    assert seen.probability == fit_and_classify([FOLDS[0]], three)[0].probability


def test_slides_without_tiles_teach_nothing_about_scores():
    assert fit_platt([*FOLDS, unseen("b", 0), unseen("c", 1)]) == fit_platt(FOLDS)


def test_every_model_gives_a_slide_without_tiles_the_share():
    train = [*FOLDS, slide("t", 1, [[0.8] * 4]), unseen("b", 0)]
    tables = prediction_tables(train, [unseen("z", -1, split="test", label="")], 7)
    for name in ("fcn", "fcn-mean", "fcn-area"):
        p = tables[name].set_index("id")["p_tumour"]
        assert p["z"] == 0.5  # three of six
        assert p["b"] == 2 / 3  # of fold 1: two of three


def test_the_states_of_all_slides():
    rows = [FOLDS[0].row, row("gone", split="test", label=""), row("z", split="test", label="")]
    slides = [SlidePrediction(FOLDS[0], 0.9, 128),
              SlidePrediction(replace(unseen("z", -1), row=rows[2]), 0.5, LEVELS)]  # fmt: skip
    table = states_table(slides, rows, {"gone": "a.tif: cannot be opened"})
    assert table.to_numpy().tolist() == [
        ["a0", "train", "done", 1, 0.9, ""],
        ["gone", "test", "failed", 0, "", "a.tif: cannot be opened"],
        ["z", "test", "no tiles", 0, 0.5,
         "no tile holds enough tissue: no network saw it, its probability is the share of tumour "
         "slides"],
    ]  # fmt: skip


# ---- tables and scores


def test_the_prediction_table(tmp_path):
    a, b = (replace(one, row=replace(one.row, patient="p")) for one in FOLDS[:2])
    t = slide("t", -1, [[0.5] * 4], None, split="test")
    seen = []

    def by_hand(these, others):
        seen.append(([one.row.slide for one in these], [one.row.slide for one in others]))
        return np.array([0.75, 0.25]) if len(these) == 2 else np.array([0.5])

    found = prediction_table([a, b], [t], 7, by_hand)
    assert seen == [(["a0", "n0"], []), (["t"], ["a0", "n0"])]
    check(tmp_path, found)
    assert list(found) == [
        "id", "split", "fold", "seed", "group", "truth", "p_normal", "p_tumour",
    ]  # fmt: skip
    assert found["group"].tolist() == ["p", "p", t.row.patient]
    assert found["truth"].tolist() == ["tumour", "normal", ""]
    assert found.drop(columns=["group", "truth"]).to_numpy().tolist() == [
        ["a0", "oof", 0, 7, 0.25, 0.75], ["n0", "oof", 0, 7, 0.75, 0.25],
        ["t", "test", -1, 7, 0.5, 0.5],
    ]  # fmt: skip
    assert prediction_table([a, b], [], 7, by_hand)["id"].tolist() == ["a0", "n0"]


def test_tables_of_several_scores():
    t = slide("t", -1, [[0.5] * 4], None, split="test")
    found = prediction_tables(FOLDS, [t], 7)
    assert list(found) == ["fcn", "fcn-mean", "fcn-area", "prior"]
    slides = [*classify_out_of_fold(FOLDS), *fit_and_classify([t], FOLDS)]
    wanted = [one.probability for one in slides]
    assert found["fcn"]["p_tumour"].tolist() == wanted
    assert found["prior"]["p_tumour"].tolist() == [0.5] * 5  # (1 + 1) / (2 + 2), (2 + 1) / (4 + 2)
    assert found["fcn-area"]["p_tumour"].tolist() != found["fcn-mean"]["p_tumour"].tolist()


def test_scores_of_a_slide_by_hand():
    one = slide("x", 0, [[1.0, 0.75, 0.25, 0.0]])
    assert hot_area(one) == 0.5
    assert mean_heat(one) == pytest.approx(0.5, abs=1 / LEVELS)


def values(scores):
    return {name: score["value"] for name, score in scores.items()}


def test_metrics_by_hand():
    colour = [Counts(1, 1, 1, 1), Counts(0, 2, 0, 2)]
    a = slide("a", 0, [[0.9, 0.1, 0.9, 0.1]], patient="p")
    b = negative("b", 0, patient="p")
    unknown = slide("u", 1, [[0.9] * 4], None, patient="q", label="1")
    a, b = (replace(one, baseline=its) for one, its in zip((a, b), colour, strict=True))
    oof = [
        SlidePrediction(a, 0.8, 128),
        SlidePrediction(b, 0.3, LEVELS),
        SlidePrediction(unknown, 0.2, LEVELS),
    ]
    found = metrics(oof, 20)
    assert (found["n_slides"], found["n_patients"]) == (3, 1)
    assert values(found["network"]) == {
        "tumour_f1": 0.5, "tumour_f1_macro": 0.75, "iou": 1 / 3, "precision": 0.5, "recall": 0.5,
        "background_f1": 10 / 12,
    }  # fmt: skip
    f1 = {"value": 0.5, "se": 0, "low": 0.5, "high": 0.5, "n": 2}  # both slides are of one patient
    assert found["network"]["tumour_f1"] == f1
    nothing = values(found["all_background"])
    assert (nothing["tumour_f1"], nothing["tumour_f1_macro"]) == (0, 0.5)
    assert nothing["background_f1"] == 12 / 14
    assert values(found["hed_otsu"])["tumour_f1"] == pytest.approx(2 / 6)
    assert found["loses_to_baseline"] is False
    better = metrics(
        [replace(oof[0], result=replace(a, baseline=Counts(2, 1, 0, 1))), *oof[1:]], 20
    )
    assert values(better["hed_otsu"])["tumour_f1"] == pytest.approx(4 / 7)
    assert better["loses_to_baseline"] is True
    assert found["slide_auc"] == {"value": 0.5, "n": 3}  # of two pairs, one is in order


def test_metrics_of_labels_of_one_kind():
    found = metrics([SlidePrediction(slide("a", 0, [[0.9, 0.9, 0.1, 0.1]]), 0.9, 128)], 5)
    assert "slide_auc" not in found
    assert "hed_otsu" not in found
    assert values(found["network"])["tumour_f1"] == 1


def test_metrics_of_slides_nobody_knows():
    unknown = slide("u", 0, [[0.9] * 4], None)
    assert metrics([SlidePrediction(unknown, 0.5, 128)], 5) == {"n_slides": 1, "n_patients": 0}


def test_the_curve_pools_known_slides():
    unknown = slide("u", 0, [[0.9] * 400], None)
    found = precision_recall([*FOLDS, unknown]).set_index("threshold")
    assert len(found) == 31
    # from 0.5 on: a0 has four, two of them right; a1 none of its two
    assert found.loc[0.5].tolist() == [0.5, 0.5, 0.5]
    empty = precision_recall([unknown])
    assert (len(empty), empty.columns.tolist()) == (0, ["threshold", "precision", "recall", "f1"])


def test_counts_are_of_slides_with_known_truth_by_model():
    # level 128: 0.9 and 0.6 are marked, 0.4 and 0.1 are not; truth is the first two pixels
    known = slide("a", 2, [[0.9, 0.4, 0.6, 0.1]], patient="p")
    with_dark = replace(known, baseline=Counts(2, 2, 0, 0))
    unknown = slide("u", 0, [[0.9] * 4], None)
    found = counts_table([SlidePrediction(one, 0.9, 128) for one in (known, with_dark, unknown)])
    assert found.to_numpy().tolist() == [
        ["a", "p", 2, "network", 1, 1, 1, 1],
        ["a", "p", 2, "network", 1, 1, 1, 1],
        ["a", "p", 2, "hed_otsu", 2, 2, 0, 0],
    ]
    assert list(counts_table([]))[:4] == ["slide", "patient", "fold", "model"]
