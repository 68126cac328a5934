"""What a dropped folder of slides means, with slides.csv and without."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from podium.core.errors import PodiumError
from podium.slides.annotation_files import UNUSED
from podium.slides.reader import Slide
from podium.slides.slides_table import Entry
from podium.slides.source import read_entries, read_raw_folder
from slide_fixtures import coded, halved, write_dicom


@pytest.fixture
def drop(tmp_path):
    """Puts empty files into images/ and annotations/, and lines into slides.csv."""

    def put(images: str, annotations: str = "", table: str = "") -> Path:
        for folder, names in (("images", images), ("annotations", annotations)):
            (tmp_path / folder).mkdir()
            for name in names.split():
                (tmp_path / folder / name).touch()
        if table:
            (tmp_path / "slides.csv").write_text("\n".join(table.split()) + "\n")
        return tmp_path

    return put


def refusal(root, missing_annotation="test"):
    """What is wrong and the remedy, without the folder's name."""
    with pytest.raises(PodiumError) as caught:
        read_entries(root, missing_annotation)
    text = str(caught.value)
    assert text.startswith(f"{root}/")
    return text.replace(f"{root}/", "")


def known(root, *columns, missing_annotation="test"):
    """The given attributes of each entry, in the entries' order."""
    found = read_entries(root, missing_annotation)
    return [tuple(getattr(one, name) for name in columns) for one in found]


# ---- without slides.csv


def test_annotated_slides_are_train_and_the_rest_test(drop):
    root = drop("b.svs a.tif", "a.svg")
    assert read_entries(root, "test") == [
        Entry("a", root / "images/a.tif", root / "annotations/a.svg", "a", "train", None, "", None),
        Entry("b", root / "images/b.svs", None, "b", "test", None, "", None),
    ]


def test_a_slide_without_annotation_may_be_a_train_slide_without_tumour(drop):
    root = drop("a.tif b.svs", "a.svg")
    assert known(root, "slide", "split", "label", missing_annotation="negative") == [
        ("a", "train", ""),
        ("b", "train", "0"),
    ]


def test_slides_come_in_natural_order(drop):
    root = drop("s10.tif s9.png s1.svs s100.jpg")
    assert known(root, "slide") == [("s1",), ("s9",), ("s10",), ("s100",)]


def test_hidden_foreign_and_nested_files_are_no_slides(drop):
    root = drop("a.TIF .b.tif ._a.tif Thumbs.db notes.txt a.tif.part c.zip")
    (root / "images/d.tif").mkdir()
    (root / "annotations/.a.svg").touch()
    (root / "annotations/x.txt").touch()
    assert known(root, "slide", "split") == [("a", "test")]


def test_two_images_with_one_name(drop):
    assert refusal(drop("a.tif a.png")) == (
        "images/a.tif: a.png has the same name\nremedy: rename one of the two"
    )


@pytest.mark.parametrize(("name", "hint"), [
    ("", ""), ("notes.txt", " (1 files are none, e.g. images/notes.txt)"),
])  # fmt: skip
def test_no_slides(drop, name, hint):
    assert refusal(drop(name)) == (
        f"images: no slides{hint}\nremedy: put them there (see data/raw/README.md), "
        "or set slides.source: standin"
    )


def test_no_folder_at_all(tmp_path):
    assert refusal(tmp_path).startswith("images: no slides\nremedy: put them there")


def test_an_annotation_without_slide(drop):
    root = drop("a.tif", "a.svg s10.xml s9.xml")
    assert refusal(root) == (
        "annotations/s9.xml: there is no slide 's9' in images (2 such annotations)\n"
        "remedy: name it like its slide, or remove it"
    )


# ---- slides.csv


