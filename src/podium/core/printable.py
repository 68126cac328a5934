"""Texts from elsewhere, such as file names, made safe to print and to put into a table."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""`text` with control characters, line breaks and bytes that are no UTF-8 as escapes.

    The control character of a bell becomes the four characters `\x07`.
    """
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    if 0xDC80 <= ord(char) <= 0xDCFF:  # a byte of a file name that is no UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def csv_cell(text: str) -> str:
    """`text`, printable, as a cell of a CSV: quoted where it holds a comma or a quote."""
    text = printable(text)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text
