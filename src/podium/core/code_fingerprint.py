"""Fingerprints of code: they change with what the code does, not with its words.

A fingerprint is a sha256 of the syntax trees of a module and of all modules of the project that it
imports, at any depth. Comments, docstrings and layout do not count. Python 3.11 to 3.13 give the
same fingerprint. DVC's stages depend on fingerprints, and work in progress is named by them.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parents[2]  # the folder that holds the package podium

# tracked another way: values of settings by `params:`, rows of tables one by one
TRACKED = ("podium.core.params", "podium.models.extractor_table", "podium.competitions")
# change how fast or how loudly something is computed, never what
INFRASTRUCTURE = (
    "podium.core.errors", "podium.core.files", "podium.core.hardware", "podium.core.processes",
    "podium.core.progress", "podium.core.throughput", "podium.core.code_fingerprint",
    "podium.core.partial_files", "podium.core.printable", "podium.core.hdf5_guard",
    "podium.training.gpu_slots", "podium.core.cluster", "podium.core.mapped_rows",
)  # fmt: skip


def computing_code(module: str) -> str:
    """Fingerprint of what `module` computes: the key of its work in progress."""
    return code_fingerprint(module, TRACKED + INFRASTRUCTURE)


def code_fingerprint(module: str, exempt: tuple[str, ...] = TRACKED, source: Path = SOURCE) -> str:
    """Sha256 over `module` and all modules of the project it imports.

    Args:
        module: dotted name, for example podium.stages.ingest_photos.
        exempt: dotted names that do not count, nor what is below them or only they import.
        source: folder that holds the package.
    """
    digest = hashlib.sha256()
    for name in imported_modules(module, exempt, source):
        digest.update(f"{name} {_tree_hash(_path(name, source))}\n".encode())
    return digest.hexdigest()


def imported_modules(
    module: str, exempt: tuple[str, ...] = TRACKED, source: Path = SOURCE
) -> list[str]:
    """Sorted names of `module` and of all modules of the project it imports.

    Args:
        module: dotted name.
        exempt: dotted names that are left out, with all below them.
        source: folder that holds the package.
    """
    waiting, seen = [module], set()
    while waiting:
        name = waiting.pop()
        if name not in seen and not f"{name}.".startswith(tuple(f"{one}." for one in exempt)):
            seen.add(name)
            waiting += _direct_imports(_path(name, source), source)
    return sorted(seen)


def _path(module: str, source: Path) -> Path:
    """File of a module; of a package its __init__.py."""
    path = source / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@functools.cache
def _direct_imports(path: Path, source: Path) -> list[str]:
    """Modules of the project that one file imports, also inside functions, with their packages."""
    names: set[str] = set()
    for node in ast.walk(_syntax(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    package = path.relative_to(source).parts[0]
    parents = {".".join(name.split(".")[:depth]) for name in names for depth in range(1, 9)}
    ours = [name for name in names | parents if name.split(".")[0] == package]
    return [name for name in ours if _path(name, source).is_file()]


@functools.cache
def _tree_hash(path: Path) -> str:
    return hashlib.sha256("\n".join(_tokens(_syntax(path))).encode()).hexdigest()


def _syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _tokens(node: Any) -> Iterator[str]:
    """Node kinds, field names and values of a syntax tree, in order; fields without a value no."""
    if isinstance(node, ast.AST):
        yield type(node).__name__
        for name, value in ast.iter_fields(node):
            body = _without_docstring(node, value) if name == "body" else value
            if body is not None and body != [] and name != "kind":
                yield f".{name}"
                yield from _tokens(body)
        yield "end"
    elif isinstance(node, list):
        for item in node:
            yield from _tokens(item)
    else:
        yield repr(node)


def _without_docstring(node: ast.AST, body: Any) -> Any:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    has_docstring = isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None
    return body[1:] if has_docstring else body
