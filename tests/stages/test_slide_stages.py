"""The slide stages' mains in one chain, on seven tiny slides of which one cannot be read."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections import Counter
from pathlib import Path

import cv2
import h5py
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image
from shapely import MultiPolygon

from house import House, make_params
from podium.competitions import competition_named
from podium.core.errors import PodiumError, SettingsError
from podium.core.params import load_params
from podium.evaluation.competition import PredictOptions
from podium.evaluation.file_answers import FileAnswer
from podium.evaluation.predictions import read_predictions
from podium.slides import export, heat, predict_dataset, predict_files, rle, tissue_tiles
from podium.slides.annotations import geojson
from podium.slides.dataset import read_slides
from podium.slides.predict_dataset import reference_stains
from podium.slides.predict_files import read_config
from podium.slides.reader import Slide
from podium.slides.stitch import heat_bands
from podium.slides.tissue import tissue_mask
from podium.stages import (
    blend,
    ingest_slides,
    predict_slides,
    submit,
    tile_slides,
    train_segmenter,
)
from podium.standin.slides.dataset import draw_dataset
from podium.submission.cells import read_submission
from podium.submission.checking import faults
from podium.submission.format import format_of
from podium.training import artefact
from podium.training.runtime import tf
from slide_fixtures import stained, write_pyramid
from slide_networks import PLAIN, TILES

pytestmark = pytest.mark.slow

W, H = 160, 96
SOURCE, MASKS = "data/raw/slides", "predictions/slides"
TUMOUR = MultiPolygon([shapely.box(0, 0, 64, 96)])
WITH_TUMOUR = ("t1", "t2", "x")
SLIDES = """slide,patient,split,label,fold
t1,p1,train,1,1
n1,p2,train,0,1
t2,p3,train,1,2
n2,p4,train,0,2
x,p5,test,,
y,p6,test,,
z,p7,test,,
"""


def draw(root):
    """The slides of SLIDES, dark where there is tumour, with a sample and an answer key."""
    source = root / SOURCE
    for folder in ("images", "annotations", "test_annotations"):
        (source / folder).mkdir(parents=True)
    for seed, name in enumerate(["t1", "n1", "t2", "n2", "x", "y"]):
        pixels = stained(W, H, seed)
        if name in WITH_TUMOUR:
            pixels[:, :64] = pixels[:, :64] // 2
            folder = "test_annotations" if name == "x" else "annotations"
            geojson.write(source / folder / f"{name}.geojson", TUMOUR)
        write_pyramid(source / f"images/{name}.tif", pixels, n_levels=1)
    (source / "images/z.tif").write_bytes(b"no slide")
    (source / "slides.csv").write_text(SLIDES)
    sample = "slide,probability,rle\nz,0.5,\ny,0.5,\nx,0.5,\n"
    (source / "sample_submission.csv").write_text(sample)
    return source


class SlideHouse(House):
    """The paths of the slide stages in a temporary folder."""

    def __init__(self, root: Path, params: Path) -> None:
        self.root, self.params, self.source = root, params, root / SOURCE
        self.slides = root / "data/slides/slides.csv"
        self.quarantine = root / "data/slides/quarantine.csv"
        self.annotations, self.tiles = root / "annotations", root / "tiles"
        self.model, self.tables = root / "slides.keras", root / "tables"
        self.table = self.tables / "fcn.csv"
        self.masks, self.out = root / MASKS, root / "submission.csv"
        self.seen = {"source": self.source, "slides": self.slides, "annotations": self.annotations}

    def metric(self, stage: str) -> Path:
        return self.root / f"metrics/{stage}.json"

    def ingest(self) -> None:
        self.run(ingest_slides, **self.seen, quarantine=self.quarantine,
                 metrics=self.metric("ingest"))  # fmt: skip

    def tile(self) -> None:
        self.run(tile_slides, **self.seen, tiles=self.tiles, table=self.root / "tiles.csv",
                 metrics=self.metric("tile"))  # fmt: skip

    def train(self, **other: object) -> None:
        where = {"source": self.source, "slides": self.slides, "tiles": self.tiles,
                 "weights_dir": self.root / "weights", "model": self.model,
                 "metrics": self.metric("train")}  # fmt: skip
        self.run(train_segmenter, **where | other, plots=self.root / "plots/train")

    def predict(self, **other: object) -> None:
        where = self.seen | {"model": self.model, "out": self.masks, "tables": self.tables}
        where |= {"metrics": self.metric("predict"), "plots": self.root / "plots/predict"}
        where |= {"manner": self.root / "manner.json"}
        self.run(predict_slides, **where | other)

    def submit(self, **other: object) -> None:
        where = {"competition": "slides", "root": self.root, "out": self.out}
        made = {"table": self.root / "blend.csv", "blend": self.metric("blend")}
        made |= {"headline": self.metric("slides")}
        of = {"competition": "slides", "tables": self.tables}
        self.run(
            blend,
            **of,
            out=made["table"],
            fitted=self.root / "models/blend.h5",
            metrics=made["blend"],
        )
        self.run(submit, **where | made | {"metrics": self.metric("submit")} | other)


def settings():
    network = PLAIN | {"epochs": 1, "epoch_size": 4, "batch_size": 2, "stain_jitter": 0.1}
    found = {f"train_segmenter__{name}": value for name, value in network.items()}
    tiles = {"tile": 32, "stride": 32, "target_mpp": None, "thumbnail": 128}
    found |= {f"tile_slides__{name}": value for name, value in tiles.items()}
    found |= {"predict_slides__stride": 16, "predict_slides__batch_size": 45}
    found |= {"predict_slides__bootstrap": 20, "submit__slides__bootstrap": 20}
    return found | {"slides__source": "raw"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> SlideHouse:
    """One whole run, shared by the tests that only look at it."""
    root = tmp_path_factory.mktemp("slides")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(root / "scratch"))
        patch.setattr(os, "sched_getaffinity", lambda _: {0})  # no second process for six slides
        tf.config.run_functions_eagerly(True)  # four steps: quicker than to trace them
        try:
            draw(root)
            house = SlideHouse(root, make_params(root, **settings()))
            for stage in (house.ingest, house.tile, house.train, house.predict, house.submit):
                stage()
        finally:
            tf.config.run_functions_eagerly(False)
    return house


def read(house, stage):
    return json.loads(house.metric(stage).read_text())


def test_training_leaves_one_network_per_fold(finished):
    found = read(finished, "train")
    assert set(found["tile_f1"]) == {"fold-1", "fold-2"}  # as slides.csv counts them
    assert found["tile_f1_mean"] == pytest.approx(np.mean(list(found["tile_f1"].values())))
    curve = pd.read_csv(finished.root / "plots/train/learning_curve.csv")
    assert curve["fold"].tolist() == [1, 2]
    assert curve["pictures"].tolist() == [4, 4]
    for fold in (1, 2):
        folder = finished.root / f"plots/train/fold-{fold}/plots/metrics"
        table = pd.read_csv(folder / "train_loss.tsv", sep="\t")
        assert table["train_loss"].tolist() == pytest.approx([curve["train_loss"][fold - 1]])
    events = list((finished.root / "scratch/tensorboard").glob("*/fold-[12]/events.out.*"))
    assert len(events) == 2
    assert list((finished.root / "scratch/segmenters").iterdir()) == []


def test_tiles_of_coordinates_only_are_read_from_the_slides(finished, tmp_path, monkeypatch):
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    house = SlideHouse(
        tmp_path, make_params(tmp_path, **settings(), tile_slides__pixels="coordinates")
    )
    house.source, house.slides, house.seen = finished.source, finished.slides, finished.seen
    house.tile()
    seen = []

    def train_fold(model, tiles, *rest):
        seen.append((tiles, rest[2]))  # and a hash of all that a training depends on
        raise PodiumError("seen")

    monkeypatch.setattr(train_segmenter, "train_fold", train_fold)
    monkeypatch.setattr(train_segmenter.fcn, "build", lambda *_: None)
    for one in (finished, house):
        with pytest.raises(SystemExit):
            one.train(model=tmp_path / "none.keras", metrics=tmp_path / "none.json")
    (kept, content), (read, same) = seen
    everywhere = np.arange(len(kept.fold))
    assert content == same
    for stored, again in zip(kept.read(everywhere), read.read(everywhere), strict=True):
        assert np.array_equal(stored, again)


def test_the_networks_differ_and_their_statistics_are_still(finished):
    model, description = artefact.load(finished.model)
    assert description["task"] == "slides"
    assert description["tiles"]["stride"] == 32
    assert {one.name for one in model.layers} >= {"fold1", "fold2"}
    stems = [np.asarray(one) for one in model.variables if "stem_conv" in one.path]
    assert len(stems) == 2
    assert not np.array_equal(*stems)
    means = [np.asarray(one) for one in model.variables if "moving_mean" in one.path]
    assert len(means) == 2 * 48
    assert not any(one.any() for one in means)


def test_masks_of_every_readable_slide(finished):
    names = ["n1", "n2", "t1", "t2", "x", "y"]
    suffixes = ("geojson", "png", "rle")
    wanted = sorted([*(f"{name}.{suffix}" for name in names for suffix in suffixes), "states.csv"])
    assert sorted(path.name for path in finished.masks.iterdir()) == wanted
    table = read_predictions(finished.table).set_index("id")
    assert table["split"].to_dict() == {n: "test" if n in "xy" else "oof" for n in names}
    assert table["fold"].to_dict() == {"t1": 1, "n1": 1, "t2": 2, "n2": 2, "x": -1, "y": -1}
    for name in names:
        mask = cv2.imread(str(finished.masks / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        runs = rle.decode((finished.masks / f"{name}.rle").read_text(), (W, H))
        assert np.array_equal(mask, runs * 255)
        if table.loc[name, "p_tumour"] < 0.5:
            assert not mask.any()


def test_scores_are_those_of_the_masks_on_disk(finished):
    found = read(finished, "predict")
    truth = np.zeros((H, W), dtype=bool)
    truth[:, :64] = True
    right = marked = there = 0
    for name in ("t1", "n1", "t2", "n2"):
        mask = cv2.imread(str(finished.masks / f"{name}.png"), cv2.IMREAD_UNCHANGED) > 0
        wanted = truth if name in WITH_TUMOUR else ~truth & truth
        right, marked, there = (
            right + (mask & wanted).sum(),
            marked + mask.sum(),
            there + wanted.sum(),
        )
    f1 = found["network"]["tumour_f1"]
    assert f1["value"] == pytest.approx(2 * right / (marked + there))
    assert f1["low"] <= f1["value"] <= f1["high"]
    assert f1["n"] == 4
    assert found["all_background"]["tumour_f1"]["value"] == 0
    assert found["all_background"]["tumour_f1_macro"]["value"] == 0.5
    assert found["hed_otsu"]["recall"]["value"] > 0.9  # the drawn tumour is dark
    assert (found["n_slides"], found["n_patients"], found["n_left_out"]) == (4, 4, 0)
    assert 0 < found["threshold"] < 1
    assert json.loads((finished.root / "runs/predict.json").read_text())["seconds"] > 0
    plots = finished.root / "plots/predict"
    curve = pd.read_csv(plots / "precision_recall.csv")
    assert len(curve) == 31
    pictures = {path.name for path in plots.glob("*.png")}
    assert pictures == {f"{n}.png" for n in ("n1", "n2", "t1", "t2", "x", "y", "precision_recall")}
    with Image.open(plots / "t1.png") as overlay:
        assert overlay.size == (3 * 488, 288 + 30)


def test_counts_of_slides_add_up_to_the_scores(finished):
    found = read(finished, "predict")
    table = pd.read_csv(finished.root / "plots/predict/counts.csv")
    assert list(table) == [
        "slide", "patient", "fold", "model",
        "true_positive", "false_positive", "false_negative", "true_negative",
    ]  # fmt: skip
    whose = table[["slide", "patient", "fold"]].drop_duplicates().to_numpy().tolist()
    assert sorted(whose) == [["n1", "p2", 1], ["n2", "p4", 2], ["t1", "p1", 1], ["t2", "p3", 2]]
    for model in ("network", "hed_otsu"):
        total = table[table["model"] == model].sum(numeric_only=True)
        right, wrong = total["true_positive"], total["false_positive"] + total["false_negative"]
        f1 = found[model]["tumour_f1"]["value"]
        assert f1 == pytest.approx(2 * right / (2 * right + wrong))
        assert right + wrong + total["true_negative"] == 4 * W * H


def test_the_submission_follows_the_sample_and_flags_what_it_filled(finished):
    handed = pd.read_csv(finished.out, dtype={"slide": str}, keep_default_na=False)
    assert handed["slide"].tolist() == ["z", "y", "x"]
    assert handed.iloc[0].tolist() == ["z", 0.5, ""]  # two of four train slides have tumour
    table = read_predictions(finished.root / "blend.csv").set_index("id")["p_tumour"]
    wanted = [round(table[name], 6) for name in "yx"]
    assert handed["probability"].tolist()[1:] == pytest.approx(wanted)
    masks = [(finished.masks / f"{name}.rle").read_text() for name in "yx"]
    assert handed["rle"].tolist()[1:] == masks
    manifest = json.loads(finished.out.with_suffix(".json").read_text())
    assert manifest["filled"] == ["z"]
    assert manifest["rows"] == 3
    assert manifest["scores"].pop("blend")["metric"] == "log_loss"
    assert manifest["scores"] == read(finished, "submit")
    assert manifest["scores"]["test"]["tumour_f1"]["n"] == 2


# ---- with a network by hand


class Fake:
    """Heat of dark pixels; fold 1 sees tumour in them, others see less. Asked folds are kept."""

    asked: list[tuple[int, int]] = []  # noqa: RUF012

    classes = ("tumour",)

    def __init__(self, path: Path, engine: str) -> None:
        self.path, self.tiles, self.mpp, self.overruling_mpp = path, TILES, None, None
        self.engine: dict[str, str] = {}

    def take_tile_count(self) -> int:
        return 0

    def mflop(self, tile: int) -> float:
        return 0.0

    def heat(self, pixels, fold, turns=1):
        Fake.asked.append((int(pixels.astype(int).sum()), fold))
        dark = pixels.mean(axis=3) < 125
        return np.where(dark, 0.9 if fold == 1 else 0.8, 0.1).astype(np.float32)


@pytest.fixture
def again(finished, tmp_path, monkeypatch) -> SlideHouse:
    """A house of its own with the finished stages' outputs, and the network by hand."""
    monkeypatch.setattr(predict_slides, "Segmenter", Fake)
    monkeypatch.setattr(Fake, "asked", [])
    house = SlideHouse(tmp_path, finished.params)
    (tmp_path / "data/slides").mkdir(parents=True)
    for one in (finished.slides, finished.quarantine, finished.model):
        shutil.copy(one, tmp_path / one.relative_to(finished.root))
    for one in (SOURCE, "annotations", MASKS, "tables"):
        shutil.copytree(finished.root / one, tmp_path / one)
    return house


