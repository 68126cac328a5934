"""Lint: public functions explain their parameters, and state the shapes of arrays.

    python .ci/docstrings.py [file or folder ...]

A public function of three or more parameters has an Args section that names each of them; options
of the command line explain themselves. One that takes or gives arrays states a shape with axis
letters or numbers, such as (N, K); the dtype stands in the annotation, or else in the docstring.
Setters and overloads are described where the property or the function is.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

TERM = r"(?:\w+|\.\.\.|\([^(),]*\))"
AXIS = rf"{TERM}(?: ?[-*+/] ?{TERM})*"  # N, n_draws, 2 * (K + 1), ...
SHAPE = re.compile(rf"\({AXIS}(?:,|(?:, ?{AXIS})+)\)")
LETTER = re.compile(
    r"\b(?:[A-Za-z]\d?|\d+)\b|\((\w+), ?\1\)"
)  # tells (N, tile) from (for, example)
ELSEWHERE = re.compile(r"\.(setter|deleter)$|^(typing\.)?overload$")
DTYPE = re.compile(r"uint8|u?int(16|32|64)|float(16|32|64)|bool|integer|dtype|numeric")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def main(places: list[str]) -> int:
    """Print every fault of the files in `places`; 1 if there is one, 2 if there are no files."""
    paths = sorted(path for place in map(Path, places) for path in (place, *place.rglob("*.py")))
    paths = [path for path in paths if path.is_file()]
    if not paths:
        print(f"{' '.join(places)}: no Python files")
        return 2
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    aliases: dict[str, str] = {}
    for tree in trees.values():
        aliases |= arrays_named(tree)
    faults = [f"{path}:{line}" for path, tree in trees.items() for line in faults_of(tree, aliases)]
    print(*faults, sep="\n", end="\n" if faults else "")
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


def faults_of(tree: ast.Module, aliases: dict[str, str]) -> Iterator[str]:
    """What is missing in the docstrings of a module, each with line and function."""
    arrays = aliases | arrays_named(tree)
    for function in public_functions(tree):
        text = ast.get_docstring(function) or ""
        where = f"{function.lineno}: {function.name}"
        if missing := unexplained(function, text):
            yield f"{where}: Args lacks {', '.join(missing)}"
        kinds = " ".join(array_kinds(function, arrays))
        if kinds and not any(LETTER.search(match[0]) for match in SHAPE.finditer(text)):
            yield f"{where}: no shape, such as (N, K)"
        if kinds and "Any" in kinds and not DTYPE.search(kinds + text):
            yield f"{where}: no dtype"


def public_functions(tree: ast.Module) -> Iterator[Function]:
    """Functions of a module and methods of its public classes, but for private and magic ones."""
    for node in tree.body:
        is_class = isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for item in getattr(node, "body", []) if is_class else [node]:
            if isinstance(item, Function) and not item.name.startswith("_"):
                decorators = map(ast.unparse, item.decorator_list)
                if not any(map(ELSEWHERE.search, decorators)):
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
    part = re.split(r"(?m)^(?:Returns|Raises|Yields|Example)s?:$", text.partition("Args:")[2])[0]
    return [name for name in names if not re.search(rf"(?m)^ +[^:\n]*\b{name}\b[^:\n]*:", part)]


def array_kinds(function: Function, arrays: dict[str, str]) -> Iterator[str]:
    """What the array annotations of a function stand for."""
    notes = [arg.annotation for arg in parameters(function)] + [function.returns]
    for note in filter(None, notes):
        text = ast.unparse(note)
        if "NDArray" in text:
            yield text
        yield from (arrays[name] for name in re.findall(r"\w+", text) if name in arrays)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["src"]))
