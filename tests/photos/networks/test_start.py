from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import photo_networks
from podium.core.errors import PodiumError
from podium.photos.networks.artefact import build_artefact
from podium.photos.networks.fold_training import FoldTrainer
from podium.photos.networks.predictor import NetworkPredictor
from podium.photos.networks.start import check_start, check_starts, start_weights
from podium.photos.networks.task import NetworkTask
from podium.training import artefact, runtime
from podium.training.model_file import read_description


@pytest.fixture(autouse=True)
def _float32() -> None:
    runtime.set_up(0)


def kept(task: NetworkTask, path: Path) -> tuple[list, list]:
    """Trains `task`, keeps its artefact at `path`; what was trained, and its predictions."""
    trainer = FoldTrainer(task)
    trained, values = zip(*trainer.train_all(), strict=True)
    artefact.save(build_artefact(trainer, trained, 89.0), path)
    return list(trained), list(values)


@pytest.mark.parametrize("kind", list(photo_networks.TASKS))
def test_the_artefact_gives_the_mean_of_the_networks_of_all_folds(kind, tmp_path):
    task = photo_networks.task(kind, dropout=0.2, views="flip", epochs=1)
    _, values = kept(task, tmp_path / "photos-mine.keras")
    predictor = NetworkPredictor(tmp_path / "photos-mine.keras")
    assert list(predictor.kind.names) == list(task.data.names)
    said = predictor.predict(np.asarray(task.pixels[8:]))
    expected = np.mean([each[8:] for each in values], axis=0)
    np.testing.assert_allclose(said, expected, rtol=1e-4, atol=1e-5)


def test_the_artefact_holds_the_networks_of_every_fold_seed(tmp_path):
    path, task = tmp_path / "photos-mine.keras", photo_networks.task(epochs=1)
    other = [replace(split, seed=1, held_out=~split.held_out) for split in task.data.splits[:1]]
    task = replace(task, data=replace(task.data, splits=[*task.data.splits, *other]))
    _, values = kept(task, path)
    said = NetworkPredictor(path).predict(np.asarray(task.pixels[8:]))
    expected = np.mean([each[8:] for each in values], axis=0)
    np.testing.assert_allclose(said, expected, rtol=1e-4, atol=1e-5)
    assert len(start_weights(path, photo_networks.task().data)) == 2


@pytest.mark.parametrize("kind", ["classes", "number"])
def test_a_training_goes_on_from_the_network_that_never_saw_its_fold(kind, tmp_path):
    path = tmp_path / "photos-mine.keras"
    task = photo_networks.task(kind, epochs=1)
    trained, _ = kept(task, path)
    backwards = replace(task.data, splits=task.data.splits[::-1])
    for weights, network in zip(start_weights(path, backwards), trained[::-1], strict=True):
        for one, other in zip(weights, network.weights, strict=True):
            np.testing.assert_array_equal(one, other)
    entry = photo_networks.settings(start=str(path), epochs=0, train="all")
    again = FoldTrainer(replace(task, settings=entry))
    for (_, values), network in zip(again.train_all(), trained, strict=True):
        same = again.model.get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(same, network.weights, strict=True))
        assert np.isfinite(values[network.split.held_out.nonzero()]).all()


def test_a_planted_leak_is_refused(tmp_path):
    path = tmp_path / "photos-mine.keras"
    task = photo_networks.task(epochs=1)
    kept(task, path)
    first, second = task.data.splits
    torn = first.held_out.copy()
    torn[np.flatnonzero(second.held_out)[0]] = True  # one row that the network of fold 0 has learnt
    with pytest.raises(PodiumError, match=r"a leak: .*fold 0 of seed 0"):
        start_weights(path, replace(task.data, splits=[replace(first, held_out=torn), second]))


def test_an_artefact_of_something_else_is_refused_before_anything_is_trained(tmp_path):
    path = tmp_path / "photos-mine.keras"
    task = photo_networks.task(epochs=1)
    kept(task, path)
    entry = photo_networks.settings(start=str(path))
    check_start("mine", entry, task.task)
    others = replace(task.task, names=("a", "b"))
    with pytest.raises(PodiumError, match=r"its classes is .*\nremedy: "):
        check_start("mine", entry, others)
    with pytest.raises(PodiumError, match=r"its network is small_cnn, but photo_networks.mine"):
        check_starts({"mine": entry.model_copy(update={"network": "small_resnet"})}, task.task)
    with pytest.raises(PodiumError, match="no such model"):
        check_starts({"mine": entry.model_copy(update={"start": "models/gone.keras"})}, task.task)
    later = entry.model_copy(update={"start": "models/photos-first.keras"})
    check_starts({"first": entry, "mine": later}, task.task)  # not yet trained


def test_the_artefact_describes_itself_without_tensorflow(tmp_path):
    path = tmp_path / "photos-mine.keras"
    kept(photo_networks.task("labels", epochs=1), path)
    says = read_description(path)
    assert says["task"] == "photos-network"
    assert (says["kind"], says["classes"], says["image_size"]) == ("labels", ["x", "y"], 16)
