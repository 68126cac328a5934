import os
from pathlib import Path

import pytest

from podium.core.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("流=6;圳 1.png", "流=6;圳 1.png"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b2J\x00", r"\x9b2J\x00"),
        ("txt\u202egpj.exe", r"txt\u202egpj.exe"),
        (os.fsdecode(b"\xc1\xf7.png"), r"\xc1\xf7.png"),
    ],
)
def test_what_cannot_be_printed_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(Path("folder", text)) == f"folder/{shown}"
    assert printable(text).isprintable()
    assert printable(text).encode()
