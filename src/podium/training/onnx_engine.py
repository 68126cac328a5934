"""Trained networks in use by ONNX Runtime: on processors, without TensorFlow.

A network is converted once, by TensorFlow and tf2onnx, and kept in the scratch folder under the
hash of all that it depends on. From then on its pictures need neither.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from podium.core.code_fingerprint import computing_code
from podium.core.errors import EnvironmentFault, SettingsError, first_line
from podium.core.files import atomic_write, json_sha256, scratch_dir
from podium.training.parts import compute_by_parts

if TYPE_CHECKING:
    from podium.training.frozen import Compute, Size

T = TypeVar("T")
ENGINE = "onnxruntime"
OPSET = 17
REMEDY = (
    "remedy: pip install --require-hashes -r requirements/export.txt, "
    "or set device.engine to tensorflow"
)


class PackageMissing(EnvironmentFault):
    """A package is not installed that the engine needs here."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"device.engine: {ENGINE} needs {package}, which is not installed\n{REMEDY}"
        )
        self.package = package


def at_hand(engine: str, name: str, build: Callable[[str], T]) -> T:
    """Return what `build` makes of an engine, or of tensorflow where a package is missing.

    Args:
        engine: that a trained model asks for.
        name: of the model, for the line that tells of the other engine.
        build: from an engine to a network in use; converts it, where it was not converted yet.
    """
    try:
        return build(engine)
    except PackageMissing as missing:
        line = f"{name}: by tensorflow, since {missing.package} is not installed here"
        print(line, file=sys.stderr)
        return build("tensorflow")


def provenance() -> dict[str, str]:
    """Return the engine and its version, for the provenance of what it computes.

    Raises:
        PackageMissing: it is not installed; says what to install.
    """
    _require(ENGINE)
    return {"engine": ENGINE, ENGINE: version(ENGINE)}


def require_float32(precision: str, key: str) -> None:
    """Raise a SettingsError if the setting at `key` asks for another precision than float32."""
    if precision not in ("float32", "auto"):
        raise SettingsError(
            f"{key}: {precision}, but device.engine: {ENGINE} computes in float32\n"
            f"remedy: set {key} to float32, or device.engine to tensorflow"
        )


def compiled(
    key: Mapping[str, Any], make: Callable[[], tuple[Callable[[Any], Any], Size]]
) -> Compute:
    """Return a network as a graph of ONNX Runtime: uint8 RGB (N, H, W, 3) -> float32 (N, ...).

    The bytes of a row depend neither on the rows beside it nor on the number of cores.

    Args:
        key: JSON values that tell the network and its weights from others.
        make: builds it, where it was not converted yet: `forward` and `size`, as
            `podium.training.frozen.compiled` takes them.

    Raises:
        EnvironmentFault: a package is not installed, or the network cannot be converted.
    """
    about = {**key, **provenance(), "opset": OPSET, "code": computing_code(__name__)}
    path = scratch_dir("onnx") / f"{json_sha256(about)}.onnx"
    if not path.is_file():
        _convert(path, *make())
    run = _session(path)
    return lambda pixels: compute_by_parts(run, pixels)


def _require(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        raise PackageMissing(package)


def _convert(path: Path, forward: Callable[[Any], Any], size: Size) -> None:
    """Write a network to `path` as ONNX."""
    _require("tf2onnx")
    import tf2onnx

    from podium.training.frozen import graph_of
    from podium.training.runtime import silent_stderr

    graph = graph_of(forward, size)
    try:
        with atomic_write(path) as partial, silent_stderr():
            tf2onnx.convert.from_function(
                graph, graph.input_signature, opset=OPSET, output_path=str(partial)
            )
            _session(partial)  # refuses operations that it does not know
    except OSError:
        raise
    except Exception as error:  # the converter raises many kinds
        raise EnvironmentFault(
            f"device.engine: {ENGINE} cannot run this network: {first_line(error)}\n"
            "remedy: set device.engine to tensorflow"
        ) from None


def _session(path: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """What runs a part of a batch on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    return lambda pixels: np.asarray(session.run(None, {given.name: pixels})[0])
