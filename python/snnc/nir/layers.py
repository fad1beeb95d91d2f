"""Primitives without state as ONNX nodes."""

from __future__ import annotations

import numpy as np

from ..opset import Builder, Value
from . import fields
from .errors import NirError
from .graph import Node
from .shapes import Shape, canonical, convolution, window


def collapsed(values: fields.Real) -> fields.Real:
    """Values of neurons ``[N]``, ``[C, L]`` or ``[C, H, W]`` in the smallest shape that broadcasts.

    That is one value for the layer or one for each channel where they agree.
    """
    values = values.reshape(canonical(values.shape)).astype(np.float32)
    first = values.reshape(-1)[0]
    if (values == first).all():
        return np.asarray(first)
    if values.ndim == 3 and (values == values[:, :1, :1]).all():
        return np.ascontiguousarray(values[:, :1, :1])
    return np.ascontiguousarray(values)


def connect(builder: Builder, node: Node, x: Value, shape: Shape, result: Shape) -> Value:
    """Adds the node; ``shape`` comes in and ``result`` goes out, as NIR counts axes."""
    if node.kind in ("Affine", "Linear"):
        return _linear(builder, node, x)
    if node.kind in ("Conv1d", "Conv2d"):
        weight, over = convolution(node)
        return builder.conv2d(
            x,
            weight,
            node.name,
            bias=_bias(node, weight.shape[0]),
            stride=over.stride,
            padding=over.padding,
            dilation=over.dilation,
            groups=fields.whole(node, "groups"),
        )
    if node.kind in ("SumPool2d", "AvgPool2d"):
        return _pool(builder, node, x)
    if node.kind == "Scale":
        return _scale(builder, node, x, shape)
    if node.kind == "Flatten":
        return _flatten(builder, node, x, shape, result)
    raise AssertionError(f"{node.kind} is no connection")


def _linear(builder: Builder, node: Node, x: Value) -> Value:
    weight = fields.real(node, "weight")
    bias = _bias(node, weight.shape[0]) if node.kind == "Affine" else None
    return builder.linear(x, weight, node.name, bias=bias)


def _bias(node: Node, count: int) -> fields.Real:
    return np.broadcast_to(fields.real(node, "bias").reshape(-1), (count,))


def _pool(builder: Builder, node: Node, x: Value) -> Value:
    over = window(node, None)
    pad = over.padding[0], over.padding[1]
    size = over.kernel[0] * over.kernel[1]
    if node.kind == "SumPool2d" and size & (size - 1):
        # A mean times its size is the sum only where the size is a power of two.
        ones = np.ones((x.shape[0], 1, *over.kernel))
        return builder.conv2d(x, ones, node.name, stride=over.stride, padding=over.padding, groups=x.shape[0])
    if any(pad[k] >= over.kernel[k] for k in range(2)):
        raise NirError(f"a padding of {list(pad)} is not below the kernel of {list(over.kernel)}", node.name)
    if node.kind == "AvgPool2d":
        return builder.average_pool(x, node.name, kernel=over.kernel, stride=over.stride, padding=pad)
    mean = builder.average_pool(x, node.name, kernel=over.kernel, stride=over.stride, padding=pad)
    return builder.multiply(mean, np.asarray(size, np.float32), f"{node.name}.times")


def _scale(builder: Builder, node: Node, x: Value, shape: Shape) -> Value:
    factor = collapsed(fields.parameter(node, "scale", shape))
    if factor.ndim < 3 or factor.shape[1:] == (1, 1):
        return builder.multiply(x, factor, node.name)
    # A factor for each neuron is a factor for each channel of a flat layer.
    flat = builder.flatten(x, f"{node.name}.flat")
    scaled = builder.multiply(flat, factor.reshape(-1), f"{node.name}.scaled")
    return builder.reshape(scaled, x.shape, node.name)


def _flatten(builder: Builder, node: Node, x: Value, shape: Shape, result: Shape) -> Value:
    if canonical(shape) == canonical(result):
        return x
    if len(result) == 1:
        return builder.flatten(x, node.name)
    return builder.reshape(x, canonical(result), node.name)
