"""Artefacts: what was saved comes back, and what is foreign is refused without being run."""

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from house import ROOT
from podium.core import files
from podium.core.errors import EnvironmentFault, PodiumError
from podium.training import artefact, model_file
from podium.training.runtime import keras

DESCRIPTION = {
    "task": "photos",
    "classes": ["cat", "naïve dog"],
    "calibration": {"temperature": 1.25, "clip": 0.001},
    "extractors": [{"name": "hog", "batch_size": 32, "weights": None}],
}


def network(description=DESCRIPTION, n_described=1):
    inputs = x = keras.Input((3,))
    for number in range(n_described):
        x = artefact.MetadataLayer(description, name=f"described{number}")(x)
    return keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))


@pytest.fixture
def saved(tmp_path):
    model = network()
    artefact.save(model, tmp_path / "models/photos.keras")
    return model, tmp_path / "models/photos.keras"


def test_a_model_comes_back_with_its_outputs_and_description(saved, rng):
    model, path = saved
    again, description = artefact.load(path)
    assert description == DESCRIPTION
    features = rng.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(again(features)), np.asarray(model(features)))
    assert [each.name for each in path.parent.iterdir()] == ["photos.keras"]


def test_the_description_does_not_touch_the_numbers(rng):
    features = rng.normal(size=(2, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(artefact.MetadataLayer({})(features)), features)


def test_a_second_save_and_load_changes_nothing(saved, rng):
    _, path = saved
    again, _ = artefact.load(path)
    artefact.save(again, path.with_name("twice.keras"))
    twice, description = artefact.load(path.with_name("twice.keras"))
    assert description == DESCRIPTION
    features = rng.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(again(features)), np.asarray(twice(features)))


def test_the_same_model_gives_the_same_bytes_at_any_time(saved, monkeypatch, rng):
    model, path = saved
    time.sleep(2.1)  # a zip counts seconds by twos; HDF5 asks the system, past any stand-in
    clock = time.time() + 400 * 86_400
    monkeypatch.setattr(time, "time", lambda: clock)
    artefact.save(model, path.with_name("later.keras"))
    assert path.read_bytes() == path.with_name("later.keras").read_bytes()
    plain = keras.saving.load_model(path)
    features = rng.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(plain(features)), np.asarray(model(features)))


def test_two_processes_write_the_same_bytes(tmp_path):
    """Memory addresses differ between them; the layers of this model share some of its parts."""
    program = (
        "import sys; from pathlib import Path; from podium.captcha import network;"
        "from podium.training import artefact; from podium.training.runtime import set_up;"
        "set_up(0); model = network.build('crnn', (90, 30), 16, 5, 4, {'task': 'x'});"
        "artefact.save(model, Path(sys.argv[1]))"
    )
    paths = [tmp_path / "one.keras", tmp_path / "two.keras"]
    for path in paths:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        subprocess.run([sys.executable, "-c", program, path], env=environment, check=True)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert '"shared_object_id": 1}' in zipfile.ZipFile(paths[0]).read("config.json").decode()


def test_no_date_is_left_in_the_file(saved):
    _, path = saved
    with zipfile.ZipFile(path) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert list(json.loads(archive.read("metadata.json"))) == ["keras_version"]


def test_other_weights_give_other_bytes(saved):
    model, path = saved
    model.layers[-1].bias.assign([1.0, 2.0])
    artefact.save(model, path.with_name("other.keras"))
    assert path.read_bytes() != path.with_name("other.keras").read_bytes()


def test_a_failing_save_leaves_the_old_artefact(saved, monkeypatch):
    model, path = saved
    before = path.read_bytes()

    def half(partial):
        Path(partial).write_bytes(b"ha")
        raise RuntimeError("half way")

    monkeypatch.setattr(model, "save", half)
    with pytest.raises(RuntimeError, match="half way"):
        artefact.save(model, path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["photos.keras"]


def test_one_process_writes_an_artefact_at_a_time(saved):
    model, path = saved
    with files.locked(path), pytest.raises(EnvironmentFault, match="another process is writing it"):
        artefact.save(model, path)


def refused(path, reason):
    with pytest.raises(PodiumError, match=f"^{re.escape(str(path))}: {reason}") as caught:
        artefact.load(path)
    assert caught.value.exit_code == 1
    assert str(caught.value).count("\n") <= 2


UNREADABLE = r"not a model this version can read \([^\n]+\)\nremedy: run dvc repro, which trains it"


def test_a_missing_artefact_says_what_to_run(tmp_path):
    refused(tmp_path / "photos.keras", r"no such model\nremedy: run dvc repro, which trains it$")
    refused(tmp_path, r"no such model\nremedy: run dvc repro, which trains it$")


@pytest.mark.parametrize("share", [0, 0.3, 0.9, 0.999])
def test_a_truncated_artefact_is_refused(saved, share):
    _, path = saved
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path, UNREADABLE)


