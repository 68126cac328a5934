"""A reader that starts from another reader's artefact."""

from pathlib import Path

import numpy as np
import pytest

from house import ROOT
from podium.captcha import network, training
from podium.captcha.charset import Charset
from podium.captcha.dataset import Facts, Split, write_captchas
from podium.captcha.reader_checks import check_reader_settings
from podium.captcha.start import _stretched, start_from
from podium.core.errors import PodiumError, SettingsError
from podium.core.params import Params, load_params
from podium.training import artefact
from podium.training.runtime import keras, set_up

OLD, NEW = Charset("0123ABX"), Charset("3ab8")


def reader(
    charset: Charset,
    size: tuple[int, int] = (64, 32),
    kind: str = "crnn",
    width: int = 4,
    n_characters: int = 3,
) -> keras.Model:
    says = {"task": "captcha-text", "charset": charset.characters}
    return network.build(kind, size, len(charset.characters) + 1, n_characters, width, says)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    set_up(1)
    path = tmp_path_factory.mktemp("start") / "old.keras"
    artefact.save(reader(OLD), path)
    return path


def weights(model: keras.Model) -> list[list[np.ndarray]]:
    return [layer.get_weights() for layer in model.layers if layer.weights]


def test_layers_are_taken_and_classes_by_their_character(trained: Path) -> None:
    set_up(2)
    model = reader(NEW)
    before, old = weights(model), weights(artefact.load(trained)[0])
    start_from(model, trained, NEW)
    after = weights(model)
    for ours, theirs in zip(after[:-1], old[:-1], strict=True):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)
    for part in range(2):  # kernel and bias: blank, 3, a as A, b as B; 8 is new
        taken = [0, OLD.characters.index("3") + 1, OLD.characters.index("A") + 1]
        np.testing.assert_array_equal(after[-1][part][..., [0, 1, 2]], old[-1][part][..., taken])
        np.testing.assert_array_equal(after[-1][part][..., 4], before[-1][part][..., 4])


def test_pictures_of_another_height_and_width_see_the_same(trained: Path) -> None:
    model = reader(NEW, (96, 64))
    start_from(model, trained, NEW)
    [old], [new] = (
        [layer for layer in one.layers if type(layer) is keras.layers.Dense and not layer.use_bias]
        for one in (artefact.load(trained)[0], model)
    )
    assert new.kernel.shape[0] == 2 * old.kernel.shape[0]
    channels = np.random.default_rng(0).normal(size=24)  # the same in every row
    seen = [np.tile(channels, n) @ np.asarray(one.kernel) for n, one in ((2, old), (4, new))]
    np.testing.assert_allclose(*seen, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ([1, 2, 3], [1, 1.25, 1.75, 2.25, 2.75, 3]),
        ([1, 2], [1, 1.25, 1.75, 2]),
        ([1, 2, 3, 4, 5, 6], [1.5, 3.5, 5.5]),
        ([1, 2, 3], [1, 1.625, 2.375, 3]),
    ],
    ids=["3-6", "2-4", "6-3", "3-4"],
)
def test_rows_of_features_keep_their_order(old: list[float], expected: list[float]) -> None:
    n_channels, unit = 4, np.float32([[1, -2]])
    given = np.repeat(np.float32(old), n_channels)[:, None] * unit
    new = _stretched(given, (len(expected) * n_channels, 2), n_channels) * len(expected) / len(old)
    np.testing.assert_allclose(new, np.repeat(expected, n_channels)[:, None] * unit, rtol=1e-5)


