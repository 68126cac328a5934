"""Texts from elsewhere do not reach the terminal's controls, nor break a table."""

import os

import pytest

from podium.core.printable import csv_cell, printable


@pytest.mark.parametrize(("text", "shown"), [
    ("Schnitt 1 ä 図.tif", "Schnitt 1 ä 図.tif"),
    ("a\x1b[2Jb", r"a\x1b[2Jb"),
    ("a\r\nb\tc", r"a\r\nb\tc"),
    ("a\u202eb\u2028c", r"a\u202eb\u2028c"),
    (os.fsdecode(b"a\xffb"), r"a\xffb"),
])  # fmt: skip
def test_printable(text, shown):
    assert printable(text) == shown


def test_cells():
    assert csv_cell("a b") == "a b"
    assert csv_cell('a,"b"\n') == '"a,""b""\\n"'
