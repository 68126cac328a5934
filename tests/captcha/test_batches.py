from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from house import ROOT
from podium.captcha import batches
from podium.captcha.batches import random_transforms, rebatch, shuffled_rows, stored_batches
from podium.core.params import TrainCaptchaReader, load_params
from podium.training.loop import Batch

N = 7  # pictures


def settings(**changes: object) -> TrainCaptchaReader:
    reader = load_params(ROOT / "params.yaml").train_captcha_reader["text-crnn"]
    return reader.model_copy(update=changes)


def numbered(*numbers: int) -> Batch:
    """Pictures whose every pixel, and every label, is their number."""
    column = np.array(numbers, dtype=np.int32).reshape(-1, 1)
    return np.broadcast_to(column[:, :, None, None], (len(column), 2, 3, 3)).astype(np.uint8), (
        np.repeat(column, 4, axis=1)
    )


def numbers_of(batch: Batch) -> list[int]:
    pixels, labels = batch
    assert (pixels.shape[1:], labels.shape[1:]) == ((2, 3, 3), (4,))
    np.testing.assert_array_equal(pixels[:, 1, 2, 1], labels[:, 3])
    return labels[:, 0].tolist()


# ---- the order


def test_every_pass_shows_each_picture_once() -> None:
    passes = shuffled_rows(0, 50 * N, N, 3).reshape(50, N)
    for one in passes:
        assert sorted(one) == list(range(N))
    assert len({tuple(one) for one in passes}) > 45  # of 5040 orders


def test_the_order_is_the_same_from_any_start() -> None:
    whole = shuffled_rows(0, 40, N, 3)
    for start in range(40):
        for n in (0, 1, 5, N, 2 * N + 3):
            found = shuffled_rows(start, min(n, 40 - start), N, 3)
            np.testing.assert_array_equal(found, whole[start : start + n])


def test_seeds_give_orders_of_their_own() -> None:
    orders = {tuple(shuffled_rows(0, 30, 30, seed)) for seed in range(20)}
    assert len(orders) == 20
    second = [tuple(shuffled_rows(30, 30, 30, seed)) for seed in range(20)]
    assert not orders & set(second)  # pass 1 of a seed is not pass 0 of the next


def test_the_order_does_not_depend_on_global_randomness() -> None:
    np.random.seed(1)  # noqa: NPY002
    first = shuffled_rows(5, 20, N, 3)
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(shuffled_rows(5, 20, N, 3), first)


def test_far_into_training() -> None:
    found = shuffled_rows(10**9 - 3, N + 6, N, 0)
    assert len(set(found)) == N
    assert shuffled_rows(0, 3, 1, 0).tolist() == [0, 0, 0]


# ---- batches


def test_stored_batches_pair_pixels_and_labels() -> None:
    pixels, labels = numbered(*range(N))
    found = list(islice(stored_batches(pixels, labels, settings(batch_size=3, seed=4), 0), 9))
    numbers = [one for batch in found for one in numbers_of(batch)]
    assert [len(batch[1]) for batch in found] == [3] * 9
    assert numbers == shuffled_rows(0, 27, N, 4).tolist()
    assert (found[0][0].dtype, found[0][1].dtype) == (np.uint8, np.int32)


def test_stored_batches_resume() -> None:
    stored, reader = numbered(*range(N)), settings(batch_size=4, seed=0)
    whole = [numbers_of(one) for one in islice(stored_batches(*stored, reader, 0), 10)]
    for position in range(1, 10):
        again = islice(stored_batches(*stored, reader, 4 * position), 10 - position)
        assert [numbers_of(one) for one in again] == whole[position:]


def test_a_batch_may_be_larger_than_the_pictures() -> None:
    stored = numbered(*range(N))
    batch = next(stored_batches(*stored, settings(batch_size=3 * N), 0))
    assert sorted(numbers_of(batch)) == sorted([*range(N)] * 3)


@pytest.mark.parametrize("parts", [[10], [1] * 10, [3, 4, 3], [2, 0, 8], [0, 9, 1], [5, 5]])
@pytest.mark.parametrize("size", [1, 3, 4, 10])
def test_batches_keep_the_order_and_drop_the_rest(parts: list[int], size: int) -> None:
    edges = np.cumsum([0, *parts])
    stream = (numbered(*range(edges[k], edges[k + 1])) for k in range(len(parts)))
    found = [numbers_of(batch) for batch in rebatch(stream, size)]
    assert found == [list(range(at, at + size)) for at in range(0, 10 - size + 1, size)]


def test_too_little_for_one_batch() -> None:
    assert list(rebatch(iter([numbered(1), numbered(2)]), 3)) == []
    assert list(rebatch(iter([]), 3)) == []