def test_every_column_is_taken(drop):
    root = drop(
        "b.tif a.tif c.tif", "a.svg",
        "slide,patient,split,mpp,label,fold b.tif,p1,train,0.25,0,1 a,p2,train,,1,0 c,p3,test,,,",
    )  # fmt: skip
    annotation = root / "annotations/a.svg"
    assert read_entries(root, "test") == [
        Entry("a", root / "images/a.tif", annotation, "p2", "train", None, "1", 0),
        Entry("b", root / "images/b.tif", None, "p1", "train", 0.25, "0", 1),
        Entry("c", root / "images/c.tif", None, "p3", "test", None, "", None),
    ]


def test_columns_left_out_are_as_empty_ones(drop):
    root = drop("a.tif b.tif", "a.svg", "slide b a")
    columns = ("slide", "patient", "split", "mpp", "label", "fold")
    assert known(root, *columns) == [
        ("a", "a", "train", None, "", None),
        ("b", "b", "test", None, "", None),
    ]


def test_with_a_table_a_missing_annotation_says_nothing(drop):
    root = drop("a.tif b.tif", "", "slide,split a,train b,")
    assert known(root, "slide", "split", "label", missing_annotation="negative") == [
        ("a", "train", ""),
        ("b", "test", ""),
    ]


def test_patients_are_words_not_numbers(drop):
    root = drop("a.tif b.tif", "", "slide,patient a,007 b,7")
    assert known(root, "patient") == [("007",), ("7",)]


def test_names_with_dots_are_stems_or_files(drop):
    root = drop("s1.2.tif s1.3.svs", "", "slide s1.2 s1.3.svs")
    assert known(root, "slide") == [("s1.2",), ("s1.3",)]


@pytest.mark.parametrize(("table", "says"), [
    ("slide a", "1 ids are missing, namely b"),
    ("slide a b c.tif", "1 ids are unknown, namely c.tif"),
    ("slide a c", "1 ids are missing, namely b; 1 ids are unknown, namely c"),
])  # fmt: skip
def test_missing_and_extra_slides(drop, table, says):
    assert refusal(drop("a.tif b.tif", "", table)) == (
        f"slides.csv: {says}\nremedy: name exactly the files in images/"
    )


def test_one_slide_twice_in_two_spellings(drop):
    root = drop("a.tif b.tif", "", "slide a b a.tif")
    assert refusal(root) == (
        "slides.csv: 1 ids occur more than once, namely a\n"
        "remedy: remove or rename all but one of each"
    )


def test_a_table_without_slides(drop):
    assert "column slide is missing" in refusal(drop("a.tif", "", "image a"))


@pytest.mark.parametrize(("column", "word", "remedy"), [
    ("split", "training", "say train or test, or leave it empty"),
    ("split", "Train", "say train or test, or leave it empty"),
    ("label", "tumour", "say 0 or 1, or leave it empty"),
    ("label", "2", "say 0 or 1, or leave it empty"),
    ("mpp", "half", "give a number, or leave it empty"),
    ("mpp", "-0.5", "give a number, or leave it empty"),
    ("mpp", "nan", "give a number, or leave it empty"),
    ("fold", "one", "give a number of at most 999, or leave it empty"),
    ("fold", "0.5", "give a number of at most 999, or leave it empty"),
    ("fold", "-1", "give a number of at most 999, or leave it empty"),
    ("fold", "inf", "give a number of at most 999, or leave it empty"),
    ("fold", "1e12", "give a number of at most 999, or leave it empty"),
    ("mpp", "0_5", "give a number, or leave it empty"),
    ("mpp", "0.\uff15", "give a number, or leave it empty"),
    ("mpp", "1e999", "give a number, or leave it empty"),
    ("mpp", "0x1", "give a number, or leave it empty"),
])  # fmt: skip
def test_words_that_mean_nothing_name_their_slide(drop, column, word, remedy):
    root = drop("a.tif b.tif", "", f"slide,{column} a, b,{word}")
    assert refusal(root) == f"slides.csv: {column} of b is {word!r}\nremedy: {remedy}"


