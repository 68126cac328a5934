"""Fingerprints follow what code does, and nothing else."""

from __future__ import annotations

import textwrap

import pytest

from podium.core import code_fingerprint as fingerprints
from podium.core.code_fingerprint import code_fingerprint, computing_code, imported_modules

BEFORE = {
    "toy/__init__.py": '"""A package."""\n',
    "toy/top.py": '''
        """Top."""
        import os
        from toy.parts import middle
        def f(x):
            """Doc."""
            return middle.g(x)  # why
        ''',
    "toy/parts/__init__.py": "",
    "toy/parts/middle.py": '''
        from toy.parts.low import RATE
        class Thing:
            """A thing."""
            size = 3
        def g(x):
            import toy.lazy
            return x * RATE
        ''',
    "toy/parts/low.py": "RATE = 2\n",
    "toy/lazy.py": "from toy.table import ROWS\n",
    "toy/table.py": "ROWS = [1]\n",
    "toy/other.py": "import toy.top\n",
}


@pytest.fixture
def print_of(tmp_path):
    """The fingerprint of toy.top after changes (file=(old, new))."""

    def print_of(exempt=(), **changes):
        for name, text in BEFORE.items():
            key = name.removeprefix("toy/").removesuffix(".py").replace("/", "_")
            old, new = changes.get(key, ("", ""))
            assert old in text
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text.replace(old, new) if old else text))
        fingerprints._direct_imports.cache_clear()
        fingerprints._tree_hash.cache_clear()
        return code_fingerprint("toy.top", exempt, tmp_path)

    return print_of


@pytest.mark.parametrize(
    "change",
    [
        {"top": ('"""Top."""', '"""Another."""')},
        {"top": ('"""Doc."""', '"""Doc,\n            longer."""')},
        {"top": ("  # why", "")},
        {"top": ("(x)  ", "( x )")},
        {"parts_middle": ('"""A thing."""', '"""The thing."""')},
        {"__init__": ('"""A package."""', "")},
        {"other": ("import toy.top", "import toy.lazy")},
    ],
)
def test_words_layout_and_other_modules_do_not_count(print_of, change):
    assert print_of(**change) == print_of()


@pytest.mark.parametrize(
    "change",
    [
        {"top": ("middle.g(x)", "middle.g(x) + 1")},
        {"top": ("import os", "")},
        {"parts_middle": ("size = 3", "size = 4")},
        {"parts_middle": ('"""A thing."""', "7")},
        {"parts_middle": ("x * RATE", "x + RATE")},
        {"parts_low": ("2", "2.0")},
        {"lazy": ("ROWS", "ROWS as R")},
        {"table": ("[1]", "[1, 2]")},
    ],
)
def test_code_at_any_depth_counts(print_of, change):
    assert print_of(**change) != print_of()


def test_what_is_exempt_does_not_count_nor_what_only_it_imports(print_of):
    exempt = ("toy.lazy",)
    assert print_of(exempt, table=("[1]", "[2]")) == print_of(exempt)
    assert print_of(exempt, parts_low=("2", "3")) != print_of(exempt)


def test_a_package_is_exempt_with_all_below_it(print_of, tmp_path):
    print_of()
    assert imported_modules("toy.top", ("toy.parts",), tmp_path) == ["toy", "toy.top"]
    assert imported_modules("toy.top", ("toy.pa",), tmp_path) == [
        "toy", "toy.lazy", "toy.parts", "toy.parts.low", "toy.parts.middle", "toy.table", "toy.top",
    ]  # fmt: skip


def test_the_same_on_every_python(print_of):
    assert print_of() == "9c6fa9d6c8593c04efbc1a06b088536fc9950ac38a893b20625b7c02bf182a97"


def test_work_in_progress_does_not_depend_on_settings_or_progress_bars():
    modules = imported_modules("podium.pictures.extract", fingerprints.TRACKED)
    assert {"podium.core.progress", "podium.core.picture_decoder"} <= set(modules)
    assert not {"podium.core.params", "podium.models.extractor_table"} & set(modules)
    assert computing_code("podium.pictures.extract") != code_fingerprint("podium.pictures.extract")
