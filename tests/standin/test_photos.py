"""The drawn cats and dogs: repeatable, in Kaggle's layout, and as hard as promised."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from podium.core.errors import SettingsError
from podium.standin.photos.camera import picture_size
from podium.standin.photos.dataset import (
    ANIMALS,
    FIRST_TEST_INDEX,
    _answers,
    draw_dataset,
    draw_picture,
)


def _pixels(animal, seed, index):
    return np.asarray(draw_picture(animal, seed, index))


def _files(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    draw_dataset(folder, n_train=6, n_test=5, seed=3, n_processes=1)
    return folder


def test_a_picture_depends_on_nothing_but_its_own_number():
    forward = {(a, i): _pixels(a, 5, i) for a in ANIMALS for i in (0, 1)}
    for (animal, index), pixels in reversed(forward.items()):
        np.testing.assert_array_equal(_pixels(animal, 5, index), pixels)


@pytest.mark.parametrize("other", [("dog", 5, 0), ("cat", 6, 0), ("cat", 5, 1)])
def test_another_animal_seed_or_number_is_another_picture(other):
    assert not np.array_equal(_pixels("cat", 5, 0), _pixels(*other))


def test_sizes_vary_around_500_by_375_both_ways_up():
    sizes = np.array([picture_size(np.random.default_rng([1, index, 1])) for index in range(40)])
    assert [draw_picture("dog", 1, index).size for index in (0, 1, 2)] == list(
        map(tuple, sizes[:3].tolist())
    )
    assert sizes.max() == 500
    assert sizes.min() >= 90
    assert {(500, 375), (375, 500)} <= set(map(tuple, sizes.tolist()))
    assert len(set(map(tuple, sizes.tolist()))) > 10


def test_layout_is_exactly_the_competitions(dataset):
    train = {f"train/{animal}.{k}.jpg" for animal in ("cat", "dog") for k in range(3)}
    test = {f"test/{k}.jpg" for k in range(1, 6)}
    assert set(_files(dataset)) == train | test | {"sample_submission.csv", "test_labels.csv"}


def test_pictures_are_jpegs_with_halved_colour(dataset):
    with Image.open(dataset / "train" / "cat.0.jpg") as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        sampling = [(across, down) for _, across, down, _ in image.layer]
    assert sampling == [(2, 2), (1, 1), (1, 1)]  # 4:2:0


def test_sample_and_key_list_every_test_picture_once(dataset):
    sample = (dataset / "sample_submission.csv").read_text()
    assert sample == "id,label\n1,0.5\n2,0.5\n3,0.5\n4,0.5\n5,0.5\n"
    key = (dataset / "test_labels.csv").read_text()
    assert re.fullmatch(r"id,label\n1,[01]\n2,[01]\n3,[01]\n4,[01]\n5,[01]\n", key)
    assert pd.read_csv(io.StringIO(key))["label"].sum() == 2


def test_names_and_key_tell_the_truth(dataset):
    key = pd.read_csv(dataset / "test_labels.csv").set_index("id")["label"]
    expected = {
        **{f"train/{a}.{k}.jpg": draw_picture(a, 3, k) for a in ANIMALS for k in range(3)},
        **{
            f"test/{k}.jpg": draw_picture(ANIMALS[key[k]], 3, FIRST_TEST_INDEX + k)
            for k in key.index
        },
    }
    for name, picture in expected.items():
        with Image.open(dataset / name) as image:
            stored = np.asarray(image, np.float32)
        # the right picture differs by JPEG's loss only; another one by tens of levels
        assert np.abs(stored - np.asarray(picture)).mean() < 8, name


def test_test_classes_are_shuffled():
    answers = _answers(200, seed=0)
    assert sum(answers) == 100
    assert 60 < sum(a != b for a, b in pairwise(answers)) < 140
    assert answers != _answers(200, seed=1)


def test_bytes_do_not_depend_on_the_number_of_processes(dataset, tmp_path):
    draw_dataset(tmp_path, n_train=6, n_test=5, seed=3, n_processes=2)
    assert _files(tmp_path) == _files(dataset)


@pytest.mark.parametrize(
    ("n_train", "n_test", "seed"), [(3, 2, 0), (-2, 2, 0), (2, -1, 0), (2, 2, -1)]
)
def test_impossible_numbers_are_refused(tmp_path, n_train, n_test, seed):
    with pytest.raises(SettingsError, match=f"{n_train} train and {n_test} test pictures"):
        draw_dataset(tmp_path, n_train, n_test, seed)
    assert not any(tmp_path.iterdir())


def _stored(animal, seed, index):
    data = io.BytesIO()
    draw_picture(animal, seed, index).save(data, "JPEG", quality=90, subsampling="4:2:0")
    return data


def _trivial(data):
    """What needs no look at the animal: colours, size, bytes on disk, edge density."""
    pixels = np.asarray(Image.open(data), np.float64)
    height, width = pixels.shape[:2]
    grey = pixels.mean(axis=2)
    edges = (
        4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    )
    colours = (*pixels.mean(axis=(0, 1)), *pixels.std(axis=(0, 1)))
    return [*colours, width, height, width / height, len(data.getvalue()), edges.var()]


def _accuracy(features, labels):
    """Share that a logistic regression gets right on pictures it was not trained on."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return float((cross_val_predict(model, features, labels, cv=folds) == labels).mean())


def test_trivial_features_do_not_tell_the_class():
    labels = np.arange(120) % 2
    features = [_trivial(_stored(ANIMALS[label], 0, k // 2)) for k, label in enumerate(labels)]
    # chance plus four standard errors: 0.5 + 4 * sqrt(0.25 / 120) = 0.68
    assert _accuracy(np.array(features), labels) < 0.68


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_difficulty_is_as_promised(seed):
    from skimage.feature import hog

    labels = np.arange(600) % 2
    files = [_stored(ANIMALS[label], seed, k // 2) for k, label in enumerate(labels)]
    trivial = _accuracy(np.array([_trivial(data) for data in files]), labels)
    pictures = [Image.open(data).convert("RGB") for data in files]
    grey = (
        np.asarray(p.convert("L").resize((128, 128), Image.Resampling.BICUBIC)) for p in pictures
    )
    cells = {"orientations": 9, "pixels_per_cell": (16, 16), "cells_per_block": (2, 2)}
    outlines = _accuracy(np.array([hog(g, **cells) for g in grey]), labels)
    fused = _accuracy(_fused_features(pictures), labels)
    assert 0.90 <= fused <= 0.97
    assert outlines <= fused - 0.05
    assert trivial < 0.5 + 4 * np.sqrt(0.25 / 600)


def _fused_features(pictures):
    """GAP features (N, 3840) of the three EfficientNet-Lite networks side by side."""
    from podium.core.picture_decoder import resize
    from podium.models import efficientnet_lite

    columns = []
    for variant, side in enumerate((224, 240, 260)):
        model = efficientnet_lite.build(variant, side)
        efficientnet_lite.load_weights(model, efficientnet_lite.weights_path(variant))
        pixels = np.stack([resize(picture, (side, side)) for picture in pictures])
        inputs = efficientnet_lite.preprocess(pixels)
        columns.append(model.predict(inputs, batch_size=32, verbose=0))
    return np.concatenate(columns, axis=1)
