"""What a competition reads and which settings concern it, with the project's own settings."""

from __future__ import annotations

import re
import subprocess
import sys
from pkgutil import resolve_name

import pytest
from ruamel.yaml import YAML

from house import ROOT
from podium.comparison.run_results import read_results
from podium.competitions import COMPETITIONS, competition_named, settings_concerned
from podium.core.errors import SettingsError
from podium.evaluation.competition import flat

SETTINGS = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
STAGES = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]


def test_files_of_each():
    photos, text = COMPETITIONS["photos"], COMPETITIONS["captcha-text"]
    assert (photos.files.tables, photos.files.blend) == (
        "predictions/tables/photos", "predictions/blends/photos.csv",
    )  # fmt: skip
    assert text.files.tables == "predictions/tables/captcha/text"
    assert text.files.blend == "predictions/blends/captcha/text.csv"
    assert COMPETITIONS["slides"].result_files[-1] == "plots/predict_slides/counts.csv"
    assert "plots/predict_slides/counts.csv" not in photos.result_files


@pytest.mark.parametrize("name", COMPETITIONS)
def test_something_is_handed_in(name):
    assert COMPETITIONS[name].submitted_models(SETTINGS)


def test_what_is_handed_in():
    photos, text, slides = (COMPETITIONS[name] for name in ("photos", "captcha-text", "slides"))
    settings = {
        "train_photo_classifier": {"head": "book"},
        "blend": {"captcha-text": {"readers": ["c", "d"]}},
    }
    assert photos.submitted_models(settings) == ["blend", "book"]
    assert text.submitted_models(settings) == ["blend", "c", "d"]
    assert slides.submitted_models(settings) == ["fcn"]  # a blend of slides marks no pixels
    assert photos.submitted_models({}) == text.submitted_models({}) == ["blend"]


def test_settings_of_other_competitions_do_not_count():
    settings = SETTINGS | {"new": {"a": 1}}
    known = {name: settings_concerned(each, settings) for name, each in COMPETITIONS.items()}
    assert known["photos"]["train_photo_classifier.book.dropout"] == 0.5
    assert known["photos"]["extractors.hog.weights"] == "none"
    assert not any(key.startswith(("train_seg", "captcha", "submit_c")) for key in known["photos"])
    assert known["photos"]["blend.photos.method"] == "weighted"
    assert not any(key.startswith("blend.slides") for key in known["photos"])
    assert known["slides"]["train_segmenter.l2"] == 0
    assert known["slides"]["submit.slides.bootstrap"] == 1000
    assert "train_captcha_reader.text-cnn.width" in known["captcha-text"]
    assert "train_captcha_reader.arithmetic-crnn.width" not in known["captcha-text"]
    assert known["captcha-text"]["captcha.text.length"] == 4
    assert "captcha.arithmetic.width" not in known["captcha-text"]
    assert "train_line_finder.width" not in known["captcha-text"]
    assert "train_line_finder.width" in known["captcha-equations"]
    assert "generate_captcha.n_train" not in known["captcha-equations"]
    assert all(one["new.a"] == 1 for one in known.values())  # a section nobody knows concerns all


def test_every_section_belongs_to_a_room_or_to_all():
    keys = {
        key.split(".")[0]
        for one in COMPETITIONS.values()
        for key in settings_concerned(one, SETTINGS)
    }
    assert keys == {name for name, section in SETTINGS.items() if section}


def test_stages_with_seconds_are_those_of_the_pipeline():
    settings = SETTINGS | {"photo_networks": {"mine": {}}}
    timed = {name for one in COMPETITIONS.values() for name in one.timed_metrics(settings)}
    outs = [out for stage in STAGES.values() for out in stage.get("do", stage)["outs"]]
    patterns = [re.escape(out).replace(r"\$\{key\}", ".+") for out in outs if "metrics/" in out]
    for name in timed:
        assert any(re.fullmatch(pattern, f"metrics/{name}.json") for pattern in patterns), name
    untimed = {
        "metrics/draw_photos.json", "metrics/draw_slides.json", "metrics/explain_mistakes.json",
    }  # fmt: skip
    missed = [each for each in patterns
              if not any(re.fullmatch(each, f"metrics/{name}.json") for name in timed)]  # fmt: skip
    assert {each.replace("\\", "") for each in missed} == untimed
    assert COMPETITIONS["photos"].timed_metrics(SETTINGS)[-4:] == [
        "extract_features-hog", "train_photo_classifier", "blend_photos", "submit_photos",
    ]  # fmt: skip
    assert COMPETITIONS["captcha-text"].timed_metrics(SETTINGS) == [
        "generate_captcha-text", "train_captcha_reader-text-crnn", "train_captcha_reader-text-cnn",
        "blend_captcha-text", "submit_captcha-text",
    ]  # fmt: skip
    assert COMPETITIONS["captcha-equations"].timed_metrics(SETTINGS)[0] == "train_line_finder"


