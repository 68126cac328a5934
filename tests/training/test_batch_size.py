from __future__ import annotations

import json

import numpy as np
import pytest

from podium.core.errors import EnvironmentFault
from podium.core.files import scratch_dir
from podium.training.batch_size import BatchSize, in_batches
from podium.training.runtime import keras, tf

ROWS = np.arange(20, dtype=np.float32).reshape(10, 2)


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path))


def network(units: int = 3) -> keras.Model:
    given = keras.Input((2,))
    return keras.Model(given, keras.layers.Dense(units)(given), name="small")


class Device:
    """Doubles rows, as long as not too many come at once."""

    def __init__(self, holds: int) -> None:
        self.holds, self.asked = holds, []

    def __call__(self, rows):
        self.asked.append(len(rows))
        if len(rows) > self.holds:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM")
        return rows * 2


def test_what_does_not_fit_is_computed_in_halves_and_the_result_is_whole(capsys):
    device = Device(3)
    found = in_batches([network()], device)(ROWS)
    np.testing.assert_array_equal(found, ROWS * 2)
    assert device.asked == [10, 5, 3, 3, 3, 1]
    assert capsys.readouterr().out == (
        "small: out of memory, now 5 at once\nsmall: out of memory, now 3 at once\n"
    )


def test_the_next_process_begins_where_this_one_ended():
    in_batches([network()], Device(3))(ROWS)
    later = Device(3)
    in_batches([network()], later)(ROWS)
    assert later.asked == [3, 3, 3, 1]


def test_another_model_or_shape_or_batch_is_tried_anew():
    in_batches([network()], Device(3))(ROWS)
    for model, rows in ((network(4), ROWS), (network(), ROWS[:9]), (network(), ROWS[:, :1])):
        device = Device(100)
        in_batches([model], device)(rows)
        assert device.asked == [len(rows)]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"size": "many"}', '{"size": 0}'])
def test_a_broken_memory_is_no_memory(text):
    BatchSize([network()], 8, "x").halve()
    (path,) = scratch_dir("batch-sizes").glob("*.json")
    assert json.loads(path.read_text())["size"] == 4
    path.write_text(text)
    assert BatchSize([network()], 8, "x").size == 8


def test_one_row_that_does_not_fit():
    with pytest.raises(EnvironmentFault, match=r"^small: .*single item\nremedy: "):
        in_batches([network()], Device(0))(ROWS)


def test_other_errors_come_through():
    def broken(rows):
        raise tf.errors.InternalError(None, None, "illegal address")

    with pytest.raises(tf.errors.InternalError, match="illegal"):
        in_batches([network()], broken)(ROWS)
