"""Fields of a node, taken with checks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .errors import NirError
from .graph import Node

Real = npt.NDArray[np.float64]

#: Most values of a layer, and most along an axis; Loihi 2 has a million neurons.
MAX_ELEMENTS = 1 << 24


def real(node: Node, name: str, *, ndim: int | None = None) -> Real:
    """A finite array of numbers."""
    value = node.fields.get(name)
    if value is None or isinstance(value, str):
        raise NirError(f"field {name} is not an array of numbers", node.name)
    array = np.asarray(value, np.float64)
    if not np.isfinite(array).all():
        raise NirError(f"field {name} has values that are not finite", node.name)
    with np.errstate(over="ignore"):
        if not np.isfinite(array.astype(np.float32)).all():
            raise NirError(f"field {name} has values that are too large for 32 bits", node.name)
    if ndim is not None and array.ndim != ndim:
        raise NirError(f"field {name} has the shape {list(array.shape)}; {ndim} axes are expected", node.name)
    return array


def parameter(node: Node, name: str, shape: Sequence[int], default: float | None = None) -> Real:
    """A value for each neuron of a layer of that shape.

    A single value holds for all neurons, a field that is left out (where there is a default) too.
    """
    if node.fields.get(name) is None and default is not None:
        return np.full(shape, default)
    array = real(node, name)
    if array.size == 1:
        return np.full(shape, array.reshape(()))
    fits = array.ndim == len(shape) and all(a in (1, b) for a, b in zip(array.shape, shape, strict=True))
    if not fits:
        raise NirError(
            f"field {name} has the shape {list(array.shape)}, but what comes in has {list(shape)}", node.name
        )
    return np.broadcast_to(array, tuple(shape))


def positive(node: Node, name: str, shape: Sequence[int]) -> Real:
    """As :func:`parameter`, and all values above zero: time constants."""
    array = parameter(node, name, shape)
    if not (array > 0).all():
        raise NirError(f"{name} is {array.min()}, but a time constant is above zero", node.name)
    return array


def whole(node: Node, name: str, default: int | None = None) -> int:
    """One whole number."""
    value = node.fields.get(name)
    if value is None and default is not None:
        return default
    values = _wholes(node, name)
    if len(values) != 1:
        raise NirError(f"field {name} is not one whole number", node.name)
    return values[0]


def pair(node: Node, name: str, least: int) -> tuple[int, int]:
    """Two whole numbers (y, x), none below ``least``; one number stands for both."""
    values = _wholes(node, name)
    if len(values) not in (1, 2):
        raise NirError(f"field {name} is not two whole numbers", node.name)
    y, x = values[0], values[-1]
    if min(y, x) < least or max(y, x) >= MAX_ELEMENTS:
        raise NirError(f"field {name} is {[y, x]}, but each is at least {least}", node.name)
    return y, x


def shape(node: Node, name: str) -> tuple[int, ...] | None:
    """A shape without batch: ``(N,)``, ``(C, L)`` or ``(C, H, W)``; None where it is left open."""
    if node.fields.get(name) is None:
        return None
    values = _wholes(node, name)
    if not 1 <= len(values) <= 3:
        raise NirError(
            f"the shape {values} has {len(values)} axes; it is (N), (C, L) or (C, H, W), with no batch",
            node.name,
        )
    return sized(node.name, tuple(values))


def sized(node: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape, if something fits into it and that is not too much."""
    if min(shape) < 1 or math.prod(shape) > MAX_ELEMENTS:
        raise NirError(f"the shape {list(shape)} is empty, or has more than {MAX_ELEMENTS} values", node)
    return shape


def _wholes(node: Node, name: str) -> list[int]:
    array = real(node, name)
    if array.ndim > 1 or (array != np.round(array)).any():
        raise NirError(f"field {name} is not made of whole numbers", node.name)
    return [int(v) for v in array.reshape(-1)]
