"""Slides from the folder a person fills to tiles: the stages ingest_slides and tile_slides."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from shapely import Polygon, contains_xy

from house import make_params
from podium.slides.annotations import limits
from podium.slides.reader import Slide
from podium.slides.tile_store import load_pixels, load_tiles
from podium.stages import ingest_slides, tile_slides
from slide_fixtures import coded, damage, stained, write_pyramid

W, H = 256, 192
POINTS = [(32, 20), (150, 20), (180, 160), (32, 101)]  # no side runs through a pixel's centre
AREA = 14_254  # by the shoelace formula
POLYGON = '<polygon points="{}"/>'.format(" ".join(f"{x},{y}" for x, y in POINTS))
SVG = f"<svg>{POLYGON}</svg>"
ASAP = (
    '<ASAP_Annotations><Annotations><Annotation Type="Polygon" PartOfGroup="_0"><Coordinates>'
    + "".join(f'<Coordinate Order="{k}" X="{x}" Y="{y}"/>' for k, (x, y) in enumerate(POINTS))
    + "</Coordinates></Annotation></Annotations></ASAP_Annotations>"
)
GEOJSON = json.dumps({"type": "Polygon", "coordinates": [[*POINTS, POINTS[0]]]})
OTHER = '<svg><rect x="0" y="0" width="64" height="64"/></svg>'
_PARAMS: dict[str, str] = {}  # by their changes: YAML is slow to write


class Clinic:
    """A raw folder, the two stages' command lines, and what they wrote."""

    def __init__(self, root: Path) -> None:
        self.root, self.raw = root, root / "raw"
        self.changes = {
            "slides__source": "raw",
            "slides__missing_annotation": "negative",
            "ingest_slides__n_folds": 2,
            "tile_slides__tile": 64,
            "tile_slides__stride": 64,
            "tile_slides__target_mpp": 0.5,
            "tile_slides__thumbnail": 128,
        }
        for folder in ("images", "annotations"):
            (self.raw / folder).mkdir(parents=True)

    def slide(self, name: str, text: str | None = None, suffix: str = ".svg", mpp=0.5) -> Path:
        path = self.raw / f"images/{name}.tif"
        seed = sum(name.encode())
        write_pyramid(path, stained(W, H, seed), mpp, 2)
        if text is not None:
            (self.raw / f"annotations/{name}{suffix}").write_text(text)
        return path

    def table(self, *lines: str) -> None:
        (self.raw / "slides.csv").write_text("\n".join(lines) + "\n")

    def _run(self, stage, **paths: Path) -> None:
        words = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
        params, key = self.root / "params.yaml", json.dumps(self.changes)
        if key not in _PARAMS:
            _PARAMS[key] = make_params(self.root, **self.changes).read_text()
        params.write_text(_PARAMS[key])
        stage.main(["--source", str(self.raw), *words, "--params", str(params)])

    def ingest(self) -> pd.DataFrame:
        data = self.root / "data"
        self._run(ingest_slides, slides=data / "slides.csv", annotations=data / "annotations",
                  quarantine=data / "quarantine.csv", metrics=data / "ingest.json")  # fmt: skip
        return self.read("slides.csv").set_index("slide")

    def tile(self) -> pd.DataFrame:
        data = self.root / "data"
        self._run(tile_slides, slides=data / "slides.csv", annotations=data / "annotations",
                  tiles=data / "tiles", table=data / "tiles.csv", metrics=data / "tile.json",
                  )  # fmt: skip
        return self.read("tiles.csv").set_index("slide")

    def read(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.root / "data" / name, dtype=str, keep_default_na=False)

    def failed(self) -> dict[str, str]:
        """{slide: path and reason} of the slides in quarantine."""
        table = self.read("quarantine.csv")
        table = table[table["split"] != ""]
        reasons = str(self.raw) + "/" + table["path"] + ": " + table["reason"]
        return dict(zip(table["id"], reasons, strict=True))

    def metrics(self, name: str) -> dict:
        return json.loads((self.root / f"data/{name}.json").read_text())

    def tiles(self, name: str):
        return load_tiles(self.root / f"data/tiles/{name}.h5")