@pytest.mark.parametrize("competition", COMPETITIONS.values(), ids=list(COMPETITIONS))
def test_the_registry_and_the_pipeline_name_the_same_files(competition):
    files, name = competition.files, competition.name
    blend, submit = (STAGES[stage]["foreach"][name] for stage in ("blend", "submit"))
    assert (blend["tables"], blend["blend"]) == (files.tables, files.blend)
    assert submit["blend"] == files.blend
    assert (submit["items"], submit["rejected"]) == (files.items[0], files.items[-1])
    if files.task:
        assert blend["task"] == submit["task"] == files.task
    if files.predictions:
        assert submit["predictions"] == files.predictions
    source = f"data/${{{competition.source_setting}}}/{files.source}"
    assert submit["source"] == source
    made = STAGES[competition.ingest.partition("@")[0]]
    outs = [*made.get("outs", made.get("do", {}).get("outs", []))]
    assert {path.replace("${key}", competition.task) for path in outs} >= set(files.items)


def test_names_of_formats_and_predictors_lead_somewhere():
    for competition in COMPETITIONS.values():
        assert resolve_name(competition.format).frame
        assert callable(resolve_name(competition.predictor))
        room = f"podium.{competition.room}.submission"
        assert set(competition.modules) == {"podium.evaluation.metrics", room}
        assert competition.table_metrics
    assert {*STAGES["blend"]["foreach"]} == {*STAGES["submit"]["foreach"]} == {*COMPETITIONS}


def test_the_registry_is_quick_to_import():
    slow = "sys.modules.keys() & {'numpy', 'pandas', 'pydantic', 'tensorflow'}"
    code = f"import sys, podium.competitions; print({slow} or 'quick')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "quick\n"


def test_nested_settings_become_flat():
    assert flat({"a": {"b": {"c": 1}, "d": []}, "e": None}) == {"a.b.c": 1, "a.d": [], "e": None}


def test_an_unknown_competition():
    with pytest.raises(
        SettingsError,
        match=r"^photo: no such competition; did you mean photos\?\nremedy: one of photos, ",
    ):
        competition_named("photo")


# ---- a folder as it is


def text_table(path, texts=("A", "B"), truth=("A", "C")):
    path.parent.mkdir(parents=True, exist_ok=True)
    pairs = enumerate(zip(texts, truth, strict=True))
    lines = [f"{k},holdout,-1,0,m,p,{k},{true},{text},-0.1" for k, (text, true) in pairs]
    header = "id,split,fold,seed,model,params,group,truth,text,log_prob"
    path.write_text("\n".join([header, *lines]) + "\n")


def test_a_folder_of_captchas(tmp_path):
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    tables = tmp_path / "predictions/tables/captcha/text"
    for name in ("text-crnn", "text-cnn", "removed"):
        text_table(tables / f"{name}.csv")
    text_table(tmp_path / "predictions/blends/captcha/text.csv")
    (tables / "text-cnn.csv").write_text("broken\n")
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    (metrics / "train_captcha_reader-text-crnn.json").write_text('{"seconds": 61.5}')
    (metrics / "train_captcha_reader-arithmetic-crnn.json").write_text('{"seconds": 1000}')
    found = read_results("here", tmp_path, COMPETITIONS["captcha-text"])
    assert (found.name, found.seconds) == ("here", 61.5)
    assert "text-crnn" in found.submitted
    assert list(found.models) == ["text-crnn", "blend"]  # no setting names `removed`
    (note,) = found.notes
    assert note.startswith("predictions/tables/captcha/text/text-cnn.csv: column id,")
    (metrics / "train_captcha_reader-text-cnn.json").write_text('{"validation": {}}')
    assert read_results("here", tmp_path, COMPETITIONS["captcha-text"]).seconds is None


def test_pixels_come_first_of_slides(tmp_path):
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    table = tmp_path / "predictions/tables/slides/fcn.csv"
    table.parent.mkdir(parents=True)
    table.write_text(
        "id,split,fold,seed,model,params,group,truth,p_normal,p_tumour\n"
        "s,oof,0,0,fcn,p,p1,tumour,0.5,0.5\n"
    )
    found = read_results("here", tmp_path, COMPETITIONS["slides"])
    assert list(found.models["fcn"]) == ["log loss of slides"]
    pixels = tmp_path / "plots/predict_slides/counts.csv"
    pixels.parent.mkdir(parents=True)
    pixels.write_text(
        "slide,patient,fold,model,true_positive,false_positive,false_negative,true_negative\n"
        "s,p1,0,network,1,2,3,4\ns,p1,0,hed_otsu,4,3,2,1\n"
    )
    found = read_results("here", tmp_path, COMPETITIONS["slides"])
    assert {name: list(one) for name, one in found.models.items()} == {
        "fcn": ["tumour F1", "log loss of slides"], "hed_otsu": ["tumour F1"],
    }  # fmt: skip


def test_an_empty_folder_has_notes_and_nothing_else(tmp_path):
    found = read_results("here", tmp_path, COMPETITIONS["photos"])
    assert (found.models, found.settings, found.seconds) == ({}, {}, None)
    assert (found.submitted, found.notes) == (["blend"], ["params.yaml cannot be read"])