def test_rows_of_a_trained_reader_keep_their_order(trained: Path) -> None:
    model, old = reader(NEW, (64, 64)), artefact.load(trained)[0]
    start_from(model, trained, NEW)
    rows = [
        np.asarray(layer.kernel).reshape(-1, 24, layer.units)
        for one in (old, model)
        for layer in one.layers
        if type(layer) is keras.layers.Dense and not layer.use_bias
    ]
    first, last = rows[0]
    between = [0.75 * first + 0.25 * last, 0.25 * first + 0.75 * last]
    np.testing.assert_allclose(2 * rows[1], [first, *between, last], rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def trained_cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    set_up(1)
    path = tmp_path_factory.mktemp("start") / "cnn.keras"
    artefact.save(reader(OLD, kind="cnn"), path)
    return path


def test_a_cnn_takes_the_classes_of_every_character(trained_cnn: Path) -> None:
    set_up(2)
    model = reader(NEW, kind="cnn")
    before, old = weights(model)[-1], weights(artefact.load(trained_cnn)[0])[-1]
    start_from(model, trained_cnn, NEW)
    taken = [0, OLD.characters.index("3") + 1, OLD.characters.index("A") + 1]
    for ours, own, theirs in zip(weights(model)[-1], before, old, strict=True):
        by_class, untrained = (each.reshape(*each.shape[:-1], 3, -1) for each in (ours, own))
        trained_classes = theirs.reshape(*theirs.shape[:-1], 3, -1)
        np.testing.assert_array_equal(by_class[..., [0, 1, 2]], trained_classes[..., taken])
        np.testing.assert_array_equal(by_class[..., 4], untrained[..., 4])


@pytest.mark.parametrize(
    ("size", "n_characters"),
    [((96, 32), 3), ((32, 64), 3), ((64, 32), 6)],
    ids=["wider", "as many features", "longer texts"],
)
def test_a_cnn_takes_no_other_pictures_or_lengths(
    size: tuple[int, int], n_characters: int, trained_cnn: Path
) -> None:
    model = reader(NEW, size, "cnn", n_characters=n_characters)
    with pytest.raises(
        PodiumError, match=r"cnn\.keras: a cnn of pictures of another size or texts"
    ):
        start_from(model, trained_cnn, NEW)


@pytest.mark.parametrize(("kind", "width"), [("cnn", 4), ("crnn", 8)])
def test_readers_of_another_architecture_are_refused(kind: str, width: int, trained: Path) -> None:
    with pytest.raises(PodiumError, match=r"old\.keras: no reader of captchas of the same model"):
        start_from(reader(NEW, kind=kind, width=width), trained, NEW)


def settings(**changes: object) -> Params:
    params = load_params(ROOT / "params.yaml")
    reader = params.train_captcha_reader["text-crnn"].model_copy(update={"width": 4, **changes})
    return params.model_copy(update={"train_captcha_reader": {"text-crnn": reader}})


def job(folder: Path, **changes: object) -> training.ReaderTraining:
    path, facts = folder / "text.h5", Facts((64, 32), NEW, {"task": "text", "source": "raw"})
    pixels = np.random.default_rng(0).integers(0, 256, (40, 32, 64, 3), dtype=np.uint8)
    parts = [(pixels, ["3a", "b8"] * 20)] * 3
    names = ("train", "validation", "test")
    write_captchas(path, facts, [Split(name, list(map(str, range(40)))) for name in names], parts)
    return training.reader_training("text-crnn", path, facts, settings(**changes))


def test_settings_say_what_a_reader_starts_from(trained: Path, tmp_path: Path) -> None:
    model = training.build_reader(job(tmp_path, start=str(trained)))
    other = training.build_reader(job(tmp_path, start="scratch"))
    [old, ours, scratch] = (weights(one)[0][0] for one in (artefact.load(trained)[0], model, other))
    np.testing.assert_array_equal(ours, old)
    assert not np.array_equal(scratch, old)


def test_settings_say_how_many_train_pictures_are_changed(tmp_path: Path) -> None:
    batches = [
        next(training._batches(job(tmp_path, vary=share, batch_size=32), 0)(0))
        for share in (0.0, 1.0)
    ]
    np.testing.assert_array_equal(batches[0][1], batches[1][1])
    changed = [not np.array_equal(*pair) for pair in zip(batches[0][0], batches[1][0], strict=True)]
    assert np.mean(changed) > 0.9


def test_starts_that_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("text-crnn", "other"):
        with pytest.raises(
            SettingsError,
            match=rf"text-crnn\.start: models/{name}\.keras is an output of DVC, .*\n"
            rf"remedy: copy it, `cp models/{name}\.keras data/weights/`, and set start to "
            rf"data/weights/{name}\.keras$",
        ):
            check_reader_settings("text-crnn", "raw", settings(start=f"models/{name}.keras"))
    with pytest.raises(PodiumError, match=r"gone\.keras"):
        check_reader_settings("text-crnn", "raw", settings(start="gone.keras"))
    pixels = keras.Input((4, 4, 3))
    photos = keras.Model(pixels, artefact.MetadataLayer({"task": "photos"})(pixels))
    artefact.save(photos, tmp_path / "photos.keras")
    with pytest.raises(PodiumError, match=r"photos\.keras: no reader of captchas, but train_capt"):
        check_reader_settings("text-crnn", "raw", settings(start="photos.keras"))
