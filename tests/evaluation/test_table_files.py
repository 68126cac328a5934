"""Large prediction tables as columns: the same rows as from CSV, in fewer bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from podium.core.array_tree import write_tree
from podium.core.errors import PodiumError
from podium.ensemble.prediction_set import load, tables_in
from podium.evaluation import table_files
from podium.evaluation.predictions import read_predictions, rows, value_rows, write_predictions
from podium.evaluation.table_kinds import Labels, Number

IDS = ["007", "NA", "true", "", "Ω,\"'", "a\rb"]


def classes(rng) -> pd.DataFrame:
    p = rng.random(6)
    table = rows(IDS, "oof", np.arange(6) % 2, 3, np.stack([p, 1 - p], 1), ["cat", "dog"])
    return table.assign(truth=["cat", "dog", "", "dog", "cat", "cat"])


def labels(rng) -> pd.DataFrame:
    values = rng.random((6, 2)).astype(np.float32).astype(np.float64)
    return value_rows(Labels(["a", "b"]), IDS, "test", -1, 0, values)


def numbers(rng) -> pd.DataFrame:
    return value_rows(Number(), IDS, "test", -1, 0, rng.normal(size=(6, 1)) * 1e-300)


@pytest.mark.parametrize("make", [classes, labels, numbers])
def test_both_formats_read_back_to_the_same_table(tmp_path, rng, make):
    table = make(rng)
    for suffix in (".csv", ".h5"):
        write_predictions(tmp_path / f"model{suffix}", table, {"seed": 1})
    text, columns = (read_predictions(tmp_path / f"model{suffix}") for suffix in (".csv", ".h5"))
    pd.testing.assert_frame_equal(columns, text, check_exact=True)


def test_only_a_large_table_is_columnar_and_a_blend_takes_both(tmp_path, rng, monkeypatch):
    table = classes(rng)
    for name, most in (("small", table.size), ("large", table.size - 1)):
        monkeypatch.setattr(table_files, "CELLS_OF_TEXT", most)
        write_predictions(table_files.path_in(tmp_path, name, table), table, {"name": name})
    paths = tables_in(tmp_path, [])
    assert [path.name for path in paths] == ["large.h5", "small.csv"]
    joined = load(paths)
    assert joined.models == ["large", "small"]
    np.testing.assert_array_equal(joined.oof[0], joined.oof[1])


def test_the_same_table_has_the_same_bytes(tmp_path, rng):
    table = classes(rng)
    for name in ("one", "two"):
        table_files.write_columns(tmp_path / f"{name}.h5", table)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


CODES = {"names": ["x"], "codes": np.zeros(1, np.int32)}
TEXTS = {name: CODES for name in ("id", "split")}
ONE = {name: np.zeros(1, np.int64) for name in ("fold", "seed")}
HALF = {name: np.full(1, 0.5) for name in ("p_cat", "p_dog")}
WHOLE = {"order": [*TEXTS, *ONE, *HALF], "texts": TEXTS, "numbers": ONE | HALF}


@pytest.mark.parametrize(
    "tree",
    [
        {},
        WHOLE | {"order": 3},
        WHOLE | {"texts": TEXTS | {"id": {"names": ["x"], "codes": np.ones(1, np.int32)}}},
        WHOLE | {"texts": TEXTS | {"id": {"names": ["x"], "codes": -np.ones(1, np.int32)}}},
        WHOLE | {"texts": TEXTS | {"id": {"names": [3], "codes": np.zeros(1, np.int32)}}},
        WHOLE | {"texts": TEXTS | {"p_cat": CODES}, "numbers": ONE | {"p_dog": np.ones(1)}},
        WHOLE | {"numbers": ONE | HALF | {"p_cat": np.full(2, 0.5)}},
        WHOLE | {"numbers": HALF},
    ],
    ids=["empty", "order", "no name", "negative", "a number", "text", "long", "fold"],
)
def test_a_file_of_something_else_is_refused(tmp_path, tree):
    write_tree(tmp_path / "model.h5", tree)
    wanted = r"model\.h5: damaged, or no prediction table \(.+\)\nremedy: remove it and run dvc"
    with pytest.raises(PodiumError, match=wanted):
        read_predictions(tmp_path / "model.h5")
