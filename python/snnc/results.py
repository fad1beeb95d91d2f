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
class LayerActivity:
    """What a layer did over all samples and steps."""

    neurons: int
    #: Elements given out that are not zero.
    events: int
    #: Events per neuron in a step: the mean over all steps, the greatest, and nearest-rank percentiles.
    density: float
    density_max: float
    density_p50: float
    density_p95: float
    density_p99: float
    #: Accumulates that enter the layer: in all, and in a step on average and at most.
    synops: int
    synops_per_step: float
    synops_per_step_max: int
    #: Sums that did not fit 32 bits, and states that left their width.
    clipped: int
    overflows: int

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LayerActivity:
        """Reads an entry of ``layers`` or ``readouts``."""
        density, synops = data["density"], data["synops_per_step"]
        return cls(
            neurons=data["neurons"],
            events=data["events"],
            density=density["mean"],
            density_max=density["max"],
            density_p50=density["p50"],
            density_p95=density["p95"],
            density_p99=density["p99"],
            synops=data["synops"],
            synops_per_step=synops["mean"],
            synops_per_step_max=synops["max"],
            clipped=data["clipped"],
            overflows=data["overflows"],
        )


@dataclass(frozen=True)
class Simulation:
    """What a network gave for samples."""

    #: What each output (or recorded layer) gave: ``[N, T, C, H, W]``, or ``[N, T, C]`` of a map with one position.
    outputs: Mapping[str, Array]
    #: Class of each sample, ``[N]``: the element of the first output with the greatest sum over the steps.
    predicted: npt.NDArray[np.int64]
    #: Share of samples whose class is their label; ``None`` without labels.
    accuracy: float | None
    #: Samples by label and class; ``None`` without labels or with more than 1000 classes.
    confusion: npt.NDArray[np.int64] | None
    #: Events per neuron and step of each layer of neurons and each input.
    activity: Mapping[str, float]
    #: What each layer of neurons, each input and each connection without neurons behind it did.
    layers: Mapping[str, LayerActivity]
    warnings: tuple[Diagnostic, ...]

    @classmethod
    def from_json(
        cls, data: Mapping[str, Any], outputs: Mapping[str, Array], warnings: tuple[Diagnostic, ...]
    ) -> Simulation:
        """Reads what ``snnc simulate --format json`` printed."""
        layers = {entry["name"]: LayerActivity.from_json(entry) for entry in data["layers"]}
        readouts = {entry["name"]: LayerActivity.from_json(entry) for entry in data["readouts"]}
        confusion = data["confusion"]
        return cls(
            outputs=outputs,
            predicted=np.asarray(data["predicted"], np.int64),
            accuracy=None if data["correct"] is None or not data["samples"] else data["correct"] / data["samples"],
            confusion=None if confusion is None else np.asarray(confusion["counts"], np.int64),
            activity={name: layer.density for name, layer in layers.items()},
            layers=layers | readouts,
            warnings=warnings,
        )

    @property
    def output(self) -> Array:
        """The only output.

        Raises:
            SnncError: The network has several.
        """
        if len(self.outputs) != 1:
            raise SnncError(f"the network has the outputs {', '.join(self.outputs)}: choose one of .outputs")
        return next(iter(self.outputs.values()))
