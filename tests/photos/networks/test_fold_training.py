from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import photo_networks
from podium.photos.networks import bodies
from podium.photos.networks.batches import TrainPictures
from podium.photos.networks.fold_training import FoldTrainer
from podium.training import runtime
from podium.training.runtime import keras, tf
from podium.training.train_step import Trainer

KINDS = list(photo_networks.TASKS)


@pytest.fixture(autouse=True)
def _float32() -> None:
    runtime.set_up(0)


def learnt(task) -> tuple[list, list]:
    trained, values = zip(*FoldTrainer(task).train_all(), strict=True)
    return list(trained), list(values)


def all_but_one(task):
    """The same task with one network, which learns from every row but the last."""
    split, last = task.data.splits[0], np.arange(len(task.data.ids)) == len(task.data.ids) - 1
    splits = [replace(split, held_out=last, stop=np.zeros_like(last))]
    return replace(task, data=replace(task.data, splits=splits))


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_learns_eight_pictures_by_heart(kind):
    task = all_but_one(photo_networks.task(kind, 9, epochs=50, batch_size=8, learning_rate=0.005))
    trainer = FoldTrainer(task)
    ((trained, values),) = trainer.train_all()
    assert trained.curve["train_loss"].iloc[-1] < 0.05
    test, truth = values[9:], task.data.truth[:2]  # test pictures look like the first two
    if kind == "number":
        np.testing.assert_allclose(test[:, 0], truth, atol=12)  # numbers lie 10 apart
    elif kind == "labels":
        np.testing.assert_array_equal(test > 0.5, truth)
    else:
        np.testing.assert_array_equal(test.argmax(1), truth)


@pytest.mark.parametrize("kind", KINDS)
def test_out_of_fold_and_test_rows_are_predicted_and_no_others(kind):
    task = photo_networks.task(kind)
    for trained, values in FoldTrainer(task).train_all():
        predicted = ~np.isnan(values).any(1)
        np.testing.assert_array_equal(predicted[:8], trained.split.held_out)
        assert predicted[8:].all()


def test_a_network_never_sees_the_rows_of_its_fold():
    """Another picture, another truth in held-out rows: the same weights."""
    task = photo_networks.task()
    held_out = task.data.splits[0].held_out
    pixels, truth = task.pixels.copy(), task.data.truth.copy()
    pixels[:8][held_out] = 255 - pixels[:8][held_out]
    truth[held_out] = (truth[held_out] + 1) % 3
    other = replace(task, pixels=pixels, data=replace(task.data, truth=truth))
    first, second = (next(FoldTrainer(each).train_all())[0] for each in (task, other))
    for one, two in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first.curve["held_out_loss"] != second.curve["held_out_loss"]).all()


def test_all_networks_begin_alike_and_differ_by_what_they_learn():
    task = photo_networks.task()
    first, second = learnt(task)[0]
    same = replace(task, data=replace(task.data, splits=task.data.splits[1:]))
    alone = learnt(same)[0][0]
    for one, two in zip(second.weights, alone.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert any((one != two).any() for one, two in zip(first.weights, second.weights, strict=True))


def test_a_killed_training_goes_on_and_ends_as_if_it_never_stopped(monkeypatch, capsys):
    """The kill comes in the second of three epochs of the second fold."""
    changes = {"epochs": 3, "dropout": 0.3, "ema": 0.5, "augment": photo_networks.MOVING}
    task = photo_networks.task(**changes, mix="mixup")
    whole = learnt(task)
    for trained in whole[0]:
        trained.checkpoint.unlink()
    picture, calls = TrainPictures.picture, []

    def killed(*args):
        calls.append(args)
        if len(calls) > 3 * 4 + 8 + 2:  # 3 epochs of a step of 4, and pictures made ahead
            raise KeyboardInterrupt
        return picture(*args)

    with monkeypatch.context() as patch:
        patch.setattr(TrainPictures, "picture", killed)
        with pytest.raises(KeyboardInterrupt):
            learnt(task)
    capsys.readouterr()
    again = learnt(task)
    assert "resumed after epoch" in capsys.readouterr().out
    for one, other in zip(whole[0], again[0], strict=True):
        for left, right in zip(one.weights, other.weights, strict=True):
            np.testing.assert_array_equal(left, right)
        assert one.curve.equals(other.curve)
    np.testing.assert_array_equal(whole[1], again[1])


def test_a_batch_that_does_not_fit_is_halved(monkeypatch, capsys):
    whole = Trainer._learn

    def full(self, pixels, labels):
        if pixels.shape[0] > 2:
            raise tf.errors.ResourceExhaustedError(None, None, "out of memory")
        return whole(self, pixels, labels)

    monkeypatch.setattr(Trainer, "_learn", full)
    trained, _ = next(FoldTrainer(photo_networks.task(epochs=1)).train_all())
    assert trained.throughput.batch_size == 2
    assert "out of memory, now 2 at once" in capsys.readouterr().out


@pytest.mark.parametrize("batch_norm", ["frozen", "trained"])
@pytest.mark.parametrize("train", ["head", "last_block", "all"])
def test_what_is_not_asked_to_learn_is_frozen(train, batch_norm):
    entry = photo_networks.settings(train=train, batch_norm=batch_norm)
    body = bodies.body("efficientnet-lite0", 32, "none", Path(), "")
    model = bodies.build("efficientnet-lite0", 32, 3, 0.2, "mine", body)
    bodies.choose_trainable(model, entry)
    learns = {path.split("/")[-2] for path in (v.path for v in model.trainable_variables)}
    assert "head" in learns
    assert any(name.endswith("_bn") for name in learns) == (
        batch_norm == "trained" and train != "head"
    )
    assert ("head_conv" in learns) == (train != "head")
    assert ("block15_project_conv" in learns) == (train != "head")
    assert ("stem_conv" in learns) == (train == "all")


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.parametrize("kind", ["classes", "number"])
def test_a_head_alone_says_what_a_fused_head_says(kind):
    """Without an epoch the network is the head that was trained on its bottleneck features."""
    from podium.photos.fusion import head_values
    from podium.photos.training import fit_heads

    task = photo_networks.task(kind, **photo_networks.LITE, epochs=0)
    trainer = FoldTrainer(task)
    ((_, first), _) = trainer.train_all()
    features = keras.Model(trainer.model.input, trainer.model.get_layer("head").input)
    rows = np.asarray(features(np.asarray(task.pixels, np.float32)))
    heads, _ = fit_heads(rows, task.data, task.head, task.settings.seed)
    expected = head_values(heads, rows)[:, 0]
    seen = ~np.isnan(first).any(1)
    np.testing.assert_allclose(first[seen], expected[seen], rtol=2e-3)