def test_a_web_page_is_refused(tmp_path):
    path = tmp_path / "photos.keras"
    path.write_text("<!DOCTYPE html>\n<title>404</title>\n")
    refused(path, UNREADABLE)


def test_a_zip_of_something_else_is_refused(tmp_path):
    path = tmp_path / "photos.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(path, UNREADABLE)


def test_an_error_without_words_is_refused_too(saved, monkeypatch):
    _, path = saved

    def wordless(*_, **__):
        raise AssertionError

    monkeypatch.setattr(keras.saving, "load_model", wordless)
    refused(path, r"not a model this version can read \(AssertionError\)\nremedy")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    model, path = network(), tmp_path / "photos.keras"
    model.layers[-1].set_weights([np.full((3, 2), value, np.float32), np.zeros(2, np.float32)])
    artefact.save(model, path)
    refused(path, r"it has weights that are no numbers\nremedy")


@pytest.mark.parametrize("n_described", [0, 2])
def test_a_foreign_keras_model_is_refused(tmp_path, n_described):
    path = tmp_path / "photos.keras"
    network(n_described=n_described).save(path)
    refused(path, r"a Keras model, but not one of podium's\nremedy: run dvc repro")


def with_lambda(marker):
    """A described model with code inside that leaves a mark wherever it runs."""
    inputs = keras.Input((3,))
    described = artefact.MetadataLayer(DESCRIPTION)(inputs)
    mark = keras.layers.Lambda(lambda x: (__import__("pathlib").Path(marker).touch(), x)[1])
    return keras.Model(inputs, mark(described))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_model_that_carries_code_is_refused_unrun(tmp_path, suffix):
    path, marker = tmp_path / f"photos{suffix}", tmp_path / "ran"
    with_lambda(str(marker)).save(path)
    marker.unlink()
    reason = "`Lambda`" if suffix == ".keras" else "File is not a zip file"
    refused(path, rf"not a model this version can read \(.*{reason}.*\)\nremedy: run dvc repro")
    assert not marker.exists()
    keras.saving.load_model(path, safe_mode=False)  # the code is real: trusted, it runs
    assert marker.exists()


# ---- what a model is for


@pytest.mark.parametrize("task", ["photos", "captcha-text", "captcha-arithmetic"])
def test_the_task_is_read_without_the_model(tmp_path, monkeypatch, task):
    path = tmp_path / "x.keras"
    artefact.save(network({"task": task, "classes": []}), path)
    monkeypatch.setattr(keras.saving, "load_model", None)
    assert model_file.read_task(path) == task


def no_task(path, reason=r"not a podium model\nremedy: run dvc repro, which trains it again$"):
    with pytest.raises(PodiumError, match=f"^{re.escape(str(path))}: {reason}") as caught:
        model_file.read_task(path)
    assert caught.value.exit_code == 1


def test_a_missing_file_has_no_task(tmp_path):
    reason = r"no such model\nremedy: run dvc repro, which trains it$"
    no_task(tmp_path / "photos.keras", reason)
    no_task(tmp_path, reason)


@pytest.mark.parametrize(
    "data", [b"", b"<!DOCTYPE html>\n<title>404</title>\n", b"PK\x03\x04", bytes(range(256))]
)
def test_garbage_has_no_task(tmp_path, data):
    path = tmp_path / "photos.keras"
    path.write_bytes(data)
    no_task(path)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_truncated_artefact_has_no_task(saved, share):
    _, path = saved
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    no_task(path)


def test_a_flipped_bit_of_the_description_is_noticed(saved):
    _, path = saved
    data = bytearray(path.read_bytes())
    data[data.index(b'"task"') + 10] ^= 1
    path.write_bytes(data)
    no_task(path)