def test_no_part_is_asked_for_too_early() -> None:
    asked = []

    def parts() -> Iterator[Batch]:
        for number in range(5):
            asked.append(number)
            yield numbered(*range(4 * number, 4 * number + 4))

    stream = rebatch(parts(), 3)
    assert numbers_of(next(stream)) == [0, 1, 2]
    assert asked == [0]
    assert numbers_of(next(stream)) == [3, 4, 5]
    assert asked == [0, 1]


# ---- distortions

W, H = 21, 11
CENTRE = np.array([(W - 1) / 2, (H - 1) / 2])


def moved(transform: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Where the output's `point` (x, y) comes from; the 8 numbers as Keras and OpenCV have them."""
    a, b, c, d, e, f, g, h = transform.astype(float)
    x, y = point
    return np.array([a * x + b * y + c, d * x + e * y + f]) / (g * x + h * y + 1)


def fixed(monkeypatch: pytest.MonkeyPatch, **values: float) -> np.ndarray:
    """The one transform of these draws, in the order in which they are drawn."""

    class Fixed:
        def uniform(self, low: float, high: float, shape: tuple[int, int]) -> np.ndarray:
            assert (low, high, shape) == (-0.5, 0.5, (6, 1))
            names = ("along", "across", "lean", "turn", "right", "down")
            return np.array([[values.get(name, 0.0)] for name in names])

    monkeypatch.setattr(batches.np.random, "default_rng", lambda _: Fixed())
    return random_transforms(1, (W, H), 0.5, [0])[0]


def test_no_strength_no_change() -> None:
    found = random_transforms(5, (W, H), 0.0, [1, 2])
    assert found.tolist() == [[1, 0, 0, 0, 1, 0, 0, 0]] * 5
    assert found.dtype == np.float32


def test_distortions_depend_on_their_seed_only() -> None:
    found = random_transforms(4, (W, H), 0.1, [1, 2])
    np.testing.assert_array_equal(random_transforms(4, (W, H), 0.1, (1, 2)), found)
    others = [random_transforms(4, (W, H), 0.1, seed) for seed in ([1, 3], [2, 2], [2, 1], [1])]
    assert len({one.tobytes() for one in [found, *others]}) == 5
    assert len({one.tobytes() for one in found}) == 4  # and no two pictures share one
    assert random_transforms(0, (W, H), 0.1, [1]).shape == (0, 8)


@pytest.mark.parametrize(
    ("values", "step", "wanted"),
    [
        ({}, (4, 2), (4, 2)),
        ({"right": 0.2}, (0, 0), (2.2, 0)),  # of the height, 11
        ({"down": -0.1}, (0, 0), (0, -1.1)),
        ({"along": 0.25}, (4, 2), (5, 2)),
        ({"across": -0.5}, (4, 2), (4, 1)),
        ({"lean": 0.5}, (4, 2), (5, 2)),
        ({"turn": np.pi / 6}, (2, 0), (3**0.5, 1)),
        ({"turn": np.pi / 6}, (0, 2), (-1, 3**0.5)),
        ({"turn": 0.3, "along": 0.2, "across": 0.1, "lean": -0.4}, (0, 0), (0, 0)),
        ({"turn": 0.3, "right": 0.2, "down": 0.3}, (0, 0), (2.2, 3.3)),
    ],
)
def test_distortions_by_hand(
    monkeypatch: pytest.MonkeyPatch,
    values: dict[str, float],
    step: tuple[int, int],
    wanted: tuple[float, float],
) -> None:
    transform = fixed(monkeypatch, **values)
    found = moved(transform, CENTRE + step) - CENTRE
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("strength", [0.02, 0.1, 0.3])
def test_distortions_are_bounded(strength: float) -> None:
    found = random_transforms(2000, (W, H), strength, [7])
    assert (found.shape, found.dtype) == ((2000, 8), np.float32)
    assert (found[:, 6:] == 0).all()
    shift = np.array([moved(one, CENTRE) - CENTRE for one in found])
    assert strength * H * 0.98 < np.abs(shift).max() <= strength * H + 1e-4
    turn = np.arcsin(found[:, 3].astype(float))
    assert strength * 0.98 < np.abs(turn).max() <= strength + 1e-6
    for scale in (found[:, 0] / np.cos(turn) - 1, found[:, 4] / np.cos(turn) - 1):
        assert strength * 0.98 < np.abs(scale).max() <= strength + 1e-5
    lean = found[:, 1] + found[:, 3]
    assert strength * 0.98 < np.abs(lean).max() <= strength + 1e-5
    for one in (shift[:, 0], shift[:, 1], turn, lean):  # to either side as often
        assert abs(one.mean()) < 0.1 * np.abs(one).max()
