import copy

from podium.slides.annotations.limits import Unusable


def test_a_fault_stays_what_it_was_between_processes() -> None:
    fault = copy.copy(Unusable("empty file", "remove it"))  # as pickle makes it
    assert str(fault) == "empty file\nremedy: remove it"
