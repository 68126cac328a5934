"""Trained networks in use: what a batch gives, whatever the parts it is computed in."""

from __future__ import annotations

from threading import get_ident
from time import sleep

import numpy as np
import pytest

from podium.core import hardware
from podium.training import frozen, parts


def compiled(network, size=(None, None)):
    return frozen.compiled([network], lambda x: network(x / 255, training=False), size)


def test_a_batch_gives_what_the_network_gives(network, pixels):
    values = compiled(network, (24, 40))(pixels)
    by_layers = network(pixels.astype(np.float32) / 255, training=False)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, by_layers, atol=1e-5)


@pytest.mark.parametrize(
    ("side", "sizes"),
    [(32, [32]), (128, [16, 16]), (224, [8] * 4), (260, [5, 5, 6] * 2), (999, [1] * 32)],
)
def test_the_parts_of_a_batch_fit_the_processors_cache(side, sizes):
    pixels = np.zeros((32, side, side, 3), np.uint8)
    assert [len(part) for part in parts.parts_of(pixels)] == sizes


def test_an_empty_batch_is_one_empty_part():
    pixels = np.zeros((0, 24, 40, 3), np.uint8)
    assert [part.shape for part in parts.parts_of(pixels)] == [(0, 24, 40, 3)]
    assert parts.compute_by_parts(lambda part: part.mean((1, 2)), pixels).shape == (0, 3)


def test_as_many_parts_at_a_time_as_there_are_cores_to_use(monkeypatch):
    monkeypatch.setattr(hardware, "cores", lambda: 1)
    threads = []

    def compute(part):
        threads.append(get_ident())
        sleep(0.01)  # another thread, if there were one, would take the next part
        return np.zeros(len(part), np.float32)

    parts.compute_by_parts(compute, np.zeros((4, 8, 8, 3)), part_px=64)
    assert len(threads) == 4
    assert len(set(threads)) == 1


def test_bytes_do_not_depend_on_the_parts_of_a_batch(network, pixels, monkeypatch):
    whole = compiled(network)(pixels)
    monkeypatch.setattr(parts, "PART_PX", 3 * 24 * 40)
    assert [len(part) for part in parts.parts_of(pixels)] == [2, 2, 3]
    np.testing.assert_array_equal(compiled(network)(pixels), whole)