@pytest.mark.parametrize("fold", ["1", "1.0", "+1", "1e0"])
def test_folds_may_be_written_as_numbers_are(drop, fold):
    root = drop("a.tif b.tif", "", f"slide,split,fold a,train,{fold} b,train,0")
    assert known(root, "fold") == [(1,), (0,)]


# ---- nothing vanishes


def lost(root, missing_annotation="test"):
    """{path: (id, split, reason)} of what is left out."""
    rows = read_raw_folder(root, missing_annotation).left_out
    return {row.path: (row.id, row.split, row.reason) for row in rows}


def test_slides_and_annotations_in_folders_and_behind_links_are_read(drop, tmp_path):
    root, elsewhere = drop("a.tif", ""), tmp_path / "elsewhere"
    for path in ("images/p1/b.tif", "images/p1/x/c.svs", "annotations/p1/b.svg"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    (elsewhere / "more").mkdir(parents=True)
    for name in ("d.tif", "more/e.tif"):
        (elsewhere / name).touch()
    (root / "images/d.tif").symlink_to(elsewhere / "d.tif")
    (root / "images/linked").symlink_to(elsewhere / "more")
    assert known(root, "slide", "split") == [
        ("a", "test"), ("b", "train"), ("c", "test"), ("d", "test"), ("e", "test"),
    ]  # fmt: skip
    stray = "beside images/: no place where slides are looked for"
    assert lost(root) == {
        f"elsewhere/{name}": (Path(name).stem, "", stray) for name in ("d.tif", "more/e.tif")
    }


def test_a_folder_that_holds_itself_ends(drop):
    root = drop("a.tif")
    (root / "images/again").symlink_to(root / "images")
    (root / "images/up").symlink_to("/")
    assert known(root, "slide") == [("a",)]
    reason = "a link to a folder above or to one that is read already"
    assert lost(root) == {f"images/{name}": (name, "", reason) for name in ("again", "up")}


def test_a_dangling_link_is_the_slide_that_it_was(drop):
    root = drop("a.tif")
    (root / "images/t.svs").symlink_to("/nowhere/t.svs")
    (root / "images/notes.txt").symlink_to("/nowhere/notes.txt")
    assert known(root, "slide", "split") == [("a", "test"), ("t", "test")]
    assert lost(root) == {
        "images/notes.txt": ("notes", "", "a link to nothing: /nowhere/notes.txt is missing")
    }


def test_every_file_that_is_no_slide_is_named(drop):
    root = drop("a.tif a.isyntax .b.tif Thumbs.db .DS_Store a.zip", "x.txt a.svg .c.svg")
    (root / "loose.svs").touch()
    (root / "masks").mkdir()
    (root / "masks/a.png").touch()
    unread, hidden = "no slide format that is read", "a hidden file"
    stray = "beside images/: no place where slides are looked for"
    reasons = {path: reason for path, (_, _, reason) in lost(root).items()}
    annotation = reasons.pop("annotations/x.txt")
    assert annotation.startswith("no annotation format that is read: .svg, .xml, ")
    assert reasons == {
        "images/a.isyntax": unread, "images/a.zip": unread, "images/.b.tif": hidden,
        "images/.DS_Store": hidden, "images/Thumbs.db": unread,
        "annotations/.c.svg": hidden, "loose.svs": stray, "masks/a.png": stray,
    }  # fmt: skip


def test_a_table_that_is_a_link_to_nothing_is_not_overlooked(drop):
    root = drop("a.tif")
    for name in ("slides.csv", "sample_submission.csv"):
        (root / name).symlink_to("/nowhere/table.csv")
        assert refusal(root).startswith(f"{name}: a link to nothing: /nowhere/table.csv is missing")
        (root / name).unlink()


def test_what_dvc_leaves_beside_a_folder_is_no_stray(drop):
    root = drop("a.tif")
    (root / "images.dvc").touch()
    (root / ".gitignore").touch()
    assert lost(root) == {}


def test_slides_beside_the_folder_are_hinted_at(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "S1.svs").touch()
    assert refusal(tmp_path).startswith(
        "images: no slides (S1.svs lies beside it: move it there)\n"
    )


def test_a_file_that_a_table_names_is_a_slide_though_it_cannot_be_read(drop):
    root = drop("a.tif t.isyntax u.isyntax", "a.svg", "slide,split a,train t,test u.isyntax,test")
    assert known(root, "slide", "split") == [("a", "train"), ("t", "test"), ("u", "test")]
    assert lost(root) == {}


def test_a_file_that_the_sample_names_is_a_test_slide(drop):
    root = drop("a.tif t.isyntax", "a.svg")
    (root / "sample_submission.csv").write_text("slide,probability,rle\nt,0.5,\n")
    found = read_raw_folder(root, "test")
    assert [(one.slide, one.split) for one in found.entries] == [("a", "train"), ("t", "test")]
    assert found.sample == ["t"]


def test_an_annotation_of_an_unread_format_is_neither_test_nor_negative(drop):
    root = drop("a.tif b.ndpi c.tif", "a.svg b.ndpi.roi c.svg c.qpdata")
    for missing in ("test", "negative"):
        assert known(root, "slide", "split", "label", missing_annotation=missing) == [
            ("a", "train", ""), ("b", "train", ""), ("c", "train", ""),
        ]  # fmt: skip
    entries = read_entries(root, "negative")
    assert entries[1].annotation == root / "annotations/b.ndpi.roi"
    assert list(lost(root)) == ["annotations/c.qpdata"]


def test_annotations_named_after_the_file_of_their_slide(drop):
    root = drop("a.b.svs c.tif", "a.b.svs.geojson c.geojson.gz")
    assert known(root, "slide", "split") == [("a.b", "train"), ("c", "train")]


def test_an_annotation_of_a_test_slide_is_named(drop):
    root = drop("a.tif b.tif", "a.svg b.svg", "slide,split a,train b,test")
    reason = "an annotation of a test slide: it is not looked at"
    assert lost(root) == {"annotations/b.svg": ("b", "test", reason)}


def test_the_answer_key_is_looked_at_too(drop):
    root = drop("a.tif b.tif", "a.svg")
    (root / "test_annotations").mkdir()
    for name in ("b.svg", "z.svg", "b.roi"):
        (root / "test_annotations" / name).touch()
    reasons = {path: reason.partition(": ")[0] for path, (_, _, reason) in lost(root).items()}
    assert reasons == {
        "test_annotations/z.svg": "an annotation without slide",
        "test_annotations/b.roi": "no annotation format that is read",
    }


def test_two_slides_of_one_name_in_two_folders(drop):
    root = drop("S1.tif")
    (root / "images/b").mkdir()
    (root / "images/b/S1.svs").touch()
    assert refusal(root) == (
        "images/b/S1.svs: S1.tif has the same name\nremedy: rename one of the two"
    )


def test_names_that_no_table_can_hold(drop):
    root = drop("a.tif")
    for name, shown in (("b\n.tif", r"b\n.tif"), (os.fsdecode(b"c\xff.tif"), r"c\xff.tif")):
        (root / "images" / name).touch()
        assert refusal(root) == (
            f"images/{shown}: its name holds characters that are no text\n"
            "remedy: rename it (mv), with letters, digits, dots and dashes"
        )
        (root / "images" / name).unlink()


def test_the_name_of_another_output(drop):
    assert "the name precision_recall is that of another file" in refusal(
        drop("precision_recall.tif")
    )


# ---- one slide in several files


def dicom(series):
    """The bytes of a file that names its series, after that of another one that it refers to."""
    uids = [b"\x20\0\x0e\0UI\x06\x009.8.7\0", b"\x20\0\x0d\0UI\x04\x001.2\0"]
    own = b"\x20\0\x0e\0UI" + len(series).to_bytes(2, "little") + series.encode()
    return bytes(128) + b"DICM" + b"".join(uids) + own


def test_the_files_of_a_dicom_series_are_one_slide(drop):
    root = drop("boxes_1.dcm boxes_0.dcm other.dcm noise.dcm", "boxes_1.svg")
    for name, series in (("boxes_0", "1.2.30"), ("boxes_1", "1.2.30"), ("other", "1.2.31")):
        (root / f"images/{name}.dcm").write_bytes(dicom(series))
    assert known(root, "slide", "split", "image", "parts") == [
        ("boxes_0", "train", root / "images/boxes_0.dcm", (root / "images/boxes_1.dcm",)),
        ("noise", "test", root / "images/noise.dcm", ()),
        ("other", "test", root / "images/other.dcm", ()),
    ]


def test_the_levels_of_a_dicom_slide_are_read(tmp_path):
    pixels, folder = coded(150, 100), tmp_path / "images"
    folder.mkdir()
    for number, level in enumerate([pixels, halved(pixels)]):
        write_dicom(folder / f"S1_{number}.dcm", level, 0.25 * 2**number, number)
    Image.fromarray(np.eye(100, 150, dtype=bool)).save(tmp_path / "S1_1.png")
    (tmp_path / "annotations").mkdir()
    (tmp_path / "S1_1.png").rename(tmp_path / "annotations/S1_1.png")
    [entry] = read_entries(tmp_path, "test")
    assert (entry.slide, entry.split, len(entry.parts)) == ("S1_0", "train", 1)
    for path in (entry.image, *entry.parts):  # every file of a series opens as the slide
        slide = Slide.open(path)
        assert (slide.size, slide.downsamples, slide.mpp) == ((150, 100), (1.0, 2.0), 0.25)
        assert np.array_equal(slide.read((0, 0, 150, 100)), pixels)
        assert np.array_equal(slide.read((20, 10, 50, 40), 2), halved(pixels)[5:45, 10:60])


def test_a_series_alone_in_a_folder_is_named_like_it(drop):
    root = drop("a.tif", "S1.svg")
    (root / "images/S1").mkdir()
    for name in ("1.2.840.2", "1.2.840.1"):
        (root / f"images/S1/{name}.dcm").write_bytes(dicom("1.2.30"))
    (root / "slides.csv").write_text("slide,patient\n1.2.840.1.dcm,p\na,q\n")
    assert known(root, "slide", "patient") == [("S1", "p"), ("a", "q")]


def test_the_files_beside_an_index_are_parts_of_its_slide(drop):
    root = drop("m.mrxs h.vms h-0.jpg h-1.jpg h.opt z.jpg")
    (root / "images/m").mkdir()
    (root / "images/m/Slidedat.ini").touch()
    (root / "images/m/Data0000.dat").touch()
    (root / "images/h.vms").write_text(
        "[Virtual Microscope Specimen]\nImageFile=h-0.jpg\n"
        "ImageFile(1,0)=h-1.jpg\nOptimisationFile=h.opt\n"
    )
    parts = {slide: {path.name for path in paths} for slide, paths in known(root, "slide", "parts")}
    assert parts == {
        "h": {"h-0.jpg", "h-1.jpg", "h.opt"}, "m": {"Slidedat.ini", "Data0000.dat"}, "z": set(),
    }  # fmt: skip
    assert lost(root) == {}


# ---- patients and folds


def test_a_patient_in_two_splits(drop):
    root = drop("a.tif b.tif", "", "slide,patient,split a,p1,train b,p1,test")
    assert refusal(root) == (
        "slides.csv: patient p1 is in train and in test (slide b)\n"
        "remedy: keep all slides of a patient together, or scores are too good to be true"
    )


def test_a_patient_torn_by_what_is_annotated(drop):
    root = drop("a.tif b.tif", "b.svg", "slide,patient a,p1 b,p1")
    assert re.match(r"slides.csv: patient p1 is in test and in train \(slide b\)\n", refusal(root))


def test_a_patient_in_two_folds(drop):
    root = drop("a.tif b.tif", "", "slide,patient,split,fold a,p1,train,0 b,p1,train,1")
    assert refusal(root).startswith(
        "slides.csv: patient p1 is in train fold 0 and in train fold 1 (slide b)\nremedy: "
    )


def test_folds_of_test_slides_tear_nobody(drop):
    root = drop("a.tif b.tif", "", "slide,patient,split,fold a,p1,test,0 b,p1,test,1")
    assert known(root, "split") == [("test",)] * 2


def test_folds_for_all_train_slides_or_for_none(drop):
    root = drop("a.tif b.tif c.tif", "", "slide,split,fold a,train,0 b,train, c,test,")
    assert refusal(root) == (
        "slides.csv: some train slides have a fold, others have none\n"
        "remedy: give all train slides a fold, or leave the column empty"
    )


# ---- without images/


def put(root, names):
    for name in names.split():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_slides_in_the_folder_itself_have_annotations_beside_them(tmp_path):
    root = put(tmp_path, "b.svs a.tif a.geojson notes.txt c.json annotations/d.svg d.png")
    assert known(root, "slide", "split", "annotation") == [
        ("a", "train", root / "a.geojson"),
        ("b", "test", None),
        ("d", "train", root / "annotations/d.svg"),
    ]
    assert lost(root) == {
        "notes.txt": ("notes", "", "no slide format that is read"),
        "c.json": ("c", "", "an annotation without slide"),
    }


def test_slides_in_train_and_test_are_of_that_split(tmp_path):
    root = put(
        tmp_path, "train/a.png train/a.geojson Test/b.png Test/b.geojson test_annotations/b.svg"
    )
    assert known(root, "slide", "split", "image") == [
        ("a", "train", root / "train/a.png"),
        ("b", "test", root / "Test/b.png"),
    ]
    assert lost(root) == {"Test/b.geojson": ("b", "test", UNUSED)}
    assert known(root, "slide", "split", missing_annotation="negative")[1] == ("b", "test")


def test_a_table_rules_where_slides_lie_in_the_folder_itself(tmp_path):
    root = put(tmp_path, "train/a.png test/b.png")
    (root / "slides.csv").write_text("slide,split\na,test\nb,train\n")
    assert known(root, "slide", "split") == [("a", "test"), ("b", "train")]
    assert lost(root) == {}


def test_one_name_in_train_and_test_is_refused(tmp_path):
    assert "has the same name" in refusal(put(tmp_path, "train/1.png test/1.png"))


@pytest.mark.parametrize(
    ("names", "mask"),
    [
        ("train/a.png masks/a_mask.png masks/b_mask.png test/c.png", "masks/a_mask.png"),
        ("slides/a.png masks/a.png", "masks/a.png"),
        ("train/a.tif Train_Labels/a.tif", "Train_Labels/a.tif"),
        ("train/a.svs ground_truth/deep/a.png", "ground_truth/deep/a.png"),
        ("train/a.svs train/annotations/a.png", "train/annotations/a.png"),
        ("a.svs a_mask.png", "a_mask.png"),
        ("train/a.jpg train/a-label.png", "train/a-label.png"),
    ],
)
def test_a_mask_is_no_slide_to_predict(tmp_path, names, mask):
    root = put(tmp_path, names)
    n = 2 if "b_mask" in names else 1
    assert refusal(root) == (
        f"{mask}: named like a mask, and no slide ({n} such files)\n"
        f"remedy: put masks into annotations as <slide>.png; if they are slides, put all slides "
        "into images"
    )


def test_names_that_only_resemble_those_of_masks_are_slides(tmp_path):
    names = "unmasked/a.png b_mask.png annotations/a.png train/labels/c.svg train/c.svs"
    root = put(tmp_path, names)
    assert known(root, "slide", "split") == [("a", "train"), ("b_mask", "test"), ("c", "train")]
