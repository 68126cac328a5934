"""Classes, areas that somebody looked at, and what is unknown: from names to labels of pixels."""

import json

import numpy as np
import pytest
from PIL import Image
from shapely import box

from podium.core.errors import PodiumError, SettingsError
from podium.slides.annotations import raster, stored
from podium.slides.annotations.class_plan import AREA, ClassPlan
from podium.slides.annotations.labelled import UNKNOWN, Labelled
from podium.slides.annotations.load import load
from slide_networks import PARAMS

SIZE = (40, 20)


def plan_of(classes=(), **changes):
    given = classes if isinstance(classes, dict) else list(classes)
    return ClassPlan.of(PARAMS.slides.model_copy(update={"classes": given} | changes))


@pytest.fixture
def outlined(tmp_path):
    """Loads a GeoJSON of boxes (x0, y0, x1, y1), each of a class."""

    def run(*boxes, plan=None, area=""):
        features = [
            {"type": "Feature", "geometry": json.loads(json.dumps(box(*at).__geo_interface__)),
             "properties": {"classification": {"name": name}}}
            for name, at in boxes
        ]  # fmt: skip
        path = tmp_path / "s1.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return load(path, SIZE, plan or plan_of(), area=area)

    return run


def labels(regions, size=SIZE):
    return raster.mask(regions, (0.0, 0.0, *size))


ROLES = {
    "Tumor": 1, "no class": 1, "Stroma": 0, "Tumor: Positive": 1, "Other*": 0, "Ignore*": UNKNOWN,
    "ignore*": UNKNOWN, "Region*": AREA, "ROI": AREA, "annotated area": AREA,
}  # fmt: skip


@pytest.mark.parametrize("name", ROLES)
def test_roles_by_name_alone(name):
    assert plan_of().role(name) == ROLES[name]


def test_roles_of_several_classes():
    plan = plan_of({"tumour": ["Tumor", "Metastasis"], "none": ["Stroma"], "fat": []})
    assert plan.names == ("tumour", "fat")
    assert [plan.role(name) for name in ("metastasis", "FAT", "Stroma", "Other", "Ignore*")] == [
        1, 2, 0, 0, UNKNOWN,
    ]  # fmt: skip
    assert plan_of(["Ignore*"], unknown=[]).role("Ignore*") == 1  # what is asked for by name
    with pytest.raises(SettingsError, match="'a' is in two classes"):
        plan_of({"x": ["A"], "y": ["a"]})


@pytest.mark.parametrize("changes", [
    {"classes": ["A"], "unknown": ["b", "a"]}, {"classes": {"x": ["A"]}, "annotated_area": ["a"]},
    {"classes": {"x": [], "none": ["a"]}, "unknown": ["A"]},
    {"unknown": ["a"], "annotated_area": ["A"]},
])  # fmt: skip
def test_a_class_in_two_settings_is_refused(changes):
    with pytest.raises(SettingsError) as caught:
        ClassPlan.of(
            PARAMS.slides.model_copy(update={"unknown": [], "annotated_area": []} | changes)
        )
    first, remedy = str(caught.value).splitlines()
    assert first.startswith("slides.")
    assert first.endswith(" both name 'a'")
    assert remedy == "remedy: leave it in one of the two"


@pytest.mark.parametrize("name", ["state", "Path", "probability"])
def test_names_of_other_columns_are_no_classes(name):
    with pytest.raises(SettingsError) as caught:
        plan_of({"x": [], name: []})
    assert str(caught.value) == (
        f"slides.classes: {name!r} is a column of the tables of podium predict\n"
        f"remedy: call it otherwise, as in {{'{name} class': ['{name}']}}"
    )
    assert plan_of({"x": [], f"{name} class": [name]}).role(name) == 2


def test_a_class_of_the_settings_is_no_area(outlined):
    with pytest.raises(PodiumError, match=r"'tumor' was looked at, but slides\.classes names it"):
        outlined(("Tumor", (0, 0, 10, 10)), plan=plan_of(["Tumor"]), area="tumor")


def test_outside_of_the_area_nothing_is_known(outlined):
    found = outlined(("Region*", (0, 0, 20, 20)), ("Tumor", (10, 5, 30, 15)))
    expected = np.zeros((20, 40), np.uint8)
    expected[5:15, 10:20] = 1
    expected[:, 20:] = UNKNOWN
    assert np.array_equal(labels(found.regions), expected)
    assert found.area == 100
    assert found.notes[0].endswith("taken as tumour: Tumor; taken as the area looked at: Region*")


