"""Answers of files in batches: a broken file costs the others nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from podium.core.errors import EnvironmentFault, PodiumError, SettingsError
from podium.evaluation.file_answers import FileAnswer, answers_in_batches

PATHS = [Path(f"{number}.png") for number in range(11)]


def asking(broken, asked):
    def predict(part):
        asked.append(len(part))
        for path in part:
            if path.stem in broken:
                raise PodiumError(f"{path}: broken")
        return [[path.stem.upper(), 0.5] for path in part]

    return predict


@pytest.mark.parametrize("broken", [(), ("0",), ("10",), ("3", "4"), tuple(map(str, range(11)))])
def test_every_file_is_answered_in_order_but_the_broken(broken):
    answers = list(answers_in_batches(PATHS, 4, asking(broken, [])))
    assert answers == [
        FileAnswer(path, fault=f"{path}: broken")
        if path.stem in broken
        else FileAnswer(path, [path.stem, 0.5])
        for path in PATHS
    ]


def test_a_batch_is_asked_whole_and_halved_only_where_a_file_is_broken():
    asked = []
    list(answers_in_batches(PATHS, 4, asking(("5",), asked)))
    assert asked == [4, 4, 2, 1, 1, 2, 3]  # 0-3; 4-7, then 4-5, 4, 5, 6-7; 8-10


@pytest.mark.parametrize("kind", [EnvironmentFault, SettingsError])
def test_what_is_no_fault_of_a_file_ends_it(kind):
    def predict(_):
        raise kind("the disk is full")

    with pytest.raises(kind):
        list(answers_in_batches(PATHS, 4, predict))
