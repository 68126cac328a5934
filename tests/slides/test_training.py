"""Losses by formula; training learns, keeps folds apart, and survives a kill."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from podium.core.files import scratch_dir
from podium.models.losses import TumourLoss
from podium.slides import fcn
from podium.slides.training import (
    regularise,
    tile_f1,
    train_fold,
)
from podium.training.runtime import keras, set_up, tf
from slide_networks import settings


class Stock:
    """A bank of 24 tiles, dark where there is tumour: fold, tumour, and what was asked for."""

    def __init__(self, side=8, n=24):
        rng = np.random.default_rng(5)
        self.masks = np.zeros((n, side, side, 1), dtype=np.uint8)
        self.masks[::2, : side // 2] = 1
        self.masks[::4] = self.masks[::4].transpose(0, 2, 1, 3)
        noise = rng.integers(0, 40, (n, side, side, 3))
        self.pixels = (np.where(self.masks > 0, 60, 200) + noise).astype(np.uint8)
        self.fold = np.arange(n) % 3
        self.shares = self.masks.mean(axis=(1, 2, 3)).astype(np.float32)[:, None]
        self.n_classes, self.has_unknown = 1, False
        self.asked, self.tile = [], side

    def read(self, places):
        self.asked.append(places)
        return self.pixels[places], self.masks[places]


def small():
    """A network of one pixel's colour, with dropout; named as the first of its process."""
    keras.utils.clear_session()
    set_up(3)
    pixels = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(1 / 128, offset=-1)(pixels)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = keras.layers.Dropout(0.1)(x)
    return keras.Model(pixels, keras.layers.Conv2D(1, 1)(x))


# ---- losses

LOGITS = np.array([[2.0, 0, 0, -1], [0, 0, 0, 0], [-3, 0, 1, 0], [0, 0, 0, 4]], dtype=np.float32)
MASK = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.uint8)
P = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))


def loss(kind, masks=MASK, logits=LOGITS):
    shape = (-1, 4, 4, 1)
    return float(TumourLoss(kind)(masks.reshape(shape), logits.reshape(shape)))


def focal():
    right = np.where(MASK, P, 1 - P)
    weight = np.where(MASK, 0.25, 0.75)
    return float(np.mean(-weight * (1 - right) ** 2 * np.log(right)))


def dice():
    return 1 - 2 * float((MASK * P).sum() / (MASK.sum() + P.sum()))


def test_losses_by_formula():
    assert loss("cross_entropy") == pytest.approx(log_loss(MASK.ravel(), P.ravel()), rel=1e-5)
    assert loss("dice") == pytest.approx(dice(), rel=1e-5)
    assert loss("focal") == pytest.approx(focal(), rel=1e-5)
    both = log_loss(MASK.ravel(), P.ravel()) + dice()
    assert loss("cross_entropy+dice") == pytest.approx(both, rel=1e-5)


def test_dice_of_nothing_known_by_hand():
    # p = 1/2 on all of 16 pixels, 4 of them tumour: 1 - 2 * 2 / (4 + 8)
    assert loss("dice", logits=np.zeros((4, 4), "f4")) == pytest.approx(2 / 3, rel=1e-5)


def test_dice_is_of_the_whole_batch():
    # 4 tumour pixels of 32, p = 1/2 everywhere: 1 - 2 * 2 / (4 + 16); tile by tile it would be more
    masks = np.stack([MASK, 0 * MASK])
    assert loss("dice", masks, np.zeros((2, 4, 4), "f4")) == pytest.approx(0.8, rel=1e-5)


@pytest.mark.parametrize("kind", ["cross_entropy", "dice", "focal"])
def test_right_is_nothing_and_wrong_is_much(kind):
    sure = np.where(MASK, 30.0, -30.0).astype(np.float32)
    assert loss(kind, logits=sure) == pytest.approx(0, abs=1e-5)
    assert loss(kind, logits=-sure) > 0.9


# ---- L2


def test_l2_adds_the_squares_of_kernels():
    network = small()
    kernels = [one for one in network.trainable_variables if one.name == "kernel"]
    assert len(kernels) == 2
    regularise(network, 0.0)
    assert network.losses == []
    regularise(network, 0.5)
    wanted = 0.5 * sum(float((np.asarray(one, dtype=np.float64) ** 2).sum()) for one in kernels)
    assert float(sum(network.losses)) == pytest.approx(wanted, rel=1e-5)


def test_l2_reaches_the_kernels_of_the_encoder(tmp_path):
    inner = small()
    pixels = keras.Input((None, None, 3))
    network = keras.Model(pixels, keras.layers.Conv2D(1, 1)(inner(pixels)))
    regularise(network, 2.0)
    kernels = [one for one in network.trainable_variables if one.name == "kernel"]
    assert len(kernels) == 3
    wanted = 2 * sum(float((np.asarray(one, dtype=np.float64) ** 2).sum()) for one in kernels)
    assert float(sum(network.losses)) == pytest.approx(wanted, rel=1e-5)