def test_an_area_without_tumour_was_looked_at(outlined):
    found = outlined(("ROI", (0, 0, 20, 20)), ("ROI", (30, 0, 40, 20)))
    assert found.regions.is_empty
    assert np.array_equal(np.unique(labels(found.regions)[:, 20:30]), [UNKNOWN])
    assert not labels(found.regions)[:, :20].any()


def test_what_is_ignored_is_unknown(outlined):
    found = outlined(("Tumor", (0, 0, 20, 20)), ("Ignore*", (10, 0, 30, 20)))
    assert [int((labels(found.regions) == value).sum()) for value in (0, 1, UNKNOWN)] == [
        200, 200, 400,
    ]  # fmt: skip


@pytest.mark.parametrize("area", ["5 0 10 20", "looked at"])
def test_the_table_says_where_somebody_looked(outlined, area):
    found = outlined(
        ("Tumor", (0, 0, 10, 10)), ("Looked at", (5, 0, 15, 20)),
        plan=plan_of(["Tumor"]), area=area,
    )  # fmt: skip
    assert found.area == 50
    assert np.array_equal(np.flatnonzero((labels(found.regions) != UNKNOWN).any(0)), range(5, 15))


def test_an_area_that_is_not_there_is_refused(outlined):
    with pytest.raises(PodiumError, match="'Box' was looked at, but it has no such class"):
        outlined(("Tumor", (0, 0, 10, 10)), area="Box")
    with pytest.raises(PodiumError, match="the slide\nremedy: draw it on this slide, or"):
        outlined(("Tumor", (0, 0, 10, 10)), ("ROI", (50, 0, 60, 10)))
    remedy = r"lies outside the slide\nremedy: correct its area in slides\.csv"
    for area in ("50 0 10 10", "0 0 0 5", "Box"):
        with pytest.raises(PodiumError, match=remedy):
            outlined(("Tumor", (0, 0, 10, 10)), ("Box", (50, 0, 60, 10)), area=area)


def test_what_is_outlined_where_nobody_looked_is_said(outlined):
    found = outlined(("Tumor", (0, 0, 30, 20)), ("ROI", (15, 0, 40, 20)))
    assert found.notes[-1] == (
        "50.0% of what is outlined lies outside the area looked at: taken as unknown"
    )
    whole = outlined(("Tumor", (0, 0, 30, 20)), ("ROI", (0, 0, 30, 20)))
    assert not any("lies outside" in note for note in whole.notes)


MASKED = {"outlines": 40, "pixels": 40, "part of the slide": 20, "classes": 40}


@pytest.mark.parametrize("name", MASKED)
def test_the_table_says_where_somebody_looked_beside_a_mask(tmp_path, monkeypatch, name):
    if name == "pixels":
        monkeypatch.setattr("podium.slides.annotations.mask_files.is_intricate", lambda _: True)
    values = np.zeros((20, 40), np.uint8)
    values[5:15, :20] = 1 if name == "classes" else 255
    Image.fromarray(values).save(tmp_path / "s1.png")
    plan = plan_of({"a": ["1"], "b": ["2"]} if name == "classes" else ())
    area = f"0 0 {MASKED[name]} 10"
    found = load(tmp_path / "s1.png", SIZE, plan, area=area)
    expected = np.full((20, 40), UNKNOWN)
    expected[:10, : MASKED[name]] = values[:10, : MASKED[name]] > 0
    assert np.array_equal(labels(found.regions), expected)
    assert (
        "50.0% of what is outlined lies outside the area looked at: taken as unknown" in found.notes
    )
    whole = load(tmp_path / "s1.png", SIZE, plan, area="0 0 40 20")
    plain = load(tmp_path / "s1.png", SIZE, plan)
    assert type(whole.regions) is type(plain.regions)
    assert np.array_equal(labels(whole.regions), labels(plain.regions))
    with pytest.raises(PodiumError, match=r"outside the slide\nremedy: correct its area in slides"):
        load(tmp_path / "s1.png", SIZE, plan, area="90 0 10 10")
    with pytest.raises(PodiumError, match=r"'ROI' was looked at, but .*\nremedy: give x, y"):
        load(tmp_path / "s1.png", SIZE, plan, area="ROI")


THREE = {"tumour": ["Tumor"], "stroma": [], "fat": ["Fat"]}


