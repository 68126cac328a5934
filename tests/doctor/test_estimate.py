from __future__ import annotations

import pytest

from podium.doctor.estimate import (
    CARDS,
    Need,
    Speed,
    per_second,
    probe,
)

RUN = {"device": "here", "items_per_second": 100.0, "mflop_per_item": 50.0}


def test_a_stage_like_the_measured_one_takes_items_over_speed():
    assert Need("train", 360_000, "pictures", mflop=50.0, like=("t",)).hours({"t": RUN}) == 1.0


def test_a_network_of_thrice_the_operations_takes_thrice_as_long():
    need = Need("train", 360_000, "pictures", mflop=150.0, like=("t",))
    assert need.hours({"t": RUN}) == pytest.approx(3.0)
    assert need.hours({"t": RUN}, ratio=10) == pytest.approx(0.3)


def test_work_of_the_processor_is_no_faster_on_a_card():
    plain = {"items_per_second": 100.0}
    assert Need("tile", 360_000, "tiles", like=("t",)).hours({"t": plain}, ratio=50) == 1.0


def test_operations_that_no_card_takes_over():
    need = Need("heads", 360_000, "rows", mflop=100.0, like=("t",), on_card=False)
    assert need.hours({"t": RUN}, ratio=50) == pytest.approx(2.0)


def test_a_network_is_not_reckoned_from_a_run_whose_operations_nobody_counted():
    plain, need = {"items_per_second": 100.0}, Need("train", 1, "tiles", mflop=9.0, like=("t", "u"))
    assert need.hours({"t": plain}) is None
    assert need.hours({"t": plain, "u": RUN}) == need.hours({"u": RUN})


def test_a_ratio_to_this_processor_is_for_what_was_measured_on_it():
    need = Need("train", 360_000, "pictures", mflop=50.0, like=("t",))
    assert need.hours({"t": RUN}, 10, here="here") == pytest.approx(0.1)
    assert need.hours({"t": RUN}, 10, here="a GPU") is None


def test_the_slower_of_device_and_processor_decides():
    need = Need("extract", 360_000, "pictures", mflop=50.0, like=("t",), host=200.0)
    assert need.hours({"t": RUN}) == 1.0
    assert need.hours({"t": RUN}, ratio=10) == 0.5
    assert Need("draw", 360_000, "pictures", host=200.0).hours({}) == 0.5


def test_the_first_that_was_measured_holds():
    need = Need("train", 360_000, "pictures", like=("a", "b", "c"))
    idle = {"device": "here"}  # a stage that had nothing to do
    assert need.hours({"a": idle, "b": RUN, "c": {"items_per_second": 1.0}}) == 1.0
    assert need.hours({"a": idle}) is None


def test_the_weaker_side_of_a_card_decides():
    t4, h100 = CARDS["t4"], CARDS["h100"]
    assert Speed(gflops=100.0, bandwidth=20.0).ratio(t4) == 16.0  # 320 / 20, not 65,000 / 100
    assert Speed(gflops=10_000.0, bandwidth=20.0).ratio(t4) == 6.5
    assert Speed(100.0, 20.0).ratio(h100) > 10 * Speed(100.0, 20.0).ratio(t4)


def test_this_processor_does_something():
    found = probe(side=128, megabytes=4, rounds=1)
    assert found.gflops > 0.01
    assert found.bandwidth > 0.01
    calls = []
    assert per_second(lambda n: calls.append(n), 10) > 0
    assert calls == [1, 10]
