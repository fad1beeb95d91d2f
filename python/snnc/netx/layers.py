"""The layers of a ``.net`` file as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from .neurons import Neuron
from .store import Group, Integers
from .values import Pair, Shape


@dataclass(frozen=True)
class Layer:
    """What all layers have. ``group`` is for messages."""

    name: str
    group: Group
    #: ``(C, H, W)`` or ``(N,)``.
    shape: Shape
    neuron: Neuron | None


@dataclass(frozen=True)
class Input(Layer):
    """Values from outside; with a neuron, values that lava would set as its bias."""

    #: Of the affine transform from data to those values; ``None`` where the file has none.
    weight: int | None
    bias: int | None


@dataclass(frozen=True)
class Dense(Layer):
    """All to all."""

    #: ``[out, in]``.
    weight: Integers
    #: ``[out, out]``, from the step before.
    recurrent: Integers | None
    #: ``[out]``.
    bias: Integers | None
    #: Steps that every input waits.
    delay: int


@dataclass(frozen=True)
class Conv(Layer):
    """A cross-correlation; sizes are (y, x)."""

    #: ``[out, in / groups, kernel height, kernel width]``.
    weight: Integers
    #: ``[C, 1, 1]`` or ``[C, H, W]``.
    bias: Integers | None
    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int


@dataclass(frozen=True)
class Flatten(Layer):
    """All elements as one axis, in the order (C, H, W)."""
