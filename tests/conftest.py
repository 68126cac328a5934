"""Fixtures that every test may use; nothing here needs a network."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import kaggle_standin
from house import ROOT, encoded, make_params, make_photos, striped

__all__ = ["ROOT", "encoded", "striped"]


# jobs in the background of a script ignore Ctrl-C, and so would all programs that tests start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_SCRATCH", str(tmp_path / "scratch"))


@pytest.fixture
def server(monkeypatch) -> kaggle_standin.Server:
    """Kaggle with nothing on it yet, behind a stand-in for its client."""
    monkeypatch.setattr(kaggle_standin, "SERVER", kaggle_standin.Server())
    module = SimpleNamespace(KaggleApi=kaggle_standin.KaggleApi)
    monkeypatch.setitem(sys.modules, "kaggle.api.kaggle_api_extended", module)
    return kaggle_standin.SERVER


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(12345)


@pytest.fixture
def photos_dir(tmp_path: Path) -> Path:
    """Kaggle's layout: 12 cats, 12 dogs, 5 test pictures, the sample and the answer key."""
    return make_photos(tmp_path)


@pytest.fixture
def write_params(tmp_path: Path) -> Callable[..., Path]:
    """Writes params.yaml at the smallest size, with changes: section__key=value."""
    return lambda **changes: make_params(tmp_path, **changes)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that two processes end at about the same time."""
    longest = ("test_pipeline.py", "test_docs_run.py", "test_train_step.py")
    items.sort(key=lambda item: item.path.name not in longest)
