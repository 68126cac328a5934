"""`podium blend` on tables written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from house import ROOT
from podium.cli import app
from podium.evaluation.predictions import read_predictions, read_text_predictions


def run(*words: object):
    return CliRunner().invoke(app, ["blend", *map(str, words), "--params", ROOT / "params.yaml"])


def chances(folder, name, skill, rng):
    """A table of 60 out-of-fold and 5 test rows, as somebody else would write it."""
    truth = np.arange(60) % 2
    p = 1 / (1 + np.exp(-(skill * (2 * truth - 1) + rng.normal(size=60))))
    oof = {"id": range(60), "split": "oof", "fold": np.arange(60) // 20, "seed": 0}
    oof = pd.DataFrame(oof | {"truth": np.array(["a", "b"])[truth], "p_a": 1 - p, "p_b": p})
    test = {"id": range(100, 105), "split": "test", "fold": -1, "seed": 0, "truth": ""}
    test = pd.DataFrame(test | {"p_a": 0.25, "p_b": 0.75})
    pd.concat([oof, test]).to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{name}.csv"


@pytest.fixture
def two(tmp_path, rng):
    return [chances(tmp_path, "one", 1.0, rng), chances(tmp_path, "two", 1.5, rng)]


@pytest.mark.parametrize("method", ["mean", "caruana", "best"])
def test_probabilities(two, tmp_path, method):
    done = run(*two, "--method", method, "--out", tmp_path / "blend.csv")
    assert done.exit_code == 0
    assert "best single model two: 0." in done.output
    found = read_predictions(tmp_path / "blend.csv")
    assert found.groupby("split").size().to_dict() == {"oof": 60, "test": 5}
    assert set(found["model"]) == {"blend"}
    if method != "best":
        assert f"blend ({method}) of 2: naive 0." in done.output


def test_texts(tmp_path):
    paths = []
    for name, texts in (("one", ["ab", "cd", "ef"]), ("two", ["ab", "xx", "ef"])):
        rows = [f"{n},holdout,-1,0,{t},{texts[n]},-0.1" for n, t in enumerate(["ab", "cd", "ef"])]
        rows += [f"0,test,-1,0,,{name},{-0.1 if name == 'one' else -0.5}"]
        path = tmp_path / f"{name}.csv"
        path.write_text("id,split,fold,seed,truth,text,log_prob\n" + "\n".join(rows) + "\n")
        paths.append(path)
    done = run(*paths, "--method", "confidence", "--out", tmp_path / "blend.csv")
    assert done.exit_code == 0
    assert "best single model one: 1.0000" in done.output
    found = read_text_predictions(tmp_path / "blend.csv").set_index("split")
    assert found.loc["test", "text"] == "one"


def test_what_cannot_be_blended(two, tmp_path):
    done = run(*two, "--method", "bust")
    assert (done.exit_code, "known are best, single, mean" in done.output) == (2, True)
    done = run(two[0], tmp_path / "gone.csv")
    assert (done.exit_code, "gone.csv: no such file" in done.output) == (2, True)
    leaked = pd.read_csv(two[1], dtype={"id": str})
    leaked.loc[0, "id"] = "100"
    leaked.to_csv(two[1], index=False)
    done = run(*two)
    assert (done.exit_code, "a leak: 100 is out of fold here" in done.output) == (1, True)


def numbers(folder, name, noise, rng):
    truth = np.arange(60) / 10
    oof = {"id": range(60), "split": "oof", "fold": np.arange(60) % 3, "seed": 0, "truth": truth}
    oof = pd.DataFrame(oof | {"y": truth + noise * rng.normal(size=60)})
    test = {"id": range(100, 105), "split": "test", "fold": -1, "seed": 0, "truth": "", "y": 1.0}
    pd.concat([oof, pd.DataFrame(test)]).to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{name}.csv"


def test_numbers_have_methods_of_their_own(tmp_path, rng):
    two = [numbers(tmp_path, "one", 0.5, rng), numbers(tmp_path, "two", 0.7, rng)]
    done = run(*two)  # settings of photos
    assert done.exit_code == 0
    assert "blend (weighted) of 2" in done.output
    done = run(*two, "--method", "rank")
    assert "--method rank: unknown; known are best, single, mean, weighted" in done.output
    mixed = chances(tmp_path, "three", 1.0, rng)
    done = run(two[0], mixed)
    assert "three.csv: it holds classes, one.csv number: another competition" in done.output
