"""snnTorch 1.0: Leaky, RLeaky, Synaptic, RSynaptic, Lapicque, and Alpha without reset.

A neuron compares with ``>`` and resets in the step after the spike; ``beta`` and ``alpha`` are held in 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import snntorch
import torch
from torch import Tensor, nn

from ...errors import ExportError
from ..graph import WRITTEN_OUT_STATES
from ..neuron import Neuron, membrane
from ..session import Call, Found, Tracer
from . import own_methods

#: Methods that hold the equations of a neuron.
_EQUATIONS = ("forward", "fire", "mem_reset", "_base_state_function", "_base_sub", "_base_zero", "_base_int")
_SUPPORTED: dict[type, Callable[[Any], Neuron]] = {}


def neuron(module: nn.Module) -> Found | None:
    """What stands in for the forward of a snnTorch neuron."""
    if not isinstance(module, snntorch.SpikingNeuron):
        if type(module).__module__.startswith("snntorch._neurons.leaky"):
            raise ExportError("it takes all steps at once and has no step to export; use Leaky")
        return None
    base = next((kind for kind in type(module).__mro__ if kind in _SUPPORTED), None)
    if base is None:
        names = ", ".join(kind.__name__ for kind in _SUPPORTED)
        raise ExportError(f"no ai.snnc operator describes it; supported are {names}")
    own_methods(module, base, _EQUATIONS)
    if module.inhibition:
        raise ExportError("inhibition takes a maximum over the layer, which no chip does in one step")
    if module.state_quant:
        return Found(_written_out(module), written_out=True)
    made = _SUPPORTED[base](module)
    if isinstance(module, snntorch.Alpha):
        return Found(_alpha_shaped(module, made))
    if isinstance(module, (snntorch.RLeaky, snntorch.RSynaptic)):
        return Found(_recurrent(module, made))
    return Found(_plain(module, made))


def _result(module: Any, spikes: Tensor, states: tuple[Tensor, ...]) -> Any:
    if module.init_hidden and not module.output:
        return spikes
    return (spikes, *states)


def _written_out(module: Any) -> Call:
    """A neuron that rounds its states has no operator: it stays in torch's own operators, with its states outside."""
    names = [name for name in ("spk", *WRITTEN_OUT_STATES) if name in module._buffers]

    def call(tracer: Tracer, input_: Tensor, *states: Tensor | None, **named: Tensor | None) -> Any:
        for name in names:
            setattr(module, name, tracer.feedback(name, input_))
        result = type(module).forward(module, input_)
        for name in names:
            tracer.feed(name, getattr(module, name))
        return result

    return call


def _plain(module: Any, made: Neuron) -> Call:
    def call(tracer: Tracer, input_: Tensor, *states: Tensor | None, **named: Tensor | None) -> Any:
        spikes, membrane_, *current = tracer.neuron(made, input_)
        return _result(module, spikes, (*current, membrane_))

    return call


def _recurrent(module: Any, made: Neuron) -> Call:
    def call(tracer: Tracer, input_: Tensor, *states: Tensor | None, **named: Tensor | None) -> Any:
        before = tracer.feedback("spk", input_)
        spikes, membrane_, *current = tracer.neuron(made, input_ + module.recurrent(before))
        tracer.feed("spk", spikes)
        return _result(module, spikes, (spikes, *current, membrane_))

    return call


def _alpha_shaped(module: Any, made: Neuron) -> Call:
    """Two exponentials without reset: the input cancels in their sum, so the membrane takes that of the step before."""

    def call(tracer: Tracer, input_: Tensor, *states: Tensor | None, **named: Tensor | None) -> Any:
        before = tracer.feedback("input", input_)
        spikes, membrane_, current = tracer.neuron(made, before)
        tracer.feed("input", input_)
        # What the caller would keep as the two currents goes on in the operator's own states.
        return _result(module, spikes, (current, current, membrane_))

    return call


def _timing(module: Any) -> str:
    if module.reset_mechanism == "none":
        return "none"
    if getattr(module, "reset_delay", True):
        return "next"
    if module.reset_mechanism == "zero":
        raise ExportError(
            "reset_mechanism='zero' with reset_delay=False has no ai.snnc operator; use reset_delay=True or 'subtract'"
        )
    return "refund"


def _operator(module: Any, family: str, timing: str, options: tuple[str, ...] = ()) -> tuple[Any, dict[str, Any]]:
    """Operator and the parameters that depend on the spike value."""
    factor = torch.as_tensor(module.graded_spikes_factor)
    graded = bool((factor != 1).any())
    operator = membrane(family, module.reset_mechanism, timing, "gt", "scaled" if graded else "binary", options)
    return operator, {"spike_value": factor} if graded else {}


def _leaky(module: Any) -> Neuron:
    operator, graded = _operator(module, "LIF", _timing(module))
    return Neuron(operator, {"beta": module.beta.clamp(0, 1), "threshold": module.threshold, **graded})


def _rleaky(module: Any) -> Neuron:
    if module.reset_mechanism == "zero":
        return _forgetful(module, module.beta.clamp(0, 1), None)
    return _leaky(module)


def _synaptic(module: Any) -> Neuron:
    operator, graded = _operator(module, "CUBA", _timing(module))
    decays = {"beta": module.beta.clamp(0, 1), "alpha": module.alpha.clamp(0, 1)}
    return Neuron(operator, {**decays, "threshold": module.threshold, **graded})


def _alpha(module: Any) -> Neuron:
    if module.reset_mechanism != "none":
        raise ExportError(
            f"Alpha with reset_mechanism='{module.reset_mechanism}' resets its currents together with the membrane, "
            "which no ai.snnc operator does; use reset_mechanism='none', or Synaptic"
        )
    alpha, beta = module.alpha.clamp(0, 1), module.beta.clamp(0, 1)
    factor = torch.log(alpha) / (torch.log(beta) - torch.log(alpha)) + 1
    operator, graded = _operator(module, "CUBA", "none", ("gain",))
    decays = {"beta": beta, "alpha": alpha, "gain": factor * (alpha - beta)}
    return Neuron(operator, {**decays, "threshold": module.threshold, **graded})


def _lapicque(module: Any) -> Neuron:
    gain = 1 / (module.R * module.C) * module.R * module.time_step
    beta = 1 - module.time_step / (module.R * module.C)
    if module.reset_mechanism == "zero":
        return _forgetful(module, beta, gain)
    operator, graded = _operator(module, "LIF", _timing(module), ("gain",))
    return Neuron(operator, {"beta": beta, "threshold": module.threshold, "gain": gain, **graded})


def _forgetful(module: Any, beta: Tensor, gain: Tensor | None) -> Neuron:
    """A reset to zero that also drops the input of its step: that of CUBA, with a current that does not last."""
    operator, graded = _operator(module, "CUBA", _timing(module), () if gain is None else ("gain",))
    parameters = {"beta": beta, "alpha": 0.0, "threshold": module.threshold, **graded}
    return Neuron(operator, parameters if gain is None else {**parameters, "gain": gain})


_SUPPORTED.update(
    {
        snntorch.Leaky: _leaky,
        snntorch.RLeaky: _rleaky,
        snntorch.Synaptic: _synaptic,
        snntorch.RSynaptic: _synaptic,
        snntorch.Alpha: _alpha,
        snntorch.Lapicque: _lapicque,
    }
)
