from __future__ import annotations

import keras
import pandas as pd
import pytest

import photo_networks
from podium.core.errors import SettingsError
from podium.core.params import PhotoNetwork, load_params
from podium.photos.networks.choices import choose, settings_lines
from podium.photos.networks.names import OPTIMIZERS, check_networks, networks

AUTO = dict.fromkeys(("image_size", "epochs", "batch_size", "learning_rate"), "auto")


def items(side: int) -> pd.DataFrame:
    return pd.DataFrame({"width": [side, 2 * side, side], "height": [side, side, 3 * side]})


def entry(**changes: object) -> PhotoNetwork:
    return photo_networks.settings(**photo_networks.LITE | AUTO | changes)


@pytest.mark.parametrize(
    ("side", "device", "size"),
    [
        (32, "processor", 128),
        (20, "processor", 96),
        (500, "processor", 128),
        (32, "GPU", 128),
        (500, "GPU", 224),
    ],
)
def test_small_pictures_are_enlarged_fourfold_and_large_ones_fit_the_device(side, device, size):
    assert choose(entry(), items(side), 1600, device).image_size == size


def test_a_network_from_scratch_sees_small_pictures_as_they_are():
    own = entry(network="small_resnet", start="scratch", batch_norm="trained")
    assert choose(own, items(28), 5000, "processor").image_size == 32


def test_a_network_gets_no_smaller_pictures_than_it_takes():
    own = entry(network="xception", start="scratch", batch_norm="trained")
    assert choose(own, items(28), 5000, "processor").image_size == 96


def test_fewer_rows_are_seen_more_often_in_smaller_batches():
    few, many = (choose(entry(), items(32), n, "processor").training for n in (100, 20_000))
    assert few.epochs > many.epochs
    assert few.batch_size < many.batch_size
    assert few.learning_rate < many.learning_rate


def test_each_auto_is_explained_in_one_line():
    chosen = choose(entry(), items(32), 1600, "processor")
    lines = list(settings_lines("mine", chosen))
    assert [line.split()[1] for line in lines] == list(AUTO)
    assert all(line.startswith("mine: ") and "\n" not in line for line in lines)


def test_what_is_given_stays():
    given = {"image_size": 80, "epochs": 3, "batch_size": 5, "learning_rate": 0.1}
    chosen = choose(entry(**given), items(32), 1600, "processor")
    assert chosen.image_size == 80
    assert chosen.training.model_dump().items() >= (given.items() - {("image_size", 80)})
    assert chosen.reasons == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": "efficientnet-lit0"}, ["no such network", "did you mean efficientnet-lite0?"]),
        ({"network": "hog"}, ["no such network"]),
        ({"optimizer": "adamm"}, ["no such optimizer", "did you mean adam"]),
        ({"image_size": 31}, ["image_size: 31", "32 px a side at least"]),
        ({"network": "small_cnn"}, ["start: imagenet", "no pretrained weights"]),
        ({"start": "scratch", "train": "head"}, ["train: head", "all of a network must learn"]),
        ({"start": "scratch"}, ["batch_norm: frozen"]),
        ({"start": "scratch", "batch_norm": "trained", "epochs": 0}, ["epochs: 0"]),
        ({"views": "flip"}, ["views: flip", "augment.flip: none", "say plain"]),
    ],
)
def test_settings_that_cannot_be_trained_are_refused_with_what_would_fit(
    changes, words, write_params
):
    settings = photo_networks.ENTRY | photo_networks.LITE | changes
    params = load_params(write_params(photo_networks={"mine": settings}))
    with pytest.raises(SettingsError) as refused:
        check_networks(params)
    assert str(refused.value).startswith("photo_networks.mine.")
    assert "\nremedy: " in str(refused.value)
    for word in words:
        assert word in str(refused.value)


@pytest.mark.parametrize("name", ["dense", "hog", "blend", "prior"])
def test_a_network_cannot_take_the_name_of_another_table(name, write_params):
    params = load_params(write_params(photo_networks={name: photo_networks.ENTRY}))
    with pytest.raises(SettingsError, match="table has or may have that name"):
        check_networks(params)


def test_networks_are_ours_and_those_of_the_extractor_table_that_learn():
    names = networks()
    assert names[:2] == ["small_cnn", "small_resnet"]
    assert {"vgg16", "resnet50", "efficientnet-lite0"} <= set(names)
    assert "hog" not in names


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_are_keras_own(name):
    assert type(keras.optimizers.get(name)).__name__.lower() == name
