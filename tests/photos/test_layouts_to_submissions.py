"""Each layout, from the files as they come to a submission that the checker takes."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from house import House, make_params
from photos.competitions import ASKING, CLASSES, SHOWN, TEST, TRAIN
from podium.cli import app
from podium.competitions import COMPETITIONS
from podium.core.params import load_params
from podium.evaluation.predictions import value_rows
from podium.evaluation.table_kinds import kind_named
from podium.evaluation.task import read_task
from podium.pictures.dataset import read_items
from podium.submission.cells import read_submission
from podium.submission.checking import faults
from podium.submission.format import format_of, ids_to_submit
from podium.submission.writing import write_submission

LAYOUTS = {name: (write, ("--metric", metric)) for name, (write, metric) in SHOWN.items()} | ASKING
NAMES = {  # of layouts whose tables hold more than one column that could be meant
    "naturalist": ("0", "1", "2"), "leaves": tuple(sorted(CLASSES)), "invasive": ("0", "1"),
    "paddy": ("blast", "hispa", "normal"), "hotels": tuple(str(1000 + k) for k in range(8)),
    "museum": ("1", "12", "7"), "wildcam": ("0", "1", "2"),
}  # fmt: skip
WITH_TEST = sorted(set(LAYOUTS) - {"bare"})


def settle(root: Path, name: str) -> House:
    """What lies in the raw folder, inspected and ingested."""
    write, options = LAYOUTS[name]
    raw = root / "data/raw/photos"
    raw.mkdir(parents=True)
    write(raw)
    params = make_params(root, photos__source="standin")
    words = ["--source", raw, "--params", params, "--sheet", root / "s.png", *options, "--write"]
    result = CliRunner().invoke(app, ["inspect", "photos", *map(str, words)])
    assert result.exit_code == 0, result.output
    house = House(root, raw, params)
    house.ingest()
    return house


def given(house: House) -> list[list[str]]:
    """The rows of the sample submission."""
    path = house.photos / "sample_submission.csv"
    if path.is_file():
        return list(csv.reader(io.StringIO(path.read_text())))
    with zipfile.ZipFile(house.photos / "all.zip") as archive:
        return list(csv.reader(io.StringIO(archive.read("sample_submission.csv").decode())))


@pytest.mark.parametrize("name", WITH_TEST)
def test_from_the_files_to_a_checked_submission(tmp_path, rng, name):
    house = settle(tmp_path, name)
    items, task = read_items(house.items), read_task(house.task)
    assert (items["split"] == "train").sum() == TRAIN
    assert task.names == NAMES.get(name, task.names)
    test_ids = items["id"][items["split"] == "test"].tolist()
    kind = kind_named(task.kind, task.names)
    values = rng.random((TEST, max(len(task.names), 1)))
    if task.kind == "classes":
        values /= values.sum(1, keepdims=True)
    table = value_rows(kind, test_ids, "test", -1, 0, values)
    competition = COMPETITIONS["photos"].with_task(tmp_path)
    form = format_of(competition, tmp_path, load_params(house.params))
    ids = ids_to_submit(form)
    rows, filled = form.frame(ids, table)
    assert filled == []
    write_submission(house.out, rows, form, ids, lambda: {})
    assert faults(read_submission(house.out), form, ids, ordered=True) == []
    sample = given(house)
    with house.out.open(newline="") as file:
        written = list(csv.reader(file))
    assert written[0] == sample[0]
    assert [row[0] for row in written] == [row[0] for row in sample]
    if len(sample[0]) == len(task.names) + 1 > 2:
        at = [task.names.index(column) for column in written[0][1:]]
        order = [test_ids.index(row[0]) for row in written[1:]]
        got = np.array([[float(cell) for cell in row[1:]] for row in written[1:]])
        np.testing.assert_allclose(got, values[order][:, at], atol=1e-6)
