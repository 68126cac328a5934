"""The lint of docstrings: small sources that must pass, and that must not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from conftest import ROOT

ARRAYS = "from numpy.typing import NDArray\nPixels = NDArray[np.uint8]\n"


def lint():
    spec = importlib.util.spec_from_file_location("docstrings", ROOT / ".ci/docstrings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def faults(tmp_path: Path, capsys, text: str) -> list[str]:
    path = tmp_path / "a.py"
    path.write_text(ARRAYS + text)
    code = lint().main([str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert code == (1 if lines else 0)
    assert all(line.startswith(f"{path}:") for line in lines)
    return [line.rpartition(": ")[2] for line in lines]


def three(args: str, signature: str = "x, y, z", name: str = "f") -> str:
    """A function of three parameters, with this text after Args."""
    return f'def {name}({signature}):\n    """Adds.\n\n    Args:\n        {args}\n    """\n'


@pytest.mark.parametrize(
    "text",
    [
        three("x: a.\n        y: b.\n        z: c."),
        three("x, y: a and b.\n        z: c."),
        three("x: a.\n        rest: others.\n        more: by name.", "x, *rest, **more"),
        three("", name="_f"),
        "class _Hidden:\n    def f(self, x, y, z): ...\n",
        "class A:\n    def f(self, x, y):\n        ...\n    def __call__(self, x, y, z): ...\n",
        "def f(x, y): ...\n",
        "def f(x: Annotated[int, Option()], y: Annotated[int, Option()], z): ...\n",
    ],
)
def test_parameters_are_explained(tmp_path, capsys, text):
    assert faults(tmp_path, capsys, text) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("def f(x, y, z): ...\n", "Args lacks x, y, z"),
        ("async def f(x, *, y, z): ...\n", "Args lacks x, y, z"),
        ("class A:\n    def f(self, x, y, z): ...\n", "Args lacks x, y, z"),
        (three("x: a.\n        y: b."), "Args lacks z"),
        (three("x: a.\n        yz: b."), "Args lacks y, z"),
        (three("x: a.\n        y: b.\n\n    Raises:\n        KeyError: z: c."), "Args lacks z"),
    ],
)
def test_parameters_that_are_not_explained(tmp_path, capsys, text, missing):
    assert faults(tmp_path, capsys, text) == [missing]


def of_array(docstring: str, kind: str = "Pixels") -> str:
    return f'def f(x: {kind}):\n    """{docstring}"""\n'


@pytest.mark.parametrize(
    "shape",
    ["(N,)", "(N, K)", "(h, w, 3)", "(..., 3)", "(N, ...)", "(N + T, D)", "(2 * (K + 1), N)",
     "(n, tile, tile)", "(tile, tile)", "((N, K), (N,))"],
)  # fmt: skip
def test_shapes(tmp_path, capsys, shape):
    assert faults(tmp_path, capsys, of_array(f"Turns pixels {shape} round.")) == []


@pytest.mark.parametrize(
    "docstring",
    ["Turns pixels round.", "Of N rows.", "Rows (train rows, then test rows).", "Table (id,label).",
     "Cubic (Keys 1981, equation 8).", "Turns it (or not)."],
)  # fmt: skip
def test_no_shape(tmp_path, capsys, docstring):
    assert faults(tmp_path, capsys, of_array(docstring)) == ["no shape, such as (N, K)"]


def test_arrays_of_other_files_are_known_by_name(tmp_path, capsys):
    (tmp_path / "b.py").write_text('def f() -> list[Pixels]:\n    """All pixels."""\n')
    assert lint().main([str(tmp_path / "b.py")]) == 0
    (tmp_path / "a.py").write_text(ARRAYS)
    assert lint().main([str(tmp_path)]) == 1
    assert capsys.readouterr().out == f"{tmp_path}/b.py:1: f: no shape, such as (N, K)\n"


def test_the_dtype_stands_somewhere(tmp_path, capsys):
    assert faults(tmp_path, capsys, of_array("Any (N, K).", "NDArray[Any]")) == ["no dtype"]
    assert faults(tmp_path, capsys, of_array("float32 (N, K).", "NDArray[Any]")) == []


def test_setters_and_overloads_are_explained_elsewhere(tmp_path, capsys):
    text = (
        "class A:\n"
        '    @property\n    def x(self) -> Pixels:\n        """Pixels (H, W, 3)."""\n'
        "    @x.setter\n    def x(self, value: Pixels) -> None: ...\n"
        "@overload\ndef f(x: Pixels, y: int, z: int) -> None: ...\n"
    )
    assert faults(tmp_path, capsys, text) == []
    assert faults(tmp_path, capsys, text.replace(" (H, W, 3)", "")) == ["no shape, such as (N, K)"]


def test_where_nothing_is(tmp_path, capsys):
    assert lint().main([str(tmp_path)]) == 2
    assert "no Python files" in capsys.readouterr().out
