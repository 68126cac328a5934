"""Label columns become classes, labels, grades or numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from podium.core.errors import PodiumError, SettingsError
from podium.photos.metric_fit import check_metric
from podium.photos.targets import kind_of_cells, read_targets, separator_of


def targets(cells, metric="log_loss", target="auto", separator="", where="train.csv"):
    columns = cells if isinstance(cells, dict) else {"label": cells}
    n = len(next(iter(columns.values())))
    table = pd.DataFrame({"id": [f"p{k}" for k in range(n)], **columns}, dtype=str)
    return read_targets(where, table, list(columns), separator, target, metric)


ODD = ["NA", "007", "1.0", " two words", 'a,"b"', "Ärger", "🐱"]


def test_classes_stay_the_texts_they_are():
    found = targets([*ODD, "1"])
    assert (found.answer, found.names) == ("class", tuple(sorted([*ODD, "1"])))
    assert found.cells == [*ODD, "1"]


def test_one_mark_in_each_row_is_a_class_and_any_number_of_marks_are_labels():
    hot = {"rust": ["1", "0", "1"], "healthy": ["0", "1.0", "0"]}
    found = targets(hot, "mean_auc")
    assert (found.answer, found.names) == ("class", ("healthy", "rust"))
    assert found.cells == ["rust", "healthy", "rust"]
    found = targets({"b": ["1", "0", "1"], "a": ["0", "0", "1"]}, "mean_auc")
    assert (found.answer, found.names, found.cells) == ("labels", ("b", "a"), ["b", "-", "b;a"])
    assert targets(hot, "mean_auc", "labels").cells == ["rust", "healthy", "rust"]


def test_several_labels_in_a_cell():
    found = targets(["scab", "scab rust", "", "rust", "healthy"], "micro_f1")
    assert (found.answer, found.names) == ("labels", ("healthy", "rust", "scab"))
    assert found.cells == ["scab", "scab;rust", "-", "rust", "healthy"]
    found = targets(["1|2", "2", "1"], "micro_f1", "labels", "|")
    assert found.cells == ["1;2", "2", "1"]


def test_grades_are_sorted_by_number_and_numbers_keep_their_value():
    found = targets(["10", "2", "0"], "quadratic_kappa")
    assert (found.answer, found.names) == ("ordered", ("0", "2", "10"))
    found = targets(["10", "2.5", "1e3"], "rmse")
    assert (found.answer, found.cells, found.whole) == ("number", ["10.0", "2.5", "1000.0"], False)
    assert targets(["10", "2"], "mae").whole


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["scab", "rust", "rust scab"], (" ", True)),
        (["0 1", "1", "0"], (" ", True)),
        (["a;b", "b", "a"], (";", True)),
        (["Sugar beet", "Common wheat", "Common Chickweed", "Maize"], ("", True)),
        (["apple scab", "apple rust", "pear scab", "pear rust"], (" ", False)),
        (["dog", "golden dog"], (" ", False)),
        (["cat", "dog"], ("", True)),
    ],
)
def test_a_separator_is_told_from_blanks_in_names(cells, separator):
    assert separator_of(cells) == separator


@pytest.mark.parametrize(
    ("cells", "metric", "kind"),
    [
        (["0", "1"], "auc", "class"), (["0", "1", "2"], "accuracy", "class"),
        (["0", "1", "2"], "quadratic_kappa", "ordered"), (["0", "1.5"], "rmse", "number"),
        (["low", "high"], "quadratic_kappa", "undecided"),
        ([str(k) for k in range(40)], "quadratic_kappa", "undecided"),
        (["dog", "golden dog"], "micro_f1", "undecided"),
        (["dog", "golden dog"], "accuracy", "class"),
        (["0", "1", "2"], "my.code:score", "undecided"), (["a", "b"], "my.code:score", "class"),
    ],
)  # fmt: skip
def test_the_metric_tells_kinds_apart(cells, metric, kind):
    assert kind_of_cells(cells, metric)[0] == kind


@pytest.mark.parametrize(
    ("cells", "options", "says"),
    [
        (["cat", "cat"], {}, "all train pictures are of one class, 'cat'"),
        (["cat", "", "dog"], {}, "column label is empty in row 'p1'"),
        (["1", "NaN", "x", "2"], {"metric": "rmse"},
         "column label has 2 cells that are no finite number, e.g. 'NaN' (row 'p1'), 'x' (row 'p2"),
        ({"a": ["1", "0"], "b": ["0.3", "1"]}, {}, "column b: '0.3' is neither 0 nor 1 (row 'p0')"),
        ({"a": ["1", ""], "b": ["0", "1"]}, {}, "column a: '' is neither 0 nor 1 (row 'p1')"),
        ({"a": ["1", "1"], "b": ["0", "1"]}, {"target": "class"}, "row 'p1' has 2 of the 2 class"),
        ({"a": ["1", "0"], "b": ["0", "1"], "c": ["0", "0"]}, {"target": "class"},
         "no train row is of class 'c'"),
        (["a;b c", "c"], {"target": "labels", "separator": " "}, "'a;b' cannot be the name of a"),
    ],
    ids=["one class", "empty", "text among numbers", "soft", "hole", "two", "none", "mark"],
)  # fmt: skip
def test_labels_that_cannot_be_right_are_refused(cells, options, says):
    with pytest.raises(PodiumError) as caught:
        targets(cells, **options)
    assert str(caught.value).startswith(f"train.csv: {says}")
    assert "\nremedy: " in str(caught.value)
    assert caught.value.exit_code == 1


def test_two_readings_are_left_to_the_settings():
    with pytest.raises(SettingsError, match="can be read two ways: 'golden dog' is one class, or"):
        targets(["dog", "golden dog"], "micro_f1")
    assert targets(["dog", "golden dog"], "micro_f1", "class").answer == "class"


@pytest.mark.parametrize(
    ("metric", "n", "answer", "says"),
    [
        ("rmse", 2, "class", "rmse is for number, the target is classes\nremedy: choose one "
         "of log_loss, auc,"),
        ("auc", 3, "class", "auc is for two classes or one label, not 3 classes: mean_auc is"
         "\nremedy: choose one of log_loss, mean_auc, "),
        ("log_loss", 0, "number", "log_loss is for classes or labels, the target is number"
         "\nremedy: choose one of rmse, mae"),
        ("macrof1", 2, "class", "macrof1: no such metric; did you mean macro_f1?"),
        ("map@k", 2, "", "map@k: no such metric"),
    ],
)  # fmt: skip
def test_a_metric_that_does_not_fit_is_refused(metric, n, answer, says):
    with pytest.raises(SettingsError) as caught:
        check_metric(metric, n, answer)
    assert str(caught.value).startswith(f"photos.metric: {says}")


@pytest.mark.parametrize(
    ("metric", "n", "answer"),
    [("map@5", 9, "class"), ("auc", 2, "class"), ("own.code:score", 0, "number"), ("mae", 0, "")],
)
def test_a_metric_that_fits(metric, n, answer):
    check_metric(metric, n, answer)
