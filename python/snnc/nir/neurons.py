"""Primitives with state, and the threshold, as operators of ``ai.snnc``."""

from __future__ import annotations

import numpy as np

from ..opset import Builder, Value
from . import fields
from .convention import Convention, decay
from .errors import NirError
from .fields import Real
from .graph import Node
from .layers import collapsed
from .shapes import Shape


class Neurons:
    """Adds neurons to a network, read by one convention with steps of ``dt`` seconds."""

    def __init__(self, builder: Builder, convention: Convention, dt: float) -> None:
        self._builder = builder
        self._convention = convention
        self._dt = convention.duration(dt)

    def add(self, node: Node, x: Value, shape: Shape) -> Value:
        """Adds the node, which reads ``x``; ``shape`` is the one that NIR counts."""
        if node.kind == "Threshold":
            threshold = fields.parameter(node, "threshold", shape)
            tokens = f"none_none_{self._convention.compare}_binary"
            return self._put("LIF", tokens, node.name, x, {"beta": np.zeros(()), "threshold": threshold})
        if node.kind in ("I", "IF"):
            beta, gain, rest = self._integrator(node, shape)
        else:
            beta, gain, rest = self._leaky(node, shape)
        values = {"beta": beta, "gain": gain, "v_rest": rest}
        if node.kind in ("CubaLI", "CubaLIF"):
            values["alpha"], enters = self._current(node, shape)
            values["gain"] = enters * gain
        if node.kind == "CubaLI":
            # There is no readout with a current: the current is a readout of its own before the membrane.
            first = {"beta": values.pop("alpha"), "gain": enters}
            x = self._put("LI", "", f"{node.name}.current", x, first)
            values["gain"] = gain
        if node.kind in ("I", "LI", "CubaLI"):
            return self._put("LI", "", node.name, x, values)
        tokens = self._spikes(node, shape, values)
        return self._put("CUBA" if node.kind == "CubaLIF" else "LIF", tokens, node.name, x, values)

    def _integrator(self, node: Node, shape: Shape) -> tuple[Real, Real, Real]:
        """Decay, gain and rest of ``dv/dt = r i``."""
        r = fields.parameter(node, "r", shape)
        gain = r * self._dt if self._convention.if_drive == "nir" else np.ones(shape)
        return np.ones(shape), gain, np.zeros(shape)

    def _leaky(self, node: Node, shape: Shape) -> tuple[Real, Real, Real]:
        """Decay, gain and rest of ``tau dv/dt = v_leak - v + r i``."""
        tau = "tau" if node.kind in ("LI", "LIF") else "tau_mem"
        beta = self._decay(node, tau, shape)
        gain = np.ones(shape)
        if self._convention.lif_drive == "nir":
            gain = fields.parameter(node, "r", shape) * self._entering(node, tau, shape, beta)
        return beta, gain, fields.parameter(node, "v_leak", shape)

    def _current(self, node: Node, shape: Shape) -> tuple[Real, Real]:
        """Decay of the current of ``tau_syn di/dt = w_in s - i``, and the factor on what enters it."""
        alpha = self._decay(node, "tau_syn", shape)
        w_in = fields.parameter(node, "w_in", shape, 1.0)
        if self._convention.lif_drive == "jump":
            return alpha, w_in
        return alpha, w_in * self._entering(node, "tau_syn", shape, alpha)

    def _decay(self, node: Node, name: str, shape: Shape) -> Real:
        tau = fields.positive(node, name, shape)
        return decay(tau, self._dt, self._convention.discretization, name, node.name)

    def _entering(self, node: Node, name: str, shape: Shape, factor: Real) -> Real:
        """``1 - decay``, of Euler's rule without the loss of digits."""
        if self._convention.discretization == "euler":
            return self._dt / fields.positive(node, name, shape)
        return 1 - factor

    def _spikes(self, node: Node, shape: Shape, values: dict[str, Real]) -> str:
        """The tokens of a spiking neuron; puts what they need among the values."""
        convention = self._convention
        threshold = values["threshold"] = fields.parameter(node, "v_threshold", shape)
        reset: str = convention.reset
        if reset == "nir":
            values["v_reset"] = fields.parameter(node, "v_reset", shape, 0.0)
            reset = "zero" if (values["v_reset"] == 0).all() else "value"
            if reset == "zero":
                del values["v_reset"]
        if convention.emission == "count" and not (threshold > 0).all():
            raise NirError(
                f"v_threshold is {threshold.min()}, and spikes that are counted need one above zero",
                node.name,
            )
        if node.kind == "IF" and convention.if_floor:
            values["v_min"] = -threshold
        return f"{reset}_same_{convention.compare}_{convention.emission}"

    def _put(self, family: str, tokens: str, name: str, x: Value, values: dict[str, Real]) -> Value:
        neutral = {"gain": 1.0, "v_rest": 0.0}
        given = {
            key: collapsed(value)
            for key, value in values.items()
            if key not in neutral or (np.asarray(value, np.float32) != neutral[key]).any()
        }
        for key, value in given.items():
            if not np.isfinite(value).all():
                raise NirError(f"{key} does not fit into 32 bits", name)
        options = [o for o, key in (("gain", "gain"), ("rest", "v_rest"), ("vmin", "v_min")) if key in given]
        operator = "_".join([family, *filter(None, [tokens]), *options])
        return self._builder.neuron(operator, x, given, name)
