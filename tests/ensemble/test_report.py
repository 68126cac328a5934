"""The page and the picture of all blends."""

import numpy as np
from PIL import Image

from competition import blend_settings, simulated
from podium.competitions import COMPETITIONS, SLIDES
from podium.ensemble.fit_blend import fit_blend
from podium.ensemble.report import HEADER, Row, markdown, picture


def value(number, **others):
    return {"value": number, **others}


def both(naive, nested):
    return {"naive": value(naive), "nested": value(nested)}


PHOTOS = {
    "method": "caruana",
    "metric": "log_loss",
    "n_models": 12,
    "single": {"model": "dense", "log_loss": value(0.30004)},
    "naive": {"log_loss": value(0.2)},
    "nested": {"log_loss": value(0.25, se=0.01, low=0.23, high=0.27), "accuracy": value(0.9)},
    "optimism": 0.05,
    "difference": value(-0.05, se=0.02, low=-0.08, high=0.02),
    "methods": {"caruana": both(0.2, 0.25), "mean": both(0.21, 0.21006)},
    "weights": {"dense": 0.75, "hog": 0.25},
}
CAPTCHA = {
    "method": "majority",
    "metric": "whole_string",
    "n_models": 3,
    "single": {"model": "crnn", "whole_string": value(0.7)},
    "naive": {"whole_string": value(0.8)},
    "nested": {"whole_string": value(0.75, se=0.02, low=0.7, high=0.8)},
    "optimism": -0.05,
    "difference": value(0.05, se=0.02, low=0.01, high=0.1),
    "methods": {"majority": both(0.8, 0.75)},
}


def rows(photos=None, captcha=None):
    names = {"photos": (PHOTOS, photos), "captcha-text": (CAPTCHA, captcha)}
    return [Row(COMPETITIONS[name], blend, test) for name, (blend, test) in names.items()]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_rows_by_hand():
    lines = markdown(rows(0.26)).splitlines()
    assert lines[:4] == ["# Blends", "", HEADER, "|---|---|---|---|---|---|---|---|---|"]
    assert cells(lines[4]) == [
        "photos (caruana)",
        "log loss",
        "12",
        "0.3000 (dense)",
        "0.2000",
        "0.2500 (0.2300 to 0.2700)",
        "+0.0500",
        "-0.0500 (-0.0800 to +0.0200)",
        "0.2600",
    ]
    assert cells(lines[5]) == [
        "captcha-text (majority)",
        "whole string",
        "3",
        "0.7000 (crnn)",
        "0.8000",
        "0.7500 (0.7000 to 0.8000)",
        "-0.0500",
        "+0.0500 (+0.0100 to +0.1000)",
        "",
    ]
    assert len(cells(HEADER)) == len(cells(lines[4])) == len(cells(lines[5]))


def test_each_competition_has_its_methods():
    page = markdown(rows())
    photos, captcha = page.split("\n## ")[1:]
    assert photos == (
        "photos\n\n| method | naive | nested |\n|---|---|---|\n"
        "| caruana | 0.2000 | 0.2500 |\n| mean | 0.2100 | 0.2101 |\n\n"
        "Weights: dense 0.750, hog 0.250.\n"
    )
    assert captcha == (
        "captcha-text\n\n| method | naive | nested |\n|---|---|---|\n"
        "| majority | 0.8000 | 0.7500 |\n"
    )
    assert "\nBetter is, of log loss: down; of whole string: up.\nNaive: fitted and scored" in page


def test_a_test_score_of_nothing_is_a_score():
    lines = markdown(rows(0.0, 1.0)).splitlines()
    assert (cells(lines[4])[-1], cells(lines[5])[-1]) == ("0.0000", "1.0000")


def test_the_metrics_of_a_blend_fit_the_page():
    library, _ = simulated(0)
    page = markdown([Row(SLIDES, fit_blend(library, blend_settings()).metrics)])
    assert "| slides (weighted) | log loss of slides | 5 | " in page
    assert "\nWeights: m" in page
    unnamed = fit_blend(library, blend_settings(method="rank")).metrics
    assert "Weights:" not in markdown([Row(SLIDES, unnamed)])


def test_the_picture_grows_with_the_competitions(tmp_path):
    sizes = []
    for number, shown in enumerate((rows(), rows()[:1], rows()[1:])):
        path = tmp_path / f"{number}.png"
        picture(path, shown)
        with Image.open(path) as image:
            image.load()
            assert image.format == "PNG"
            sizes.append(image.size)
            assert len(np.unique(np.asarray(image.convert("L")))) > 20  # something is drawn
    assert sizes[0][0] == 2 * sizes[1][0] == 2 * sizes[2][0]


def test_the_same_scores_draw_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        picture(tmp_path / name, rows())
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_warnings_stand_above_the_methods():
    warned = Row(COMPETITIONS["photos"], PHOTOS, None, ["ingest_photos: 2 pictures cannot be read"])
    page = markdown([warned, *rows()[1:]])
    lines = page.splitlines()
    place = lines.index("## Warnings")
    assert lines[place + 2] == "- photos: ingest_photos: 2 pictures cannot be read"
    assert place < lines.index("## photos")
    assert "## Warnings" not in markdown(rows())