def test_a_slide_is_looked_at_by_the_network_of_its_fold(again):
    again.predict()
    rows = {row.slide: row for row in read_slides(again.slides)}
    folds = [fold for _, fold in Fake.asked]
    assert folds == [row.fold for row in rows.values()]  # 9 x 5 tiles at once
    assert set(folds) == {1, 2, -1}
    found = json.loads(again.metric("predict").read_text())
    assert found["network"]["tumour_f1"]["value"] > 0.9
    assert found["slide_auc"] == {"value": 1, "n": 4}
    again.submit()
    test = json.loads(again.metric("submit").read_text())["test"]
    assert test["tumour_f1"]["value"] > 0.9
    assert test["slide_auc"]["value"] == 1


class PickledWork:
    """In place of a cluster: one process, which gets and gives what can be pickled."""

    def __init__(self, gpu: bool) -> None:
        assert gpu

    def __enter__(self) -> PickledWork:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, function, items):
        for item in items:
            work, argument = pickle.loads(pickle.dumps((function, item)))  # noqa: S301
            yield pickle.loads(pickle.dumps(work(argument)))  # noqa: S301


def test_a_cluster_leaves_what_one_machine_does(again, monkeypatch, tmp_path, capsys):
    again.predict()
    here = capsys.readouterr().out
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "other"))
    monkeypatch.setattr(predict_dataset.cluster, "in_use", lambda: True)
    monkeypatch.setattr(predict_dataset.cluster, "ClusterPool", PickledWork)
    monkeypatch.setattr(predict_dataset, "Segmenter", Fake)
    folders = ("predictions", "tables", "plots")
    files = {path: path.read_bytes() for name in folders for path in (tmp_path / name).rglob("*.*")}
    again.predict()
    assert capsys.readouterr().out == here
    assert len(files) > 20
    for path, data in files.items():
        assert path.read_bytes() == data, path


