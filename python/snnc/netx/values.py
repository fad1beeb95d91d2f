"""Shapes, weights, biases and delays of a layer, in the layouts that files of all ages have."""

from __future__ import annotations

import numpy as np

from .store import MAX_ELEMENTS, Group, Integers

#: Weights beyond these are cut off by lava itself.
WEIGHT_RANGE = (-256, 255)
#: lava's bias has 13 bits.
BIAS_RANGE = (-(1 << 12), (1 << 12) - 1)
#: Longest delay that lava keeps; longer ones it cuts off.
MAX_DELAY = 62

Shape = tuple[int, ...]
Pair = tuple[int, int]


def shape(group: Group) -> Shape:
    """``(C, H, W)`` or ``(N,)``."""
    sizes = group.integers("shape", 1, MAX_ELEMENTS).reshape(-1)
    if sizes.size not in (1, 3):
        raise group.error("shape", f"it has {sizes.size} sizes; one or three (channels, rows, columns) are needed")
    shape = tuple(int(n) for n in sizes)
    if int(np.prod(np.asarray(shape, object))) > MAX_ELEMENTS:
        raise group.error("shape", f"{shape} has more than {MAX_ELEMENTS} elements")
    return shape


def matrix(group: Group, key: str, outputs: int) -> Integers:
    """Weights ``[out, in]``; one axis less where older files dropped an axis of one."""
    weight = group.integers(key, *WEIGHT_RANGE)
    while weight.ndim > 2 and weight.shape[-1] == 1:
        weight = weight[..., 0]
    if weight.ndim < 2 and weight.size % outputs == 0:
        weight = weight.reshape(outputs, -1)
    if weight.ndim != 2 or weight.shape[0] != outputs:
        raise group.error(key, f"its shape is {weight.shape} where the layer has {outputs} neurons")
    _check_signs(group, key, weight)
    return weight


def kernel(group: Group) -> Integers:
    """Weights of a convolution, ``[out, in / groups, kernel height, kernel width]``."""
    weight = group.integers("weight", *WEIGHT_RANGE)
    if weight.ndim == 5 and weight.shape[4] == 1:
        weight = weight[..., 0]
    if weight.ndim != 4:
        raise group.error("weight", f"its shape is {weight.shape}; (out, in, rows, columns) is needed")
    _check_signs(group, "weight", weight)
    return weight


def _check_signs(group: Group, key: str, weight: Integers) -> None:
    """A synapse of mixed sign holds even weights up to 254."""
    if weight.max() > 254 and weight.min() < 0:
        raise group.error(
            key,
            f"a weight of {int(weight.max())} beside negative ones does not fit a synapse",
            "weights of both signs lie in -256..254; quantise them to 8 bits before export",
        )


def bias(group: Group, outputs: int) -> Integers | None:
    """The bias of a layer, ``[outputs]``; ``None`` where it has none."""
    if not group.has("bias"):
        return None
    bias = group.integers("bias", *BIAS_RANGE).reshape(-1)
    if bias.size not in (1, outputs):
        raise group.error("bias", f"it has {bias.size} values for {outputs} neurons")
    return np.broadcast_to(bias, (outputs,)).astype(np.int64)


def map_bias(group: Group, shape: Shape) -> Integers | None:
    """One value per channel; or one per neuron, which lava keeps in the order (x, y, channel)."""
    if not group.has("bias"):
        return None
    bias = group.integers("bias", *BIAS_RANGE)
    if bias.ndim == 3 and bias.shape == shape[::-1]:
        return np.ascontiguousarray(bias.transpose(2, 1, 0))
    if bias.size != shape[0]:
        raise group.error("bias", f"its shape is {bias.shape}; {shape[0]} channels need ({shape[0]},) or {shape[::-1]}")
    return bias.reshape(-1, 1, 1)


def pair(group: Group, key: str, low: int, default: Pair) -> Pair:
    """A size for rows and columns; one number stands for both."""
    if not group.has(key):
        return default
    sizes = [int(n) for n in group.integers(key, low, MAX_ELEMENTS).reshape(-1)]
    if len(sizes) == 3 and sizes[2] == low:
        # Older files keep the axis of time.
        sizes.pop()
    if len(sizes) not in (1, 2):
        raise group.error(key, f"it has {len(sizes)} numbers; one or two (rows, columns) are needed")
    return (sizes[0], sizes[-1])


def delay(group: Group, weights: Shape) -> int:
    """Steps by which a layer's events come later, the same for all."""
    if not group.has("delay"):
        return 0
    delays = group.integers("delay", 0, MAX_DELAY)
    if delays.size not in (1, *weights):
        raise group.error(
            "delay", f"it has {delays.size} values; one, or one per output or input of {weights} is needed"
        )
    if (low := int(delays.min())) != (high := int(delays.max())):
        raise group.error(
            "delay",
            f"delays that differ from neuron to neuron ({low} to {high} steps) have no form in ONNX",
            "train with one delay for the layer (delay=False, or the same value everywhere)",
        )
    return low
