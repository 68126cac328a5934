"""Lines, pairs and the bootstrap: by hand, and by enumerating every draw."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from podium.comparison.compare import Choice, compare, differing
from podium.comparison.run_results import RunResults
from podium.competitions import COMPETITIONS
from podium.core.errors import PodiumError, SettingsError
from podium.evaluation import intervals
from podium.evaluation.intervals import resampled_sums
from podium.evaluation.metric_terms import COLUMNS
from podium.evaluation.pairing import differences
from podium.evaluation.scores import ACCURACY, LOG_LOSS, SLIDE_LOG_LOSS

PHOTOS, SLIDES = COMPETITIONS["photos"], COMPETITIONS["slides"]


def evidence(values, denominator=None, groups=None, ids=None, truth=None, folds=None):
    n = len(values)
    return pd.DataFrame(
        {
            "id": ids or [f"i{k}" for k in range(n)],
            "fold": folds or [k % 2 for k in range(n)],
            "seed": 0,
            "group": groups or [f"g{k}" for k in range(n)],
            "truth": truth or ["cat"] * n,
            "numerator": np.array(values, dtype=float),
            "denominator": np.ones(n)
            if denominator is None
            else np.array(denominator, dtype=float),
        }
    )[COLUMNS]


def photo(values, **other):
    right = [float(one < 0.7) for one in values]
    return {"log loss": evidence(values, **other), "accuracy": evidence(right, **other)}


def revision(name, settings=None, seconds=60.0, submitted="dense", **models):
    return RunResults(name, settings or {}, [submitted], models, seconds)


def by_name(found):
    return {(line.revision, line.model): line for line in found.lines}


def test_lines_by_hand():
    here = revision("workspace", {"l2": 0.1}, 90, dense=photo([0.1, 0.2, 0.3, 1.0]))
    other = revision("exp", {"l2": 0.2}, None, dense=photo([0.3, 0.4, 0.1, 0.4]))
    found = compare(PHOTOS, [here, other], Choice())
    assert [(line.revision, line.baseline) for line in found.lines] == [
        ("exp", False), ("workspace", True),
    ]  # fmt: skip
    best, base = found.lines
    # folds of the baseline: (.1 + .3) / 2 = .2 and (.2 + 1) / 2 = .6
    assert (base.mean, base.score, *base.others) == pytest.approx((0.4, 0.4, 0.75))
    assert base.sd == pytest.approx(0.4 / 2**0.5)
    assert (base.seconds, base.settings, base.difference) == (90, {}, None)
    assert (best.mean, best.sd) == pytest.approx((0.3, 0.2 / 2**0.5))
    assert (best.seconds, best.settings) == (None, {"l2": "0.2"})
    assert best.difference.value == pytest.approx(-0.1)
    assert best.difference.low < -0.1 < best.difference.high
    assert found.baseline == "workspace:dense"


def test_one_fold_has_no_spread():
    here = revision("workspace", dense=photo([0.1, 0.2], folds=[-1, -1]))
    assert compare(PHOTOS, [here], Choice()).lines[0].sd is None


def enumerated(sums, base):
    """Every outcome of drawing as many groups as there are: differences of the two ratios."""
    found = []
    for drawn in itertools.product(range(len(sums)), repeat=len(sums)):
        mine, other = sums[list(drawn)].sum(0), base[list(drawn)].sum(0)
        found.append(mine[0] / mine[1] - other[0] / other[1])
    return np.array(found)


def test_the_bootstrap_is_that_of_every_draw_there_is():
    # three groups of 1, 2 and 3 rows: 27 equally likely draws
    groups = ["x", "y", "y", "z", "z", "z"]
    base, mine = [0.5, 0.1, 0.9, 0.4, 0.2, 0.3], [0.2, 0.6, 0.8, 0.3, 0.1, 0.1]
    frames = [evidence(one, groups=groups).set_index("id") for one in (base, mine)]
    sums = [one.groupby("group")[["numerator", "denominator"]].sum().to_numpy() for one in frames]
    wanted = enumerated(sums[1], sums[0])
    (found,) = differences([frames[1]], frames[0], LOG_LOSS, 40_000, 3)
    assert found.value == pytest.approx((2.1 - 2.4) / 6)
    assert found.better == pytest.approx((wanted < 0).mean(), abs=0.01)
    assert 0.6 < found.better < 0.9
    low, high = np.percentile(wanted, [2.5, 97.5], method="inverted_cdf")
    assert (found.low, found.high) == pytest.approx((low, high))
    (worse,) = differences([frames[1]], frames[0], ACCURACY, 40_000, 3)
    assert worse.better == pytest.approx((wanted > 0).mean(), abs=0.01)


def test_two_groups_by_hand():
    # xx, xy, yx, yy: differences -.2, 0, 0, +.2; a quarter is better, half are equal
    frames = [
        evidence([0.5, 0.5], groups=["x", "y"]).set_index("id"),
        evidence([0.3, 0.7], groups=["x", "y"]).set_index("id"),
    ]
    (found,) = differences([frames[1]], frames[0], LOG_LOSS, 20_000, 0)
    assert (found.value, found.low, found.high) == pytest.approx((0, -0.2, 0.2))
    assert found.better == pytest.approx(0.25, abs=0.02)


def test_a_group_is_drawn_whole():
    # within the one group everything cancels: no draw can differ
    frames = [evidence(one, groups=["p", "p"]).set_index("id") for one in ([0, 1], [1, 0.5])]
    (found,) = differences([frames[1]], frames[0], LOG_LOSS, 2000, 0)
    assert (found.low, found.high) == pytest.approx((0.25, 0.25))


def test_f1_of_pairs_by_hand():
    base = evidence([16, 2, 0], [18, 7, 0], truth=["8", "5", "0"])
    mine = evidence([16, 6, 0], [18, 9, 0], truth=["8", "5", "0"])
    here = revision("workspace", submitted="fcn", fcn={"tumour F1": base})
    other = revision("exp", fcn={"tumour F1": mine})
    found = compare(SLIDES, [here, other], Choice())
    assert found.lines[0].revision == "exp"  # higher is better
    assert found.lines[0].score == pytest.approx(22 / 27)
    assert found.lines[0].difference.value == pytest.approx(22 / 27 - 18 / 25)
    # the draw of the slide without tumour alone scores 1 on both sides: never better
    assert found.lines[0].difference.high <= 6 / 9 - 2 / 7 + 1e-9


def test_a_blend_without_pixels_is_paired_by_what_both_have():
    pixels, slides = evidence([2, 2], [4, 4]), evidence([0.5, 0.7])
    here = revision(
        "workspace",
        submitted="fcn",
        fcn={"tumour F1": pixels, "log loss of slides": slides},
        blend={"log loss of slides": evidence([0.4, 0.4])},
        hed_otsu={"tumour F1": pixels},
    )
    found = compare(SLIDES, [here], Choice())
    assert [line.model for line in found.lines] == ["fcn", "hed_otsu", "blend"]
    lines = {line.model: line for line in found.lines}
    assert lines["fcn"].others == pytest.approx([0.6])
    assert lines["blend"].metric == SLIDE_LOG_LOSS
    assert lines["blend"].difference.value == pytest.approx(-0.2)
    only = compare(SLIDES, [here], Choice(model="hed_otsu"))
    assert by_name(only)["workspace", "blend"].note.startswith("not paired: the baseline has no")


def test_other_ids_or_truths_are_not_paired():
    base = photo([0.1, 0.2, 0.3])
    here = revision("workspace", dense=base, hog=photo([0.2, 0.2, 0.2]))
    ids = revision("ids", dense=photo([0.1, 0.2, 0.3], ids=["i0", "i1", "j"]))
    truths = revision("truths", dense=photo([0.1, 0.2, 0.3], truth=["cat", "dog", "cat"]))
    found = by_name(compare(PHOTOS, [here, ids, truths], Choice()))
    note = "not paired: other ids (3, the baseline 3, 2 in common)"
    assert found["ids", "dense"].note == note
    assert found["truths", "dense"].note == "not paired: other truths of 1 ids, e.g. i1"
    assert found["ids", "dense"].difference is found["truths", "dense"].difference is None
    assert found["workspace", "hog"].difference is not None


def test_rows_are_joined_by_id_whatever_their_order():
    here = revision("workspace", dense=photo([0.1, 0.2, 0.9]))
    turned = photo([0.9, 0.2, 0.1], ids=["i2", "i1", "i0"], groups=["g2", "g1", "g0"])
    found = compare(PHOTOS, [here, revision("exp", dense=turned)], Choice())
    one = by_name(found)["exp", "dense"].difference
    assert (one.value, one.low, one.high, one.better) == (0, 0, 0, 0)


def test_the_baseline_and_the_models_are_a_choice():
    here = revision("workspace", dense=photo([0.1]), hog=photo([0.9]))
    other = revision("exp", dense=photo([0.2]), hog=photo([0.8]))
    found = compare(PHOTOS, [here, other], Choice("exp", "hog", ["dense"]))
    assert [(line.revision, line.model) for line in found.lines] == [
        ("workspace", "dense"), ("exp", "dense"), ("exp", "hog"),
    ]  # fmt: skip
    assert found.baseline == "exp:hog"


def test_the_baseline_is_one_of_those_shown_if_nothing_else_is_said():
    here = revision("workspace", dense=photo([0.1]), hog=photo([0.9]), blend=photo([0.2]))
    here.submitted = ["blend", "dense"]
    chosen = {(): "blend", ("hog",): "hog", ("hog", "dense"): "dense", ("dense", "blend"): "blend"}
    for models, wanted in chosen.items():
        assert compare(PHOTOS, [here], Choice(models=models)).baseline == f"workspace:{wanted}"
    del here.models["blend"]  # not made yet
    assert compare(PHOTOS, [here], Choice()).baseline == "workspace:dense"
    here.submitted = []
    with pytest.raises(SettingsError, match="remedy: --baseline workspace:MODEL with one of dense"):
        compare(PHOTOS, [here], Choice())


def test_an_empty_workspace_leaves_the_baseline_to_the_next():
    empty = RunResults("workspace", notes=["params.yaml cannot be read"])
    found = compare(PHOTOS, [empty, revision("main", dense=photo([0.1]))], Choice())
    assert found.baseline == "main:dense"
    assert found.notes == ["workspace: params.yaml cannot be read"]


def test_a_note_that_holds_for_many_is_told_once():
    full = revision("w", dense=photo([0.1]))
    two = [RunResults(name, notes=["no cache", name]) for name in "ab"]
    found = compare(PHOTOS, [full, *two], Choice())
    assert found.notes == ["a, b: no cache", "a: a", "b: b"]


def test_what_cannot_be_chosen():
    here = revision("workspace", dense=photo([0.1]))
    with pytest.raises(PodiumError, match=r"no revision has a prediction table(.|\n)*dvc checkout"):
        compare(PHOTOS, [RunResults("workspace")], Choice())
    with pytest.raises(SettingsError, match="--baseline exp: it has no prediction table of photos"):
        compare(PHOTOS, [here, RunResults("exp")], Choice("exp"))
    with pytest.raises(SettingsError, match=r"no model 'nix' to compare with\nremedy: .* dense"):
        compare(PHOTOS, [here], Choice(model="nix"))
    with pytest.raises(SettingsError, match=r"--model nix: no revision has it\nremedy: .* dense"):
        compare(PHOTOS, [here], Choice(models=["nix"]))


def test_settings_that_differ():
    base = {"a.x": 1, "a.y": [0], "a.z": None, "b": "w"}
    mine = {"a.x": 1.5, "a.y": [0], "b": "v", "c": True}
    assert differing(mine, base) == {"a.x": "1.5", "b": "v", "c": "true", "a.z": "absent"}


def test_draws_do_not_depend_on_how_much_is_held_at_once(monkeypatch):
    sums = np.arange(12.0).reshape(6, 2)
    whole = resampled_sums(sums, 7, seed=5)
    assert whole.shape == (7, 2)
    monkeypatch.setattr(intervals, "CHUNK", 12)  # two draws at a time
    np.testing.assert_array_equal(resampled_sums(sums, 7, seed=5), whole)
    assert (resampled_sums(sums, 7, seed=6) != whole).any()
    np.testing.assert_array_equal(resampled_sums(np.ones((4, 1)), 3, 0), np.full((3, 1), 4))