LAYER = {"class_name": "MetadataLayer", "config": {"description": {"task": "photos"}}}


def archive(path, config, name="config.json", **how):
    with zipfile.ZipFile(path, "w", **how) as parts:
        parts.writestr(name, config if isinstance(config, (str, bytes)) else json.dumps(config))


def test_only_the_description_is_looked_at(tmp_path):
    other = {"class_name": "Dense", "config": {"units": 2}}
    archive(tmp_path / "x.keras", {"config": {"layers": [other, LAYER, other]}})
    assert model_file.read_task(tmp_path / "x.keras") == "photos"


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"\xff\xfe",
        "{",
        None,
        [],
        3,
        {},
        {"config": None},
        {"config": []},
        {"config": {"layers": None}},
        {"config": {"layers": []}},
        {"config": {"layers": ["MetadataLayer"]}},
        {"config": {"layers": [{}]}},
        {"config": {"layers": [{"class_name": "Dense", "config": {}}]}},
        {"config": {"layers": [{"class_name": "MetadataLayer", "config": {}}]}},
        {
            "config": {
                "layers": [{"class_name": "MetadataLayer", "config": {"description": "photos"}}]
            }
        },
        {"config": {"layers": [{"class_name": "MetadataLayer", "config": {"description": {}}}]}},
    ],
)
def test_a_foreign_zip_has_no_task(tmp_path, config):
    path = tmp_path / "photos.keras"
    archive(path, config)
    no_task(path)


def test_a_zip_of_something_else_has_no_task(tmp_path):
    path = tmp_path / "photos.keras"
    archive(path, "hello", "readme.txt")
    no_task(path)
    network(n_described=0).save(path)
    no_task(path)


def test_a_foreign_zip_that_is_damaged_has_no_task(tmp_path):
    path = tmp_path / "photos.keras"
    archive(path, {"config": {"layers": [LAYER]}}, compression=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    start = 30 + len("config.json")  # a zip's local header is 30 bytes and the name
    data[start : start + 4] = b"\xff" * 4
    path.write_bytes(data)
    no_task(path)


def rewritten(path, change):
    """The model file with its members changed: name -> bytes, in place."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def encrypted(path):
    data = bytearray(path.read_bytes())
    for sign, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        start = data.find(sign)
        while start >= 0:
            data[start + place] |= 1
            start = data.find(sign, start + 4)
    path.write_bytes(data)


def nested(path):
    rewritten(path, lambda members: members.update({"config.json": b"[" * 200_000}))


def huge(path):
    text = b'{"x": "' + b"x" * (model_file.MAX_CONFIG_BYTES) + b'"}'
    rewritten(path, lambda members: members.update({"config.json": text}))


def null(path):
    rewritten(path, lambda members: members.update({"config.json": b"null"}))


def without_config(path):
    rewritten(path, lambda members: members.pop("config.json"))


def odd_member(path):
    rewritten(path, lambda members: members.update({"../../evil": b"x"}))


def external_weights(path):
    def change(members):
        weights = path.with_name("w.h5")
        weights.write_bytes(members["model.weights.h5"])
        names = []
        with h5py.File(weights, "r+") as file:
            file.visititems(lambda name, item: names.append((name, item.shape))
                            if isinstance(item, h5py.Dataset) else None)  # fmt: skip
            name, shape = names[0]
            del file[name]
            file.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, 48)])
        members["model.weights.h5"] = weights.read_bytes()

    rewritten(path, change)


@pytest.mark.parametrize("damage", [encrypted, nested, huge, null, without_config])
def test_a_hostile_file_has_no_task(saved, damage):
    _, path = saved
    damage(path)
    no_task(path)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (encrypted, "encrypted"),
        (nested, "recursion"),
        (huge, "too large"),
        (null, ""),
        (without_config, "config.json"),
        (odd_member, "it holds ../../evil"),
        (external_weights, "stored in other files"),
    ],
)
def test_a_hostile_file_is_one_message(saved, damage, says):
    _, path = saved
    damage(path)
    start = time.monotonic()
    with pytest.raises(PodiumError, match=r"photos\.keras: not a model this version") as caught:
        artefact.load(path)
    assert says in str(caught.value)
    assert time.monotonic() - start < 10
    assert not list(path.parent.parent.glob("evil"))