@pytest.fixture
def clinic(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})  # no pool: it starts slowly
    return Clinic(tmp_path)


@pytest.fixture
def four(clinic):
    """Two slides with tumour and two without."""
    for name, text in (("s1", SVG), ("s2", OTHER), ("s9", None), ("s10", None)):
        clinic.slide(name, text)
    return clinic


@pytest.fixture
def refusal(capsys):
    """Runs what should end with one message on stderr; its lines."""

    def run(call, code=1):
        with pytest.raises(SystemExit) as stop:
            call()
        assert stop.value.code == code
        message = capsys.readouterr().err
        assert message.startswith("error: ")
        assert "Traceback" not in message
        return message.removeprefix("error: ").splitlines()

    return run


# ---- from end to end


def test_slides_become_a_table_and_tiles(four, capsys):
    slides = four.ingest()
    assert list(slides.index) == ["s1", "s2", "s9", "s10"]
    assert slides["label"].tolist() == ["1", "1", "0", "0"]
    assert slides["annotation"].tolist() == ["s1.geojson", "s2.geojson", "none", "none"]
    shares = [round(AREA / (W * H), 6), round(64 * 64 / (W * H), 6), 0.0, 0.0]
    assert slides["tumour"].astype(float).tolist() == shares
    assert sorted(slides["fold"][:2]) == sorted(slides["fold"][2:]) == ["0", "1"]
    assert four.read("quarantine.csv").to_numpy().tolist() == []
    assert four.metrics("ingest") == {
        "n_train": 4, "n_test": 0, "n_patients": 4, "n_with_tumour": 2, "n_unknown": 0,
        "unknown_share": 0.0, "tumour_share": round(sum(shares) / 4, 6), "n_failed": 0,
        "n_quarantined": 0,
    }  # fmt: skip
    assert "n_train 4, n_test 0" in capsys.readouterr().out
    table = four.tile()
    assert list(table.index) == ["s1", "s2", "s9", "s10"]
    assert table["state"].tolist() == ["done"] * 4
    assert table["n_tumour"].tolist() == ["8", "1", "0", "0"]
    record = json.loads((four.root / "runs/tile.json").read_text())
    assert record["run"]["items"] == 48
    assert record["seconds"] >= 0
    assert four.metrics("tile") == {
        "n_slides": 4, "n_failed": 0, "n_no_tiles": 0, "n_tiles": 48, "n_tumour": 9,
        "n_unreadable": 0,
    }  # fmt: skip
    assert "n_slides 4, n_failed 0, n_no_tiles 0, n_tiles 48" in capsys.readouterr().out


def test_every_format_ends_in_the_same_masks(clinic):
    clinic.slide("svg", SVG)
    clinic.slide("xml", ASAP, ".xml")
    clinic.slide("json", GEOJSON, ".geojson")
    clinic.slide("png")
    x, y = np.meshgrid(np.arange(W) + 0.5, np.arange(H) + 0.5)
    wanted = contains_xy(Polygon(POINTS), x, y)
    Image.fromarray(wanted).save(clinic.raw / "annotations/png.png")
    clinic.ingest()
    clinic.tile()
    for name in ("svg", "xml", "json", "png"):
        path, mask = clinic.root / f"data/tiles/{name}.h5", np.zeros((H, W), np.uint8)
        parts = load_pixels(path, range(12), "masks")
        for (left, top), part in zip(clinic.tiles(name).coordinates, parts, strict=True):
            mask[top : top + 64, left : left + 64] = part
        assert np.array_equal(mask, wanted)


