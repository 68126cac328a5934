"""Submissions of every kind of picture competition, each taken by a grader of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from sklearn.metrics import (
    accuracy_score,
    cohen_kappa_score,
    f1_score,
    log_loss,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.preprocessing import MultiLabelBinarizer

from conftest import ROOT
from podium.competitions import COMPETITIONS
from podium.core.errors import PodiumError, SettingsError
from podium.core.files import write_table
from podium.core.params import read_yaml
from podium.core.raw_folder import QUARANTINE_COLUMNS
from podium.evaluation.decisions import cells_of, fit_of
from podium.evaluation.predictions import RowFacts, read_predictions, value_rows, write_predictions
from podium.evaluation.scores import metric_named
from podium.evaluation.task import PictureTask, SampleStyle, usual_classes, write_task
from podium.photos.answer_key import kind_for, read_key
from podium.pictures.dataset import ITEM_COLUMNS
from podium.stages import blend, submit
from podium.submission import checking
from podium.submission.cells import read_submission
from podium.submission.format import format_of, ids_to_submit, own_sample
from podium.submission.writing import write_submission

N = 60  # test pictures, the last of which cannot be read
BREEDS = ("affenpinscher", "bluetick", "chow", "dingo")


@dataclass(frozen=True)
class Asked:
    """A competition: its task, the name of a test picture, and its grader."""

    task: PictureTask
    id: Callable[[int], str]
    grade: Callable[[pd.DataFrame, pd.DataFrame], float]


def aligned(submission: pd.DataFrame, answers: pd.DataFrame, key: str) -> list[pd.DataFrame]:
    assert len(submission) == len(answers)
    assert set(submission[key]) == set(answers[key])
    return [table.sort_values(key).reset_index(drop=True) for table in (submission, answers)]


def cactus(submission, answers):
    submission, answers = aligned(submission, answers, "id")
    assert submission["has_cactus"].between(0, 1).all()
    return roc_auc_score(answers["has_cactus"], submission["has_cactus"])


def breeds(submission, answers):
    submission, answers = aligned(submission, answers, "id")
    columns = [name for name in answers if name != "id"]
    assert np.isclose(submission[columns].sum(axis=1), 1, atol=1e-6).all()
    return log_loss(answers[columns].to_numpy().argmax(1), submission[columns].to_numpy())


def plants(submission, answers):
    assert set(submission) == set(answers)
    submission, answers = aligned(submission, answers, "image_id")
    return np.mean([roc_auc_score(answers[k], submission[k]) for k in answers if k != "image_id"])


def blindness(submission, answers):
    submission, answers = aligned(submission, answers, "id_code")
    assert submission["diagnosis"].dtype == np.int64
    return cohen_kappa_score(submission["diagnosis"], answers["diagnosis"], weights="quadratic")


def seedlings(submission, answers):
    submission, answers = aligned(submission, answers, "file")
    return f1_score(answers["species"], submission["species"], average="micro")


def museum(submission, answers):
    submission, answers = aligned(submission, answers, "id")
    cells = [
        table["attribute_ids"].fillna("").astype(str).str.split() for table in (answers, submission)
    ]
    known = MultiLabelBinarizer(classes=sorted({name for cell in cells[0] for name in cell}))
    return f1_score(known.fit_transform(cells[0]), known.transform(cells[1]), average="micro")


def charm(submission, answers):
    assert submission["Pawpularity"].between(1, 100).all()
    submission, answers = aligned(submission, answers, "Id")
    return root_mean_squared_error(answers["Pawpularity"], submission["Pawpularity"])


def hotels(submission, answers):
    submission, answers = aligned(submission, answers, "image")
    cells = [str(cell).split() for cell in submission["hotel_id"]]
    assert all(len(cell) <= 5 for cell in cells)
    ranks = [cell.index(str(true)) + 1 if str(true) in cell else np.inf
             for cell, true in zip(cells, answers["hotel_id"], strict=True)]  # fmt: skip
    return np.mean([1 / rank for rank in ranks])


def leaves(submission, answers):
    submission, answers = aligned(submission, answers, "image_id")
    return accuracy_score(answers["label"], submission["label"])


def style(*columns, cells="class", names=(), k=0):
    return SampleStyle(columns, cells, tuple(names), k)


NUMBERS = ("0", "1", "2", "3", "4")
HOTELS = tuple(str(k) for k in (10, 200, 3000, 4, 55, 666, 7))
ASKED = {
    "cactus": Asked(
        PictureTask("classes", ("0", "1"), "auc",
                    style("id", "has_cactus", cells="probabilities", names=["1"])),
        lambda k: f"{k:03x}f.jpg", cactus),
    "breeds": Asked(
        PictureTask("classes", BREEDS, "log_loss",
                    style("id", *BREEDS[::-1], cells="probabilities", names=BREEDS[::-1])),
        lambda k: f"{k:x}a", breeds),
    "plants": Asked(
        PictureTask("labels", ("rust", "scab", "healthy"), "mean_auc",
                    style("image_id", "healthy", "rust", "scab", cells="probabilities",
                          names=["healthy", "rust", "scab"])),
        lambda k: f"Test_{k}", plants),
    "blindness": Asked(
        PictureTask("classes", NUMBERS, "quadratic_kappa", style("id_code", "diagnosis"), True),
        lambda k: f"{k:012x}", blindness),
    "seedlings": Asked(
        PictureTask("classes", ("Black-grass", "Common wheat", "Charlock"), "micro_f1",
                    style("file", "species")),
        lambda k: f"{k}.png", seedlings),
    "museum": Asked(
        PictureTask("labels", ("7", "12", "100"), "micro_f1",
                    style("id", "attribute_ids", cells="labels")),
        lambda k: f"{k:032x}", museum),
    "charm": Asked(
        PictureTask("number", (), "rmse", style("Id", "Pawpularity", cells="number"), whole=True),
        lambda k: f"{k:032x}", charm),
    "hotels": Asked(
        PictureTask("classes", HOTELS, "map@5", style("image", "hotel_id", cells="best", k=5)),
        lambda k: f"{k}.jpg", hotels),
    "leaves": Asked(
        PictureTask("classes", NUMBERS, "accuracy", style("image_id", "label")),
        lambda k: f"{k}.jpg", leaves),
}  # fmt: skip


def drawn(task: PictureTask, rng, n: int):
    """Predictions (n, K) that know the truth fairly well, and the truth."""
    if task.kind == "number":
        truth = rng.integers(1, 101, n).astype(float)
        return (truth + rng.normal(size=n) * 5).clip(1, 100)[:, None], truth
    width = len(task.names)
    if task.kind == "labels":
        truth = (rng.random((n, width)) < 0.4).astype(int)
        return 1 / (1 + np.exp(3 - 6 * truth - rng.normal(size=truth.shape))), truth
    truth = np.arange(n) % width
    logits = 4 * np.eye(width)[truth] + rng.normal(size=(n, width))
    raised = np.exp(logits)
    return raised / raised.sum(1, keepdims=True), truth


@dataclass
class Project:
    """A folder with what was ingested and blended."""

    asked: Asked
    root: Path
    ids: list[str]
    truth: object

    @property
    def form(self):
        sample = self.root / "data/raw/photos/sample_submission.csv"
        return format_of(COMPETITIONS["photos"], self.root, None, sample)

    @property
    def answers(self) -> Path:
        return self.root / "data/raw/photos/test_labels.csv"

    def submit(self) -> tuple[Path, list[str]]:
        table = read_predictions(self.root / "predictions/blends/photos.csv")
        ids = ids_to_submit(self.form)
        rows, filled = self.form.frame(ids, table)
        write_submission(self.root / "s.csv", rows, self.form, ids, lambda: {})
        return self.root / "s.csv", filled


def write_answers(project: Project) -> None:
    """An answer key with the columns of the sample, as the graders want it."""
    task, columns = project.asked.task, project.asked.task.sample.columns
    kind = kind_for(task)
    if task.sample.names:
        marks = np.eye(len(task.names))[project.truth] if task.kind == "classes" else project.truth
        at = [task.names.index(name) for name in task.sample.names]
        cells = dict(zip(columns[1:], marks[:, at].astype(int).T, strict=True))
    else:
        texts = kind.truth_cells(project.truth)
        cells = {columns[1]: [text.replace(";", " ").strip("-") for text in texts]}
    write_table(project.answers, pd.DataFrame({columns[0]: project.ids, **cells}))


@pytest.fixture(params=list(ASKED))
def project(request, tmp_path, rng):
    return make(tmp_path, rng, ASKED[request.param])


def make(root, rng, asked) -> Project:
    task = asked.task
    kind, metric = kind_for(task), metric_named(task.metric)
    ids = [asked.id(k) for k in range(N)]
    train, train_truth = drawn(task, rng, 80)
    test, truth = drawn(task, rng, N)
    items = pd.DataFrame("0", index=range(80 + N - 1), columns=pd.Index(ITEM_COLUMNS))
    items["id"] = [f"train{k}" for k in range(80)] + ids[:-1]
    items["split"] = ["train"] * 80 + ["test"] * (N - 1)
    items["label"] = kind.truth_cells(train_truth) + [""] * (N - 1)
    write_table(root / "data/photos/items.csv", items)
    lost = [[ids[-1], "test", "", "x", "truncated"]]
    write_table(root / "data/photos/quarantine.csv", pd.DataFrame(lost, columns=QUARANTINE_COLUMNS))
    write_task(root / "data/photos/task.json", task)
    order = rng.permutation(N)
    sample = pd.DataFrame({task.sample.columns[0]: [ids[k] for k in order]})
    columns = {name: "0" for name in task.sample.columns[1:]}
    write_table(root / "data/raw/photos/sample_submission.csv", sample.assign(**columns))
    rows = value_rows(kind, ids[:-1], "test", -1, 0, test[:-1])
    if decide := fit_of(metric, task.kind):
        decided = decide(train, train_truth).apply(test[:-1])
        rows["decision"] = cells_of(kind, decided)
    write_predictions(root / "predictions/blends/photos.csv", rows, {})
    project = Project(asked, root, ids, truth)
    write_answers(project)
    return project


# ---- graders take what is handed in


def test_the_grader_takes_it_and_scores_it_as_we_do(project):
    path, filled = project.submit()
    submission, answers = pd.read_csv(path), pd.read_csv(project.answers)
    assert list(submission) == list(project.asked.task.sample.columns)
    sample = pd.read_csv(project.form.inputs.sample, dtype=str)
    assert submission.iloc[:, 0].astype(str).tolist() == sample.iloc[:, 0].tolist()
    assert filled == project.ids[-1:]
    graded = project.asked.grade(submission, answers)
    ours = project.form.score(read_submission(path), project.answers)
    name = project.asked.task.metric
    assert ours[name].value == pytest.approx(graded)
    better = graded < 8 if metric_named(name).lower_is_better else graded > 0.8
    assert better
    assert next(iter(ours)) == name
    if "log_loss" in ours:
        assert project.asked.task.sample.cells == "probabilities"  # decisions have no log loss


def test_the_checker_knows_the_rules(project):
    path, _ = project.submit()
    table, form = read_submission(path), project.form
    assert checking.faults(table, form, table.iloc[:, 0].tolist(), ordered=True) == []
    broken = table.copy()
    broken.iloc[3, 1] = "what?"
    assert checking.faults(broken, form, table.iloc[:, 0].tolist())


def put(table, cell):
    table = table.astype(str)
    table.iloc[2, 1] = cell
    return table


@pytest.mark.parametrize(
    ("name", "cell", "says"),
    [
        ("blindness", "5", "column diagnosis: 1 cell no class, namely id "),
        ("blindness", "1.0", "no class"),
        ("museum", "7 8", "column attribute_ids: 1 cell with an unknown label, namely id "),
        ("museum", "7 7", "that name a label twice"),
        ("hotels", "10 200 3000 4", "column hotel_id: 1 cell without 5 names"),
        ("hotels", "10 200 3000 4 4", "that name a class twice"),
        ("charm", "nan", "no finite number"),
        ("cactus", "1.5", "outside 0 to 1"),
        ("breeds", "0.5", "whose probabilities do not sum to 1"),
    ],
)
def test_cells_that_cannot_be_right(tmp_path, rng, name, cell, says):
    project = make(tmp_path, rng, ASKED[name])
    table = put(read_submission(project.submit()[0]), cell)
    found = checking.faults(table, project.form, table.iloc[:, 0].tolist())
    assert any(says in line for line in found), found


def test_an_empty_set_of_labels_may_be_handed_in(tmp_path, rng):
    project = make(tmp_path, rng, ASKED["museum"])
    table = put(read_submission(project.submit()[0]), "")
    assert checking.faults(table, project.form, table.iloc[:, 0].tolist()) == []


def test_whole_numbers_are_rounded_and_checked(tmp_path, rng):
    task = PictureTask("number", (), "mae", style("Id", "age", cells="whole"), whole=True)
    project = make(tmp_path, rng, Asked(task, lambda k: f"p{k}", charm))
    table = read_submission(project.submit()[0])
    assert table["age"].str.fullmatch(r"\d+").all()
    found = checking.faults(put(table, "3.5"), project.form, table["Id"].tolist())
    assert found == ["column age: 1 cell no whole number, namely id " + f"{table['Id'][2]}: '3.5'"]


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_a_decision_for_each_column(tmp_path, rng, kind):
    names = ("rust", "healthy", "scab")
    asked = SampleStyle(("image", *names[::-1]), "decisions", names[::-1])
    task = PictureTask(kind, names, "micro_f1", asked)
    project = make(tmp_path, rng, Asked(task, lambda k: f"p{k}", leaves))
    path, _ = project.submit()
    table = read_submission(path)
    assert list(table) == ["image", "scab", "healthy", "rust"]
    values = table.iloc[:, 1:].astype(int).to_numpy()
    assert set(np.unique(values)) == {0, 1}
    assert kind == "labels" or (values.sum(1) == 1).all()
    assert next(iter(project.form.score(table, project.answers))) == "micro_f1"
    assert project.form.score(table, project.answers)["micro_f1"].value > 0.8
    for cell, says in (("0.5", "neither 0 nor 1"), ("1.0", "neither 0 nor 1")):
        found = checking.faults(put(table, cell), project.form, table["image"].tolist())
        assert any(line.startswith(f"column scab: 1 cell {says}") for line in found), found
    flipped = put(table, str(1 - int(table.iloc[2, 1])))
    found = checking.faults(flipped, project.form, table["image"].tolist())
    assert (kind == "labels") == (found == [])


# ---- what nobody can read


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("cactus", ["0.5"]),  # 80 train pictures, in turn of both classes
        ("breeds", ["0.25"] * 4),
        ("blindness", ["2"]),  # the middle grade
        ("seedlings", ["Black-grass"]),  # 27, 27, 26
        ("hotels", ["10 200 3000 4 55"]),
    ],
)
def test_a_picture_that_nobody_can_read_gets_the_best_constant(tmp_path, rng, name, answer):
    project = make(tmp_path, rng, ASKED[name])
    path, _ = project.submit()
    table = read_submission(path).set_index(project.asked.task.sample.columns[0])
    assert table.loc[project.ids[-1]].tolist() == answer


def test_the_constant_set_of_labels_is_the_one_of_best_score(tmp_path, rng):
    project = make(tmp_path, rng, ASKED["museum"])
    truth = kind_for(project.asked.task).truth(
        pd.read_csv(project.root / "data/photos/items.csv", dtype=str)
        .query("split == 'train'").rename(columns={"label": "truth"})
    )  # fmt: skip
    path, _ = project.submit()
    cell = read_submission(path).set_index("id").loc[project.ids[-1], "attribute_ids"]
    said = [int(name in cell.split()) for name in ("7", "12", "100")]
    every = [np.tile(row, (len(truth), 1)) for row in np.ndindex(2, 2, 2)]
    best = max(f1_score(truth, row, average="micro", zero_division=0) for row in every)
    assert f1_score(truth, np.tile(said, (len(truth), 1)), average="micro") == pytest.approx(best)


# ---- answer keys


@pytest.mark.parametrize(
    ("task", "lines", "truth"),
    [
        (usual_classes(("cat", "dog")), ["id,label", "a,dog", "b,cat"], [0, 1]),
        (usual_classes(("cat", "dog")), ["id,label", "a,1", "b,0"], [0, 1]),
        (ASKED["breeds"].task, ["id," + ",".join(BREEDS), "a,0,1,0,0", "b,1,0,0,0"], [0, 1]),
        (ASKED["breeds"].task, ["id,breed", "a,chow", "b,dingo"], [3, 2]),
        (ASKED["museum"].task, ["id,attribute_ids", "a,100 7", "b,"], [[0, 0, 0], [1, 0, 1]]),
        (ASKED["museum"].task, ["id,label", "a,7;12", "b,-"], [[0, 0, 0], [1, 1, 0]]),
        (ASKED["charm"].task, ["Id,age,Pawpularity", "a,3,50", "b,4,1.5"], [1.5, 50]),
    ],
    ids=["names", "numbers", "columns", "one column", "blanks", "marks", "among others"],
)
def test_keys_of_every_form(tmp_path, task, lines, truth):
    key = tmp_path / "test_labels.csv"
    key.write_text("\n".join(lines) + "\n")
    assert read_key(key, task, ["b", "a"]).tolist() == truth


@pytest.mark.parametrize(
    ("name", "lines", "says"),
    [
        ("breeds", ["id,x,y", "a,1,2"], "which of its columns x, y is the answer"),
        ("breeds", ["id,breed", "a,wolf"], r"unknown classes \['wolf'\]; the train pictures have"),
        ("breeds", ["id," + ",".join(BREEDS), "a,1,1,0,0"], "row of a is not of 0 and 1 with one"),
        ("museum", ["id,attribute_ids", "a,9"], r"unknown labels \['9'\]"),
        ("charm", ["Id,Pawpularity", "a,much"], r"what is no number \['much'\]"),
        ("charm", ["Id,Pawpularity", "a,1", "a,2"], "1 ids occur more than once"),
    ],
)  # fmt: skip
def test_keys_that_do_not_fit(tmp_path, name, lines, says):
    key = tmp_path / "test_labels.csv"
    key.write_text("\n".join(lines) + "\n")
    with pytest.raises(PodiumError, match=says):
        read_key(key, ASKED[name].task, ["a"])


# ---- samples


def test_a_sample_may_have_another_name(tmp_path):
    assert own_sample(tmp_path) is None
    other = tmp_path / "sampleSubmission.csv"
    other.touch()
    (tmp_path / "train.csv").touch()
    assert own_sample(tmp_path) == other
    (tmp_path / "sample_submission_v2.csv").touch()
    with pytest.raises(
        PodiumError, match=r"which is the sample submission, sampleSubmission\.csv, s"
    ):
        own_sample(tmp_path)
    (tmp_path / "sample_submission.csv").touch()
    assert own_sample(tmp_path).name == "sample_submission.csv"


# ---- the task decides


def test_the_metric_of_the_task_comes_first(tmp_path):
    photos = COMPETITIONS["photos"]
    assert photos.with_task(tmp_path) is photos
    write_task(tmp_path / "data/photos/task.json", ASKED["blindness"].task)
    found = photos.with_task(tmp_path)
    assert [metric.key for metric in found.metrics] == ["quadratic_kappa", "log_loss", "accuracy"]
    assert found.columns == ("id_code", "diagnosis")
    write_task(tmp_path / "data/photos/task.json", usual_classes(("cat", "dog")))
    assert photos.with_task(tmp_path) == photos


def test_a_metric_that_does_not_fit_is_refused(tmp_path):
    write_task(tmp_path / "data/photos/task.json", usual_classes(("a", "b", "c"), "rmse"))
    with pytest.raises(SettingsError, match=r"task\.json: rmse is for number, the target is class"):
        COMPETITIONS["photos"].with_task(tmp_path)


def test_a_blend_of_other_classes_is_refused(tmp_path, rng):
    project = make(tmp_path, rng, ASKED["breeds"])
    write_task(tmp_path / "data/photos/task.json", ASKED["blindness"].task)
    table = read_predictions(tmp_path / "predictions/blends/photos.csv")
    with pytest.raises(PodiumError, match=r"it holds classes \['aff.*, the task is classes \['0'"):
        project.form.frame(project.ids, table)


# ---- the stages


def write_models(project: Project, rng) -> None:
    """Prediction tables of two models, out of fold on the train pictures and of the test ones."""
    task = project.asked.task
    kind = kind_for(task)
    items = pd.read_csv(project.root / "data/photos/items.csv", dtype=str, keep_default_na=False)
    train = items[items["split"] == "train"]
    facts = RowFacts(train["id"].tolist(), train["label"].tolist())
    truth = kind.truth(pd.DataFrame({"truth": train["label"]}))
    for name, noise in (("good", 1.0), ("bad", 3.0)):
        values = [said(kind, each, noise, rng) for each in (truth, project.truth[:-1])]
        folds = np.arange(len(train)) % 4
        rows = [
            value_rows(kind, train["id"].tolist(), "oof", folds, 0, values[0], facts),
            value_rows(kind, project.ids[:-1], "test", -1, 0, values[1]),
        ]
        path = project.root / f"predictions/tables/photos/{name}.csv"
        write_predictions(path, pd.concat(rows, ignore_index=True), {})


def said(kind, truth, noise, rng):
    """Predictions (N, K) that see the truth through noise."""
    if kind.name == "number":
        return (truth + 5 * noise * rng.normal(size=len(truth)))[:, None]
    marks = truth if truth.ndim == 2 else np.eye(len(kind.names))[truth]
    logits = 4 * marks - 2 + noise * rng.normal(size=marks.shape)
    probs = 1 / (1 + np.exp(-logits))
    return probs if kind.name == "labels" else probs / probs.sum(1, keepdims=True)


OWN = Asked(
    PictureTask("number", (), "own_stage:apart", style("Id", "Pawpularity", cells="number")),
    lambda k: f"{k:032x}", charm,
)  # fmt: skip


@pytest.mark.parametrize("name", [*ASKED, "own"])
def test_blend_and_submit_go_by_the_task(tmp_path, monkeypatch, rng, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_stage.py").write_text(
        "def apart(values, truth):\n    return abs(values[:, 0] - truth).mean()\n"
        "apart.lower_is_better = True\n"
    )
    project = make(tmp_path, rng, OWN if name == "own" else ASKED[name])
    write_models(project, rng)
    settings = read_yaml(ROOT / "params.yaml")
    settings["photos"]["source"] = "raw"
    settings["blend"]["photos"] |= {"bootstrap": 20, "bags": 2}
    settings["submit"]["photos"]["bootstrap"] = 20
    with Path("params.yaml").open("w") as file:
        YAML().dump(settings, file)
    words = "--competition photos --root . --metrics metrics/{}_photos.json".format
    table = "predictions/blends/photos.csv"
    paths = ["--tables", "predictions/tables/photos", "--fitted", "models/photos-blend.h5"]
    blend.main([*words("blend").split(), *paths, "--out", table])
    submit.main([
        *words("submit").split(), "--table", table, "--blend", "metrics/blend_photos.json",
        "--out", "submissions/photos.csv", "--headline", "metrics/photos.json",
    ])  # fmt: skip
    metric = project.asked.task.metric
    blended = json.loads(Path("metrics/blend_photos.json").read_text())
    scores = json.loads(Path("metrics/submit_photos.json").read_text())
    assert (blended["metric"], blended["method"]) == (metric, "weighted")
    assert set(blended["nested"][metric]) == {"value", "se", "low", "high", "n"}
    held_out = scores["held_out"][metric]["value"]
    assert held_out == pytest.approx(blended["nested"][metric]["value"])
    graded = project.asked.grade(
        pd.read_csv("submissions/photos.csv"), pd.read_csv(project.answers)
    )
    if name != "own":
        assert scores["test"][metric]["value"] == pytest.approx(graded)
    assert json.loads(Path("submissions/photos.json").read_text())["filled"] == project.ids[-1:]
