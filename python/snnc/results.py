"""What the compiler's commands give, apart from the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import Diagnostic, SnncError

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Layer:
    """A layer as the compiler read it."""

    name: str
    #: ``conv2d``, ``linear``, ``lif``, …
    op: str
    #: ``(C, H, W)``.
    shape: tuple[int, ...]
    #: Names of the layers that it reads.
    inputs: tuple[str, ...]
    #: ONNX nodes that it was read from.
    onnx_nodes: tuple[str, ...]
    #: Fields of a neuron as text; ``None`` for other layers.
    neuron: str | None
    #: How a written-out neuron was recognised.
    form: str | None
    #: Number of weights, and of those that are not zero.
    weights: int | None
    nonzero_weights: int | None
    #: Bits of an integer weight; ``None`` for floats.
    weight_bits: int | None


@dataclass(frozen=True)
class Network:
    """What is in a model file."""

    name: str
    steps: int
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]
    #: All that the compiler said, as parsed JSON.
    data: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        rows = [f"{self.name}: {self.steps} step(s) per inference"]
        width = max((len(layer.name) for layer in self.layers), default=0)
        for layer in self.layers:
            shape = "x".join(map(str, layer.shape))
            rows.append(f"  {layer.name:<{width}}  {layer.op:<10} {shape:>12}  {layer.neuron or ''}".rstrip())
        return "\n".join(rows)


@dataclass(frozen=True)
class Simulation:
    """What a network gave for samples."""

    #: What each output (or recorded layer) gave: ``[N, T, C, H, W]``, or ``[N, T, C]`` of a map with one position.
    outputs: Mapping[str, Array]
    #: Class of each sample, ``[N]``: the element of the first output with the greatest sum over the steps.
    predicted: npt.NDArray[np.int64]
    #: Share of samples whose class is their label; ``None`` without labels.
    accuracy: float | None
    #: Events per neuron and step of each layer of neurons and each input.
    activity: Mapping[str, float]
    warnings: tuple[Diagnostic, ...]

    @property
    def output(self) -> Array:
        """The only output.

        Raises:
            SnncError: The network has several.
        """
        if len(self.outputs) != 1:
            raise SnncError(f"the network has the outputs {', '.join(self.outputs)}: choose one of .outputs")
        return next(iter(self.outputs.values()))
