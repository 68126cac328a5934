from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from house import ROOT
from lines import dark_finder, dark_lines
from podium.captcha.equations.canvas import paint
from podium.captcha.equations.finder import LineFinder, build
from podium.captcha.equations.line_maps import CELL, find_boxes, training_batch
from podium.captcha.equations.render import equation_text, scene_of
from podium.captcha.equations.training import baseline_warning, evaluate, train_line_finder
from podium.captcha.scoring import share
from podium.core.errors import PodiumError
from podium.core.params import load_params
from podium.models.losses import BinaryCrossEntropy
from podium.training import artefact, model_file
from podium.training.loop import Trainer
from podium.training.runtime import keras, set_up

SETTINGS = load_params(ROOT / "params.yaml").train_line_finder
TINY = SETTINGS.model_copy(
    update={"width": 4, "epochs": 2, "epoch_size": 16, "batch_size": 8, "n_validation": 1}
)


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))
    return tmp_path / "scratch"


def test_maps_have_the_cells_of_the_picture() -> None:
    finder = LineFinder(build(4))
    for h, w in ((400, 800), (37, 91), (16, 16)):
        maps = finder.maps(np.full((h, w, 3), 230, dtype=np.uint8))
        assert maps.shape == (-(-h // CELL), -(-w // CELL), 2)
        assert 0 <= maps.min() <= maps.max() <= 1


def test_a_finder_learns_a_few_examples_by_heart() -> None:
    set_up(0)
    model = build(8)
    how = SETTINGS.model_copy(update={"epochs": 1, "epoch_size": 280, "batch_size": 4})
    learner = Trainer(model, how, BinaryCrossEntropy())
    pixels, maps = training_batch(1, 0, 4)
    losses = [learner.step((pixels, maps), step, 70) for step in range(70)]
    assert losses[-1] < 0.5 * losses[0]
    wanted = maps[..., 1] > 127
    found = keras.ops.convert_to_numpy(model(pixels.astype(np.float32), training=True))[..., 1] > 0
    assert (found & wanted).sum() / (found | wanted).sum() > 0.5


def new() -> keras.Model:
    keras.utils.clear_session()  # layers are numbered as in a new process
    set_up(0)
    return build(4)


def test_training_is_resumed_and_ends_alike(scratch: Path, capsys) -> None:
    def taught(epochs_first: int | None) -> tuple[pd.DataFrame, list[np.ndarray]]:
        model = new()
        if epochs_first:
            stops = iter([False] * epochs_first + [True])
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(
                    "podium.captcha.equations.training.evaluate",
                    lambda *_: _stop() if next(stops) else {"lines": {"value": 0.0}},
                )
                with pytest.raises(KeyboardInterrupt):
                    train_line_finder(model, TINY, (1, 2), 0)
            assert list((scratch / "line-finders").glob("*.npz"))
            model = new()
        done = train_line_finder(model, TINY, (1, 2), 0)
        assert done.checkpoint.is_file()
        done.checkpoint.unlink()
        assert (done.throughput.n_items, done.throughput.batch_size) == (32, TINY.batch_size)
        return done.curve, [np.asarray(one) for one in model.weights]

    whole, weights = taught(None)
    assert "resumed" not in capsys.readouterr().out
    resumed, again = taught(1)
    assert "resumed after epoch 1 of 2" in capsys.readouterr().out
    assert list(whole["pictures"]) == [16, 32]
    assert list(whole.columns) == ["epoch", "pictures", "train_loss", "all_lines"]
    pd.testing.assert_series_equal(whole["train_loss"], resumed["train_loss"])
    for one, other in zip(weights, again, strict=True):
        np.testing.assert_array_equal(one, other)


def _stop() -> None:
    raise KeyboardInterrupt


def test_a_finder_is_kept_and_comes_back(tmp_path: Path) -> None:
    model = build(4)
    artefact.save(model, tmp_path / "lines.keras")
    assert model_file.read_task(tmp_path / "lines.keras") == "equation-lines"
    pixels = paint(scene_of(1, 2)[0])
    again = LineFinder.load(tmp_path / "lines.keras")
    np.testing.assert_allclose(again.maps(pixels), LineFinder(model).maps(pixels), atol=1e-6)


def test_small_lines_are_looked_at_again() -> None:
    finder = LineFinder(dark_finder())
    once, again = [], []
    for off in range(8):
        left = top = 80 + off
        pixels = dark_lines(1, at=left)
        pixels[top + 26 : top + 36] = 240  # 26 px high
        truth = np.array([left, top, left + 272, top + 26])
        [plain] = find_boxes(finder.maps(pixels), (800, 400))
        [found] = finder.find(pixels)
        once.append(np.abs(truth - plain).max())
        again.append(np.abs(truth - found).max())
    assert max(again) < max(once)
    assert sum(again) < 0.7 * sum(once)


def test_a_line_at_the_edge_is_looked_at_again() -> None:
    finder = LineFinder(dark_finder())
    pixels = dark_lines(1, size=(320, 60), at=2)
    [(x0, y0, x1, y1)] = finder.find(pixels)
    assert 0 <= x0 <= 4
    assert 0 <= y0 <= 4
    assert abs(x1 - 274) <= 3
    assert abs(y1 - 38) <= 3


def test_another_model_is_no_finder(tmp_path: Path) -> None:
    pixels = keras.Input((4, 4, 3))
    other = keras.Model(pixels, artefact.MetadataLayer({"task": "photos"})(pixels))
    artefact.save(other, tmp_path / "photos.keras")
    with pytest.raises(PodiumError, match="not one that finds lines"):
        LineFinder.load(tmp_path / "photos.keras")


def test_a_finder_that_finds_nothing_scores_nothing() -> None:
    class Blind:
        def find(self, pixels: np.ndarray) -> list:
            return []

    found = evaluate(Blind(), 3, 2)
    assert (found["lines"]["value"], found["count"]["value"], found["overlap"]) == (0, 0, 0)

    class Seer:
        """Finds what is there."""

        def __init__(self) -> None:
            self.index = -1

        def find(self, pixels: np.ndarray) -> list:
            self.index += 1
            return scene_of(3, self.index)[0].boxes

    found = evaluate(Seer(), 3, 2)
    assert (found["lines"]["value"], found["count"]["value"], found["overlap"]) == (1, 1, 1)


def test_very_many_lines_are_not_refined(monkeypatch) -> None:
    finder = LineFinder(dark_finder())
    calls: list[int] = []
    monkeypatch.setattr(finder, "_refined", lambda _, box: calls.append(1) or box)
    assert len(finder.find(dark_lines(16, (800, 1400)))) == len(calls) == 16
    assert len(finder.find(dark_lines(17, (800, 1480)))) == 17
    assert len(calls) == 16


def test_a_finder_no_better_than_a_constant_says_so() -> None:
    texts = [equation_text(1, index).count(";") + 1 for index in range(20)]
    three = texts.count(3)
    assert 10 < three < 20
    for n_right, warned in ((0, True), (three, True), (three + 1, False)):
        lines = baseline_warning({"count": share(n_right, 20)}, 1)
        assert bool(lines) == warned
    [told, remedy] = baseline_warning({"count": share(1, 20)}, 1)
    assert told.startswith(
        "WARNING: the finder counts the lines of 0.0500 of the pictures right, no"
    )
    assert "say 3 of all" in told
    assert "train_line_finder" in remedy