@pytest.fixture
def counted(monkeypatch) -> Counter:
    """Counts slides opened, thumbnails searched for tissue, and whole heat maps read."""
    counts, real_open = Counter(), Slide.open.__func__

    def opening(cls, path, *args):
        counts[f"open {path.stem}"] += 1
        return real_open(cls, path, *args)

    def masking(thumbnail):
        counts["tissue mask"] += 1
        return tissue_mask(thumbnail)

    def reading(path, rows=512):
        counts["heat read"] += 1
        counts[f"heat {path.name}"] += 1
        return heat_bands(path, rows)

    monkeypatch.setattr(Slide, "open", classmethod(opening))
    monkeypatch.setattr(tissue_tiles, "tissue_mask", masking)
    for module in (heat, export):
        monkeypatch.setattr(module, "heat_bands", reading)
    real_file = h5py.File

    def file(path, mode, *args):
        counts[f"file {mode} {Path(path).parent.name}"] += 1
        return real_file(path, mode, *args)

    monkeypatch.setattr(h5py, "File", file)
    return counts


def marked(folder):
    """Names of the slides on which something is marked: their heat maps are read once more."""
    return {path.stem for path in folder.glob("*.rle") if path.read_text()}


def test_each_slide_is_opened_and_masked_once_and_each_heat_map_read_once(again, counted):
    again.predict()
    names = ["n1", "n2", "t1", "t2", "x", "y"]
    assert {key: n for key, n in counted.items() if key.startswith("open")} == {
        f"open {name}": 1 for name in names
    }
    n_marked = len(marked(again.masks))
    assert 0 < n_marked < 6
    assert (counted["tissue mask"], counted["heat read"]) == (6, 6 + n_marked)
    reads = sorted(n for key, n in counted.items() if key.startswith("heat ") and ".h5" in key)
    assert reads == [1] * (6 - n_marked) + [2] * n_marked
    # no other way to the heat maps: each file was written once
    assert (counted["file w heat"], counted["file r heat"]) == (6, 6 + n_marked)


