"""The table of slides: written, read back and counted."""

from __future__ import annotations

import pytest

from podium.core.errors import PodiumError
from podium.slides.dataset import SlideRecord, read_slides, summary, table_of

W, H = 80, 60


def row_of(slide, patient=None, split="train", label="1", fold=-1, **more):
    values = {"path": f"images/{slide}.tif", "mpp": "", "annotation": "", "width": W, "height": H}
    values |= {"tumour": 0.0, "content": f"c{slide}", "notes": ""} | more
    return SlideRecord(
        slide=slide, patient=patient or slide, split=split, label=label, fold=fold, **values
    )


def test_rows_come_back_as_they_were(tmp_path):
    rows = [
        row_of("a", "007", fold=2, mpp="0.2431", annotation="a.geojson", tumour=0.187501),
        row_of("NA", split="test", label="", notes='says "odd", twice'),
    ]
    table_of(rows).to_csv(tmp_path / "slides.csv", index=False)
    assert read_slides(tmp_path / "slides.csv") == rows


@pytest.mark.parametrize(("change", "says"), [
    ({"width": "wide"}, "column width holds something else"),
    ({"width": "8_0"}, "column width holds something else"),
    ({"height": "\uff16"}, "column height holds something else"),
    ({"fold": "1e999"}, "column fold holds something else"),
    ({"tumour": "nan"}, "column tumour holds something else"),
    ({"slide": "b"}, "1 ids occur more than once, namely b"),
])  # fmt: skip
def test_a_table_somebody_changed(tmp_path, change, says):
    path = tmp_path / "slides.csv"
    table_of([row_of("a"), row_of("b")]).astype(str).assign(**change).to_csv(path, index=False)
    with pytest.raises(PodiumError, match=f"^{path}: {says}"):
        read_slides(path)


def test_the_summary_counts_by_hand():
    rows = [
        row_of("a", "p", annotation="a.geojson", tumour=0.5),
        row_of("b", "p", annotation=""),
        row_of("c", label="0", annotation="none"),
        row_of("d", split="test", label=""),
    ]
    assert summary(rows, 1) == {
        "n_train": 3,
        "n_test": 1,
        "n_patients": 3,
        "n_with_tumour": 2,
        "n_unknown": 1,
        "unknown_share": 0.0,
        "tumour_share": 0.166667,
        "n_failed": 1,
    }
