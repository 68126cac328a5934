from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from house import ROOT
from podium.captcha import network
from podium.captcha.batches import augmentation, stored_batches
from podium.captcha.charset import Charset
from podium.captcha.decoding import Decoder, Rules
from podium.captcha.generator import render_many
from podium.captcha.reader import LogitPredictor
from podium.core.errors import PodiumError
from podium.core.params import TrainCaptchaReader, load_params
from podium.models.losses import reader_loss
from podium.training.loop import Batch, Trainer, TrainingJob, train
from podium.training.runtime import keras, set_up

SETTINGS = load_params(ROOT / "params.yaml").train_captcha_reader["text-crnn"]
DIGITS = Charset("0123456789+-*()")


def settings(**changes: object) -> TrainCaptchaReader:
    tiny = {"width": 4, "epochs": 4, "epoch_size": 16, "batch_size": 4, "learning_rate": 0.01}
    return SETTINGS.model_copy(update=tiny | changes)


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, list[str]]:
    """Eight 90x30 pictures of expressions without brackets, which have five characters."""
    found = [one for one in render_many("arithmetic", 5, 0, 60) if len(one[1]) == 5][:8]
    return np.stack([pixels[::2, ::2] for pixels, _ in found]), [text for _, text in found]


def labels(texts: list[str]) -> np.ndarray:
    return np.array([DIGITS.encode(text) for text in texts], dtype=np.int32)


def new_model(kind: str, width: int = 4, seed: int = 0) -> keras.Model:
    set_up(seed)
    return network.build(kind, (90, 30), len(DIGITS) + 1, 5, width, {"task": "captcha-arithmetic"})


def learn(how: TrainCaptchaReader, pictures, folder: Path, batches=None) -> Trainer:
    pixels, texts = pictures
    model, loss = new_model(how.model, how.width), reader_loss(how.model)
    trainer = Trainer(model, how, loss, augmentation(how.augment, how.seed))

    def order(start: int) -> Iterator[Batch]:
        return stored_batches(pixels, labels(texts), how, start)

    train(trainer, TrainingJob(batches or order, lambda: 0.5, folder / "progress.npz"))
    return trainer


@pytest.mark.parametrize("kind", ["crnn", "cnn"])
def test_a_reader_learns_eight_pictures_by_heart(kind, pictures, tmp_path):
    how = settings(model=kind, width=8, epochs=25, epoch_size=32, batch_size=8)
    trainer = learn(how, pictures, tmp_path)
    decoder = Decoder(kind, DIGITS, Rules(), 5)
    logits = LogitPredictor(trainer.model)(pictures[0])
    assert [one.text for one in decoder.greedy(logits)] == pictures[1]


@pytest.mark.parametrize(("kind", "augment"), [("crnn", 0.0), ("cnn", 0.05)])
def test_a_killed_run_goes_on_and_ends_as_if_it_never_stopped(
    kind, augment, pictures, tmp_path, capsys
):
    how = settings(model=kind, augment=augment)
    whole = learn(how, pictures, tmp_path / "whole")
    pixels, texts = pictures

    def killed(start: int) -> Iterator[Batch]:
        for number, batch in enumerate(stored_batches(pixels, labels(texts), how, start)):
            if number == 10:  # in the third of four epochs of four steps
                raise KeyboardInterrupt
            yield batch

    with pytest.raises(KeyboardInterrupt):
        learn(how, pictures, tmp_path / "again", killed)
    again = learn(how, pictures, tmp_path / "again")
    assert "resumed after epoch 2 of 4" in capsys.readouterr().out
    for left, right in zip(whole.model.variables, again.model.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(left), np.asarray(right))


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_progress_that_cannot_be_read_is_started_anew(damage, pictures, tmp_path, capsys):
    kept = tmp_path / "progress.npz"
    if damage is None:
        np.savez(kept, **{"0": np.zeros(3)})
    else:
        kept.write_bytes(damage)
    learn(settings(model="cnn", epochs=1), pictures, tmp_path)
    out = capsys.readouterr().out
    assert "resumed" not in out
    assert "epoch 1/1: 16 pictures seen" in out


def test_the_learning_curve(pictures, tmp_path):
    how = settings(model="cnn", epochs=3, epoch_size=18)
    trainer = Trainer(new_model("cnn"), how, reader_loss("cnn"))
    shares = iter([0.1, 0.2, 0.3])
    job = TrainingJob(
        lambda start: stored_batches(pictures[0], labels(pictures[1]), how, start),
        lambda: next(shares),
        tmp_path / "progress.npz",
    )
    curve = train(trainer, job).curve
    assert curve["epoch"].tolist() == [1, 2, 3]
    assert curve["pictures"].tolist() == [16, 32, 48]  # whole batches only
    assert curve["whole_string"].tolist() == [0.1, 0.2, 0.3]
    assert (curve["train_loss"] > 0).all()


def test_a_loss_that_is_not_finite_stops_the_run(pictures):
    trainer = Trainer(new_model("cnn"), settings(model="cnn"), reader_loss("cnn"))
    trainer.model.trainable_variables[0].assign(
        np.full(trainer.model.trainable_variables[0].shape, np.nan, dtype=np.float32)
    )
    with pytest.raises(PodiumError, match=r"diverged at step 7.*\n.*learning_rate"):
        trainer.step((pictures[0], labels(pictures[1])), 7, 10)
