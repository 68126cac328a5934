"""Lint: public functions explain their parameters, and state the shapes of arrays.

    python .ci/docstrings.py [folder ...]

A public function of three or more parameters has an Args section that names each of them; options
of the command line explain themselves. One that takes or gives arrays states a shape with axis
letters, such as (N, K); the dtype stands in the annotation, or else in the docstring.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SHAPE = re.compile(r"\((?:\.\.\., ?)?[A-Za-z0-9_ *+/-]+,(?: ?[A-Za-z0-9_. *+/-]+,?)*\)")
DTYPE = re.compile(r"uint8|u?int(16|32|64)|float(16|32|64)|bool|integer|dtype|numeric")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main(folders: list[str]) -> int:
    """Print every fault in `folders`; 1 if there is one."""
    files = sorted(path for folder in folders for path in Path(folder).rglob("*.py"))
    aliases = {}
    for path in files:
        aliases |= arrays_named(ast.parse(path.read_text(encoding="utf-8")))
    faults = [fault for path in files for fault in faults_of(path, aliases)]
    print("\n".join(faults))
    return 1 if faults else 0


def arrays_named(tree: ast.Module) -> dict[str, str]:
    """The names that a module gives to array types, with what they stand for."""
    return {
        node.targets[0].id: ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and "NDArray" in ast.unparse(node.value)
    }


def faults_of(path: Path, aliases: dict[str, str]) -> Iterator[str]:
    """What is missing in the docstrings of `path`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    known = aliases | arrays_named(tree)
    for function in public_functions(tree):
        text = ast.get_docstring(function) or ""
        where = f"{path}:{function.lineno}: {function.name}"
        if missing := unexplained(function, text):
            yield f"{where}: Args lacks {', '.join(missing)}"
        kinds = " ".join(array_kinds(function, known))
        if kinds and not SHAPE.search(text):
            yield f"{where}: no shape, such as (N, K)"
        if kinds and "Any" in kinds and not DTYPE.search(kinds + text):
            yield f"{where}: no dtype"


def public_functions(tree: ast.Module) -> Iterator[Function]:
    """Functions of a module and methods of its public classes, but for private and magic ones."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            bodies = node.body
        else:
            bodies = [node]
        for item in bodies:
            if isinstance(item, Function) and not item.name.startswith("_"):
                yield item


def parameters(function: Function) -> list[ast.arg]:
    """All parameters but self and cls."""
    spec = function.args
    named = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
    extra = [arg for arg in (spec.vararg, spec.kwarg) if arg]
    return [arg for arg in named + extra if arg.arg not in ("self", "cls")]


def unexplained(function: Function, text: str) -> list[str]:
    """The parameters that Args should name and does not."""
    names = [
        arg.arg
        for arg in parameters(function)
        if not (arg.annotation and ast.unparse(arg.annotation).startswith("Annotated["))
    ]
    if len(names) < 3:
        return []
    part = text.partition("Args:")[2]
    return [name for name in names if not re.search(rf"(?m)^ +[^:\n]*\b{name}\b[^:\n]*:", part)]


def array_kinds(function: Function, known: dict[str, str]) -> Iterator[str]:
    """What the array annotations of a function stand for."""
    notes = [arg.annotation for arg in parameters(function)] + [function.returns]
    for note in filter(None, notes):
        text = ast.unparse(note)
        if "NDArray" in text:
            yield text
        yield from (known[name] for name in re.findall(r"\w+", text) if name in known)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["src"]))
