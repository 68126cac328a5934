"""What is learnt stays the same in parts, on two devices, in half precision and under XLA."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from house import ROOT
from podium.captcha import network
from podium.captcha.batches import stored_batches
from podium.core.errors import EnvironmentFault
from podium.models.losses import reader_loss
from podium.training import runtime
from podium.training.loop import TrainingJob, prefetch, train
from podium.training.runtime import keras, set_up, tf
from podium.training.train_step import Trainer
from training.test_loop import settings

rng = np.random.default_rng(3)
PIXELS = rng.integers(0, 256, (8, 30, 90, 3)).astype(np.uint8)
LABELS = rng.integers(1, 15, (8, 5)).astype(np.int32)
# CTC, batch normalisation and Adam; without the statistics of a batch, which parts do not share
PLAIN = pytest.mark.parametrize("kind", ["crnn", "cnn"])


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))


@pytest.fixture
def half_precision(monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(runtime, "supported_precision", lambda wanted: wanted)
    yield
    keras.mixed_precision.set_global_policy("float32")


def without_batch_statistics(kind: str = "crnn") -> keras.Model:
    set_up(0)
    model = network.build(kind, (90, 30), 16, 5, 4, {})
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    return model


def learner_of(kind: str = "crnn", **changes: object) -> Trainer:
    how = settings(model=kind, **({"batch_size": 8} | changes))
    return Trainer(without_batch_statistics(kind), how, reader_loss(kind))


def short_of_memory(trainer: Trainer, fits: int, after: int = 0) -> list[int]:
    """A device that holds `fits` pictures from step number `after` on; the sizes it was given."""
    given: list[int] = []

    def limited(compute: Callable[..., object]) -> Callable[..., object]:
        def run(pixels, labels, *rest):
            given.append(len(pixels))
            if len(pixels) > fits and len(given) > after:
                raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
            return compute(pixels, labels, *rest)

        return run

    trainer._whole, trainer._part = limited(trainer._whole), limited(trainer._part)
    return given


def taught(trainer: Trainer, folder: Path) -> list[np.ndarray]:
    def batches(start: int):
        return stored_batches(PIXELS, LABELS, trainer.settings, start)

    train(trainer, TrainingJob(batches, lambda: 0.5, folder / "progress.npz"))
    return [np.asarray(one) for one in trainer.model.variables]


@PLAIN
def test_a_batch_in_parts_teaches_what_the_whole_does(kind):
    whole, parts = learner_of(kind), learner_of(kind)
    parts.batch_size.size = 3  # 3, 3 and 2
    for number in range(4):
        losses = [one.step((PIXELS, LABELS), number, 10) for one in (whole, parts)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for left, right in zip(whole.model.variables, parts.model.variables, strict=True):
        np.testing.assert_allclose(np.asarray(left), np.asarray(right), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("after", [0, 5])
def test_out_of_memory_halves_the_batch_and_finishes(after, tmp_path, capsys):
    plain = taught(learner_of(epochs=3, epoch_size=24), tmp_path / "plain")
    short = learner_of(epochs=3, epoch_size=24)
    given = short_of_memory(short, 2, after)
    found = taught(short, tmp_path / "short")
    assert given[after : after + 3] == [8, 4, 2]
    assert short.batch_size.size == 2
    told = capsys.readouterr().out
    assert "out of memory, now 4 at once" in told
    assert told.count("epoch 3/3: 72 pictures seen") == 2
    for left, right in zip(plain, found, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-2, atol=1e-3)


def test_what_fits_is_remembered_for_the_same_model_only(tmp_path, capsys):
    first = learner_of()
    short_of_memory(first, 4)
    taught(first, tmp_path)
    assert learner_of().batch_size.size == 4
    assert learner_of("cnn").batch_size.size == 8
    assert learner_of(batch_size=2).batch_size.size == 2


def test_not_one_picture_fits(tmp_path):
    trainer = learner_of()
    short_of_memory(trainer, 0)
    with pytest.raises(EnvironmentFault, match=r"too small for a single item\nremedy: "):
        taught(trainer, tmp_path)


def test_other_errors_of_the_device_are_not_taken_for_want_of_memory(tmp_path):
    trainer = learner_of()

    def broken(*_):
        raise tf.errors.InternalError(None, None, "the device fell over")

    trainer._whole = broken
    with pytest.raises(tf.errors.InternalError, match="fell over"):
        taught(trainer, tmp_path)
    assert trainer.batch_size.size == 8


@pytest.mark.parametrize(("kind", "size"), [("crnn", 4), ("cnn", 8)])
def test_half_precision_learns_with_scaled_gradients(kind, size, half_precision):
    set_up(0, "mixed_float16")
    model = network.build(kind, (90, 30), 16, 5, 4, {})
    trainer = Trainer(model, settings(model=kind, batch_size=8), reader_loss(kind))
    trainer.batch_size.size = size
    assert isinstance(trainer.optimizer, keras.optimizers.LossScaleOptimizer)
    losses = [trainer.step((PIXELS, LABELS), 5, 50) for _ in range(8)]
    assert losses[-1] < 0.8 * losses[0]
    assert model.output.dtype == "float32"


def test_xla_compiles_a_step_and_learns_the_same(monkeypatch):
    plain = learner_of("cnn")
    monkeypatch.setattr(runtime, "jit_compile", lambda: True)
    compiled = learner_of("cnn")
    for number in range(3):
        losses = [one.step((PIXELS, LABELS), number, 10) for one in (plain, compiled)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert compiled._whole._jit_compile
    assert not plain._whole._jit_compile


@pytest.mark.slow
@pytest.mark.parametrize("case", ["fcn", "finder"])
def test_xla_compiles_networks_of_any_size(case, monkeypatch):
    import two_devices

    monkeypatch.setattr(two_devices, "rng", np.random.default_rng(5))
    plain = two_devices.CASES[case]()[0]
    monkeypatch.setattr(runtime, "jit_compile", lambda: True)
    monkeypatch.setattr(two_devices, "rng", np.random.default_rng(5))
    np.testing.assert_allclose(two_devices.CASES[case]()[0], plain, rtol=1e-4)


def test_batches_are_made_ahead_in_their_order():
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1, 6):
            made.append(number)
            yield number

    found = prefetch(numbers(), 2)
    assert next(found) == 1
    assert list(found) == [2, 3, 4, 5]
    assert made == [1, 2, 3, 4, 5]


def test_an_error_while_making_a_batch_comes_through():
    def broken() -> Iterator[int]:
        yield 1
        raise EnvironmentFault("the disk fell out")

    with pytest.raises(EnvironmentFault, match="fell out"):
        list(prefetch(broken(), 2))


@pytest.fixture(scope="module")
def two_devices(tmp_path_factory) -> Path:
    """What one device and two give, in a process of its own: devices are laid out only once."""
    folder = tmp_path_factory.mktemp("devices")
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    cases = ["classifier", "extractor", "reading", "heat", "crnn", "fcn", "network"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "tests/two_devices.py"), str(folder), *cases],
        env={**os.environ, "PYTHONPATH": paths, "PODIUM_SCRATCH": str(folder / "scratch")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def both(folder: Path, case: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    with np.load(folder / f"{case}-1.npz") as one, np.load(folder / f"{case}-2.npz") as two:
        return list(one.values()), list(two.values())


@pytest.mark.parametrize("case", ["classifier", "extractor", "reading", "heat"])
def test_two_devices_give_what_one_does(case, two_devices):
    for one, two in zip(*both(two_devices, case), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", ["crnn", "fcn", "network"])
def test_two_devices_learn_what_one_does(case, two_devices):
    """Losses to 1e-5; weights to 0.1 % of their length: Adam makes much of tiny gradients."""
    (losses, *one), (losses_of_two, *two) = both(two_devices, case)
    np.testing.assert_allclose(losses, losses_of_two, rtol=1e-5)
    apart = np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(one, two, strict=True)))
    assert apart < 1e-3 * np.sqrt(sum((a**2).sum() for a in one))
    assert len(set(losses)) == len(losses)