def outputs(house):
    """The bytes of all that predict_slides writes but its metrics, which hold seconds."""
    folders = (house.masks, house.tables, house.root / "plots/predict")
    files = [path for folder in folders for path in folder.iterdir()]
    return {path: path.read_bytes() for path in [*files, house.root / "manner.json"]}


def test_heat_maps_of_an_earlier_run_give_the_same_files(again, counted):
    again.predict()
    before, asked = outputs(again), len(Fake.asked)
    counted.clear()
    again.predict()
    assert len(Fake.asked) == asked
    assert outputs(again) == before
    # once for what all slides together decide, once for the masks; no slide is opened twice
    n_reads = 12 + len(marked(again.masks))
    assert (counted["tissue mask"], counted["heat read"], counted["file w heat"]) == (6, n_reads, 0)
    assert {n for key, n in counted.items() if key.startswith("open")} == {1}


# ---- slides of no competition


@pytest.fixture
def files(again, monkeypatch) -> SlideHouse:
    """The same, with the network by hand for files, and its settings beside it."""
    monkeypatch.setattr(predict_files, "Segmenter", Fake)
    again.predict()
    shutil.copy(again.root / "manner.json", again.model.with_suffix(".json"))
    return again


def test_a_file_is_predicted_as_the_test_slide_it_is(files, counted, monkeypatch):
    monkeypatch.setenv("PODIUM_SCRATCH", str(files.root / "elsewhere"))  # no heat maps yet
    out = files.root / "files"
    out.mkdir()
    paths = [files.source / f"images/{name}.tif" for name in "xy"]
    columns, answers = predict_files.answers(files.model, paths, PredictOptions(out, out))
    found = list(answers)
    assert columns == ["probability", "tumour", "state"]
    assert (counted["open x"], counted["open y"]) == (1, 1)
    n_reads = 2 + len(marked(out))
    assert (counted["tissue mask"], counted["heat read"]) == (2, n_reads)
    assert counted["file r heat"] == n_reads
    table = read_predictions(files.table).set_index("id")["p_tumour"]
    assert [(one.path.stem, one.cells[0], one.fault) for one in found] == [
        (n, pytest.approx(table[n]), "") for n in "xy"
    ]
    for name, (_, share, state) in zip("xy", (one.cells for one in found), strict=True):
        assert state == "done"
        for suffix in ("png", "geojson", "rle"):
            ours = (out / f"{name}.{suffix}").read_bytes()
            assert ours == (files.masks / f"{name}.{suffix}").read_bytes()
        mask = cv2.imread(str(out / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        assert share == pytest.approx((mask > 0).mean())
        assert (out / f"{name}-overlay.png").is_file()


def test_settings_of_another_model_are_refused(files):
    paths = [files.source / "images/x.tif"]
    settings_path = files.model.with_suffix(".json")
    values = json.loads(settings_path.read_text())
    settings_path.write_text(json.dumps(values | {"model": "0" * 64}))
    with pytest.raises(PodiumError, match=r"slides\.json: belongs to another slides\.keras"):
        predict_files.answers(files.model, paths, PredictOptions(files.root))
    settings_path.unlink()
    with pytest.raises(PodiumError, match="not the thresholds of a slide model"):
        predict_files.answers(files.model, paths, PredictOptions(files.root))


def test_a_blank_slide_gets_the_share_of_tumour_slides_and_a_flag(again, capsys, monkeypatch):
    glass = np.full((H, W, 3), 240, dtype=np.uint8)
    write_pyramid(again.source / "images/y.tif", glass, n_levels=1)
    again.predict()
    text = capsys.readouterr().out
    assert "WARNING: no tiles: 1 slides were seen by no network" in text
    assert "(0.500 for test slides), nothing marked: y\nremedy: " in text
    found = json.loads(again.metric("predict").read_text())
    assert (found["n_no_tiles"], found["n_left_out"]) == (1, 0)
    again.submit()
    manifest = json.loads(again.out.with_suffix(".json").read_text())
    assert (manifest["no_tiles"], manifest["filled"]) == (["y"], ["z"])
    states = pd.read_csv(again.masks / "states.csv", keep_default_na=False).set_index("slide")
    assert states["state"].to_dict() == {
        "n1": "done", "n2": "done", "t1": "done", "t2": "done", "x": "done", "y": "no tiles"
    }  # fmt: skip
    assert states.loc["y", ["split", "n_tiles", "probability"]].tolist() == ["test", 0, 0.5]
    for name in ("fcn", "fcn-mean", "fcn-area"):
        table = read_predictions(again.tables / f"{name}.csv").set_index("id")
        assert table["p_tumour"]["y"] == 0.5  # two of four
    assert (again.masks / "y.rle").read_text() == ""
    again.submit()
    handed = pd.read_csv(again.out, dtype={"slide": str}, keep_default_na=False).set_index("slide")
    assert handed.loc["y", "probability"] == pytest.approx(0.5, abs=0.2)  # the blend's calibration
    monkeypatch.setattr(predict_files, "Segmenter", Fake)
    shutil.copy(again.root / "manner.json", again.model.with_suffix(".json"))
    path = again.source / "images/y.tif"
    _, answers = predict_files.answers(again.model, [path], PredictOptions(again.root))
    assert list(answers) == [FileAnswer(path, (0.5, 0.0, "no tiles"))]


def test_broken_slides_stop_no_other(files, tmp_path, monkeypatch):
    empty, odd = tmp_path / "empty.svs", files.source / "images/y.tif"
    empty.write_bytes(b"")
    opened = Slide.open.__func__

    def opening(kind, path, *other):
        if path == odd:
            raise ValueError("deep in a library")
        return opened(kind, path, *other)

    monkeypatch.setattr(Slide, "open", classmethod(opening))
    good = files.source / "images/x.tif"
    _, answers = predict_files.answers(
        files.model, [empty, odd, good], PredictOptions(files.root, tmp_path / "out")
    )
    first, second, third = answers
    assert first.cells == second.cells == ("", "", "failed")
    assert first.fault.startswith(f"{empty}: cannot be opened as a slide")
    assert second.fault == f"{odd}: ValueError: deep in a library"
    assert (third.cells[2], third.fault) == ("done", "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "x.png", "x.geojson", "x.rle", "x-overlay.png"
    }  # fmt: skip


def test_outputs_of_two_slides_of_one_name_are_refused(files, tmp_path):
    out = files.root / "files"
    here, there = tmp_path / "a/S1.tif", tmp_path / "c/S1.svs"
    with pytest.raises(SettingsError) as refused:
        predict_files.answers(files.model, [here, there], PredictOptions(out, out))
    assert str(refused.value) == (
        f"{here} and {there} would both write S1.*, one over the other\n"
        "remedy: run them one at a time into different folders, or rename one"
    )
    assert not out.exists()
    overlay = tmp_path / "S1-overlay.png"
    with pytest.raises(SettingsError, match="would both write S1-overlay"):
        predict_files.answers(files.model, [here, overlay], PredictOptions(out, out))


def test_files_are_seen_as_the_slides_of_the_run_are(again, finished, tmp_path):
    changes = settings() | {"predict_slides__normalise": True, "predict_slides__turns": 2}
    again.params = make_params(tmp_path, **changes)
    again.predict()
    views = read_config(tmp_path / "manner.json").views
    assert views.turns == 2
    stains = reference_stains(read_slides(again.slides), again.source, load_params(again.params))
    assert views.reference == stains[-1]
    assert read_config(finished.root / "manner.json").views == (1, None)


def test_a_network_that_loses_to_the_threshold_is_said(again, capsys):
    again.predict()
    assert "WARNING" not in capsys.readouterr().out
    assert json.loads(again.metric("predict").read_text())["loses_to_baseline"] is False
    scratch = again.root / "elsewhere"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PODIUM_SCRATCH", str(scratch))
        patch.setattr(
            Fake, "heat", lambda _, pixels, **__: np.float32(0.6) * (pixels.mean(axis=3) > 160)
        )
        again.predict()
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("WARNING: the network (tumour F1 ")
    assert lines[-1].startswith("remedy: podium inspect slides --write")
    found = json.loads(again.metric("predict").read_text())
    assert found["loses_to_baseline"] is True
    assert found["warning"].startswith("the network (tumour F1 ")
    assert found["warnings"] == [line.partition(": ")[2] for line in lines[-2:-1]]


def expect_exit(code, call):
    with pytest.raises(SystemExit) as stop:
        call()
    assert stop.value.code == code


def test_a_slide_that_cannot_be_read_any_more_is_left_out(again, capsys):
    (again.source / "images/y.tif").write_bytes(b"gone")
    again.predict()
    assert "left out: " in capsys.readouterr().out
    assert "y" not in read_predictions(again.table)["id"].tolist()
    assert json.loads(again.metric("predict").read_text())["n_left_out"] == 1
    again.submit()
    manifest = json.loads(again.out.with_suffix(".json").read_text())
    assert manifest["filled"] == ["z", "y"]


def test_no_slide_can_be_read(again, capsys):
    expect_exit(1, lambda: again.predict(source=again.root / "nowhere"))
    assert "error: " in (text := capsys.readouterr().err)
    assert "not one slide could be predicted" in text


def test_no_test_slides(again, capsys):
    table = pd.read_csv(again.slides, dtype=str, keep_default_na=False)
    table[table["split"] == "train"].to_csv(again.slides, index=False)
    again.quarantine.write_text("id,split,label,path,reason\nq,train,,q.tif,broken\n")
    again.submit()
    assert json.loads(again.metric("submit").read_text()) == {}
    assert again.out.read_text() == "id\n"
    assert "slides has no test items" in capsys.readouterr().out


def test_a_sample_with_another_slide(again, capsys):
    sample = again.source / "sample_submission.csv"
    sample.write_text("slide,probability,rle\nz,0.5,\ny,0.5,\nw,0.5,\n")
    expect_exit(1, again.submit)
    text = capsys.readouterr().err
    assert "1 ids are missing, namely x; 1 ids are unknown, namely w" in text
    assert not again.out.exists()


def test_runs_that_do_not_fit_are_not_handed_in(again, capsys):
    (again.masks / "x.rle").write_text(f"{W * H} 2")
    expect_exit(1, again.submit)
    assert f"x: a run ends at pixel {W * H + 1}, the slide has {W * H}" in capsys.readouterr().err
    assert not again.out.exists()


def test_weights_that_do_not_fit(again, tmp_path, capsys, finished):
    again.params = make_params(tmp_path, **settings() | {"train_segmenter__weights": "download"})
    expect_exit(2, lambda: again.train(tiles=finished.tiles))
    assert "train_segmenter.weights: 'download' does not fit" in capsys.readouterr().err


def test_three_drawn_classes_become_a_submission(tmp_path, monkeypatch):
    """From drawn slides to masks of each class, the settings naming them in another order."""
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    tf.config.run_functions_eagerly(True)
    classes = {"tumour": ["1"], "follicle": ["2"], "mucosa": ["3"]}
    changes = settings() | {"slides__classes": classes, "predict_slides__stride": 32,
        "ingest_slides__n_folds": 2, "tile_slides__target_mpp": 2.0}  # fmt: skip
    try:
        draw_dataset(tmp_path / SOURCE, 4, 1, 512, 3, n_processes=1, three_classes=True)
        house = SlideHouse(tmp_path, make_params(tmp_path, **changes))
        for stage in (house.ingest, house.tile, house.train, house.predict, house.submit):
            stage()
    finally:
        tf.config.run_functions_eagerly(False)
    assert list(read(house, "predict")["classes"]) == list(classes)
    form = format_of(competition_named("slides"), tmp_path, load_params(house.params))
    table = read_submission(house.out)
    assert list(table.columns) == ["slide", "probability", *(f"rle {name}" for name in classes)]
    assert faults(table, form, form.test_ids()) == []
    [name] = table["slide"]
    lines = (house.masks / f"{name}.rle").read_text().split("\n")
    turned = dict(reversed(classes.items()))
    house.params = make_params(tmp_path, **changes | {"slides__classes": turned})
    expect_exit(1, house.train)  # its tiles hold labels in the other order
    house.submit()
    again = read_submission(house.out)
    assert list(again.columns[2:]) == [f"rle {name}" for name in turned]
    handed = lines if float(again["probability"][0]) >= 0.5 else ["", "", ""]
    assert again.iloc[0, 2:].tolist() == handed[::-1]
