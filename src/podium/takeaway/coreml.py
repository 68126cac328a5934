"""Core ML packages (.mlpackage): written on any system, run on a Mac."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from podium.core.errors import PodiumError, SettingsError
from podium.core.printable import printable
from podium.takeaway.portable import NAMES, Batch, Pixels, Portable, Runner, frozen_graph
from podium.training.runtime import keras


def write_coreml(portable: Portable, path: Path, pictures: Sequence[Pixels]) -> None:
    """Write a model as an ML program of float32.

    It takes RGB images of one size, and gives float32 answers (1, ...) and a map (1, h, w, K).

    Args:
        portable: the model.
        path: of the package, a folder.
        pictures: not used, float32 needs no calibration.

    Raises:
        SettingsError: an input has any width.
        PodiumError: it computes in bfloat16, or the converter cannot convert it.
    """
    inputs = portable.model.inputs
    if any(None in each.shape[1:] for each in inputs):
        raise SettingsError(
            "--any-width: a Core ML package takes pictures of one size\n"
            "remedy: leave it out, or --to onnx"
        )
    if any(layer.compute_dtype == "bfloat16" for layer in portable.model._flatten_layers()):
        raise PodiumError(
            "--to coreml: this model was trained in bfloat16, which Core ML does not have\n"
            "remedy: --to onnx or litert, which iOS runs, too"
        )
    import coremltools

    _unroll(portable.model)
    graph = frozen_graph(portable)
    try:
        written = coremltools.convert(
            [graph],
            source="tensorflow",
            convert_to="mlprogram",
            inputs=[coremltools.ImageType(each.name, (1, *each.shape[1:])) for each in inputs],
            compute_precision=coremltools.precision.FLOAT32,
            skip_model_load=True,
        )
    except Exception as error:  # whatever its passes stumble over
        raise PodiumError(
            f"--to coreml: coremltools cannot convert this model ({printable(str(error))})\n"
            "remedy: --to onnx or litert, which iOS runs, too"
        ) from error
    says = written.get_spec()
    for output, name in zip(graph.outputs, NAMES, strict=False):
        coremltools.utils.rename_feature(says, output.op.name, name)
    renamed = coremltools.models.MLModel(
        says, weights_dir=written.weights_dir, skip_model_load=True
    )
    renamed.save(str(path))


def _unroll(model: keras.Model) -> None:
    """Have recurrent layers write their steps out: the converter cannot read Keras' loops."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.RNN):
            layer.unroll = True


def open_coreml(path: Path, portable: Portable) -> Runner:
    """Return what runs a package on the CPU of a Mac: float32 (n, H, W, 3) -> answers (n, ...)."""
    import coremltools

    model = coremltools.models.MLModel(str(path), compute_units=coremltools.ComputeUnit.CPU_ONLY)
    names = [each.name for each in portable.model.inputs]

    def run(batches: Sequence[Batch]) -> list[NDArray[Any]]:
        rows = []
        for pictures in zip(*batches, strict=True):
            images = [Image.fromarray(each.astype(np.uint8)) for each in pictures]
            outputs = model.predict(dict(zip(names, images, strict=True)))
            rows.append([outputs[name][0] for name in NAMES if name in outputs])
        return [np.stack(each) for each in zip(*rows, strict=True)]

    return run
