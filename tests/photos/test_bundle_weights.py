"""The weights that go into a bundle: copied with their licence, and named by their own sha256."""

from __future__ import annotations

import pytest

from podium.core.errors import SettingsError
from podium.core.files import file_sha256
from podium.models import efficientnet_lite, keras_networks
from podium.photos.bundle import refuse_other_folder, with_weights

USUAL = {"batch_size": 32, "views": "plain", "weights_sha256": "of arrays"}


@pytest.fixture
def folders(tmp_path):
    made = tmp_path / "own", tmp_path / "bundle"
    for folder in made:
        folder.mkdir()
    return made


@pytest.mark.weights
def test_of_a_package(folders):
    own, bundle = folders
    settings = {"name": "efficientnet-lite1", "weights": "package", **USUAL}
    found = with_weights(settings, own, bundle)
    digest = file_sha256(efficientnet_lite.weights_path(1))
    assert found == {**settings, "weights": digest}
    assert file_sha256(bundle / "efficientnet-lite1.pth") == digest
    assert "Apache License" in (bundle / "LICENSE-efficientnet-lite1").read_text()


@pytest.mark.parametrize("name", ["resnet50.weights.h5", "efficientnet-lite0.pth"])
def test_of_a_file(folders, name):
    own, bundle = folders
    (own / name).write_bytes(b"numbers")
    digest = file_sha256(own / name)
    settings = {"name": name.partition(".")[0], "weights": digest, **USUAL}
    found = with_weights(settings, own, bundle)
    assert found["weights"] == digest
    assert (bundle / name).read_bytes() == b"numbers"


def test_of_a_download(folders, monkeypatch):
    own, bundle = folders

    class Network:
        def save_weights(self, path):
            path.write_bytes(b"imagenet")

    asked = []
    monkeypatch.setattr(keras_networks, "build", lambda *words: asked.append(words) or Network())
    found = with_weights({"name": "xception", "weights": "download", **USUAL}, own, bundle)
    digest = file_sha256(bundle / "xception.weights.h5")
    assert (found["weights"], found["weights_sha256"]) == (digest, digest)
    options = {"pooling": "avg", "input_shape": (299, 299, 3)}
    assert asked == [("xception", "download", own, options, "")]


def test_of_none(folders):
    own, bundle = folders
    settings = {"name": "hog", "weights": "none", **USUAL}
    assert with_weights(settings, own, bundle) == settings
    assert list(bundle.iterdir()) == []


def test_only_bundles_and_empty_folders_are_written(tmp_path):
    refuse_other_folder(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    refuse_other_folder(tmp_path / "empty")
    (tmp_path / "podium-bundle.json").write_text("{}")
    refuse_other_folder(tmp_path)
    (tmp_path / "podium-bundle.json").unlink()
    with pytest.raises(SettingsError, match="it exists and is no bundle, so it is left alone"):
        refuse_other_folder(tmp_path)
