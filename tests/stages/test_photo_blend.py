"""`podium predict` and the blend: the same answers as the pipeline's, for each kind of target."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from house import House, make_params
from podium.cli import app
from podium.core.array_tree import read_tree, write_tree
from podium.evaluation.predictions import read_predictions
from podium.evaluation.table_kinds import kind_of
from stages.test_photo_kinds import COLUMNS, LABELS, NUMBER, extracted, trained

pytestmark = [pytest.mark.weights, pytest.mark.slow, pytest.mark.timeout(900)]
__all__ = ["extracted"]  # a fixture
IDS = list("12345")


def run(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["predict", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def predicted(house: House, *words: object) -> tuple[pd.DataFrame, str]:
    """The answers for the test pictures, by id, and what stderr says."""
    paths = [house.photos / f"test/{name}.jpg" for name in IDS]
    table = house.root / "answers.csv"
    where = ("--model", house.model, "--weights-dir", house.root / "data/weights")
    code, _, err = run(*paths, *where, "--table", table, *words)
    assert code == 0, err
    answers = pd.read_csv(table, dtype={"path": str, "class": str, "labels": str})
    answers.index = pd.Index([Path(path).stem for path in answers["path"]])
    return answers.loc[IDS], err


def blended(house: House) -> pd.DataFrame:
    rows = read_predictions(house.root / "predictions/blends/photos.csv")
    return rows[rows["split"] == "test"].set_index("id").loc[IDS]


def check(house: House, *words: object) -> str:
    """Answers equal the blend's test rows to 1e-6, decisions exactly; stderr comes back."""
    answers, err = predicted(house, *words)
    rows = blended(house)
    names = kind_of(rows.reset_index()).columns()
    np.testing.assert_allclose(answers[names], rows[names], rtol=1e-6, atol=1e-6)
    if "decision" in rows:
        column = "labels" if "labels" in answers else "class"
        assert answers[column].tolist() == rows["decision"].tolist()
    return err


def label_of(name: str, number: int) -> str:
    return ";".join([*["up"] * ("dog" in name), *["late"] * (number % 3 == 0)]) or "-"


def blend_with(house: House, **changes: object) -> House:
    house.params = make_params(house.root, **{f"blend__photos__{k}": v for k, v in changes.items()})
    house.blend()
    return house


@pytest.fixture(scope="module")
def accurate(extracted, tmp_path_factory) -> House:
    task = replace(COLUMNS, metric="accuracy", columns=())
    return trained(extracted, tmp_path_factory.mktemp("accurate") / "x", task, lambda n, _: n[:3])


@pytest.mark.parametrize("method", ["weighted", "geometric", "rank", "logistic"])
def test_classes(accurate, method):
    err = check(blend_with(accurate, method=method, methods=[method]))
    assert err.startswith(f"answered by the blend, {method}: ")
    assert "alone" not in err


def test_labels_with_decisions(extracted, tmp_path):
    task = replace(LABELS, metric="macro_f1")
    check(blend_with(trained(extracted, tmp_path / "x", task, label_of), method="mean"))


def test_numbers(extracted, tmp_path):
    house = trained(extracted, tmp_path / "x", NUMBER, lambda name, k: repr(99.0 * (k % 2) + k))
    check(blend_with(house, method="mean"))


def test_columns_beside_the_pictures(extracted, tmp_path):
    house = trained(extracted, tmp_path / "x", COLUMNS, lambda name, _: name[:3])
    blend_with(house, method="mean")
    table = pd.read_csv(house.columns, dtype=str)
    rows = table[table["id"].isin(IDS)].iloc[::-1]
    own = tmp_path / "test.csv"
    rows.to_csv(own, index=False)
    check(house, "--columns", own)
    answers, err = predicted(house)
    assert f"answered by {house.model} alone, heads on pictures; the blend needs --columns with " \
        "age, sex" in err  # fmt: skip
    assert np.abs(answers["p_cat"] - blended(house)["p_cat"]).max() > 1e-4
    where = ("--model", house.model, "--columns", own)
    rows.drop(columns="sex").to_csv(own, index=False)
    code, _, err = run(house.photos / "test/1.jpg", *where)
    assert (code, "no column 'sex'" in err) == (2, True)
    rows[rows["id"] != "3"].to_csv(own, index=False)
    code, out, err = run(*(house.photos / f"test/{name}.jpg" for name in IDS), *where)
    assert (code, len(out.splitlines())) == (1, 5)
    assert f"3.jpg: {own} has no row for it; remedy: add one; its first column holds ids" in err


