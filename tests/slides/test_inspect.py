"""From slides and outlines to settings: the scale, tiles, sampling and length that fit them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image, ImageDraw
from shapely import MultiPolygon, Point
from typer.testing import CliRunner

from house import make_params
from podium.cli import app
from podium.cli import inspect as inspect_cli
from podium.core import hardware
from podium.core.errors import PodiumError, SettingsError
from podium.core.params import load_params
from podium.slides.annotations.pixel_mask import PixelMask
from podium.slides.inspection.choices import (
    Budget,
    choose,
    choose_scale,
    settings_of,
    smaller_objects,
)
from podium.slides.inspection.facts import diameters_of, look, look_at_all
from podium.slides.inspection.lines import cost_line
from podium.slides.slides_table import open_entry
from podium.slides.source import read_entries
from slide_fixtures import stained, write_pyramid

CPU, GPU = Budget(8.0, 2, False), Budget(8.0, 16, True)
GLASS, PINK, DARK = (245, 245, 245), (220, 160, 190), (90, 60, 140)


class Folder:
    """A raw folder of drawn slides with discs outlined."""

    def __init__(self, root: Path) -> None:
        self.root, self.rows = root, ["slide,patient,mpp"]

    def add(self, name, diameter, side=512, glass=False, outlined=True, mpp="", patient="") -> None:
        """Discs of a `diameter` on a grid, on tissue all over or on a quarter of glass."""
        image = Image.new("RGB", (side, side), GLASS if glass else PINK)
        draw = ImageDraw.Draw(image)
        reach = side // 2 if glass else side
        draw.rectangle((0, 0, reach, reach), fill=PINK)
        step, radius = 2 * diameter, diameter / 2
        middles = list(np.arange(step / 2, reach - radius, step))
        features = []
        for x in middles:
            for y in middles:
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=DARK)
                ring = Point(x, y).buffer(radius, 16).exterior.coords
                points = [[float(a), float(b)] for a, b in ring]
                geometry = {"type": "Polygon", "coordinates": [points]}
                features.append({"type": "Feature", "geometry": geometry, "properties": {}})
        for place in ("images", "annotations"):
            (self.root / place).mkdir(parents=True, exist_ok=True)
        image.save(self.root / f"images/{name}.png")
        if outlined:
            text = json.dumps({"type": "FeatureCollection", "features": features})
            (self.root / f"annotations/{name}.geojson").write_text(text)
        self.rows.append(f"{name},{patient or name},{mpp}")

    def table(self) -> None:
        (self.root / "slides.csv").write_text("\n".join(self.rows))

    def facts(self, settings):
        return look_at_all(read_entries(self.root, "test"), settings, 1)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "data/raw/slides")


@pytest.fixture(autouse=True)
def one_core(monkeypatch):
    """Slides are looked at in this process: to start others takes longer."""
    monkeypatch.setattr(hardware, "cores", lambda: 1)


@pytest.fixture
def settings(tmp_path):
    return load_params(make_params(tmp_path)).slides


def chosen(facts, budget=CPU):
    return settings_of(choose(facts, budget))


def four(folder, diameter, **kw):
    for number in range(4):
        folder.add(f"S{number}", diameter, **kw)


def test_half_the_area_decides_not_half_the_objects():
    # areas as 1, 4, 9, ..., 100: a tenth of their sum, 38.5, is reached by 1 + 4 + 9 + 16 + 25
    assert smaller_objects(np.arange(10.0, 0, -1)) == 5.0


def test_diameters_by_hand():
    square = Point(50, 50).buffer(20, 64)
    assert diameters_of(MultiPolygon([square])) == pytest.approx([40], abs=0.05)
    inside = np.zeros((40, 60), dtype=bool)
    inside[5:15, 5:15] = inside[20:24, 30:35] = True
    areas = np.pi / 4 * diameters_of(PixelMask(inside, 2.0)) ** 2
    assert areas == pytest.approx([400, 80])
    assert len(diameters_of(MultiPolygon())) == 0


def test_nuclei_are_seen_at_full_resolution(folder, settings):
    four(folder, 20)
    facts, faults = folder.facts(settings)
    assert faults == []
    assert [len(one.diameters) for one in facts] == [169] * 4  # 13 x 13
    found = chosen(facts)
    assert found["tile_slides"] == {
        "target_mpp": None, "level": 0, "tile": 256, "stride": 128, "min_tissue": 0.0,
        "pixels": "keep",
    }  # fmt: skip
    learn = found["train_segmenter"]
    assert (learn["finest"], learn["tumour_share"], learn["batch_size"]) == (2, 0.0, 8)
    assert found["ingest_slides"]["n_folds"] == 4
    assert found["predict_slides"]["stride"] == 128


def test_a_tiny_slide_does_not_make_all_tiles_tiny(folder, settings):
    four(folder, 20)
    folder.add("e", 20, side=48)
    tiles = chosen(folder.facts(settings)[0])["tile_slides"]
    assert (tiles["tile"], tiles["stride"]) == (256, 128)


def test_tumours_are_seen_from_further_away(folder, settings):
    four(folder, 400, side=2048, glass=True, mpp=0.5)
    folder.table()
    facts, _ = folder.facts(settings)
    found = chosen(facts)
    assert found["tile_slides"]["target_mpp"] == 2.0  # no coarser, though 400 px would do at 8
    assert found["tile_slides"]["min_tissue"] == 0.1  # glass is left out
    assert found["train_segmenter"]["finest"] == 8  # 100 px wide then
    assert chosen(facts, GPU)["tile_slides"]["target_mpp"] == 1.0
    assert chosen(facts, GPU)["tile_slides"]["tile"] == 512


def test_glands_lie_between(folder, settings):
    four(folder, 60, side=1024, mpp=0.5)
    folder.table()
    found = chosen(folder.facts(settings)[0])
    assert found["tile_slides"]["target_mpp"] == pytest.approx(60 * 0.5 / 24, abs=0.02)
    assert found["train_segmenter"]["finest"] == 2


def test_slides_of_two_scales_are_brought_to_one(folder, settings):
    folder.add("a", 20, mpp=0.25)
    folder.add("b", 10, mpp=0.5)
    folder.table()
    scale = choose_scale(folder.facts(settings)[0], False)
    assert scale.target_mpp == 0.5  # the coarser one's own: none is invented
    assert scale.downsample == 2.0  # of the finer one
    assert scale.object_px == pytest.approx(10, abs=0.1)


def test_unknown_micrometres(folder, settings):
    four(folder, 200, side=1024)
    facts, _ = folder.facts(settings)
    scale = choose_scale(facts, False)
    assert (scale.target_mpp, scale.level) == (None, 0)
    assert scale.reason.endswith("with --mpp a coarser scale could be had")
    pyramids = [replace(one, downsamples=(1.0, 4.0, 16.0)) for one in facts]
    assert choose_scale(pyramids, False).level == 1  # 50 px wide; 12 px at the next
    half = [replace(facts[0], mpp=0.5), *facts[1:]]
    with pytest.raises(SettingsError, match=r"of 3 of 4 slides are unknown, e.g. S1\nremedy: say "):
        choose_scale(half, False)


def test_small_slides_get_small_tiles(folder, settings):
    four(folder, 16, side=150)
    found = chosen(folder.facts(settings)[0])
    assert found["tile_slides"]["tile"] == 128
    assert found["train_segmenter"]["batch_size"] == 32


def test_rare_tumour_is_drawn_more_often(folder, settings):
    four(folder, 20, side=1024)
    facts, _ = folder.facts(settings)
    corner = MultiPolygon([Point(30, 30).buffer(10)])
    rare = [
        replace(one, annotation=replace(one.annotation, regions=corner), diameters=np.array([20.0]))
        for one in facts
    ]
    assert chosen(facts)["train_segmenter"]["tumour_share"] == 0.0
    assert chosen(rare)["train_segmenter"]["tumour_share"] == 0.5


def test_tumour_that_looks_like_glass_keeps_all_tiles(folder, settings):
    four(folder, 100, side=1024, glass=True)
    facts, _ = folder.facts(settings)
    assert chosen(facts)["tile_slides"]["min_tissue"] == 0.1
    pale = MultiPolygon([Point(900, 900).buffer(60)])
    odd = [replace(facts[0], annotation=replace(facts[0].annotation, regions=pale)), *facts[1:]]
    (choice,) = [one for one in choose(odd, CPU) if one.key == "min_tissue"]
    assert choice.value == 0.0
    assert choice.reason.endswith("of what is outlined would be taken for glass")


def test_minutes_say_the_epochs(folder, settings):
    four(folder, 20)
    facts, _ = folder.facts(settings)
    epochs = [
        chosen(facts, Budget(minutes, 2, False))["train_segmenter"]["epochs"]
        for minutes in (0.1, 8, 16, 10_000)
    ]
    # 4 folds x 128 tiles x 0.0655 megapixels = 33.6 an epoch, at 0.76 a second 44 s
    assert epochs == [2, 11, 22, 40]


def test_a_person_who_outlined_one_patient_only(folder, settings):
    four(folder, 20, patient="P")
    folder.table()
    with pytest.raises(PodiumError, match=r"1 patient with outlines.*\nremedy: annotate slides of"):
        choose(folder.facts(settings)[0], CPU)


def test_nothing_outlined(folder, settings):
    four(folder, 20, outlined=False)
    with pytest.raises(PodiumError, match="0 patient with outlines"):
        choose(folder.facts(settings)[0], CPU)


def test_a_broken_slide_is_named_and_stops_nothing(folder, settings):
    four(folder, 20)
    (folder.root / "images/S3.png").write_bytes(b"no picture")
    facts, faults = folder.facts(settings)
    assert [one.entry.slide for one in facts] == ["S0", "S1", "S2"]
    assert len(faults) == 1
    assert "S3.png: cannot be opened as a slide" in faults[0]


def test_squares_by_hand(folder, settings):
    folder.add("a", 100, side=512, glass=True)
    folder.add("b", 100)
    entry = read_entries(folder.root, "test")[0]
    tissue, tumour = look(entry, settings).squares(256)
    assert tissue.shape == (2, 2)
    assert tissue[0, 0] > 0.95
    assert tissue[1, 1] < 0.05
    assert tumour[0, 0] == pytest.approx(np.pi * 50**2 / 256**2, rel=0.2)  # one disc of 100 px
    assert tumour[1, 1] == 0


def inspect(folder, tmp_path, *words):
    params = make_params(tmp_path, slides__source="standin")
    command = ["inspect", "slides", "--source", folder.root, "--params", params]
    command += ["--sheet", tmp_path / "sheet.png", *words]
    return CliRunner().invoke(app, [str(word) for word in command]), params


def test_the_command_writes_settings_and_a_picture(folder, tmp_path):
    four(folder, 20)
    result, params = inspect(folder, tmp_path)
    assert result.exit_code == 0, result.output
    assert "nothing is written" in result.output
    assert load_params(params).slides.source == "standin"
    result, params = inspect(folder, tmp_path, "--mpp", "0.25", "--write")
    written = load_params(params)
    assert (written.slides.source, written.slides.mpp) == ("raw", 0.25)
    assert written.train_segmenter.finest == 2
    assert written.tile_slides.target_mpp is None  # 5 um are 20 px: full resolution
    assert written.slides.mpp_overrules
    assert written.tile_slides.pixels == "keep"
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (640, 4 * 342)
        pixels = np.asarray(sheet).astype(int)
    red = pixels[:, :, 0] - pixels[:, :, 1] > 90  # lines are thinner than a pixel on the left
    assert red[:, :320].any()
    assert red[:, 320:].any()
    assert "next: dvc repro submit@slides" in result.output
    assert "mpp         0.25 overrules the files" in result.output
    command = ["inspect", "slides", "--source", folder.root, "--params", params, "--write"]
    command += ["--sheet", tmp_path / "sheet.png"]
    result = CliRunner().invoke(app, [str(word) for word in command])
    assert "overrules the files" not in result.output
    written = load_params(params).slides
    assert (written.mpp, written.mpp_overrules) == (0.25, False)


def test_mpp_overrules_what_files_say_but_not_slides_csv(folder, settings):
    (folder.root / "images").mkdir(parents=True)
    for name in "ab":
        write_pyramid(folder.root / f"images/{name}.tif", stained(96, 64), mpp=0.5, n_levels=1)
    (folder.root / "slides.csv").write_text("slide,mpp\na,\nb,0.7\n")
    entries = read_entries(folder.root, "test")
    for overrules, expected in ((False, [0.5, 0.7]), (True, [0.25, 0.7])):
        changed = settings.model_copy(update={"mpp": 0.25, "mpp_overrules": overrules})
        assert [open_entry(one, changed).mpp for one in entries] == expected


def _minutes(line):
    return int(line.split()[1])


@pytest.mark.parametrize(("free", "pixels"), [(3e6, "coordinates"), (3e8, "keep")])
def test_a_short_disk_keeps_coordinates_only(folder, settings, free, pixels):
    four(folder, 20)
    budget = replace(CPU, free=free)
    # 4 slides of 512 x 512 px, each in four tiles of 3.2 bytes a pixel, heat of 4: 17.6 MB
    choices = choose(folder.facts(settings)[0], budget)
    (choice,) = [one for one in choices if one.key == "pixels"]
    assert choice.value == pixels
    assert ("the disk is short: 0.016 GiB to keep" in choice.reason) == (pixels == "coordinates")
    _, line = cost_line(folder.facts(settings)[0], choices, budget)
    disk = {"keep": "0.018 GB", "coordinates": "0.0048 GB"}[pixels]
    assert line.endswith(f"{disk} for tiles and heat maps")
    _, longer = cost_line(folder.facts(settings)[0], choices, replace(budget, turns=800))
    assert _minutes(longer) > _minutes(line) + 1


def name_classes(folder, *names):
    for path in (folder.root / "annotations").iterdir():
        document = json.loads(path.read_text())
        for number, feature in enumerate(document["features"]):
            name = names[number % len(names)]
            feature["properties"] = {"classification": {"name": name}}
        path.write_text(json.dumps(document))


def test_each_class_on_its_own(folder, tmp_path):
    four(folder, 20, side=160)
    name_classes(folder, "Tumor", "Stroma")
    result, params = inspect(folder, tmp_path, "--merge")
    assert "learn each on its own: podium inspect slides --each" in result.output
    result, params = inspect(folder, tmp_path, "--write")
    assert result.exit_code == 0, result.output
    written = load_params(params).slides.classes
    assert {name: written[name] for name in sorted(written)} == {"Stroma": [], "Tumor": []}
    stored = yaml.safe_load(params.read_text())["slides"]["classes"]
    assert stored == [{name: []} for name in written]  # a list: DVC sees its order
    assert "taken as Stroma" in result.output
    assert "each is learnt on its own; --merge: all of them as one" in result.output
    name_classes(folder, "Gland", "Vessel")  # what settings say stays, until somebody says else
    command = ["inspect", "slides", "--source", folder.root, "--params", params]
    command += ["--sheet", tmp_path / "sheet.png"]
    result = CliRunner().invoke(app, [str(word) for word in command])
    assert "nothing is outlined as Stroma" in result.output
    result = CliRunner().invoke(app, [*map(str, command), "--each", "--write"])
    assert sorted(load_params(params).slides.classes) == ["Gland", "Vessel"]


def name_file(folder, name, *names):
    path = folder.root / f"annotations/{name}.geojson"
    document = json.loads(path.read_text())
    for number, feature in enumerate(document["features"]):
        kind = names[number % len(names)] if names else ""
        feature["properties"] = {"classification": {"name": kind}} if kind else {}
    path.write_text(json.dumps(document))


def test_outlines_without_a_class_are_not_made_none_silently(folder, tmp_path):
    four(folder, 20, side=160)
    for name in ("S0", "S1"):
        name_file(folder, name, "Tumor", "Gland")
    result, params = inspect(folder, tmp_path, "--write")
    assert result.exit_code == 0, result.output
    assert load_params(params).slides.classes == []
    assert "none chosen: 2 slides have outlines without a class; choose by --each" in result.output
    result, params = inspect(folder, tmp_path, "--write", "--each")
    assert sorted(load_params(params).slides.classes) == ["Gland", "Tumor"]
    assert "WARNING: outlines without a class on 2 slides: none of the classes" in result.output


def test_classes_and_each_are_not_said_together(folder, tmp_path):
    four(folder, 20, side=160)
    for word in ("--each", "--merge"):
        result, _ = inspect(folder, tmp_path, "--classes", "Tumor", word)
        assert result.exit_code == 2
        assert "\nremedy: give --classes alone" in result.output


def test_merged_classes_are_all_tumour(folder, tmp_path):
    four(folder, 20, side=160)
    name_classes(folder, "Tumor", "Stroma", "Normal")
    result, params = inspect(folder, tmp_path, "--merge", "--write")
    assert sorted(load_params(params).slides.classes) == ["Stroma", "Tumor"]
    assert "merged: Tumor, Stroma are all tumour" in result.output


def test_more_classes_than_can_be_learnt(folder, tmp_path):
    four(folder, 4, side=100)
    name_classes(folder, *(f"title {k}" for k in range(101)))
    result, _ = inspect(folder, tmp_path)
    assert result.exit_code == 0, result.output
    assert "101 classes, 100 can be learnt" in result.output
    assert inspect(folder, tmp_path, "--each")[0].exit_code == 2


def test_a_class_in_two_spellings_counts_slides(folder, tmp_path):
    four(folder, 20, side=160)
    name_classes(folder, "Tumor", "tumor")
    assert "class Tumor: 4 slides" in inspect(folder, tmp_path)[0].output


def test_outlines_outside_the_annotated_regions(folder, tmp_path):
    four(folder, 20, side=160)
    for number in range(4):
        name_file(folder, f"S{number}", "Region*", *["Tumor"] * 15)
    result, _ = inspect(folder, tmp_path)
    assert result.exit_code == 1
    assert "the outlines of 4 train slides lie outside the annotated regions" in result.output
    assert "\nremedy: draw the regions around them" in result.output


@pytest.mark.parametrize(
    ("value", "ground", "expected"), [(7, 0, ["7"]), (5, 3, ["5"]), (255, 0, [])]
)
def test_one_label_of_all_masks(folder, tmp_path, value, ground, expected):
    four(folder, 100, outlined=False)
    labels = np.full((128, 128), ground, np.uint8)
    labels[10:40, 10:40] = value
    for number in range(4):
        Image.fromarray(labels).save(folder.root / f"annotations/S{number}.png")
    result, params = inspect(folder, tmp_path, "--write")
    assert result.exit_code == 0, result.output
    assert load_params(params).slides.classes == expected
    assert ("3, most of their border and area, is their ground" in result.output) == bool(ground)


def test_white_beside_small_labels_is_said(folder, tmp_path):
    four(folder, 100, outlined=False)
    labels = np.zeros((128, 128), np.uint8)
    labels[10:40, 10:40], labels[60:90, 60:90], labels[60:90, 10:40] = 1, 2, 255
    for number in range(4):
        Image.fromarray(labels).save(folder.root / f"annotations/S{number}.png")
    result, params = inspect(folder, tmp_path, "--write")
    assert result.exit_code == 0, result.output
    assert load_params(params).slides.classes == {"1": [], "2": []}
    assert "masks hold 255 beside small numbers, commonly what nobody knows" in result.output


def test_labels_of_palette_masks_are_classes(folder, tmp_path):
    four(folder, 100, outlined=False)
    labels = np.zeros((128, 128), np.uint8)  # a quarter of the slide's sides
    labels[10:40, 10:40], labels[60:90, 60:90] = 1, 2
    for number in range(4):
        mask = Image.fromarray(labels if number else np.minimum(labels, 1))
        mask.putpalette([0, 0, 0, 200, 0, 0, 0, 0, 200])
        mask.save(folder.root / f"annotations/S{number}.png")
    result, params = inspect(folder, tmp_path, "--write")
    assert result.exit_code == 0, result.output
    assert load_params(params).slides.classes == {"1": [], "2": []}
    assert "class 2: 3 slides" in result.output


def test_the_drawn_slides_stay_the_source(folder, tmp_path, monkeypatch):
    four(folder, 20, side=160)
    monkeypatch.setattr(inspect_cli, "STANDIN", folder.root)
    _, params = inspect(folder, tmp_path, "--write")
    assert load_params(params).slides.source == "standin"


def test_slides_none_of_which_can_be_read(folder, tmp_path):
    (folder.root / "train").mkdir(parents=True)
    (folder.root / "train/x.png").touch()
    result, _ = inspect(folder, tmp_path)
    assert result.exit_code == 1
    assert "none of its 1 slides can be read\nremedy: " in result.output


def test_a_folder_that_is_not_there(folder, tmp_path):
    result, _ = inspect(folder, tmp_path)
    assert result.exit_code == 1
    assert "no slides" in result.output
