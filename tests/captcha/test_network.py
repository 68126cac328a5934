import numpy as np
import pytest

from podium.captcha import network
from podium.models import losses
from podium.training.runtime import keras, tf


def test_standardise_by_hand():
    # two pixels, red 0 and 4, green 1 and 1, blue 2 and 2: centred red -2 and 2, deviation
    # sqrt((4 + 4) / 6) over all three colours
    pixels = np.array([[[[0, 1, 2], [4, 1, 2]]]], dtype=np.uint8)
    found = np.asarray(network.Standardise()(pixels))
    value = 2 / (np.sqrt(8 / 6) + 1)
    log = np.log(2 + np.sqrt(5)) / np.log(10)  # asinh(2)
    expected = [[-value, 0, 0, -log, 0, 0], [value, 0, 0, log, 0, 0]]
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-5)


def test_a_faint_picture_looks_like_a_plain_one(rng):
    plain = rng.integers(0, 2, (1, 20, 30, 3)) * 200.0
    faint = 100 + plain / 20
    left, right = (np.asarray(network.Standardise()(one))[..., :3] for one in (plain, faint))
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.999
    assert right.std() > 0.8


def test_faint_glyphs_stand_out_beside_dark_dots():
    pixels = np.full((1, 40, 40, 3), 250.0)
    pixels[:, ::20, ::20] = 0  # four dots
    pixels[:, 10:14, 5:35] = 247  # a stroke
    found = np.asarray(network.Standardise()(pixels))[0]
    step = found[5, 8] - found[12, 8]
    assert (np.abs(step[:3]) < 0.3).all()
    assert (np.abs(step[3:]) > 0.3).all()


def test_an_even_picture_gives_zeros():
    assert not np.asarray(network.Standardise()(np.full((1, 4, 4, 3), 77))).any()


@pytest.mark.parametrize(
    ("kind", "size", "steps"),
    [
        ("crnn", (170, 80), 21),
        ("crnn", (180, 60), 22),
        ("crnn", (200, 50), 25),
        ("ctc", (200, 50), 25),
        ("cnn", (170, 80), 4),
    ],
)
def test_logits_have_a_step_for_each_eight_pixels_or_each_character(kind, size, steps):
    model = network.build(kind, size, 37, 4, 4, {})
    assert network.n_steps(model) == steps
    logits = model(np.zeros((2, size[1], size[0], 3), dtype=np.float32))
    assert logits.shape == (2, steps, 37)


def test_without_recurrence_a_step_sees_its_surroundings_only():
    keras.utils.set_random_seed(0)
    ctc, crnn = (network.build(kind, (256, 32), 5, 4, 4, {}, 4) for kind in ("ctc", "crnn"))
    pixels = np.random.default_rng(0).integers(0, 256, (1, 32, 256, 3)).astype(np.float32)
    other = pixels.copy()
    other[:, :, 200:240] = pixels[:, ::-1, 200:240]  # same mean and deviation
    moved = [
        np.abs(model.predict(pixels, verbose=0) - model.predict(other, verbose=0))[0].max(-1)
        for model in (ctc, crnn)
    ]
    assert (moved[0][:40] < 1e-5).all()
    assert (moved[0][51:59] > 1e-3).all()
    assert (moved[1][36:40] > 2e-5).all()


def test_the_smallest_pictures_pass():
    for kind in ("cnn", "crnn", "ctc"):
        assert network.build(kind, (32, 32), 5, 2, 4, {}).output_shape[2] == 5


def test_logits_stay_in_float32_under_mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = network.build("crnn", (90, 30), 16, 5, 4, {})
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert model(np.zeros((1, 30, 90, 3), dtype=np.float32)).dtype == "float32"


def test_losses_by_enumeration_and_by_hand():
    # T = 2, classes blank, a, b with probabilities .5 .3 .2 at both steps; the paths of "a" are
    # aa, a-, -a: .09 + .15 + .15
    logits = np.log(np.array([[[0.5, 0.3, 0.2]] * 2], dtype=np.float32))
    ctc = losses.reader_loss("crnn")(np.array([[1, 0]], dtype=np.int32), logits)
    assert float(ctc) == pytest.approx(-np.log(0.39), rel=1e-5)
    by_character = losses.reader_loss("cnn")(np.array([[1, 2]], dtype=np.int32), logits)
    assert float(by_character) == pytest.approx(-(np.log(0.3) + np.log(0.2)) / 2, rel=1e-5)


@pytest.mark.parametrize(("step", "steps"), [(8, 96), (4, 192)])
def test_a_step_is_four_or_eight_pixels_wide(step, steps):
    model = network.build("crnn", (768, 64), 45, 46, 4, {}, step)
    assert network.n_steps(model) == steps


def test_the_reader_of_equations_is_smaller_than_the_books():
    for width in (16, 32):  # of params.yaml, and of profiles/full.yaml
        assert network.build("crnn", (768, 64), 45, 46, width, {}, 4).count_params() < 1_540_000


def test_the_processors_ctc_is_that_of_keras(rng):
    logits = rng.normal(size=(4, 12, 5)).astype(np.float32) * 3
    labels = np.array([[1, 2, 3, 4], [1, 1, 0, 0], [4, 3, 4, 0], [2, 0, 0, 0]], dtype=np.int32)
    found, gradients = [], []
    for loss in (losses.ProcessorCTC(), keras.losses.CTC()):
        given = tf.constant(logits)
        with tf.GradientTape() as tape:
            tape.watch(given)
            found.append(loss(labels, given))
        gradients.append(tape.gradient(found[-1], given))
    np.testing.assert_allclose(*found, rtol=1e-5)
    np.testing.assert_allclose(*gradients, atol=1e-5)