def test_other_classes_mean_other_masks(four):
    shape = {"type": "Polygon", "coordinates": [[*POINTS, POINTS[0]]]}
    corner = {"type": "Polygon", "coordinates": [[[0, 0], [16, 0], [16, 16], [0, 0]]]}
    features = [
        {"type": "Feature", "geometry": one, "properties": {"classification": {"name": name}}}
        for one, name in ((shape, "Tumor"), (corner, "Stroma"))
    ]
    four.slide("s3", json.dumps(features), ".geojson")
    four.ingest()
    assert four.tile()["n_tumour"]["s3"] == "8"
    four.changes["slides__classes"] = ["Stroma"]
    four.ingest()
    assert four.tile()["n_tumour"]["s3"] == "1"


def test_notes_are_said(four, capsys):
    four.slide("s1", SVG.replace("<svg>", '<svg width="300" height="200">'))
    four.ingest()
    assert "s1: the drawing is 300x200 px, the slide 256x192 px: " in capsys.readouterr().out


# ---- slides that cannot be used


def test_slides_that_cannot_be_opened_are_listed_and_the_rest_goes_on(four, capsys):
    for name, share in (("c1", 0.005), ("c2", 0.5), ("c3", 0.99)):  # a copy that broke off
        path = four.slide(name, SVG)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    (four.raw / "images/text.tif").write_text("no slide")
    assert list(four.ingest().index) == ["s1", "s2", "s9", "s10"]
    failed = four.failed()
    assert list(failed) == ["c1", "c2", "c3", "text"]
    for name, reason in failed.items():
        path = four.raw / f"images/{name}.tif"
        assert reason.startswith(f"{path}: cannot be opened as a slide: ")
        assert "; remedy: copy it again" in reason
    assert four.metrics("ingest")["n_failed"] == 4
    assert f"left out: {failed['c1']}\n" in capsys.readouterr().out
    assert four.tile()["state"].tolist() == ["done"] * 4


def test_a_slide_damaged_inside_is_in_the_table_of_tiles(four, capsys):
    path = four.raw / "images/s9.tif"
    damage(path, 3, 5)
    four.ingest()
    assert four.failed() == {}
    table = four.tile()
    assert table["state"].tolist() == ["done", "done", "failed", "done"]
    reason = f"{path}: damaged: 2 of 12 tiles cannot be read; remedy: copy it again"
    assert table["reason"]["s9"] == reason
    assert (four.metrics("tile")["n_slides"], four.metrics("tile")["n_failed"]) == (3, 1)
    assert f"failed: {reason}\n" in capsys.readouterr().out
    names = sorted(path.name for path in (four.root / "data/tiles").glob("s9*"))
    assert names == ["s9.json"]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