def test_several_classes_and_the_later_one_on_top(outlined):
    found = outlined(
        ("Stroma", (0, 0, 20, 20)), ("Tumor", (10, 0, 30, 20)), ("Fat", (15, 0, 20, 20)),
        ("Vessel", (30, 0, 40, 20)), plan=plan_of(THREE),
    )  # fmt: skip
    assert labels(found.regions)[3, ::5].tolist() == [2, 2, 2, 3, 1, 1, 0, 0]
    assert found.area == 600
    assert "taken as fat: Fat" in found.notes[0]


@pytest.mark.parametrize("kind", ["outlines", "pixels"])
def test_labels_stored_are_labels_read(outlined, tmp_path, kind):
    found = outlined(("Region*", (0, 0, 30, 20)), ("Fat", (10, 5, 20, 15)), plan=plan_of(THREE))
    regions = found.regions
    if kind == "pixels":
        regions = stored.PixelMask(labels(regions), 1.0)
    name = stored.write(tmp_path, "s", regions, plan_of(THREE).names)
    again = stored.read(tmp_path / name, SIZE)
    assert isinstance(again, Labelled if kind == "outlines" else stored.PixelMask)
    assert np.array_equal(labels(again), labels(found.regions))


PALETTES = {
    "colours": ({"a": ["#ff0000"], "b": ["#0000ff"]}, "P"),
    "numbers of a palette": ({"a": ["1"], "b": ["2"]}, "P"),
    "grey values": ({"a": ["1"], "b": ["2"]}, "L"),
    "grey values of 16 bits": ({"a": ["1"], "b": ["2"]}, "I;16"),
}


@pytest.mark.parametrize("name", PALETTES)
def test_masks_of_several_classes(tmp_path, name):
    classes, mode = PALETTES[name]
    values = np.zeros((20, 40), np.uint16 if mode == "I;16" else np.uint8)
    values[:, 10:20], values[:, 20:25], values[:, 30:] = 1, 2, 7
    image = Image.fromarray(values)
    if mode == "P":
        image.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255] + [9] * 60)
    image.save(tmp_path / "s1.png")
    unknown = [] if name == "colours" else ["7"]
    found = load(tmp_path / "s1.png", SIZE, plan_of(classes, unknown=unknown))
    expected = values.astype(np.uint8)
    expected[:, 30:] = 0 if name == "colours" else UNKNOWN
    assert np.array_equal(labels(found.regions), expected)
    if name != "colours":
        assert found.areas == {"1": 200, "2": 100, "7": 200}
    with pytest.raises(PodiumError, match=r"slides\.classes names none of its colours"):
        load(tmp_path / "s1.png", SIZE, plan_of({"a": [], "b": []}))


GREY_NUMBERS = {"three equal channels": "RGB", "an opaque layer": "RGBA", "grey and alpha": "LA"}


@pytest.mark.parametrize("name", GREY_NUMBERS)
def test_numbers_in_masks_of_equal_channels(tmp_path, name):
    values = np.zeros((20, 40), np.uint8)
    values[:, 10:20], values[:, 20:25] = 1, 2
    Image.fromarray(values).convert(GREY_NUMBERS[name]).save(tmp_path / "s1.png")
    found = load(tmp_path / "s1.png", SIZE, plan_of({"a": ["1"], "b": ["2"]}))
    assert np.array_equal(labels(found.regions), values)
    assert found.areas == {"1": 200, "2": 100}


def test_a_bilevel_mask_has_the_number_1(tmp_path):
    values = np.zeros((20, 40), bool)
    values[:, 10:20] = True
    Image.fromarray(values).save(tmp_path / "s1.png")
    for number in ("1", "255"):  # as some programs say
        found = load(tmp_path / "s1.png", SIZE, plan_of({"b": ["2"], "a": [number]}))
        assert np.array_equal(labels(found.regions), values * 2)


def test_numbers_in_a_coloured_mask_are_refused(tmp_path):
    values = np.zeros((20, 40, 3), np.uint8)
    values[:, 10:20, 0], values[:, 20:25, 1] = 1, 2
    Image.fromarray(values).save(tmp_path / "s1.png")
    with pytest.raises(PodiumError, match=r"colours, slides\.classes names numbers\nremedy: "):
        load(tmp_path / "s1.png", SIZE, plan_of({"a": ["1"], "b": ["2"]}))
    both = load(tmp_path / "s1.png", SIZE, plan_of({"a": ["1", "#010000"], "b": ["#000200"]}))
    assert labels(both.regions)[0, ::5].tolist() == [0, 0, 1, 1, 2, 0, 0, 0]
