"""The shape of the source: packages, sizes of files and functions, and which way imports run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from conftest import ROOT

SOURCE = ROOT / "src"
HOUSE = SOURCE / "podium"
# each may import its own layer and those below it; ROOMS, not even each other
LAYERS = (
    {"stages", "cli"},
    {"page", "takeaway"},
    {"photos", "slides", "captcha", "standin"},
    {"ensemble", "comparison", "submission", "kaggle", "pictures", "doctor"},
    {"competitions"},
    {"evaluation", "models"},
    {"training"},
    {"core"},
)
ROOMS = {"photos", "slides", "captcha"}
HEIGHT = {name: -depth for depth, layer in enumerate(LAYERS) for name in layer}
ENTRIES, FILE_LINES, FUNCTION_LINES = 20, 250, 40


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules(source: Path = SOURCE) -> dict[str, Path]:
    """Dotted name -> file."""
    names = {}
    for path in sorted((source / "podium").rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """What `path` imports, inside its functions too: (module, name), the name '' for all of it."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: a relative import"
            yield from ((node.module or "", alias.name) for alias in node.names)


def graph(source: Path = SOURCE) -> dict[str, set[str]]:
    """Module -> the modules of the project that it imports, but for `podium` itself."""
    files = modules(source)
    edges = {}
    for module, path in files.items():
        names = {f"{base}.{name}" if f"{base}.{name}" in files else base
                 for base, name in imported(path)}  # fmt: skip
        edges[module] = names & files.keys() - {"podium", module}
    edges.pop("podium", None)
    return edges


def package_of(module: str) -> str:
    """photos of podium.photos.training."""
    return module.split(".")[1]


def wrong_way(source: Path = SOURCE) -> list[str]:
    """Imports that run up the layers, or from room to room."""
    faults = []
    for name, others in graph(source).items():
        for other in sorted(others):
            here, there = package_of(name), package_of(other)
            if HEIGHT[there] > HEIGHT[here] or (here != there and {here, there} <= ROOMS):
                faults.append(f"{name} imports {other}")
    return faults


def circle(edges: dict[str, set[str]]) -> list[str]:
    """One circle of `edges`, or nothing."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def between_packages(edges: dict[str, set[str]]) -> dict[str, set[str]]:
    """Package -> the other packages that it imports."""
    packages: dict[str, set[str]] = {}
    for name, others in edges.items():
        here = package_of(name)
        packages.setdefault(here, set()).update({package_of(other) for other in others} - {here})
    return packages


def n_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_the_top_level_is_small_and_every_package_has_a_layer():
    entries = [path for path in HOUSE.iterdir() if path.name not in ("__pycache__", "py.typed")]
    assert len(entries) <= ENTRIES
    names = {path.stem for path in entries} - {"__init__", "__main__"}
    assert names == set(HEIGHT)


def test_every_package_says_in_one_line_what_it_is():
    folders = {path.parent for path in HOUSE.rglob("*.py")}
    for folder in sorted(folders):
        text = ast.get_docstring(parsed(folder / "__init__.py"))
        assert text, folder
        assert text.endswith("."), folder
        assert "\n" not in text, folder


def test_no_file_is_long():
    lengths = {path: len(path.read_text().splitlines()) for path in HOUSE.rglob("*.py")}
    assert {path: n for path, n in lengths.items() if n > FILE_LINES} == {}


def test_no_function_is_long():
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": n_lines(node)
        for path in HOUSE.rglob("*.py")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and n_lines(node) > FUNCTION_LINES
    }
    assert long == {}


def test_imports_run_one_way():
    assert wrong_way() == []


def test_no_imports_run_in_circles():
    assert circle(graph()) == []
    assert circle(between_packages(graph())) == []


@pytest.mark.parametrize(
    ("files", "faults"),
    [
        ({"core/a": "import podium.photos.b", "photos/b": ""}, ["core.a imports podium.photos.b"]),
        ({"core/a": "def f():\n from podium.photos import b", "photos/b": ""},
         ["core.a imports podium.photos.b"]),
        ({"photos/a": "from podium.slides.b import c", "slides/b": ""},
         ["photos.a imports podium.slides.b"]),
        ({"photos/a": "from podium.core.b import c", "core/b": "import podium"}, []),
        ({"competitions": "import podium.pictures.b", "pictures/b": ""},
         ["competitions imports podium.pictures.b"]),
    ],
)  # fmt: skip
def test_a_wrong_import_is_seen(tmp_path, files, faults):
    for name, text in files.items():
        path = tmp_path / f"podium/{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        (path.parent / "__init__.py").touch()
    assert wrong_way(tmp_path) == [f"podium.{fault}" for fault in faults]


def test_a_circle_is_seen():
    edges = {"podium.core.a": {"podium.photos.b"}, "podium.photos.c": {"podium.core.d"}}
    assert circle(edges) == []
    assert set(circle(between_packages(edges))) == {"core", "photos"}


def test_the_lines_of_a_body_are_counted_without_the_docstring():
    text = 'def f(\n    x,\n):\n    """One.\n\n    Two.\n    """\n    x = 1\n    return x\n'
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    assert n_lines(function) == 2
