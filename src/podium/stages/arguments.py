"""The command line every stage shares: paths in, paths out, and where the settings lie."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path


def parse(
    description: str | None, argv: Sequence[str] | None, *paths: str, names: Sequence[str] = ()
) -> argparse.Namespace:
    """The stage's arguments: `--<path>` for each of `paths`, `--<name>` for words, `--params`.

    Args:
        description: shown by --help.
        argv: the words after the module's name; None reads the command line.
        paths: required options that take a path.
        names: required options that take a word.
    """
    parser = argparse.ArgumentParser(description=description)
    for name in paths:
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
    for name in names:
        parser.add_argument(f"--{name}", required=True, metavar="NAME")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="PATH")
    return parser.parse_args(argv)
