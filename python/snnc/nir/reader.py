"""From NIR to ONNX."""

from __future__ import annotations

import math
import warnings
from os import PathLike, fspath
from typing import Any

import numpy as np
import onnx

from ..opset import Builder, DuplicateNameError, Value
from . import fields, hdf5, objects
from .convention import Compare, Convention, Discretization, Reset
from .convention import convention as chosen
from .errors import NirError, NirWarning
from .graph import PASS, Flat, Node, flatten
from .layers import connect
from .neurons import Neurons
from .order import NEURONS, Edge, feedback, in_order
from .shapes import canonical, shapes

#: Longest Delay, in steps; Loihi 2 delays by at most 62.
MAX_DELAY = 1024
#: Most steps of all Delays together: each is a state of the model.
MAX_DELAYS = 1 << 14


def from_nir(
    source: str | PathLike[str] | Any,
    output: str | PathLike[str] | None = None,
    *,
    dt: float,
    steps: int,
    convention: str | Convention = "nir",
    discretization: Discretization | None = None,
    reset: Reset | None = None,
    compare: Compare | None = None,
    name: str = "nir",
) -> onnx.ModelProto:
    """An ONNX model with neurons of ``ai.snnc`` that steps a NIR graph.

    ``source`` is a ``.nir`` file or a ``nir.NIRGraph``. ``dt`` is the length of a step in seconds, ``steps``
    the number of steps of an inference. ``convention`` says how the equations are stepped and what a reset
    does: a name of :data:`~snnc.nir.CONVENTIONS` or a :class:`~snnc.nir.Convention`; the keywords after it
    replace single choices. The model, called ``name``, is written to ``output`` when that is given.

    The model is in step form: inputs ``[1, C, H, W]`` or ``[1, N]`` of a step, called like the Input nodes,
    states as inputs and outputs. A line ``(C, L)`` of NIR is ``[1, C, L, 1]``. Feedback comes a step later.
    Raises :class:`~snnc.nir.NirError`, which names the node, for graphs that are malformed or have no meaning
    in steps.
    """
    if isinstance(dt, bool) or not (isinstance(dt, (int, float)) and math.isfinite(dt) and dt > 0):
        raise NirError(f"dt is a time in seconds above zero, not {dt!r}")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise NirError(f"steps is a whole number from 1, not {steps!r}")
    rules = chosen(convention, discretization, reset, compare)
    graph = hdf5.read(source) if isinstance(source, (str, PathLike)) else objects.read(source)
    flat = flatten(graph)
    if rules.reset == "nir":
        _warn_of_resets(flat)
    model = _Network(flat, rules, float(dt)).model(name, steps)
    if output is not None:
        with open(fspath(output), "wb") as file:
            file.write(model.SerializeToString(deterministic=True))
    return model


def _warn_of_resets(flat: Flat) -> None:
    open_ = [
        node.name
        for node in flat.nodes.values()
        if node.kind in ("IF", "LIF", "CubaLIF") and node.fields.get("v_reset") is None
    ]
    if open_:
        warnings.warn(
            f"{', '.join(map(repr, open_[:4]))}{' and others' if len(open_) > 4 else ''} have no v_reset, "
            "which is read as a reset to zero, as nir 1.0.6 and later do; before, NIR's reset took the "
            "threshold off. Say reset='zero' or reset='subtract'",
            NirWarning,
            stacklevel=3,
        )


class _Network:
    def __init__(self, flat: Flat, rules: Convention, dt: float) -> None:
        self._flat = flat
        self._rules = rules
        self._dt = dt
        self._shapes = shapes(flat)
        self._delays = {n.name: self._steps(n) for n in flat.nodes.values() if n.kind == "Delay"}
        if sum(self._delays.values()) > MAX_DELAYS:
            raise NirError(f"the Delays are more than {MAX_DELAYS} steps in all; choose a longer dt")
        late = [name for name, count in self._delays.items() if count > 0]
        self._feedback: frozenset[Edge] = feedback(flat, late)
        self._order = in_order(flat, late, self._feedback)
        self._values: dict[str, Value] = {name: Value(name, canonical(self._shapes[name][1])) for name in late}

    def model(self, name: str, steps: int) -> onnx.ModelProto:
        builder = Builder(name)
        neurons = Neurons(builder, self._rules, self._dt)
        sources = self._flat.sources()
        kept = {source for source, _ in self._feedback}
        for key in self._order:
            node = self._flat.nodes[key]
            read = [self._read(source, key) for source in sources[key]]
            x = builder.add(read, f"{key}.sum") if len(read) > 1 else read[0] if read else None
            value = self._add(builder, neurons, node, x)
            self._values[key] = value
            if key in kept:
                builder.delayed(self._last(key), value.shape, value.name)
        if not any(node.kind == "Output" for node in self._flat.nodes.values()):
            raise NirError("the graph has no Output")
        try:
            return builder.model(steps, self._dt)
        except DuplicateNameError as error:
            # Names of values are made of names of nodes: nodes called "a" and "a.v" may want the same one.
            raise NirError("another node makes a value of this name; rename one", error.name) from error
        except onnx.checker.ValidationError as error:
            raise NirError(f"the ONNX checker refuses the model: {error}") from error

    def _read(self, source: str, target: str) -> Value:
        if (source, target) not in self._feedback:
            return self._values[source]
        return Value(self._last(source), canonical(self._shapes[source][1]))

    def _last(self, name: str) -> str:
        return f"{name}.last"

    def _add(self, builder: Builder, neurons: Neurons, node: Node, x: Value | None) -> Value:
        shape, result = self._shapes[node.name]
        if x is None:
            return builder.input(node.name, canonical(shape))
        if node.kind == "Output":
            builder.output(x, node.name)
            return x
        if node.kind == PASS:
            return x
        if node.kind == "Delay":
            count = self._delays[node.name]
            for k in range(1, count + 1):
                x = builder.delayed(f"{node.name}.{k}" if k < count else node.name, x.shape, x.name)
            return x
        if node.kind in NEURONS:
            return neurons.add(node, x, shape)
        return connect(builder, node, x, shape, result)

    def _steps(self, node: Node) -> int:
        delay = fields.parameter(node, "delay", self._shapes[node.name][0])
        first = float(delay.reshape(-1)[0])
        if not np.allclose(delay, first, rtol=1e-6, atol=0):
            raise NirError("its delays differ; use one Delay for each part of the layer", node.name)
        count = first / self._rules.duration(self._dt)
        whole = round(count) if abs(count) <= MAX_DELAY + 1 else -1
        if not 0 <= whole <= MAX_DELAY:
            raise NirError(f"a delay of {first} is not 0 to {MAX_DELAY} steps of {self._dt}", node.name)
        if abs(count - whole) > 1e-4 * max(whole, 1):
            raise NirError(
                f"a delay of {first} is {count:.6g} steps of {self._dt}, no whole number; choose another dt",
                node.name,
            )
        return whole
