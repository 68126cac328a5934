"""The registry of competitions: what each is scored by, reads, depends on and hands in.

Nothing slow is imported, so that the command line stays quick; formats of submissions and functions
of metrics stand here by their dotted names.
"""

from __future__ import annotations

from typing import Any

from podium.core.errors import SettingsError
from podium.core.nearest import did_you_mean
from podium.core.printable import printable
from podium.evaluation.competition import BLEND, Competition, Files, Settings, flat
from podium.evaluation.scores import (
    ACCURACY,
    LOG_LOSS,
    SEQUENCE,
    SLIDE_LOG_LOSS,
    TUMOUR_F1,
    WHOLE_STRING,
    Metric,
)

PHOTOS = Competition(
    name="photos",
    room="photos",
    task="",
    metrics=(LOG_LOSS, ACCURACY),
    sections=(
        "photos", "extractors", "draw_photos", "ingest_photos", "assign_photo_folds",
        "extract_features", "train_photo_classifier", "photo_networks", "blend.photos",
        "submit.photos",
    ),
    files=Files(
        source="photos",
        tables="predictions/tables/photos",
        blend="predictions/blends/photos.csv",
        items=("data/photos/items.csv", "data/photos/quarantine.csv"),
        key="test_labels.csv",
        task="data/photos/task.json",
        networks="predictions/tables/photo-networks",
    ),
    format="podium.photos.submission:PhotoSubmission",
    columns=("id", "label"),
    source_setting="photos.source",
    sample_setting="photos.layout.sample",
    ingest="ingest_photos",
    timed=(
        "ingest_photos", "assign_photo_folds", "extract_features-{extractors}",
        "train_photo_classifier", "train_photo_networks-{photo_networks}", "blend_photos",
        "submit_photos",
    ),
    trivial="train_photo_classifier:oof.prior.{metric}",
    submits=(BLEND, "params:train_photo_classifier.head"),
    predictor="podium.photos.predict_files:answers",
    kaggle_slug="dogs-vs-cats-redux-kernels-edition",
    book=(0.04141, "Dogs vs. Cats Redux"),
)  # fmt: skip

SLIDES = Competition(
    name="slides",
    room="slides",
    task="",
    metrics=(TUMOUR_F1, SLIDE_LOG_LOSS),
    sections=(
        "slides", "draw_slides", "ingest_slides", "tile_slides", "train_segmenter",
        "predict_slides", "blend.slides", "submit.slides",
    ),
    files=Files(
        source="slides",
        tables="predictions/tables/slides",
        blend="predictions/blends/slides.csv",
        items=("data/slides/slides.csv", "data/slides/quarantine.csv"),
        key="test_annotations",
        predictions="predictions/slides",
        counts="plots/predict_slides/counts.csv",
    ),
    format="podium.slides.submission:SlideSubmission",
    columns=("slide", "probability", "rle"),
    source_setting="slides.source",
    ingest="ingest_slides",
    timed=(
        "ingest_slides", "tile_slides", "train_segmenter", "predict_slides",
        "blend_slides", "submit_slides",
    ),
    score="predict_slides:network.tumour_f1",
    trivial="predict_slides:all_background.tumour_f1",
    submits=("fcn",),  # a blend of slides marks no pixels
    predictor="podium.slides.predict_files:answers",
)  # fmt: skip


def _captcha(
    task: str,
    metric: Metric,
    ingest: str,
    columns: tuple[str, ...],
    sections: tuple[str, ...],
    book: tuple[float, str],
    timed: tuple[str, ...] = (),
) -> Competition:
    name = f"captcha-{task}"
    shared = (f"captcha.{task}", "train_captcha_reader", f"blend.{name}", f"submit.{name}")
    return Competition(
        name=name,
        room="captcha",
        task=task,
        metrics=(metric,),
        sections=(*shared, *sections),
        files=Files(
            source=f"captcha/{task}",
            tables=f"predictions/tables/captcha/{task}",
            blend=f"predictions/blends/captcha/{task}.csv",
            items=(f"data/captcha/{task}.h5",),
            key="",
        ),
        format="podium.captcha.submission:CaptchaSubmission",
        columns=columns,
        source_setting=f"captcha.{task}.source",
        ingest=ingest,
        timed=(
            *timed, ingest.replace("@", "-"), "train_captcha_reader-{train_captcha_reader}",
            f"blend_{name}", f"submit_{name}",
        ),
        trivial="train_captcha_reader-{train_captcha_reader}:validation.constant_text",
        submits=(BLEND, f"params:blend.{name}.readers"),
        predictor="podium.captcha.predict_files:answers",
        book=book,
    )  # fmt: skip


_DRAWN = ("generate_captcha",)
_VALUES = ("id", "expression", "value")
COMPETITIONS: dict[str, Competition] = {
    competition.name: competition
    for competition in (
        PHOTOS,
        SLIDES,
        _captcha(
            "text", WHOLE_STRING, "generate_captcha@text", ("id", "text"), _DRAWN,
            (0.9957, "pictures of the package captcha"),
        ),
        _captcha(
            "arithmetic", WHOLE_STRING, "generate_captcha@arithmetic", _VALUES, _DRAWN,
            (0.999925, "Baidu Cloud's first round"),
        ),
        _captcha(
            "equations", SEQUENCE, "generate_equations", _VALUES,
            ("train_line_finder", "generate_equations"), (0.9977, "Baidu Cloud's final round"),
            ("train_line_finder",),
        ),
    )
}  # fmt: skip


def settings_concerned(competition: Competition, settings: Settings) -> dict[str, Any]:
    """Return the settings that `competition` depends on, flat: section.key.

    A section that no competition names concerns all of them.
    """
    named = {
        section.partition(".")[0] for each in COMPETITIONS.values() for section in each.sections
    }
    concerned = flat({name: value for name, value in settings.items() if name not in named})
    for section in competition.sections:
        concerned |= flat(competition.entries(settings, section), f"{section}.")
    return concerned


def competition_named(name: str) -> Competition:
    """Return the competition `name`.

    Raises:
        SettingsError: there is none.
    """
    if name not in COMPETITIONS:
        raise SettingsError(
            f"{printable(name)}: no such competition{did_you_mean(name, COMPETITIONS)}\n"
            f"remedy: one of {', '.join(COMPETITIONS)}"
        )
    return COMPETITIONS[name]