@pytest.fixture(scope="module")
def small(extracted, tmp_path_factory) -> House:
    task = replace(COLUMNS, columns=())
    house = trained(extracted, tmp_path_factory.mktemp("small") / "x", task, lambda n, _: n[:3])
    return blend_with(house, method="mean")


@pytest.fixture
def copied(small, tmp_path) -> House:
    shutil.copytree(small.root, tmp_path / "copy")
    return House(tmp_path / "copy", tmp_path / "copy/data/raw/photos", small.params)


def refused(house: House) -> str:
    code, out, err = run(house.photos / "test/1.jpg", "--model", house.model)
    assert (code, out) == (1, "")
    return err


def test_without_a_blend_the_heads_answer_and_say_so(copied):
    (copied.root / "models/photos-blend.h5").unlink()
    _, err = predicted(copied)
    assert err == (
        f"answered by {copied.model} alone, heads on pictures; "
        "dvc repro blend@photos adds the others\n"
    )
    code, _, err = run(copied.photos / "test/1.jpg", "--model", copied.model, "--columns", "x.csv")
    assert (code, "--columns x.csv: these models see pictures alone\nremedy: leave" in err) == (
        2, True,
    )  # fmt: skip


def test_a_blend_of_other_models_is_refused(copied):
    path = copied.root / "models/photos-members.h5"
    tree = read_tree(path, "members")
    tree["tables"]["dense"] = "0" * 64
    write_tree(path, tree)
    assert "(dense differs)\nremedy: run dvc repro blend@photos" in refused(copied)


def test_other_weights_are_refused(copied):
    path = copied.root / "models/photos-members.h5"
    tree = read_tree(path, "members")
    tree["extractors"][0]["weights_sha256"] = "0" * 64
    write_tree(path, tree)
    assert "efficientnet-lite0: its weights are not those" in refused(copied)


def test_broken_models_are_refused(copied):
    path = copied.root / "models/photos-members.h5"
    tree = read_tree(path, "members")
    whole = dict(tree["members"])
    layer = whole["dense"]["parts"][0]["layer"]
    for broken in (
        {**whole["dense"], "type": "pickle"},
        {**whole["dense"], "extractors": ["hog"]},
        {**whole["dense"], "parts": [{"layer": {**layer, "kernel": layer["kernel"][:, :1]},
                                      "columns": []}]},
    ):  # fmt: skip
        write_tree(path, {**tree, "members": {**whole, "dense": broken}})
        assert "photos-members.h5: not the models of the blend (" in refused(copied)
    path.write_bytes(path.read_bytes()[:1000])
    assert "damaged, or no file of photo models" in refused(copied)


def test_a_model_that_is_in_no_file_is_refused(copied):
    path = copied.root / "models/photos-members.h5"
    tree = read_tree(path, "members")
    del tree["members"]["dense"]
    write_tree(path, tree)
    err = refused(copied)
    assert "dense is in the blend, but neither in " in err
    assert "photos-dense.keras" in err


class ConstantNetwork:
    """A network as `blended.NETWORK` names it; it says one thing of every picture."""

    def __init__(self, path: Path) -> None:
        assert path.name == "photos-dense.keras"

    def pixels(self, data: bytes) -> np.ndarray:
        return np.frombuffer(data[:3], np.uint8).reshape(1, 1, 3)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        assert pixels.shape[1:] == (1, 1, 3)
        return np.repeat([[0.25, 0.75]], len(pixels), axis=0)


def test_a_network_joins_the_blend(copied, monkeypatch):
    before = predicted(copied)[0]["p_dog"]
    path = copied.root / "models/photos-members.h5"
    tree = read_tree(path, "members")
    del tree["members"]["dense"]
    write_tree(path, tree)
    (copied.root / "models/photos-dense.keras").touch()
    monkeypatch.setattr("podium.photos.blended.NETWORK", "stages.test_photo_blend:ConstantNetwork")
    after = predicted(copied)[0]["p_dog"]
    assert (after != before).any()
