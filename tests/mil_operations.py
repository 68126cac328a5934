"""A Core ML package run by what its operations are documented to do, without Core ML.

It reads program and weights from the package that was written, so that a fault of the conversion
shows on any system; Apple's own arithmetic it does not test. The operations are those of
https://apple.github.io/coremltools/source/coremltools.converters.mil.mil.ops.defs.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf


def opened(path: Path) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Return what gives the outputs of a package for RGB images (H, W, 3) of uint8, by name."""
    import coremltools
    from coremltools.converters.mil.frontend.milproto.load import load

    spec = coremltools.utils.load_spec(str(path))
    weights = str(path / "Data/com.apple.CoreML/weights")
    block = load(spec, spec.specificationVersion, weights).functions["main"]
    return lambda images: _run(block, images)


def _run(block: Any, images: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    values: dict[str, Any] = {
        name: tf.constant(image.transpose(2, 0, 1)[None].astype(np.float32))
        for name, image in images.items()
    }

    def value(var: Any) -> Any:
        if isinstance(var, list | tuple):
            return [value(each) for each in var]
        return values.get(var.name, var.val)

    for op in block.operations:
        if op.op_type != "const":
            given = {name: value(var) for name, var in op.inputs.items()}
            outputs = OPERATIONS[op.op_type](**given)
            outputs = outputs if isinstance(outputs, list) else [outputs]
            values |= dict(zip([each.name for each in op.outputs], outputs, strict=True))
    return {each.name: np.asarray(values[each.name]) for each in block.outputs}


def conv(x, weight, strides, pad_type, pad, dilations, groups, bias=None):
    x = _padded(x, pad_type, pad)
    x = tf.transpose(x, (0, 2, 3, 1))
    filters = tf.transpose(weight, (2, 3, 1, 0))
    padding = "SAME" if pad_type == "same" else "VALID"
    if groups == 1:
        y = tf.nn.conv2d(x, filters, strides, padding, dilations=dilations)
    else:
        depthwise = tf.transpose(filters, (0, 1, 3, 2))
        y = tf.nn.depthwise_conv2d(x, depthwise, [1, *strides, 1], padding, dilations=dilations)
    y = tf.transpose(y, (0, 3, 1, 2))
    return y if bias is None else y + bias[:, None, None]


def _padded(x, pad_type, pad):
    return tf.pad(x, [(0, 0), (0, 0), *np.reshape(pad, (-1, 2))]) if pad_type == "custom" else x


def conv_transpose(
    x, weight, strides, pad_type, pad, dilations, groups, output_shape=None, bias=None
):
    assert (groups, pad_type in ("same", "valid")) == (1, True)
    x = tf.transpose(x, (0, 2, 3, 1))
    filters = tf.transpose(weight, (2, 3, 1, 0))
    n, c, h, w = output_shape
    y = tf.nn.conv2d_transpose(x, filters, (n, h, w, c), strides, pad_type.upper())
    y = tf.transpose(y, (0, 3, 1, 2))
    return y if bias is None else y + bias[:, None, None]


def slice_by_index(x, begin, end, stride=None, begin_mask=None, end_mask=None, squeeze_mask=None):
    parts = []
    for axis in range(len(begin)):
        first = None if begin_mask is not None and begin_mask[axis] else begin[axis]
        last = None if end_mask is not None and end_mask[axis] else end[axis]
        step = 1 if stride is None else stride[axis]
        one = squeeze_mask is not None and squeeze_mask[axis]
        parts.append(begin[axis] if one else slice(first, last, step))
    return tf.constant(np.asarray(x)[tuple(parts)])


def max_pool(x, kernel_sizes, strides, pad_type, pad, ceil_mode):
    y = tf.nn.max_pool2d(tf.transpose(x, (0, 2, 3, 1)), kernel_sizes, strides, pad_type.upper())
    return tf.transpose(y, (0, 3, 1, 2))


def matmul(x, y, transpose_x=False, transpose_y=False):
    return tf.linalg.matmul(x, y, transpose_a=bool(transpose_x), transpose_b=bool(transpose_y))


def linear(x, weight, bias=0.0):
    return tf.linalg.matmul(x, weight, transpose_b=True) + bias


def split(x, axis, num_splits=None, split_sizes=None):
    return tf.split(x, num_splits if split_sizes is None else split_sizes, axis)


def reduced(by):
    return lambda x, axes, keep_dims: by(x, list(axes), keepdims=bool(keep_dims))


OPERATIONS = {
    "abs": lambda x: tf.abs(x),
    "add": lambda x, y: tf.add(x, y),
    "clip": lambda x, alpha, beta: tf.clip_by_value(x, alpha, beta),
    "concat": lambda values, axis, interleave: tf.concat(values, axis),
    "conv": conv,
    "conv_transpose": conv_transpose,
    "expand_dims": lambda x, axes: tf.constant(np.expand_dims(x, tuple(axes))),
    "identity": lambda x: x,
    "linear": linear,
    "log": lambda x, epsilon: tf.math.log(x + epsilon),
    "matmul": matmul,
    "max_pool": max_pool,
    "maximum": lambda x, y: tf.maximum(x, y),
    "minimum": lambda x, y: tf.minimum(x, y),
    "mul": lambda x, y: tf.multiply(x, y),
    "real_div": lambda x, y: tf.divide(x, y),
    "reduce_mean": reduced(tf.reduce_mean),
    "reduce_min": reduced(tf.reduce_min),
    "reduce_sum": reduced(tf.reduce_sum),
    "relu": lambda x: tf.nn.relu(x),
    "relu6": lambda x: tf.nn.relu6(x),
    "reshape": lambda x, shape: tf.reshape(x, shape),
    "reverse": lambda x, axes: tf.reverse(x, list(axes)),
    "sigmoid": lambda x: tf.sigmoid(x),
    "sign": lambda x: tf.sign(x),
    "slice_by_index": slice_by_index,
    "softmax": lambda x, axis: tf.nn.softmax(x, axis),
    "split": split,
    "sqrt": lambda x: tf.sqrt(x),
    "squeeze": lambda x, axes: tf.squeeze(x, list(axes)),
    "stack": lambda values, axis: tf.stack(values, axis),
    "sub": lambda x, y: tf.subtract(x, y),
    "tanh": lambda x: tf.tanh(x),
    "transpose": lambda x, perm: tf.transpose(x, perm),
}
