"""Artefacts: what was saved comes back, and what is foreign is refused without being run."""

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from podium import artefact, files
from podium.errors import EnvironmentFault, PodiumError
from podium.runtime import keras

DESCRIPTION = {
    "task": "photos",
    "classes": ["cat", "naïve dog"],
    "calibration": {"temperature": 1.25, "clip": 0.001},
    "extractors": [{"name": "hog", "batch_size": 32, "weights": None}],
}


def network(description=DESCRIPTION, n_described=1):
    inputs = x = keras.Input((3,))
    for number in range(n_described):
        x = artefact.Described(description, name=f"described{number}")(x)
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
    np.testing.assert_array_equal(np.asarray(artefact.Described({})(features)), features)


def test_a_second_save_and_load_changes_nothing(saved, rng):
    _, path = saved
    again, _ = artefact.load(path)
    artefact.save(again, path.with_name("twice.keras"))
    twice, description = artefact.load(path.with_name("twice.keras"))
    assert description == DESCRIPTION
    features = rng.normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(np.asarray(again(features)), np.asarray(twice(features)))


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


@pytest.mark.parametrize("n_described", [0, 2])
def test_a_foreign_keras_model_is_refused(tmp_path, n_described):
    path = tmp_path / "photos.keras"
    network(n_described=n_described).save(path)
    refused(path, r"a Keras model, but not one of podium's$")


def with_lambda(marker):
    """A described model with code inside that leaves a mark wherever it runs."""
    inputs = keras.Input((3,))
    described = artefact.Described(DESCRIPTION)(inputs)
    mark = keras.layers.Lambda(lambda x: (__import__("pathlib").Path(marker).touch(), x)[1])
    return keras.Model(inputs, mark(described))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_model_that_carries_code_is_refused_unrun(tmp_path, suffix):
    path, marker = tmp_path / f"photos{suffix}", tmp_path / "ran"
    with_lambda(str(marker)).save(path)
    marker.unlink()
    refused(path, r"not a model this version can read \(.*`Lambda`.*\)\nremedy: run dvc repro")
    assert not marker.exists()
    keras.saving.load_model(path, safe_mode=False)  # the code is real: trusted, it runs
    assert marker.exists()
