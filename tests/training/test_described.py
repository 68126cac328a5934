"""What an artefact says of itself is checked before anything is predicted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from podium.core.errors import PodiumError
from podium.training.described import Described, checked

GOOD = {"task": "toys", "classes": ["bear"], "weight": 1, "calibration": {"slope": 2.0}}


class Says(Described):
    purpose = "toys"
    classes: Annotated[list[str], Field(min_length=1)]
    weight: Annotated[float, Field(gt=0)]
    calibration: dict[str, float]


def test_what_fits_comes_back_and_the_rest_is_left_alone():
    says = checked(Says, Path("m.keras"), GOOD | {"more": object()})
    assert (says.classes, says.weight, says.calibration) == (["bear"], 1.0, {"slope": 2.0})


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"classes": None}, "classes: "),
        ({"classes": "x"}, "classes: "),
        ({"classes": []}, "classes: "),
        ({"classes": [1]}, r"classes\.0: "),
        ({"classes": {"a": 1}}, "classes: "),
        ({"weight": "1"}, "weight: "),
        ({"weight": -1}, "weight: "),
        ({"weight": math.nan}, "weight: "),
        ({"calibration": {"slope": "x"}}, r"calibration\.slope: "),
        ({"calibration": None}, "calibration: "),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(change, where):
    says = rf"^m\.keras: a podium model, but not one for toys \({where}.*\)\nremedy: run dvc repro"
    with pytest.raises(PodiumError, match=says):
        checked(Says, Path("m.keras"), GOOD | change)
