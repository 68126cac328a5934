import dataclasses

import pytest
from PIL import Image

from podium.captcha.equations.error_analysis import (
    contrast,
    error_table,
    scenes,
    write_error_png,
)
from podium.captcha.equations.render import scene_of

TRUTH = [
    "流=6;1-流/3-5*2",
    "流=6;圳=5;(圳-(2*4))*流/3",
    "流=6;1-流/3-5+2",
    "流=60000;92345-流/30001-50007*20002",
]
READ = [TRUTH[0], TRUTH[1][:-1] + "4", "流=6;1-流/3-5*2", TRUTH[3]]


def test_shares_of_each_group() -> None:
    table = error_table(TRUTH, READ)
    found = {(one.by, one.group): (one.n, one.sequence) for one in table.itertuples()}
    assert found == {
        ("template", "a.b.c.d"): (3, pytest.approx(2 / 3)),
        ("template", "(a.(b.c)).d"): (1, 0.0),
        ("lines", "2 lines"): (3, pytest.approx(2 / 3)),
        ("lines", "3 lines"): (1, 0.0),
        ("length", "up to 34 characters"): (4, 0.5),
    }
    assert ((table["low"] <= table["sequence"]) & (table["sequence"] <= table["high"])).all()


@pytest.mark.parametrize(
    ("length", "group"),
    [(34, "up to 34"), (35, "34 to 38"), (38, "34 to 38"), (42, "38 to 42"), (43, "over 42")],
)
def test_a_group_takes_its_upper_edge(length: int, group: str) -> None:
    text = "君=" + "1" * (length - 12) + ";1+君/2-3-4"
    [row] = error_table([text], [text]).query("by == 'length'").itertuples()
    assert row.group == f"{group} characters"


def test_groups_come_in_order() -> None:
    drawn = scenes(1, [str(index) for index in range(60)])
    texts = [scene_of(1, index)[1] for index in range(60)]
    table = error_table(texts, texts, drawn)
    assert table.query("by == 'canvas'")["group"].tolist() == [
        "up to 0.8 megapixels",
        "0.8 to 1.6 megapixels",
        "1.6 to 2.4 megapixels",
        "over 2.4 megapixels",
    ]
    assert table.query("by == 'contrast'")["group"].tolist()[::3] == [
        "up to 60 levels",
        "over 110 levels",
    ]
    assert table.groupby("by")["n"].sum().tolist() == [60] * 5


def test_contrast_by_hand() -> None:
    scene, _ = scene_of(1, 0)
    inks = [dataclasses.replace(scene.inks[0], colour=one) for one in ((200, 0, 0), (0, 0, 0))]
    scene = dataclasses.replace(scene, paper=(200, 200, 200), inks=inks)
    assert contrast(scene) == pytest.approx(200 - 0.299 * 200 / 2)


def test_a_picture_of_the_table(tmp_path) -> None:
    write_error_png(tmp_path / "one.png", error_table(TRUTH, READ))
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.size[0] > 600
