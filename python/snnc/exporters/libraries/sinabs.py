"""sinabs: IAF, LIF and ExpLeak, also squeezed and recurrent.

A neuron compares with ``>=``, may give several spikes in a step, and resets in the step of the spike. Its input has
a time axis, ``[N, T, ...]``, or is squeezed to ``[N * T, ...]``.
"""

from __future__ import annotations

from typing import Any

import torch
from sinabs import activation, layers
from sinabs.layers.reshape import SqueezeMixin
from torch import Tensor, nn

from ...errors import ExportError
from ...opset import Operator
from ..neuron import Neuron, membrane
from ..session import Found, Tracer

_KINDS = tuple(
    getattr(layers, name)
    for name in (
        *("IAF", "IAFSqueeze", "IAFRecurrent", "LIF", "LIFSqueeze", "LIFRecurrent", "ExpLeak", "ExpLeakSqueeze"),
    )
    if hasattr(layers, name)
)


def neuron(module: nn.Module) -> Found | None:
    """What stands in for the forward of a sinabs neuron."""
    if not isinstance(module, layers.StatefulLayer):
        return None
    if type(module) not in _KINDS:
        names = ", ".join(kind.__name__ for kind in _KINDS)
        raise ExportError(f"no ai.snnc operator describes it; supported are {names}")
    made = _integrator(module) if _value(module, "spike_fn") is None else _spiking(module)
    squeezed = isinstance(module, SqueezeMixin)

    def call(tracer: Tracer, input_data: Tensor) -> Tensor:
        if squeezed:
            return _step(tracer, module, made, input_data)
        if input_data.shape[1] != 1:
            raise ExportError(
                f"a layer gets {input_data.shape[1]} steps where the example has one: export the layers behind "
                "what makes or repeats steps"
            )
        return _step(tracer, module, made, input_data.squeeze(1)).unsqueeze(1)

    return Found(call, 0, True) if squeezed else Found(call, 1)


def _step(tracer: Tracer, module: Any, made: Neuron, x: Tensor) -> Tensor:
    recurrent = getattr(module, "rec_connect", None)
    if recurrent is None:
        return tracer.neuron(made, x)[0]
    before = tracer.feedback("rec", x)
    spikes = tracer.neuron(made, x + recurrent(before).reshape(x.shape))[0]
    tracer.feed("rec", spikes)
    return spikes


def _value(module: Any, name: str) -> Any:
    return getattr(module, name, None)


def _membrane(module: Any) -> tuple[str, list[str], dict[str, Tensor | float]]:
    """Family, options and parameters of what comes before the spike."""
    # An IAF layer is a LIF layer of infinite time constant that does not normalise its input.
    beta = torch.as_tensor(module.alpha_mem_calculated).detach()
    gain: Tensor | None = 1 - beta if module.norm_input else None
    parameters: dict[str, Tensor | float] = {"beta": beta}
    family = "LIF"
    alpha = module.alpha_syn_calculated
    if alpha is not None:
        # sinabs decays the input together with the current; here the current is that before its factor.
        alpha = torch.as_tensor(alpha).detach()
        family, parameters["alpha"] = "CUBA", alpha
        gain = alpha if gain is None else alpha * gain
    options = []
    if gain is not None:
        options.append("gain")
        parameters["gain"] = gain
    if module.min_v_mem is not None:
        options.append("vmin")
        parameters["v_min"] = module.min_v_mem.detach()
    return family, options, parameters


def _spiking(module: Any) -> Neuron:
    family, options, parameters = _membrane(module)
    threshold = torch.as_tensor(module.spike_threshold).detach()
    parameters["threshold"] = threshold
    spikes = module.spike_fn
    if spikes is activation.SingleSpike:
        output = "binary"
    elif spikes is activation.MultiSpike:
        output = "count"
    elif isinstance(spikes, activation.MaxSpike):
        output = "count"
        if spikes.max_num_spikes_per_bin is not None:
            options.append("max")
            parameters["max_count"] = float(spikes.max_num_spikes_per_bin)
    else:
        raise ExportError("its spike_fn is none of SingleSpike, MultiSpike, MaxSpike")
    return Neuron(membrane(family, _reset(module, threshold), "same", "ge", output, options), parameters)


def _reset(module: Any, threshold: Tensor) -> str:
    reset = module.reset_fn
    if isinstance(reset, activation.MembraneSubtract):
        value = reset.subtract_value
        if value is not None and bool((torch.as_tensor(value) != threshold).any()):
            raise ExportError("MembraneSubtract takes off another value than the threshold: no ai.snnc operator does")
        return "subtract"
    if isinstance(reset, activation.MembraneReset):
        if reset.reset_value != 0:
            raise ExportError("MembraneReset adds its reset_value to every neuron, spiking or not; use 0")
        return "zero"
    raise ExportError("its reset_fn is neither MembraneSubtract nor MembraneReset")


def _integrator(module: Any) -> Neuron:
    family, options, parameters = _membrane(module)
    if family != "LIF" or "vmin" in options:
        raise ExportError("an integrator with tau_syn or min_v_mem has no ai.snnc operator")
    return Neuron(Operator.parse("_".join(["LI", *options])), parameters)
