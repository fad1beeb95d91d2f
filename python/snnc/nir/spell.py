"""Neurons of a network as primitives of NIR: the inverse of :mod:`snnc.nir.neurons`."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ..ir import Layer, Reset
from .convention import Convention, time_constant
from .errors import NirError
from .fields import Real
from .graph import Field

#: What may be written although a reader makes something else of it.
Approximation = Literal["subtract", "next_step", "count", "compare", "v_min"]
APPROXIMATIONS: tuple[str, ...] = get_args(Approximation)


@dataclass(frozen=True)
class Spelled:
    """A primitive with its fields, arrays of the shape of the layer; and a factor on its spikes."""

    kind: str
    fields: dict[str, Field]
    scale: Real | None = None


class Speller:
    """Writes neurons for readers that step by a convention, with the approximations that are allowed."""

    def __init__(self, convention: Convention, dt: float, allow: AbstractSet[str]) -> None:
        self._convention = convention
        #: Length of a step in the unit of time constants and delays.
        self.dt = convention.duration(dt)
        self._allow = allow
        #: Approximations that the layer at hand needs and that are not allowed, with why.
        self._needed: list[_Need] = []

    def neuron(self, layer: Layer) -> Spelled:
        """The primitive for a layer of neurons; raises :class:`NirError` where NIR has none."""
        if layer.op in ("sigma_delta", "delta", "activation"):
            raise NirError(f"NIR has no primitive for {layer.op}", layer.name)
        for name in ("initial", "current_initial"):
            first = layer.parameter(name)
            if first is not None and (first.values != 0).any():
                raise NirError("its states do not start at zero, which NIR cannot say", layer.name)
        for name, what in (("start", "starts later than in step 0"), ("refractory", "has refractory steps")):
            if layer.attributes.get(name, 0) != 0:
                raise NirError(f"it {what}, which NIR cannot say", layer.name)
        if "levels" in layer.attributes:
            raise NirError("its membrane is rounded to levels, which NIR cannot say", layer.name)
        if layer.op == "integrator":
            return self._readout(layer)
        self._needed = []
        spelled = self._spiking(layer)
        if self._needed:
            raise NirError(_remedy(self._needed), layer.name)
        return spelled

    def _readout(self, layer: Layer) -> Spelled:
        beta, gain, rest = self._membrane(layer)
        if (beta == 1).all():
            return Spelled("I", {"r": self._resistance(layer, gain)})
        tau, r = self._leak(layer, beta, gain)
        return Spelled("LI", {"tau": tau, "r": r, "v_leak": rest})

    def _spiking(self, layer: Layer) -> Spelled:
        beta, gain, rest = self._membrane(layer)
        threshold = _spread(layer, "threshold", 1.0)
        scale = self._emission(layer)
        reset = layer.attributes["reset"]
        assert isinstance(reset, Reset)
        self._comparison(layer)
        self._floor(layer, threshold, (beta == 1).all() and layer.op != "cuba")
        if reset.effect == "none" and layer.op != "cuba" and (beta == 0).all() and (rest == 0).all():
            if not (gain > 0).all():
                raise NirError("the factor before its threshold is not above zero", layer.name)
            return Spelled("Threshold", {"threshold": threshold / gain}, scale)
        v_reset = self._reset(layer, reset, (beta == 1).all(), threshold)
        spikes = {"v_threshold": threshold, "v_reset": v_reset}
        if layer.op == "cuba":
            alpha = _spread(layer, "current_decay", 1.0)
            tau_syn = self._time_constant(layer, alpha, "the decay of the current")
            tau, r = self._leak(layer, beta, gain)
            # Only the product of r and w_in is known; what enters the current enters it as it is.
            w_in = 1 / (1 - alpha) if self._convention.lif_drive == "nir" else np.ones_like(alpha)
            values = {"tau_syn": tau_syn, "tau_mem": tau, "r": r, "v_leak": rest, "w_in": w_in}
            return Spelled("CubaLIF", {**values, **spikes}, scale)
        if (beta == 1).all():
            return Spelled("IF", {"r": self._resistance(layer, gain), **spikes}, scale)
        tau, r = self._leak(layer, beta, gain)
        return Spelled("LIF", {"tau": tau, "r": r, "v_leak": rest, **spikes}, scale)

    def _membrane(self, layer: Layer) -> tuple[Real, Real, Real]:
        """Decay, gain and rest of ``v = rest + decay (v - rest) + gain x``."""
        beta = _spread(layer, "decay", 1.0)
        gain = _spread(layer, "gain", 1.0)
        rest = _spread(layer, "rest", 0.0)
        after = layer.attributes.get("order") == "after_input"
        if after:
            gain = gain * beta
        if layer.parameter("bias") is not None:
            if after or (beta == 1).any():
                raise NirError("a constant enters its membrane; put it into the bias of the layer before", layer.name)
            rest = rest + _spread(layer, "bias", 0.0) / (1 - beta)
        return beta, gain, rest

    def _leak(self, layer: Layer, beta: Real, gain: Real) -> tuple[Real, Real]:
        if (beta == 1).any():
            what = "its membrane has a current but no leak" if (beta == 1).all() else "some of its neurons have no leak"
            raise NirError(f"{what}, for which NIR has no primitive", layer.name)
        tau = self._time_constant(layer, beta, "the decay of the membrane")
        if self._convention.lif_drive == "jump":
            return tau, self._unit(layer, gain)
        return tau, gain / (1 - beta)

    def _time_constant(self, layer: Layer, factor: Real, name: str) -> Real:
        return time_constant(factor, self.dt, self._convention.discretization, name, layer.name)

    def _resistance(self, layer: Layer, gain: Real) -> Real:
        return gain / self.dt if self._convention.if_drive == "nir" else self._unit(layer, gain)

    def _unit(self, layer: Layer, gain: Real) -> Real:
        if (gain != 1).any():
            raise NirError(
                "a factor is on what enters its membrane, which readers by this convention leave out; "
                "put it into the weights before",
                layer.name,
            )
        return gain

    def _emission(self, layer: Layer) -> Real | None:
        emit = layer.attributes.get("emit", "binary")
        counts = emit == "count"
        if counts != (self._convention.emission == "count") or layer.parameter("max_count") is not None:
            what = "several spikes in a step" if counts else "one spike in a step, where readers make several"
            self._need("count", f"it gives {what}")
        return _spread(layer, "spike_value", 1.0) if emit == "scaled" else None

    def _comparison(self, layer: Layer) -> None:
        if layer.attributes["compare"] != self._convention.compare and layer.attributes.get("emit") != "count":
            own = {"gt": "only above its threshold", "ge": "at its threshold too"}[str(layer.attributes["compare"])]
            said = f"compare='{layer.attributes['compare']}'"
            self._need("compare", f"it spikes {own}, which readers take otherwise", said)

    def _floor(self, layer: Layer, threshold: Real, integrates: bool) -> None:
        bound = layer.parameter("v_min")
        if self._convention.if_floor and integrates:
            if bound is None or (bound.spread(layer.shape) != -threshold).any():
                self._need("v_min", "readers hold its membrane at the negative threshold or above")
        elif bound is not None:
            self._need("v_min", "its membrane has a lower bound")

    def _reset(self, layer: Layer, reset: Reset, without_leak: bool, threshold: Real) -> Real:
        if reset.effect == "none":
            raise NirError("a spike does not reset its membrane, which NIR cannot say", layer.name)
        v_reset = _spread(layer, "reset_value", 0.0)
        read = self._convention.reset
        if reset.effect == "subtract" and read != "subtract":
            self._need(
                "subtract",
                "a spike takes the threshold off its membrane, where NIR sets it to v_reset",
                "reset='subtract'",
            )
        if reset.effect != "subtract" and (read == "subtract" or (read == "zero" and (v_reset != 0).any())):
            raise NirError("readers by this convention do not reset its membrane to a value", layer.name)
        if reset.timing != "same":
            # Without leak or current the reset may as well come at once.
            exact = layer.op != "cuba" and reset.timing == "next" and (threshold > 0).all()
            if not (exact and (reset.effect != "subtract" or without_leak)):
                self._need("next_step", "its reset takes effect in the next step")
        return v_reset

    def _need(self, approximation: Approximation, why: str, exact: str | None = None) -> None:
        if approximation not in self._allow:
            self._needed.append(_Need(approximation, why, exact))


@dataclass(frozen=True)
class _Need:
    """An approximation without which a layer cannot be written."""

    approximation: Approximation
    why: str
    #: The choice of a convention that says the same exactly, if readers of the file make it too.
    exact: str | None


def _remedy(needed: Sequence[_Need]) -> str:
    allow = ", ".join(sorted({f"'{need.approximation}'" for need in needed}))
    exact = " and ".join(need.exact for need in needed if need.exact)
    told = f"; {exact} says so exactly, to readers who are told too" if exact else ""
    return f"{', and '.join(need.why for need in needed)}{told}; allow={{{allow}}} writes it all the same"


def _spread(layer: Layer, name: str, default: float) -> Real:
    parameter = layer.parameter(name)
    if parameter is None:
        return np.full(layer.shape, default)
    return parameter.spread(layer.shape).astype(np.float64)
