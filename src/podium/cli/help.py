"""Help of the command line: examples keep their lines."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

EXAMPLES = "Examples:\n"
KEEP_LINES = "\b\n"  # what tells Click not to fill the paragraph that follows


class CommandGroup(TyperGroup):
    """Commands whose docstrings may end in a section of examples, each on its own line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for command in self.commands.values():
            for each in (command, *getattr(command, "commands", {}).values()):
                if each.help and KEEP_LINES not in each.help:
                    each.help = each.help.replace(EXAMPLES, KEEP_LINES + EXAMPLES)
