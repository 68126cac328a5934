"""Run lengths of a table as annotations, against masks written out by hand and by numpy."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from house import make_params
from podium.core.errors import PodiumError
from podium.core.params import Slides
from podium.slides.annotations import raster
from podium.slides.dataset import regions_of
from podium.slides.ingest import ingest
from podium.slides.source import read_raw_folder
from podium.stages import ingest_slides
from slide_fixtures import stained

W, H = 6, 5
SETTINGS = Slides(
    source="raw", missing_annotation="test", classes=[], annotated_area=[], unknown=[],
    mpp=None, mpp_overrules=False,
    max_megapixels=64.0,
)  # fmt: skip


@pytest.fixture
def drop(tmp_path):
    """Puts pictures of W x H px and a table of run lengths into a raw folder."""

    def put(table: str, names: str = "a b c", file: str = "train.csv"):
        (tmp_path / "images").mkdir(exist_ok=True)
        for name in names.split():
            Image.fromarray(stained(W, H, ord(name[0]))).save(tmp_path / f"images/{name}.png")
        (tmp_path / file).write_text(table)
        return tmp_path

    return put


def ingested(root, **settings):
    raw = read_raw_folder(root, "test")
    return ingest(root, raw.entries, SETTINGS.model_copy(update=settings), annotations_of(root))


def annotations_of(root):
    return root.parent / f"{root.name}-out"


def mask_of(root, row, size=(W, H)):
    return raster.mask(regions_of(row, annotations_of(root)), (0.0, 0.0, *size))


def test_runs_go_down_the_columns_and_rows_of_one_slide_add_up(drop):
    root = drop("id,rle\na,2 1 9 3\na,11 1 30 1\nb,\n")
    a, b, c = ingested(root).rows
    by_hand = [
        [0, 0, 1, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 1],
    ]
    assert mask_of(root, a).tolist() == by_hand
    assert (a.split, a.label, b.split, b.label, b.annotation) == (
        "train",
        "1",
        "train",
        "0",
        "none",
    )
    assert (c.split, c.annotation) == ("test", "")


@pytest.mark.parametrize("header", ["id,rle", "id,encoding", "slide,rle", "id, rle ", '"id","rle"'])
def test_a_table_of_any_name_is_known_by_its_columns(drop, header):
    extra = ",".join([header, "organ"])
    root = drop(f"{extra}\na.png ,1 30,kidney\n", file="masks.CSV")
    assert mask_of(root, ingested(root).rows[0]).all()
    raw = read_raw_folder(root, "test")
    assert (raw.left_out, raw.run_table) == ([], "masks.CSV")


@pytest.mark.parametrize(("table", "code"), [("id;rle\na;1 1\n", "utf-8"), ("id,rle\n", "utf-16")])
def test_a_table_saved_otherwise_is_refused(drop, table, code):
    root = drop("")
    (root / "train.csv").write_bytes(table.encode(code))
    with pytest.raises(PodiumError, match=r"train\.csv: .*\nremedy: save it as CSV in UTF-8"):
        read_raw_folder(root, "test")


def test_ingestion_names_the_table(drop, tmp_path, capsys):
    root = drop("id,rle\na,1 9\nb,\n", file="raw.csv")
    params = make_params(tmp_path, slides__source="raw", ingest_slides__n_folds=2)
    words = ["--source", root, "--params", params]
    for name in ("slides", "annotations", "quarantine", "metrics"):
        words += [f"--{name}", tmp_path / "out" / name]
    ingest_slides.main([str(word) for word in words])
    assert "annotations: run lengths of raw.csv\n" in capsys.readouterr().out


def test_a_submission_is_no_truth(drop):
    raw = read_raw_folder(drop("id,rle\na,1 1\n", file="my_Submission.csv"), "test")
    assert raw.run_table == ""
    assert [entry.split for entry in raw.entries] == ["test"] * 3
    assert [row.path for row in raw.left_out] == ["my_Submission.csv"]


def test_a_long_cell_and_an_intricate_mask(drop):
    mask = np.kron(np.random.default_rng(0).random((200, 100)) < 0.5, np.ones((2, 4), bool))
    edges = np.flatnonzero(np.diff(np.pad(mask.T.ravel().astype(int), 1)))
    runs = " ".join(f"{first + 1} {last - first}" for first, last in edges.reshape(-1, 2).tolist())
    assert len(runs) > 128 * 1024  # where Python's csv module stops by itself
    root = drop(f"id,rle\na,{runs}\n")
    Image.fromarray(stained(400, 400)).save(root / "images/a.png")
    assert (mask_of(root, ingested(root).rows[0], (400, 400)) == mask).all()


def test_tall_masks_are_outlined_band_by_band(drop, monkeypatch):
    monkeypatch.setattr("podium.slides.annotations.run_lengths.MAX_SIDE", 4)
    monkeypatch.setattr("podium.slides.annotations.raster.BAND", 2 * W)
    root = drop("id,rle\na,2 3 6 5\n")
    expected = np.zeros(W * H, int)
    expected[[1, 2, 3, 5, 6, 7, 8, 9]] = 1
    row = ingested(root).rows[0]
    assert mask_of(root, row).T.ravel().tolist() == expected.tolist()
    assert len(regions_of(row, annotations_of(root)).geoms) == 1


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ("29 3", "a run ends at pixel 31, the slide has 30"),
        ("1 2 2 1", "the runs of a run-length encoding overlap, or are not in order"),
        ("1 x", "a run-length encoding holds 'x', which is no number"),
    ],
)
def test_runs_that_do_not_fit_leave_their_slide_out(drop, runs, reason):
    result = ingested(drop(f"id,rle\na,{runs}\nb,1 2\n"))
    assert [row.slide for row in result.rows] == ["b", "c"]
    (row,) = result.left_out
    assert (row.id, row.path) == ("a", "train.csv")
    assert row.reason.startswith(f"its annotation cannot be used: run lengths of a: {reason}")


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("id,rle\nz,1 1\n", "train.csv: there is no slide 'z' in images (1 such row)"),
        ("id,slide,rle\na,a,1 1\n", "train.csv: both id and slide name its slides"),
    ],
)
def test_a_table_that_does_not_belong_is_refused(drop, table, text):
    with pytest.raises(PodiumError) as caught:
        read_raw_folder(drop(table), "test")
    assert str(caught.value).split("\n")[0].endswith(text)
    assert "\nremedy: " in str(caught.value)


def test_a_slide_with_an_outline_and_runs_is_refused(drop):
    root = drop("id,rle\na,1 1\n")
    (root / "annotations").mkdir()
    (root / "annotations/a.geojson").write_text("[]")
    with pytest.raises(PodiumError, match=r"train\.csv annotates the same slide"):
        read_raw_folder(root, "test")


def test_two_tables_of_runs_are_refused(drop):
    drop("id,rle\na,1 1\n")
    with pytest.raises(PodiumError, match=r"train\.csv holds run lengths, too"):
        read_raw_folder(drop("id,rle\nb,1 1\n", file="train2.csv"), "test")


def test_runs_have_no_classes(drop):
    classes = {"tumour": ["1"], "stroma": []}
    with pytest.raises(PodiumError, match=r"run lengths have no classes, slides\.classes names"):
        ingested(drop("id,rle\na,1 1\nb,2 1\n"), classes=classes)


def test_an_area_of_slides_csv_limits_runs(drop):
    root = drop("id,rle\na,1 5\nb,\nc,\n")
    (root / "slides.csv").write_text("slide,area\na,0 0 3 5\nb,\nc,\n")
    labels = mask_of(root, ingested(root).rows[0])
    assert (labels[:, 0] == 1).all()
    assert (labels[:, 3:] == 255).all()


def test_other_rows_of_the_table_do_not_change_a_slide(drop):
    before = ingested(drop("id,rle\na,1 5\nb,\n")).rows[0].content
    assert ingested(drop("id,rle\na,1 5\nb,2 1\n")).rows[0].content == before
    assert ingested(drop("id,rle\na,1 4\nb,\n")).rows[0].content != before
