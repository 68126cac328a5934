"""How many processors a process may use."""

from __future__ import annotations

import os

import pytest

from podium.core import hardware


@pytest.mark.parametrize(
    ("files", "n_processors"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu.max": "5000 100000\n"}, 1),
        ({"cpu.max": "1600000 100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu.max": "100000 0\n"}, 8),
        ({"cpu.max": "9" * 5000 + " 1\n"}, 8),
        ({"cpu.max": "\u00b200 100000\n"}, 8),
    ],
    ids=[
        *("no file", "no quota", "part of one", "less than one", "more", "old", "old, none"),
        *("no period", "digits without end", "no digits"),
    ],
)
def test_a_containers_quota_limits_the_processors(tmp_path, monkeypatch, files, n_processors):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(8))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert hardware.cores(tmp_path) == n_processors
