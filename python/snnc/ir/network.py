"""What a network is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Parameter:
    """Values of a layer: one, one for each channel, or one for each neuron in the order (C, H, W)."""

    #: ``scalar``, ``channel`` or ``neuron``.
    per: str
    #: float32 of a real network, int64 of an integer one.
    values: Array

    def spread(self, shape: Shape) -> Array:
        """A value for each neuron, ``[C, H, W]``."""
        target = {"scalar": (1, 1, 1), "channel": (shape[0], 1, 1), "neuron": shape}[self.per]
        return np.ascontiguousarray(np.broadcast_to(self.values.reshape(target), shape))


@dataclass(frozen=True)
class Reset:
    """What a spike does to the membrane, and when."""

    #: ``none``, ``subtract``, ``zero`` or ``value``.
    effect: str
    #: ``same``, ``next`` or ``refund``; None without a reset.
    timing: str | None = None


@dataclass(frozen=True)
class Weights:
    """Weights ``[out, in, rows, columns]`` as they are stored: ``values * scale``."""

    #: float32, int8 or int32.
    values: Array
    scale: Parameter | None = None

    def real(self) -> npt.NDArray[np.float32]:
        """The weights as float32, the product rounded once."""
        values = self.values.astype(np.float32)
        if self.scale is None:
            return values
        return values * self.scale.values.astype(np.float32).reshape(-1, 1, 1, 1)


#: Value of an attribute: words and numbers as they are, lists of whole numbers, ranges as pairs.
Attribute = str | int | float | bool | tuple[int, ...] | Parameter | Reset | Array


@dataclass(frozen=True)
class Layer:
    """A node of the network."""

    name: str
    op: str
    #: Indices of the layers that it reads.
    inputs: tuple[int, ...]
    shape: Shape
    attributes: Mapping[str, Attribute]
    weights: Weights | None = None
    #: Names of the nodes of the source file that it stands for.
    origin: tuple[str, ...] = ()

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, if it is there."""
        value = self.attributes.get(name)
        return value if isinstance(value, Parameter) else None


@dataclass(frozen=True)
class Network:
    """Layers in an order in which only a ``delay`` reads what comes later."""

    name: str
    steps: int
    #: Whether it calculates with real numbers; otherwise with integers.
    real: bool
    layers: tuple[Layer, ...]
