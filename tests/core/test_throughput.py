from __future__ import annotations

import pytest

from podium.core import throughput
from podium.core.throughput import Throughput, ThroughputMeter, total


@pytest.fixture
def ticking(monkeypatch):
    """A meter that goes on by what is told."""
    now = [0.0]
    monkeypatch.setattr(throughput.time, "perf_counter", lambda: now[0])

    def spend(seconds: float) -> None:
        now[0] += seconds

    return spend


def test_the_first_step_is_not_timed(ticking):
    meter = ThroughputMeter()
    for seconds in meter.measure_each([9.0, 1.0, 3.0], lambda _: 8):
        ticking(seconds)
    found = meter.throughput(24, batch_size=8)
    assert (found.n_items, found.n_timed, found.seconds) == (24, 16, 4.0)
    assert meter.items_per_second == 4.0
    assert found.as_record() == {
        "items": 24, "items_per_second": 4.0, "batch_size": 8
    }  # fmt: skip


def test_an_only_step_is_timed(ticking):
    meter = ThroughputMeter()
    with meter.measure(10):
        ticking(5.0)
    assert meter.throughput(10).as_record() == {"items": 10, "items_per_second": 2.0}


def test_nothing_to_do_has_no_speed():
    meter = ThroughputMeter()
    assert list(meter.measure_each([], lambda _: 1)) == []
    assert meter.items_per_second == 0.0
    assert meter.throughput(500).as_record() == {"items": 500}  # all were done by an earlier run


def test_work_adds_up():
    found = total([Throughput(10, 2.0, 8, 4), Throughput(20, 1.0, 16, 4)])
    assert found == Throughput(30, 3.0, 24, 4)
    done_before_a_kill = Throughput(10, 0.0, 0, 4)
    assert total([done_before_a_kill, Throughput(20, 1.0, 16, 4)]) == Throughput(30, 1.0, 16, 4)
