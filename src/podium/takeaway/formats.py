"""The formats a model is exported to: how each is written, and run again to compare answers."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.core.errors import EnvironmentFault
from podium.takeaway.coreml import open_coreml, write_coreml
from podium.takeaway.portable import NAMES, Batch, Pixels, Portable, Runner, frozen_graph

INSTALL = "pip install --require-hashes -r requirements/export.txt"


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        suffix: of its files; '' for a folder.
        packages: that it needs, as they are imported.
        write: model, path, pictures to calibrate by -> the file or folder is written.
        open: path -> what runs it, on one core.
        system: that alone runs it, as `sys.platform` names it; '' for any.
        marker: what a folder of this format holds; '' where it is a file.
    """

    suffix: str
    packages: Sequence[str]
    write: Callable[[Portable, Path, Sequence[Pixels]], None]
    open: Callable[[Path, Portable], Runner]
    system: str = ""
    marker: str = ""

    @property
    def runs_here(self) -> bool:
        """Whether this machine can run what is written."""
        return self.system in ("", sys.platform)


def require(name: str) -> None:
    """Raise an EnvironmentFault that says what to install if the format `name` lacks a package."""
    missing = [each for each in FORMATS[name].packages if importlib.util.find_spec(each) is None]
    if missing:
        raise EnvironmentFault(
            f"--to {name} needs {' and '.join(missing)}, not installed here\nremedy: {INSTALL}"
        )


def _write_savedmodel(portable: Portable, path: Path, pictures: Sequence[Pixels]) -> None:
    portable.model.export(path, format="tf_saved_model", verbose=False)


def _open_savedmodel(path: Path, portable: Portable) -> Runner:
    from podium.training.runtime import tf

    loaded = tf.saved_model.load(str(path))

    def run(batches: Sequence[Batch]) -> list[NDArray[Any]]:
        of_many = isinstance(portable.model.input, list)  # of one input, too
        given = list(batches) if of_many else batches[0]
        outputs = loaded.serve(given)
        each = [outputs[name] for name in NAMES] if isinstance(outputs, dict) else [outputs]
        return [np.asarray(output) for output in each]

    return run


def _write_onnx(portable: Portable, path: Path, pictures: Sequence[Pixels]) -> None:
    model = portable.model
    model([np.zeros((1, *(side or 64 for side in each.shape[1:])), np.float32)
           for each in model.inputs])  # fmt: skip
    model.export(path, format="onnx", verbose=False)


def _open_onnx(path: Path, portable: Portable) -> Runner:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(batches: Sequence[Batch]) -> list[NDArray[Any]]:
        outputs = session.run(None, dict(zip(names, batches, strict=True)))
        return [np.asarray(output) for output in outputs]

    return run


def _write_litert(portable: Portable, path: Path, pictures: Sequence[Pixels]) -> None:
    path.write_bytes(_converter(portable).convert())


def _write_int8(portable: Portable, path: Path, pictures: Sequence[Pixels]) -> None:
    from podium.training.runtime import tf

    def representative() -> Iterator[list[Batch]]:
        for picture in pictures:
            yield [each[None].astype(np.float32) for each in portable.inputs(picture)]

    converter = _converter(portable)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    path.write_bytes(converter.convert())


def _converter(portable: Portable) -> Any:
    """LiteRT's converter of the model for one picture at a time."""
    from podium.training.runtime import tf

    return tf.lite.TFLiteConverter.from_concrete_functions([frozen_graph(portable)])


def _open_litert(path: Path, portable: Portable) -> Runner:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    places = {each["name"].split(":")[0]: each["index"] for each in interpreter.get_input_details()}
    order = [places.get(each.name, index) for each, index in
             zip(portable.model.inputs, places.values(), strict=True)]  # fmt: skip
    outputs = [each["index"] for each in interpreter.get_output_details()]

    def run(batches: Sequence[Batch]) -> list[NDArray[Any]]:
        rows = []
        for row in range(len(batches[0])):
            for index, batch in zip(order, batches, strict=True):
                interpreter.set_tensor(index, batch[row : row + 1])
            interpreter.invoke()
            rows.append([interpreter.get_tensor(output)[0] for output in outputs])
        return [np.stack(each) for each in zip(*rows, strict=True)]

    return run


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep converters from printing what nobody can act on, their C++ included."""
    level, stderr = logging.root.manager.disable, os.dup(2)
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(io.StringIO()),
            Path(os.devnull).open("w") as nowhere,
        ):
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        logging.disable(level)


ONNX = ("tf2onnx", "onnxruntime")
LITERT = ("ai_edge_litert",)
FORMATS = {
    "savedmodel": Format("", (), _write_savedmodel, _open_savedmodel, marker="saved_model.pb"),
    "onnx": Format(".onnx", ONNX, _write_onnx, _open_onnx),
    "ddddocr": Format("-ddddocr.onnx", ONNX, _write_onnx, _open_onnx),
    "ddddocr-1.5": Format("-ddddocr-1.5.onnx", ONNX, _write_onnx, _open_onnx),
    "litert": Format(".tflite", LITERT, _write_litert, _open_litert),
    "litert-int8": Format("-int8.tflite", LITERT, _write_int8, _open_litert),
    "coreml": Format(
        ".mlpackage", ("coremltools",), write_coreml, open_coreml, "darwin", "Manifest.json"
    ),
}
