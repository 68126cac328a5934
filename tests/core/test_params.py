"""params.yaml: what is accepted, and that each fault is named by its key."""

import re
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from conftest import ROOT
from podium.core import profiles
from podium.core.errors import SettingsError, guarded
from podium.core.params import load_params, read_yaml
from podium.models.extractor_table import TABLE


def changed(tmp_path, **changes):
    """The real params.yaml with values replaced; `a__b` is a.b, and ... removes the key."""
    settings = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
    for key, value in changes.items():
        *parents, last = key.split("__")
        section = settings
        for parent in parents:
            section = section[parent]
        if value is ...:
            del section[last]
        else:
            section[last] = value
    path = tmp_path / "params.yaml"
    YAML().dump(settings, path)
    return path


def test_the_projects_own_settings_load():
    params = load_params(ROOT / "params.yaml")
    raw = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
    assert params.model_dump() == raw
    assert set(params.extractors) <= set(TABLE)
    assert params.photos.source == "standin"  # a fresh clone runs without any data


@pytest.mark.parametrize(
    "profile", sorted((ROOT / "profiles").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_profile_gives_settings_that_load(profile, tmp_path):
    path = changed(tmp_path)
    profiles.apply(profile, path)
    params = load_params(path)
    assert params.model_dump() == YAML(typ="safe").load(path.read_text())
    assert set(params.extractors) <= set(TABLE)


def test_the_tests_own_settings_load(write_params):
    params = load_params(write_params(train_photo_classifier__book__epochs=2))
    assert params.train_photo_classifier.book.epochs == 2
    assert list(params.extractors) == ["efficientnet-lite0", "hog"]


GOOD = [
    ("device__engine", "onnxruntime"),
    ("photos__max_megapixels", 1),
    ("photos__metric", "map@5"),
    ("photos__metric", "own.code:score"),
    ("photos__target", "ordered"),
    ("photos__layout__targets", ["a b", "007"]),
    ("extractors__hog__weights", "0123456789abcdef" * 4),
    ("extractors__hog__weights", "download"),
    ("extractors__hog__views", "flip"),
    ("extractors__hog__views", "crops"),
    ("draw_photos__n_train", 2),
    ("draw_photos__n_test", 1),
    ("ingest_photos__max_unreadable", 0),
    ("ingest_photos__max_unreadable", 1),
    ("assign_photo_folds__n_folds", 2),
    ("assign_photo_folds__seeds", [2**31 - 1, 0]),
    ("assign_photo_folds__duplicate_distance", 0),
    ("assign_photo_folds__duplicate_distance", 64),
    ("extract_features__batch_size", 1),
    ("train_photo_classifier__dropout", 0),
    ("train_photo_classifier__l2", 0),
    ("train_photo_classifier__learning_rate", 1),
    ("train_photo_classifier__patience", 0),
    ("train_photo_classifier__class_weight", "balanced"),
    ("train_photo_classifier__head", "book"),
    ("train_photo_classifier__boosting__leaves", 2),
    ("train_photo_classifier__boosting__l2", 0),
    ("train_photo_classifier__pseudo_label", 0.99),
    ("train_photo_classifier__pseudo_label", 1),
    ("blend__photos__clip", 0.499),
    ("train_photo_classifier__calibrate", False),
]


@pytest.mark.parametrize(("key", "value"), GOOD)
def test_the_edges_of_each_range_are_allowed(tmp_path, key, value):
    found = load_params(changed(tmp_path, **{key: value})).model_dump()
    for part in key.split("__"):
        found = found[part]
    assert found == value


BAD = [
    ("photos__source", "stand-in", "'standin' or 'raw'"),
    ("photos__max_megapixels", 0, "greater than 0"),
    ("photos__max_megapixels", "89", "valid number"),
    ("photos__max_megapixels", float("inf"), "finite"),
    ("photos__metric", "map@0", "match pattern"),
    ("photos__metric", "Log loss", "match pattern"),
    ("photos__target", "classes", "'auto', 'class', 'labels'"),
    ("photos__layout__targets", "label", "valid list"),
    ("photos__layout__id", 7, "valid string"),
    ("extractors", {}, "at least 1 item"),
    ("extractors__hog__weights", "imagenet", "match pattern"),
    ("extractors__hog__weights", "0" * 63, "match pattern"),
    ("extractors__hog__weights", "A" * 64, "match pattern"),
    ("extractors__hog__weights", "none\n", "match pattern"),
    ("extractors__hog__weights", 0, "valid string"),
    ("extractors__hog__views", "mirror", "'plain', 'flip' or 'crops'"),
    ("draw_photos__n_train", 1, "greater than or equal to 2"),
    ("draw_photos__n_test", 0, "greater than or equal to 1"),
    ("draw_photos__seed", -1, "greater than or equal to 0"),
    ("draw_photos__seed", 2**31, "less than 2147483648"),
    ("ingest_photos__max_unreadable", -0.01, "greater than or equal to 0"),
    ("ingest_photos__max_unreadable", 1.01, "less than or equal to 1"),
    ("ingest_photos__max_unreadable", float("nan"), "0|finite"),
    ("assign_photo_folds__n_folds", 1, "greater than or equal to 2"),
    ("assign_photo_folds__n_folds", 5.0, "valid integer"),
    ("assign_photo_folds__seeds", [], "at least 1 item"),
    ("assign_photo_folds__seeds", 0, "valid list"),
    ("captcha__arithmetic__styles", [], "at least 1 item"),
    ("assign_photo_folds__duplicate_distance", 65, "less than or equal to 64"),
    ("extract_features__batch_size", 0, "greater than or equal to 1"),
    ("extract_features__batch_size", True, "valid integer"),
    ("extract_features__shard_size", -1, "greater than or equal to 1"),
    ("train_photo_classifier__dropout", 1, "less than 1"),
    ("train_photo_classifier__l2", -0.1, "greater than or equal to 0"),
    ("train_photo_classifier__optimizer", "nadam", "'adam', 'sgd'"),
    ("train_photo_classifier__learning_rate", 0, "greater than 0"),
    ("train_photo_classifier__learning_rate", "1e-3", "valid number"),
    ("train_photo_classifier__epochs", 0, "greater than or equal to 1"),
    ("train_photo_classifier__patience", -1, "greater than or equal to 0"),
    ("train_photo_classifier__class_weight", None, "'none' or 'balanced'"),
    ("train_photo_classifier__head", "logistic", "'dense' or 'book'"),
    ("train_photo_classifier__book__dropout", -0.1, "greater than or equal to 0"),
    ("train_photo_classifier__book__batch_size", "128", "valid integer"),
    ("train_photo_classifier__logistic_c", 0.1, "valid list"),
    ("train_photo_classifier__logistic_c", [], "at least 1 item"),
    ("train_photo_classifier__hog_c", -1, "valid list"),
    ("train_photo_classifier__sample", 0, "greater than or equal to 1"),
    ("train_photo_classifier__epoch_size", 0, "greater than or equal to 1"),
    ("train_photo_classifier__boosting__components", 0, "greater than or equal to 1"),
    ("train_photo_classifier__boosting__iterations", 1.5, "valid integer"),
    ("train_photo_classifier__boosting__learning_rate", 0, "greater than 0"),
    ("train_photo_classifier__boosting__leaves", 1, "greater than or equal to 2"),
    ("train_photo_classifier__boosting__l2", -1, "greater than or equal to 0"),
    ("train_photo_classifier__pseudo_label", 99, "less than or equal to 1"),
    ("train_photo_classifier__pseudo_label", False, "valid number"),
    ("train_photo_classifier__calibrate", "yes", "valid boolean"),
    ("blend__photos__clip", 0.5, "less than 0.5"),
    ("blend__photos__clip", 0, "greater than 0"),
]


@pytest.mark.parametrize(("key", "value", "reason"), BAD)
def test_a_bad_value_is_named_with_what_would_fit(tmp_path, key, value, reason):
    path = changed(tmp_path, **{key: value})
    named = re.escape(f"{path}: {key.replace('__', '.')}: ")
    shown = re.escape(repr(value))
    with pytest.raises(SettingsError, match=f"^{named}.*({reason}).*, but it is {shown}$"):
        load_params(path)


@pytest.mark.parametrize(
    "key", ["photos", "extractors", "extractors__hog__views", "blend__photos__clip"]
)
def test_a_missing_key_is_named(tmp_path, key):
    path = changed(tmp_path, **{key: ...})
    wanted = f"^{re.escape(str(path))}: {key.replace('__', '.')}: key is missing$"
    with pytest.raises(SettingsError, match=wanted):
        load_params(path)


@pytest.mark.parametrize(
    "key",
    ["podcasts", "photos__folder", "extractors__hog__size", "train_photo_classifier__book__lr"],
)
def test_an_unknown_key_is_named(tmp_path, key):
    path = changed(tmp_path, **{key: 1})
    name = key.replace("__", r"\.")
    wanted = f"^{re.escape(str(path))}: {name}: unknown key, remove or rename it$"
    with pytest.raises(SettingsError, match=wanted):
        load_params(path)


def test_a_seed_inside_a_list_is_named_by_its_place(tmp_path):
    path = changed(tmp_path, train_photo_classifier__logistic_c=[0.1, 0])
    with pytest.raises(SettingsError, match=r"logistic_c\.1: .*greater than 0, but it is 0$"):
        load_params(path)
    path = changed(tmp_path, assign_photo_folds__seeds=[0, -7])
    with pytest.raises(SettingsError, match=r"assign_photo_folds\.seeds\.1: .*but it is -7$"):
        load_params(path)


@pytest.mark.parametrize("written", ["1e-3", "1E-3", "0.001", "1.0e-3"])
def test_numbers_may_be_written_with_an_exponent(tmp_path, written):
    text = (ROOT / "params.yaml").read_text()
    path = tmp_path / "params.yaml"
    path.write_text(re.sub(r"learning_rate: \S+", f"learning_rate: {written}", text, count=1))
    assert load_params(path).train_photo_classifier.learning_rate == 0.001


FAULTS = {
    "photos__source": "x",
    "draw_photos__seed": -1,
    "extract_features__batch_size": 0,
    "train_photo_classifier__calibrate": "x",
    "podcasts": 1,
}


@pytest.mark.parametrize(("n_faults", "shown"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 2)])
def test_several_faults_make_at_most_three_lines(tmp_path, n_faults, shown):
    path = changed(tmp_path, **dict(list(FAULTS.items())[:n_faults]))
    with pytest.raises(SettingsError) as caught:
        load_params(path)
    lines = str(caught.value).split("\n")
    for line, key in zip(lines, list(FAULTS)[:shown], strict=False):
        assert line.startswith(f"{path}: {key.replace('__', '.')}: ")
    rest = [f"and {n_faults - 2} more"] if n_faults > 3 else []
    assert lines[shown:] == rest


def test_a_fault_ends_the_command_with_2(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PODIUM_DEBUG", raising=False)
    path = changed(tmp_path, podcasts=1)
    with pytest.raises(SystemExit) as caught:
        guarded(load_params)(path)
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"error: {path}: podcasts: unknown key, remove or rename it\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", r"the file: .*but it is None$"),
        (b"- photos\n", r"the file: .*but it is \['photos'\]$"),
        (b"photos: [1\n", r"not valid YAML: .*line 1"),
        (b"photos:\n  source: raw\nphotos:\n  source: raw\n", r"not valid YAML: .*duplicate key"),
        (b"photos: !!python/object/apply:os.system [ls]\n", r"not valid YAML: .*constructor"),
        (b"photos: \xff\n", r"not valid YAML: .*0xff"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_line_each(tmp_path, data, reason):
    path = tmp_path / "params.yaml"
    path.write_bytes(data)
    with pytest.raises(SettingsError, match=f"^{re.escape(str(path))}: {reason}") as caught:
        load_params(path)
    assert str(caught.value).count("\n") <= 2


def test_a_missing_file_says_where_to_run():
    with pytest.raises(SettingsError, match=r"^gone\.yaml: no such file\nremedy: run from"):
        load_params(Path("gone.yaml"))


def test_settings_cannot_be_changed_on_the_way(tmp_path):
    params = load_params(changed(tmp_path))
    with pytest.raises(ValueError, match="frozen"):
        params.photos.source = "raw"


def bomb(tail: str) -> str:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    for one, before in zip("bcdefghij", "abcdefghi", strict=True):
        lines.append(f"{one}: &{one} [{','.join(['*' + before] * 10)}]")
    return "\n".join([*lines, tail])


def merges() -> str:
    lines = ["a: &a {x0: 1, x1: 1}"]
    for one, before in zip("bcdefghij", "abcdefghi", strict=True):
        lines.append(f"{one}: &{one}\n  <<: [{','.join(['*' + before] * 10)}]\n  y{one}: 1")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        "device: !!int x", "device: !!float y", "device: !!binary '='",
        "device: !!timestamp 2001-99-99", "device: 2001-99-99", "? [a]\n: 1", "? {a: b}\n: 1",
        "device: " + "9" * 5000,
        "device: !!python/object/apply:os.system ['true']", "device: *x", "device: &x [*x]",
        "<<: 1",
        "[" * 60, "[" * 100_000, "{" * 100_000, "- " * 60, "- " * 20_000, "? " * 20_000,
        "a: " + "[" * 30_000 + "]" * 30_000, bomb("device: *j"), bomb("z: 1"), merges(),
        "device: \0", "\u2028" + "[" * 9, "device: !!set {a, b}", "device: !!omap [a: 1]",
        "x" * 11_000_000, "photos: [" + "x," * 300_000 + "x]",
    ],
    ids=lambda text: text[:20].replace("\0", "NUL"),
)  # fmt: skip
def test_hostile_yaml_is_one_short_error_in_bounded_time(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    start = time.process_time()
    with pytest.raises(SettingsError) as caught:
        load_params(path)
    assert time.process_time() - start < 10
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 2000


def test_anchors_that_mean_well_are_read(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2\nd: [[[[1]]]]\n")
    assert read_yaml(path)["c"] == {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("changes", "key", "meant"),
    [
        ({"photos__sorce": "raw"}, "photos.sorce", "source"),
        ({"photos__source": ..., "photos__sorce": "raw"}, "photos.sorce", "source"),
        ({"photos__MaxMegapixels": 1}, "photos.MaxMegapixels", "max_megapixels"),
        ({"blend__photos__metod": "mean"}, "blend.photos.metod", "method"),
        ({"sumbit": {}}, "sumbit", "submit"),
        ({"train_captcha_reader__text-crnn__epoch": 1}, "train_captcha_reader.text-crnn.epoch",
         "epochs"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_an_unknown_key_gets_the_nearest_one(tmp_path, changes, key, meant):
    with pytest.raises(SettingsError) as caught:
        load_params(changed(tmp_path, **changes))
    last = str(caught.value).splitlines()[-1]
    assert last.endswith(f": {key}: unknown key, remove or rename it; did you mean {meant}?")


def test_a_key_like_no_other_gets_none(tmp_path):
    with pytest.raises(SettingsError, match=r"photos\.zebra: unknown key, remove or rename it$"):
        load_params(changed(tmp_path, photos__zebra=1))


def test_the_order_of_slide_classes_is_one_that_dvc_sees(tmp_path):
    orders = []
    for names in (("tumour", "stroma"), ("stroma", "tumour")):
        listed = [{name: [name.upper()]} for name in names]
        params = changed(tmp_path, slides__classes=listed)
        classes = load_params(params).slides.classes
        assert list(classes.items()) == [(name, [name.upper()]) for name in names]
        orders.append(YAML(typ="safe").load(params.read_text())["slides"]["classes"])
    assert orders[0] != orders[1]  # as DVC compares them; two mappings would be equal


@pytest.mark.parametrize(
    "classes",
    [
        [{"a": []}, {"a": ["b"]}], [{"a": []}, "b"], [{"a": ["b"], "c": []}],
        [{"a": ["X"], "b": []}, {"a": ["Y"]}],
    ],
    ids=str,
)  # fmt: skip
def test_slide_classes_listed_wrongly(tmp_path, classes):
    with pytest.raises(SettingsError, match=r"slides\.classes: .*give each class once"):
        load_params(changed(tmp_path, slides__classes=classes))


def test_a_scale_that_overrules_must_be_given(tmp_path):
    with pytest.raises(SettingsError, match=r"slides\.mpp_overrules: .*true needs slides\.mpp"):
        load_params(changed(tmp_path, slides__mpp_overrules=True, slides__mpp=None))
    given = load_params(changed(tmp_path, slides__mpp_overrules=True, slides__mpp=0.5))
    assert given.slides.mpp_overrules