BAD = {
    "outside": (".svg", '<svg><rect x="900" y="0" width="9" height="9"/></svg>',
                "all of it lies outside the slide, in x 900 to 909"),
    "other_frame": (".xml", ASAP.replace('X="', 'X="1').replace('Y="', 'Y="-9'),
                    "wrong frame"),
    "empty": (".svg", "", "empty file"),
    "no_outline": (".svg", "<svg><line/></svg>", "it has no outline with an area"),
    "svg_bomb": (".svg", BOMB + "<svg><text>&b;</text></svg>", "it declares XML entities"),
    "svg_external": (".svg", EXTERNAL + "<svg><text>&a;</text></svg>", "it declares XML entities"),
    "asap_bomb": (".xml", BOMB + ASAP, "it declares XML entities"),
    "asap_external": (".xml", EXTERNAL + ASAP, "it declares XML entities"),
    "too_large": (".svg", " " * (limits.MAX_BYTES + 2**20), "65 MB, over the limit of 64 MB"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_an_annotation_that_cannot_be_used(four, kind):
    suffix, text, says = BAD[kind]
    four.slide("bad", text, suffix)
    assert list(four.ingest().index) == ["s1", "s2", "s9", "s10"]
    reason = four.failed()["bad"]
    assert reason.startswith(f"{four.raw}/annotations/bad{suffix}: ")
    assert says in reason
    assert "; remedy: " in reason
    assert "root:" not in reason  # of /etc/passwd


def test_an_outline_that_crosses_itself_keeps_both_halves(four):
    four.slide("bow", '<svg><polygon points="10,10 110,110 110,10 10,110"/></svg>')
    assert four.ingest()["tumour"]["bow"] == str(round(5000 / (W * H), 6))
    assert four.tile()["n_tumour"]["bow"] == "4"


def test_a_mask_of_another_slide(four):
    four.slide("bad")
    path = four.raw / "annotations/bad.png"
    Image.fromarray(np.zeros((100, 100), np.uint8)).save(path)
    four.ingest()
    assert four.failed()["bad"].startswith(
        f"{path}: its annotation cannot be used: the mask is 100x100 px, the slide 256x192 px"
    )


def test_a_label_against_its_annotation(four):
    four.slide("s4", OTHER)
    four.table("slide,label,split", "s1,0,", "s2,1,", "s4,1,", "s9,0,train", "s10,0,train")
    assert list(four.ingest().index) == ["s2", "s4", "s9", "s10"]
    assert four.failed() == {
        "s1": f"{four.raw}/annotations/s1.svg: its annotation cannot be used: it outlines a "
        "tumour, but slides.csv says label 0; remedy: correct one of the two"
    }


# ---- nothing vanishes


def test_what_is_not_read_is_in_the_quarantine_with_its_reason(four, capsys):
    four.changes["slides__missing_annotation"] = "test"
    (four.raw / "images/t1.svs").symlink_to("/nowhere/t1.svs")
    (four.raw / "images/t2.isyntax").write_bytes(b"unread")
    (four.raw / "images/p9").mkdir()
    (four.raw / "images/p9/s11.tif").symlink_to(four.raw / "images/s9.tif")
    os.mkfifo(four.raw / "images/t3.tif")
    (four.raw / "annotations/s1.roi").write_text("<annotations/>")
    (four.raw / "loose\x1b[2J.svs").write_bytes(b"beside")
    assert list(four.ingest().index) == ["s1", "s2", "s9", "s10", "s11"]
    table = four.read("quarantine.csv")
    assert list(table) == ["id", "split", "label", "path", "reason"]
    link = "cannot be opened as a slide: a link to nothing: /nowhere/t1.svs is missing; remedy: "
    fifo = "cannot be opened as a slide: no regular file; remedy: "
    remedy = "put the file itself there (git annex get, dvc checkout), or remove it"
    assert table.to_numpy().tolist()[:3] == [
        ["t1", "test", "", "images/t1.svs", link + remedy],
        ["t3", "test", "", "images/t3.tif", fifo + remedy],
        [r"loose\x1b[2J", "", "", r"loose\x1b[2J.svs",
         "beside images/: no place where slides are looked for"],
    ]  # fmt: skip
    assert table["path"].tolist()[3:] == ["images/t2.isyntax", "annotations/s1.roi"]
    assert four.failed() == {
        name: f"{four.raw}/images/{name}.{suffix}: {reason}{remedy}"
        for name, suffix, reason in (("t1", "svs", link), ("t3", "tif", fifo))
    }
    text = capsys.readouterr().out
    assert text.splitlines()[-5:] == [
        "quarantined: 2 x cannot be opened as a slide, e.g. images/t1.svs",
        r"quarantined: 1 x beside images/, e.g. loose\x1b[2J.svs",
        "quarantined: 1 x no slide format that is read, e.g. images/t2.isyntax",
        "quarantined: 1 x no annotation format that is read, e.g. annotations/s1.roi",
        f"quarantined: 5 in all, listed in {four.root}/data/quarantine.csv",
    ]
    assert "\x1b" not in text
    assert four.metrics("ingest")["n_quarantined"] == 5
    assert four.tile()["state"].tolist() == ["done"] * 5


def test_a_slide_whose_annotation_cannot_be_used_is_there_too(four):
    four.slide("bad", "<svg><line/></svg>")
    four.slide("odd")
    (four.raw / "annotations/odd.roi").write_text("<annotations/>")
    assert list(four.ingest().index) == ["s1", "s2", "s9", "s10"]  # odd is no negative
    rows = four.read("quarantine.csv").set_index("id")
    assert rows["split"].to_dict() == {"bad": "train", "odd": "train"}
    assert rows["path"].to_dict() == {"bad": "annotations/bad.svg", "odd": "annotations/odd.roi"}
    assert rows["reason"]["bad"].startswith("its annotation cannot be used: it has no outline")
    assert rows["reason"]["odd"].startswith("its annotation cannot be used: not one of .svg, ")


def test_a_mask_of_noise_is_the_truth_pixel_by_pixel(four):
    four.slide("s3")
    noise = np.random.default_rng(0).random((H, W)) > 0.5
    Image.fromarray(noise).save(four.raw / "annotations/s3.png")
    row = four.ingest().loc["s3"]
    assert (row["annotation"], row["label"]) == ("s3.png", "1")
    assert float(row["tumour"]) == pytest.approx(noise.mean(), abs=1e-6)
    assert row["notes"] == "its outlines are as intricate as noise: kept as pixels"
    four.tile()
    parts = load_pixels(four.root / "data/tiles/s3.h5", range(12), "masks")
    for (left, top), part in zip(four.tiles("s3").coordinates, parts, strict=True):
        assert np.array_equal(part, noise[top : top + 64, left : left + 64])


# ---- classes


def outlined(*names):
    shape = {"type": "Polygon", "coordinates": [[*POINTS, POINTS[0]]]}
    return json.dumps([
        {"type": "Feature", "geometry": shape, "properties": {"classification": {"name": name}}}
        for name in names
    ])  # fmt: skip


def test_several_classes_are_never_tumour_without_a_word(four, capsys):
    four.slide("s1")
    (four.raw / "annotations/s1.svg").unlink()
    (four.raw / "annotations/s1.geojson").write_text(outlined("Tumor", "Vessel", "Stroma"))
    notes = four.ingest()["notes"]["s1"]
    share = f"{AREA / (W * H):.1%}"
    assert notes.endswith(
        f"classes: Tumor {share}, Vessel {share}, Stroma {share} of the slide; "
        "taken as tumour: Tumor, Vessel"
    )
    pixels = f"1 slides, {AREA / 1e6:.3f} million pixels"
    lines = capsys.readouterr().out.splitlines()
    assert lines[-6:] == [
        f"class Tumor: {pixels}, taken as tumour",
        f"class Vessel: {pixels}, taken as tumour",
        f"class Stroma: {pixels}, taken as NOT tumour",
        "WARNING: 2 classes are all taken as tumour: Tumor, Vessel",
        "WARNING: by their names no tumour, and left out: Stroma",
        "remedy: name the classes that are tumour in slides.classes, such as ['Tumor', 'Vessel']; "
        "or learn each on its own: podium inspect slides --each --write",
    ]
    four.changes["slides__classes"] = ["tumor", "Tumour"]
    four.ingest()
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "WARNING: slides.classes names Tumour, which no annotation holds",
        "remedy: name some of Tumor, Vessel, Stroma",
    ]


def test_several_colours_are_never_tumour_without_a_word(four, capsys):
    four.slide("s3")
    values = np.zeros((H, W, 3), np.uint8)
    values[:, :64], values[:, 64:120] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(values).save(four.raw / "annotations/s3.png")
    four.ingest()
    assert "WARNING: 2 classes are all taken as tumour: #ff0000, #0000ff" in (
        capsys.readouterr().out
    )
    four.changes["slides__classes"] = ["#ff0000"]
    assert four.ingest()["tumour"]["s3"] == "0.25"
    assert "WARNING" not in capsys.readouterr().out


def test_one_class_of_tumour_is_no_warning(four, capsys):
    four.slide("s3", outlined("Tumor"), ".geojson")
    four.ingest()
    text = capsys.readouterr().out
    assert "class Tumor: 1 slides" in text
    assert "WARNING" not in text


# ---- the sample submission is looked at first


@pytest.mark.parametrize(("text", "says"), [
    ("slide,probability,rle\ns9,0.5,\ns1,0.5,\n",
     "1 ids are missing, namely s10; 1 ids are unknown, namely s1"),
    ("slide,probability,rle\ns9,0.5,\ns9,0.5,\n", "1 ids occur more than once, namely s9"),
    ("id,label\ns9,0.5\n", "its columns are id, label; those of a submission of slides are "
     "slide, probability, rle"),
])  # fmt: skip
def test_a_sample_that_does_not_fit_ends_the_run_first(four, refusal, monkeypatch, text, says):
    four.changes["slides__missing_annotation"] = "test"
    (four.raw / "sample_submission.csv").write_text(text)
    monkeypatch.setattr(Slide, "open", lambda *_: pytest.fail("a slide was opened"))
    lines = refusal(four.ingest)
    assert lines[0] == f"{four.raw}/sample_submission.csv: {says}"
    assert not (four.root / "data").exists()


def test_a_sample_that_fits(four, capsys):
    four.changes["slides__missing_annotation"] = "test"
    sample = four.raw / "sample_submission.csv"
    sample.write_text("slide,probability,rle\ns9,0.5,\ns10,0.5,\n")
    four.ingest()
    four.changes["slides__missing_annotation"] = "negative"
    capsys.readouterr()
    four.ingest()
    assert (
        f"note: {sample} names 2 slides, but there are no test slides: no submission"
        in capsys.readouterr().out
    )


# ---- a folder that does not fit together


def test_an_annotation_without_slide_ends_the_run_before_anything_is_written(four, refusal):
    (four.raw / "annotations/s3.svg").write_text(SVG)
    lines = refusal(four.ingest)
    assert lines == [
        f"{four.raw}/annotations/s3.svg: there is no slide 's3' in images (1 such annotations)",
        "remedy: name it like its slide, or remove it",
    ]
    assert not (four.root / "data").exists()


def test_a_patient_torn_over_folds_ends_the_run(four, refusal):
    four.table("slide,patient,split,fold", "s1,p,,0", "s2,q,,1", "s9,p,train,1", "s10,r,train,0")
    lines = refusal(four.ingest)
    assert lines == [
        f"{four.raw}/slides.csv: patient p is in train fold 0 and in train fold 1 (slide s9)",
        "remedy: keep all slides of a patient together, or scores are too good to be true",
    ]
    assert not (four.root / "data").exists()


def test_folds_given_by_hand_are_kept(four):
    four.table("slide,split,fold", "s1,,0", "s2,,1", "s9,train,1", "s10,test,0")
    four.changes["ingest_slides__n_folds"] = 5
    assert four.ingest()["fold"].tolist() == ["0", "1", "1", "-1"]


def test_a_bad_run_keeps_what_a_good_one_wrote(four, refusal):
    four.ingest()
    before = {path: path.read_bytes() for path in (four.root / "data").rglob("*") if path.is_file()}
    four.table("slide,label", "s1,yes", "s2,", "s9,", "s10,")
    assert refusal(four.ingest)[0] == f"{four.raw}/slides.csv: label of s1 is 'yes'"
    assert {path: path.read_bytes() for path in before} == before


def test_no_train_slide(clinic, refusal):
    clinic.changes["slides__missing_annotation"] = "test"
    clinic.slide("a")
    assert refusal(clinic.ingest) == [
        f"{clinic.raw}: no train slide can be used",
        "remedy: put annotations beside the slides (see data/raw/README.md)",
    ]


def test_too_few_patients_for_the_folds(four, refusal):
    four.changes["ingest_slides__n_folds"] = 5
    assert refusal(four.ingest) == [
        "class '0' has 4 patients (train slides of the commonest label) for 5 folds",
        "remedy: add some, or lower ingest_slides.n_folds",
    ]


# ---- scale


def untold(clinic, mpp=None):
    """Two slides of each kind; s1 alone does not say its mpp, or says it wrongly."""
    for name, text in (("s2", OTHER), ("s9", None), ("s10", None)):
        clinic.slide(name, text)
    clinic.slide("s1", SVG, mpp=mpp)


@pytest.mark.parametrize(("mpp", "says"), [
    (None, "target_mpp is set, but it does not say its mpp"),
    (1000.0, "target_mpp is set, but its mpp of 1000 cannot be true"),
])  # fmt: skip
def test_a_slide_of_unknown_scale_fails_with_the_remedy(clinic, mpp, says):
    untold(clinic, mpp)
    assert clinic.ingest()["mpp"]["s1"] == ""
    table = clinic.tile()
    assert table["state"].to_dict() == {"s1": "failed", "s2": "done", "s9": "done", "s10": "done"}
    assert table["reason"]["s1"] == (
        f"{clinic.raw}/images/s1.tif: {says}; "
        "remedy: give its mpp (--mpp, or in slides.csv), or set target_mpp to null and a level"
    )


@pytest.mark.parametrize("mpp", [None, 1000.0])
def test_the_scale_may_come_from_the_table(clinic, mpp):
    untold(clinic, mpp)
    clinic.table("slide,mpp,label,split", "s1,0.25,,", "s2,,,", "s9,,0,train", "s10,,0,train")
    assert clinic.ingest()["mpp"].tolist() == ["0.25", "0.5", "0.5", "0.5"]
    assert clinic.tile()["downsample"].tolist() == ["2.0", "1.0", "1.0", "1.0"]


@pytest.mark.parametrize("mpp", [None, 1000.0])
def test_the_scale_may_come_from_the_settings(clinic, mpp):
    untold(clinic, mpp)
    clinic.changes["slides__mpp"] = 0.25
    assert clinic.ingest()["mpp"].tolist() == ["0.25", "0.5", "0.5", "0.5"]
    assert clinic.tile()["downsample"].tolist() == ["2.0", "1.0", "1.0", "1.0"]


def test_without_target_mpp_no_scale_is_needed(clinic):
    untold(clinic)
    clinic.changes |= {"tile_slides__target_mpp": None, "tile_slides__level": 1}
    clinic.ingest()
    assert clinic.tile()["downsample"].tolist() == ["2.0"] * 4


def test_where_no_slide_says_its_scale_the_run_ends(clinic, refusal):
    for name, text in (("s1", SVG), ("s2", OTHER)):
        clinic.slide(name, text, mpp=None)
    clinic.ingest()
    assert refusal(clinic.tile) == [
        "no slide could be tiled",
        f"{clinic.raw}/images/s1.tif: target_mpp is set, but it does not say its mpp",
        "remedy: give its mpp (--mpp, or in slides.csv), or set target_mpp to null and a level",
    ]


# ---- odd slides


def speck():
    """Glass with a piece of tissue that fills less than a tenth of a tile."""
    pixels = np.full((H, W, 3), 255, np.uint8)
    pixels[70:86, 70:86] = stained(16, 16)
    return pixels


@pytest.mark.parametrize("pixels", [
    np.full((H, W, 3), 255, np.uint8), np.full((H, W, 3), 127, np.uint8), speck(),
], ids=["white", "grey", "speck"])  # fmt: skip
def test_a_slide_that_nothing_is_seen_of_has_the_state_no_tiles(four, pixels, capsys):
    write_pyramid(four.raw / "images/s9.tif", pixels, n_levels=2)
    four.ingest()
    table = four.tile()
    line = table.loc["s9", ["state", "n_grid", "n_tiles", "tumour"]]
    assert line.tolist() == ["no tiles", "12", "0", "0.0"]
    reason = table["reason"]["s9"]
    assert reason.startswith(f"{four.raw}/images/s9.tif: no tile holds enough tissue: ")
    assert "; remedy: lower min_tissue" in reason
    assert f"no tiles: {reason}\n" in capsys.readouterr().out
    metrics = four.metrics("tile")
    assert (metrics["n_slides"], metrics["n_no_tiles"], metrics["n_failed"]) == (3, 1, 0)
    assert four.tile()["state"]["s9"] == "no tiles"  # of the earlier run
    assert four.tiles("s9").coordinates.shape == (0, 2)
    assert table["n_tiles"].tolist() == ["12", "12", "0", "12"]


def test_a_tile_larger_than_the_slide_is_padded(four):
    write_pyramid(four.raw / "images/s9.tif", coded(50, 40), n_levels=1)
    four.changes["tile_slides__min_tissue"] = 0
    four.ingest()
    assert four.tile()["n_tiles"]["s9"] == "1"
    found = load_pixels(four.root / "data/tiles/s9.h5", [0])[0]
    assert np.array_equal(found[:40, :50], coded(50, 40))
    assert (found[40:] == 255).all()
    assert (found[:, 50:] == 255).all()


# ---- interrupted


def test_a_full_disk_ends_the_run_and_the_next_goes_on(four, refusal, monkeypatch):
    four.ingest()
    scratch, real = four.root / "scratch/tiles", os.posix_fallocate

    def fallocate(handle, offset, length):
        if any(scratch.glob("*/s1.json")):
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle, offset, length)

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", fallocate)
        (line,) = refusal(four.tile, 3)
    [shelf] = scratch.iterdir()
    assert re.match(rf"{shelf}/s2\.h5.*: the disk is full: free some space and run the", line)
    assert sorted(path.name for path in shelf.iterdir()) == ["s1.h5", "s1.json", "s1.png"]
    assert not (four.root / "data/tiles.csv").exists()
    opened, real_open = [], Slide.open.__func__

    def watching(cls, path, *args):
        opened.append(path.stem)
        return real_open(cls, path, *args)

    monkeypatch.setattr(Slide, "open", classmethod(watching))
    assert four.tile()["state"].tolist() == ["done"] * 4
    assert opened == ["s2", "s9", "s10"]
    table = four.read("tiles.csv")
    assert four.tile().reset_index().equals(table)
    assert opened == ["s2", "s9", "s10"]  # all was done


