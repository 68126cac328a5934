"""File names and other foreign text, made safe to print."""

from __future__ import annotations


def printable(text: object) -> str:
    r"""`text` with everything that cannot be printed written as an escape.

    Control characters cannot reach a terminal, and bytes of a file name that are not UTF-8 can be
    encoded: a line feed becomes `\n`, the byte 0xff of a name `\xff`.
    """
    return "".join(
        character if character.isprintable() else _escaped(character) for character in str(text)
    )


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8: PEP 383
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
