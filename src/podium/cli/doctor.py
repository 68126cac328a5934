"""`podium doctor`: whether machine and project are ready for a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.core.errors import guarded

if TYPE_CHECKING:
    from podium.doctor.environment import CheckResult


@guarded
def doctor(
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what takes seconds: TensorFlow's devices.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Remove a table of locks that a kill has broken.")
    ] = False,
) -> None:
    """Check whether machine and project are ready for a run.

    Looks at versions, devices, disk, memory, scratch, locks, raw files, weights and optional
    extras. Exit status 0: ready; 1: a file or setting of the project is missing; 3: the machine
    must be changed first.

    Examples:
        podium doctor
        podium doctor --quick --fix
    """
    states = set()
    for result in _check_results(quick, fix):
        sign = {"ok": "ok", "note": "note"}.get(result.state, "FAULT")
        print(f"{sign:<6} {result.name:<28} {result.text}", flush=True)
        states.add(result.state)
    if states & {"machine", "data"}:
        raise typer.Exit(3 if "machine" in states else 1)


def _check_results(quick: bool, fix: bool) -> Iterator[CheckResult]:
    from podium.doctor import environment, optional

    yield environment.python()
    yield environment.packages(Path("requirements/cpu.txt"))
    yield environment.disk("disk", Path.cwd())
    yield environment.memory()
    yield environment.scratch()
    yield environment.locks(Path.cwd(), fix)
    yield environment.raw_links(Path.cwd())
    yield from _of_settings()
    yield optional.kaggle(Path("requirements/kaggle.txt"))
    yield optional.keras_hub(Path("requirements/hub.txt"))
    yield optional.onnxruntime(Path("requirements/export.txt"))
    yield optional.ray(Path("requirements/ray.txt"))
    yield from optional.remotes(Path.cwd())
    yield from optional.cuda(Path("requirements/gpu.txt"))
    if not quick:
        yield environment.devices()


def _of_settings() -> Iterator[CheckResult]:
    """The checks that depend on params.yaml."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    from podium.doctor import environment

    try:  # params.load_params tells more, and takes longer
        settings = YAML(typ="safe").load(Path("params.yaml").read_text(encoding="utf-8"))
        extractors = settings["extractors"]
        sources = {str(name): str(section["weights"]) for name, section in extractors.items()}
    except FileNotFoundError:
        text = "params.yaml: no such file; run from the project's folder"
        yield environment.CheckResult("weights", "data", text)
    except (YAMLError, UnicodeDecodeError):
        yield environment.CheckResult("weights", "data", "params.yaml: not valid YAML")
    except (KeyError, TypeError, AttributeError):
        text = "params.yaml: extractors is missing, or an extractor says no weights"
        yield environment.CheckResult("weights", "data", text)
    else:
        yield from environment.unused_raw_files(Path.cwd(), settings)
        yield from environment.weights(sources, Path("data/weights"))