# ---- training


def silent(_):
    pass


@pytest.fixture
def eagerly():
    """A few steps are quicker than to trace them."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_f1_is_over_all_pixels_at_one_half():
    bank = Stock()

    def dark(pixels):
        return 120.0 - np.asarray(pixels)[..., :1]

    assert tile_f1(dark, bank, np.arange(24), 5) == 1
    assert [len(one) for one in bank.asked] == [5, 5, 5, 5, 4]
    assert tile_f1(lambda pixels: pixels[..., :1] * 0, bank, np.arange(24), 5) == 0  # p = 1/2
    n, n_all = int(bank.masks.sum()), bank.masks.size
    everything = tile_f1(lambda pixels: pixels[..., :1] * 0 + 1, bank, np.arange(24), 5)
    assert everything == pytest.approx(2 * n / (n + n_all))


def test_the_held_out_fold_is_only_tried_on(eagerly):
    bank = Stock()
    how = settings(epochs=2, n_validation=5, epoch_size=12)
    curve = train_fold(small(), bank, 1, how, "c", silent).curve
    folds = [set(bank.fold[one].tolist()) for one in bank.asked]
    assert all(1 not in one or one == {1} for one in folds)
    learnt = [one for one, fold in zip(bank.asked, folds, strict=True) if 1 not in fold]
    tried = [one for one, fold in zip(bank.asked, folds, strict=True) if fold == {1}]
    assert [len(one) for one in learnt] == [4] * 6  # 2 epochs of 3 batches
    assert np.concatenate(tried).tolist() == bank_places(bank, 5) * 2
    assert curve.columns.tolist() == ["epoch", "pictures", "train_loss", "tumour_f1"]
    assert curve["pictures"].tolist() == [12, 24]


def bank_places(bank, n):
    mine = np.flatnonzero(bank.fold == 1)
    return mine[np.linspace(0, len(mine) - 1, n).round().astype(int)].tolist()


def test_a_small_network_learns_what_is_dark():
    network = small()
    how = settings(epochs=6, epoch_size=64, learning_rate=0.05, weight_decay=0.0)
    curve = train_fold(network, Stock(), 0, how, "c", silent).curve
    assert curve["tumour_f1"].iloc[-1] > 0.95
    assert curve["train_loss"].iloc[-1] < curve["train_loss"].iloc[0] / 2


@pytest.mark.slow
@pytest.mark.weights
def test_a_pretrained_fcn_learns_tiles_by_heart(tmp_path):
    set_up(0)
    bank = Stock(side=64, n=6)
    how = settings(weights="package", finest=8, channels=16, epochs=1, epoch_size=200,
                   batch_size=4, learning_rate=0.001)  # fmt: skip
    network = fcn.build(how, tmp_path, {"task": "slides"})
    train_fold(network, bank, 0, how, "c", silent)
    learnt = np.flatnonzero(bank.fold != 0)
    found = tile_f1(lambda pixels: np.asarray(network(pixels)), bank, learnt, 4)
    assert found > 0.9


def values(network):
    return [np.asarray(one) for one in network.variables]


def test_a_killed_training_ends_as_if_it_never_stopped(monkeypatch, tmp_path, capsys):
    how = settings(rotate=1.0, zoom=0.1, flip=True, stain_jitter=0.1, l2=0.001, schedule="cosine")
    whole, seen = small(), []
    train_fold(whole, Stock(), 2, how, "c", silent)
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "again"))

    def kill(figures):
        if figures["epoch"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_fold(small(), Stock(), 2, how, "c", kill)
    again = small()
    taught = train_fold(again, Stock(), 2, how, "c", lambda figures: seen.append(figures["epoch"]))
    assert "resumed after epoch 2 of 4" in capsys.readouterr().out
    assert seen == [1, 2, 3, 4]
    assert taught.checkpoint.parent == scratch_dir("segmenters")
    for left, right in zip(values(whole), values(again), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("change", ["settings", "content", "fold", "model"])
def test_another_run_is_not_resumed(change, capsys, eagerly):
    how = settings(epochs=1)
    first = train_fold(small(), Stock(), 0, how, "c", silent).checkpoint
    network = small()
    if change == "model":
        network = keras.Model(network.inputs, keras.layers.ReLU()(network.outputs[0]))
    content = "d" if change == "content" else "c"
    how = settings(epochs=1, seed=1) if change == "settings" else how
    second = train_fold(network, Stock(), int(change == "fold"), how, content, silent).checkpoint
    assert first != second
    assert "resumed" not in capsys.readouterr().out