def test_tiling_before_ingesting(four, refusal):
    assert refusal(four.tile) == [
        f"{four.root}/data/slides.csv: no such file",
        "remedy: run the stage that writes it",
    ]


def test_a_setting_no_slide_can_follow(four, refusal):
    four.ingest()
    four.changes["tile_slides__stride"] = 65
    line, _ = refusal(four.tile, 2)
    assert "stride of 65 px must lie between 1 and the tile's 64 px" in line


def test_where_nobody_looked_nothing_is_learnt(four, capsys):
    """The area of a slide is its left half; the class of the outlines says so, or slides.csv."""
    four.slide("s1")
    (four.raw / "annotations/s1.svg").unlink()
    document = json.loads(outlined("Tumor"))
    half = [[0, 0], [W / 2, 0], [W / 2, H], [0, H], [0, 0]]
    document.append({
        "type": "Feature", "geometry": {"type": "Polygon", "coordinates": [half]},
        "properties": {"classification": {"name": "Region*"}},
    })  # fmt: skip
    (four.raw / "annotations/s1.geojson").write_text(json.dumps(document))
    assert float(four.ingest()["unknown"]["s1"]) == 0.5
    out = capsys.readouterr().out
    pixels = f"1 slides, {W * H / 2 / 1e6:.3f} million pixels"
    assert f"class Region*: {pixels}, taken as the area that somebody looked at" in out
    assert "unknown_share 0.125" in out
    four.tile()
    tiles, path = four.tiles("s1"), four.root / "data/tiles/s1.h5"
    masks, at = load_pixels(path, range(len(tiles.coordinates)), "masks"), tiles.coordinates
    assert set(np.unique(masks[at[:, 0] < 128]).tolist()) == {0, 1}
    assert (masks[at[:, 0] >= 128] == 255).all()
    assert np.isnan(tiles.tumour).tolist() == (at[:, 0] >= 128).tolist()
