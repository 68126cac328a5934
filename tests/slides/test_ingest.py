"""The table of slides: what their files say of them, their folds, and those that cannot be used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from shapely import MultiPolygon, box

from podium.core.errors import EnvironmentFault, PodiumError
from podium.core.params import IngestSlides, Slides
from podium.slides.annotations.limits import NOTHING
from podium.slides.dataset import (
    SlideRecord,
    open_slide,
    regions_of,
)
from podium.slides.ingest import assign_folds, ingest, patient_numbers, warnings
from podium.slides.slides_table import Entry
from slide_fixtures import stained, write_pyramid

W, H = 80, 60
SETTINGS = Slides(
    source="raw",
    missing_annotation="test",
    classes=[],
    annotated_area=["Region*", "ROI"],
    unknown=["Ignore*"],
    mpp=None,
    mpp_overrules=False,
    max_megapixels=64.0,
)
POINTS = [(10, 20), (40, 20), (40, 50), (10, 50)]  # 900 of 4,800 px
SHARE = 0.1875
SVG = '<svg><polygon points="{}"/></svg>'.format(" ".join(f"{x},{y}" for x, y in POINTS))
FLAT = '<svg><polygon points="10,20 40,20 10,20"/></svg>'
RING = [[*map(list, POINTS), [10, 20]]]


def geojson(name="Tumor"):
    about = {"classification": {"name": name}}
    shape = {"type": "Polygon", "coordinates": RING}
    return json.dumps({"type": "Feature", "geometry": shape, "properties": about})


def asap(group="_0"):
    at = "".join(f'<Coordinate Order="{k}" X="{x}" Y="{y}"/>' for k, (x, y) in enumerate(POINTS))
    return (
        f'<ASAP_Annotations><Annotations><Annotation Type="Polygon" PartOfGroup="{group}">'
        f"<Coordinates>{at}</Coordinates></Annotation></Annotations></ASAP_Annotations>"
    )


def row_of(slide, patient=None, split="train", label="1", fold=-1, **more):
    values = {"path": f"images/{slide}.tif", "mpp": "", "annotation": "", "width": W, "height": H}
    values |= {"tumour": 0.0, "content": f"c{slide}", "notes": ""} | more
    return SlideRecord(
        slide=slide, patient=patient or slide, split=split, label=label, fold=fold, **values
    )


@pytest.fixture
def entry(tmp_path):
    """Makes a slide and, from the text of its annotation, an entry: train, nothing else known."""
    for folder in ("images", "annotations"):
        (tmp_path / folder).mkdir()

    def make(name="a", text=None, suffix=".svg", **more):
        image = tmp_path / f"images/{name}.tif"
        write_pyramid(image, stained(W, H), more.pop("file_mpp", 0.5), 1)
        annotation = tmp_path / f"annotations/{name}{suffix}" if text is not None else None
        if annotation:
            annotation.write_text(text)
        known = {"patient": name, "split": "train", "mpp": None, "label": "", "fold": None} | more
        return Entry(slide=name, image=image, annotation=annotation, **known)

    return make


@pytest.fixture
def look(tmp_path):
    """Surveys entries: the rows, and {slide: path and reason} of the others."""

    def run(*found, **settings):
        rows, left_out, _ = ingest(
            tmp_path, found, SETTINGS.model_copy(update=settings), tmp_path / "out"
        )
        return rows, {row.id: f"{tmp_path / row.path}: {row.reason}" for row in left_out}

    return run


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- what a slide is


def test_an_annotated_slide(entry, look, tmp_path):
    one = entry(text=SVG, patient="p")
    rows, failed = look(one)
    content = f"{sha(one.image)}-{sha(one.annotation)}"
    assert rows == [
        SlideRecord("a", "images/a.tif", "p", "train", "1", -1, "0.5", "a.geojson", W, H, SHARE,
            content, ""),
    ]  # fmt: skip
    assert failed == {}
    assert regions_of(rows[0], tmp_path / "out").equals(box(10, 20, 40, 50))


@pytest.mark.parametrize(
    ("suffix", "text"), [(".svg", SVG), (".xml", asap()), (".geojson", geojson())]
)
def test_every_format_arrives_as_the_same_regions(entry, look, tmp_path, suffix, text):
    rows, _ = look(entry(text=text, suffix=suffix))
    assert (rows[0].annotation, rows[0].label, rows[0].tumour) == ("a.geojson", "1", SHARE)
    assert regions_of(rows[0], tmp_path / "out").equals(box(10, 20, 40, 50))


def test_a_mask_arrives_as_the_same_regions(entry, look, tmp_path):
    mask = np.zeros((H, W), np.uint8)
    mask[20:50, 10:40] = 255
    path = tmp_path / "annotations/a.png"
    Image.fromarray(mask).save(path)
    rows, _ = look(replace(entry(), annotation=path))
    assert (rows[0].annotation, rows[0].label, rows[0].tumour) == ("a.geojson", "1", SHARE)
    assert regions_of(rows[0], tmp_path / "out").equals(box(10, 20, 40, 50))


def test_label_0_is_no_tumour(entry, look, tmp_path):
    rows, _ = look(entry(label="0"))
    assert (rows[0].label, rows[0].annotation, rows[0].tumour) == ("0", "none", 0.0)
    assert regions_of(rows[0], tmp_path / "out") == MultiPolygon()


@pytest.mark.parametrize("label", ["1", ""])
def test_without_annotation_a_tumour_lies_nobody_knows_where(entry, look, tmp_path, label):
    negative = entry("n", label="0")
    rows, _ = look(entry(label=label), negative)
    assert (rows[0].label, rows[0].annotation) == (label, "")
    assert rows[0].content == sha(tmp_path / "images/a.tif")
    assert regions_of(rows[0], tmp_path / "out") is None


def test_the_annotation_of_a_test_slide_is_not_read(entry, look, tmp_path):
    rows, failed = look(entry(text="broken", split="test"), entry("n", label="0"))
    assert failed == {}
    assert (rows[0].split, rows[0].label, rows[0].annotation) == ("test", "", "")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_empty_mask_is_a_slide_without_tumour(entry, look, tmp_path):
    path = tmp_path / "annotations/a.png"
    Image.fromarray(np.zeros((H, W), np.uint8)).save(path)
    one = replace(entry(), annotation=path)
    rows, _ = look(one, replace(one, label="0"))
    assert [(row.label, row.annotation) for row in rows] == [("0", "none")] * 2
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(("label", "classes", "says"), [
    ("0", [], "it outlines a tumour, but slides.csv says label 0"),
    ("1", ["Stroma"], "it outlines no tumour, but slides.csv says label 1"),
])  # fmt: skip
def test_a_label_against_its_annotation(entry, look, label, classes, says):
    one = entry(text=geojson(), suffix=".geojson", label=label)
    rows, failed = look(one, entry("n", label="0"), classes=classes)
    assert [row.slide for row in rows] == ["n"]
    unused = "its annotation cannot be used"
    assert failed == {"a": f"{one.annotation}: {unused}: {says}; remedy: correct one of the two"}


def test_classes_choose_what_is_tumour(entry, look, tmp_path):
    tumour, stroma = (entry(n, geojson(n), ".geojson") for n in ("Tumor", "Stroma"))
    rows, _ = look(tumour, stroma, classes=["Tumor"])
    assert [(row.label, row.annotation) for row in rows] == [("1", "Tumor.geojson"), ("0", "none")]
    assert rows[1].notes == (
        "it has outlines of Stroma only: taken as no tumour; "
        "classes: Stroma 18.8% of the slide; taken as tumour: none of them"
    )


def test_other_classes_are_other_content(entry, look):
    """Or tiles with the masks of the classes named before would pass for done."""
    one = entry(text=geojson(), suffix=".geojson")
    by_default, named, reordered = (
        look(one, classes=classes)[0][0].content
        for classes in ([], ["Tumor", "Stroma"], ["Stroma", "Tumor"])
    )
    assert named == reordered
    assert by_default != named


@pytest.mark.parametrize("setting", ["unknown", "annotated_area"])
def test_other_unknown_places_are_other_content(entry, look, setting):
    one = entry(text=geojson("Debris"), suffix=".geojson", label="")
    before, after = (
        look(one, entry("n", label="0"), **{setting: names})[0][0] for names in ([], ["Debris"])
    )
    assert before.content == f"{sha(one.image)}-{sha(one.annotation)}"
    assert after.content != before.content
    assert after.image == before.image  # patients, and so folds, stay


def test_an_area_that_is_the_whole_slide_is_other_content(entry, look):
    whole = geojson("ROI").replace("[10, 20], [40, 20], [40, 50], [10, 50], [10, 20]",
                                   f"[0, 0], [{W}, 0], [{W}, {H}], [0, {H}], [0, 0]")  # fmt: skip
    both = json.dumps([json.loads(whole), json.loads(geojson())])
    one = entry(text=both, suffix=".geojson")
    as_tumour, as_area = (look(one, annotated_area=names)[0][0] for names in ([], ["ROI"]))
    assert (as_tumour.tumour, as_area.tumour, as_area.unknown) == (1, SHARE, 0)
    assert as_tumour.content != as_area.content


def test_another_area_of_the_table_is_other_content(entry, look):
    before, *others = (
        look(entry(text=SVG, area=area))[0][0].content for area in ("", "0 0 50 60", "0 0 45 60")
    )
    assert len({before, *others}) == 3
    assert look(entry(text=SVG, area="0 0 50 60", split="test"), entry("n", label="0"))[0][0].area


def test_a_changed_annotation_is_other_content(entry, look):
    before, after = (look(entry(text=text))[0][0].content for text in (SVG, SVG + "\n"))
    assert before != after


def test_a_note_stays_with_its_slide(entry, look):
    rows, _ = look(entry(text=SVG.replace("<svg>", '<svg width="90" height="60">')))
    assert rows[0].notes == (
        "the drawing is 90x60 px, the slide 80x60 px: taken as level-0 pixels all the same"
    )


# ---- scale


@pytest.mark.parametrize(("of_file", "of_table", "of_params", "wanted"), [
    (0.5, None, None, "0.5"),
    (0.5, 0.25, None, "0.25"),  # the table knows better
    (0.5, None, 2.0, "0.5"),  # the setting is for slides that do not say theirs
    (None, None, None, ""),
    (None, None, 2.0, "2"),
    (None, 0.25, 2.0, "0.25"),
    (1000.0, None, None, ""),
    (1000.0, None, 2.0, "2"),
])  # fmt: skip
def test_whose_mpp_counts(entry, look, tmp_path, of_file, of_table, of_params, wanted):
    rows, _ = look(entry(label="0", file_mpp=of_file, mpp=of_table), mpp=of_params)
    assert rows[0].mpp == wanted
    assert open_slide(rows[0], tmp_path, SETTINGS).mpp == (float(wanted) if wanted else None)


@pytest.mark.parametrize("mpp", [0.0, 1000.0])
def test_an_mpp_in_the_table_that_cannot_be_true(entry, look, mpp):
    one = entry(label="0", mpp=mpp)
    _, failed = look(one, entry("n", label="0"))
    assert failed["a"] == (
        f"{one.image}: an mpp of {mpp:g} is not between 0.05 and 20 micrometres; "
        "remedy: correct it in slides.csv, or leave it empty"
    )


# ---- what cannot be used


def test_what_fails_is_left_out_and_said_and_the_rest_goes_on(entry, look):
    bad = entry("bad", FLAT)
    gone = replace(entry("gone", split="test"), image=bad.image.with_name("gone2.tif"))
    rows, failed = look(bad, entry("good", SVG), gone)
    assert [row.slide for row in rows] == ["good"]
    assert list(failed) == ["bad", "gone"]
    assert failed["bad"] == (
        f"{bad.annotation}: its annotation cannot be used: it has no outline with an area; "
        f"remedy: {NOTHING[1]}"
    )
    assert failed["gone"].startswith(f"{gone.image}: cannot be opened as a slide: ")


def test_what_is_left_out_names_slide_and_split(entry, tmp_path):
    found = [entry("bad", FLAT), entry("good", SVG)]
    left_out = ingest(tmp_path, found, SETTINGS, tmp_path / "out").left_out
    assert [(row.id, row.split) for row in left_out] == [("bad", "train")]


def test_without_a_train_slide_the_first_reason_is_told(entry, look, tmp_path):
    gone = replace(entry("gone", split="test"), image=tmp_path / "images/gone2.tif")
    found = gone, entry("bad", FLAT), entry("t", split="test")
    with pytest.raises(PodiumError) as caught:
        look(*found)
    assert str(caught.value) == (
        f"{tmp_path}: no train slide can be used\n"
        "annotations/bad.svg: its annotation cannot be used: it has no outline with an area; "
        f"remedy: {NOTHING[1]}\n"
        "remedy: put annotations beside the slides (see data/raw/README.md)"
    )


def test_an_outline_too_small_to_be_written_is_its_slides_own_fault(entry, look, tmp_path):
    dot = '<svg><rect x="10" y="20" width="0.004" height="0.004"/></svg>'
    rows, failed = look(entry("dot", dot), entry("good", SVG))
    assert [row.slide for row in rows] == ["good"]
    assert f": {tmp_path}/out/dot.geojson: it has no outline with an area" in failed["dot"]


def test_a_fault_of_the_machine_is_no_slides_fault(entry, look, monkeypatch):
    def full(*_):
        raise EnvironmentFault("the disk is full")

    monkeypatch.setattr("podium.slides.annotations.geojson.atomic_write", full)
    with pytest.raises(EnvironmentFault, match="the disk is full"):
        look(entry(text=SVG), entry("n", label="0"))


def test_regions_that_are_gone_or_broken_name_their_file(entry, look, tmp_path):
    rows, _ = look(entry(text=SVG))
    path = tmp_path / "out/a.geojson"
    path.write_text("{")
    with pytest.raises(PodiumError, match=f"^{path}: not readable as JSON"):
        regions_of(rows[0], tmp_path / "out")
    path.unlink()
    with pytest.raises(PodiumError, match=f"^{path}: no such file"):
        regions_of(rows[0], tmp_path / "out")


# ---- folds


def cohort(n_patients=12, n_slides=2):
    """Patients with `n_slides` each; one in three has tumour in all of them."""
    return [
        row_of(f"s{k}-{i}", f"p{k}", label=str(int(k % 3 == 0)))
        for k in range(n_patients)
        for i in range(n_slides)
    ]


def test_folds_keep_patients_whole_and_labels_balanced():
    rows = assign_folds(cohort(), IngestSlides(n_folds=4, seed=0))
    of = {}
    for row in rows:
        of.setdefault(row.patient, set()).add(row.fold)
    assert all(len(where) == 1 for where in of.values())
    for fold in range(4):  # 12 patients, 4 of them with tumour
        labels = sorted(row.label for row in rows if row.fold == fold)
        assert labels == ["0"] * 4 + ["1"] * 2


def test_folds_are_the_same_again_and_others_by_another_seed():
    one, two, other = (
        [row.fold for row in assign_folds(cohort(), IngestSlides(n_folds=4, seed=seed))]
        for seed in (0, 0, 1)
    )
    assert one == two
    assert one != other


def test_test_slides_have_no_fold():
    rows = [*cohort(), row_of("t", split="test", label="")]
    found = assign_folds(rows, IngestSlides(n_folds=4, seed=0))
    assert [row.slide for row in found] == [row.slide for row in rows]
    assert found[-1] == rows[-1]
    assert min(row.fold for row in found[:-1]) == 0


def test_folds_given_by_hand_are_kept(entry, look):
    train, other = entry("a", label="0", fold=3), entry("b", label="0", fold=7)
    rows, _ = look(train, other, entry("t", split="test", fold=3))
    assert [row.fold for row in assign_folds(rows, IngestSlides(n_folds=2, seed=0))] == [3, 7, -1]


def test_one_fold_given_by_hand_is_none():
    with pytest.raises(PodiumError, match=r"^slides.csv: all train slides are in one fold\nremedy"):
        assign_folds([row_of("a", fold=1), row_of("b", fold=1)], IngestSlides(n_folds=2, seed=0))


def test_too_few_patients_for_the_folds():
    rows = [row_of(f"s{k}", f"p{k % 2}") for k in range(9)]
    with pytest.raises(PodiumError) as caught:
        assign_folds(rows, IngestSlides(n_folds=3, seed=0))
    assert str(caught.value) == (
        "class '1' has 2 patients (train slides of the commonest label) for 3 folds\n"
        "remedy: add some, or lower ingest_slides.n_folds"
    )


# ---- patients


def test_equal_files_make_two_patients_one():
    rows = [row_of("a", "p1"), row_of("b", "p2"), row_of("c", "p3"), row_of("d", "p2")]
    assert len(set(patient_numbers(rows).tolist())) == 3
    twin = row_of("e", "p3", content=rows[0].content + "-annotation")
    numbers = patient_numbers([*rows, twin]).tolist()
    assert numbers[0] == numbers[2] == numbers[4]  # p1 and p3 share a file
    assert numbers[1] == numbers[3] != numbers[0]


def test_rare_labels_do_not_stop_the_folds():
    rows = [row_of(f"s{k}", f"p{k}") for k in range(8)]
    rows += [row_of("odd", "p8", label=""), row_of("clean", "p9", label="0")]
    found = assign_folds(rows, IngestSlides(n_folds=5, seed=0))
    assert sorted(row.fold for row in found) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_what_is_odd_about_patients_is_said():
    rows = [row_of("a"), row_of("b"), row_of("c", split="test", content="ca")]
    assert warnings(rows) == [
        "patients unknown: each slide counts as one (slides.csv can name them)",
        "the same file is in train and test: a and c",
    ]
    assert warnings([row_of("a", "p"), row_of("b", "p")]) == []
