"""Norse: LIFCell, LIFBoxCell, IAFCell, LICell, LIBoxCell, their recurrent cells, and the modules over time.

A neuron compares with ``>`` and is set to ``v_reset`` in the step of the spike. The membrane starts at ``v_leak``.
"""

from __future__ import annotations

import inspect
from typing import Any

import norse.torch as norse
import torch
from norse.torch.module import snn
from torch import Tensor, nn

from ...errors import ExportError
from ...opset import Operator
from ..neuron import Neuron, Parameter, membrane
from ..session import Found, Tracer

_BASES = (snn.SNNCell, snn.SNN, snn.SNNRecurrentCell, snn.SNNRecurrent)
_OVER_TIME = (snn.SNN, snn.SNNRecurrent)
_RECURRENT = (snn.SNNRecurrentCell, snn.SNNRecurrent)
#: Equations by the name of the module without ``Cell`` and ``Recurrent``.
_KINDS = ("LIF", "LIFBox", "IAF", "LI", "LIBox")


def neuron(module: nn.Module) -> Found | None:
    """What stands in for the forward of a Norse neuron."""
    name = type(module).__name__
    if not isinstance(module, (*_BASES, norse.LILinearCell)):
        if type(module).__module__.startswith("norse.torch") and _keeps_state(module):
            raise ExportError("it keeps a state between steps, and no ai.snnc operator describes it")
        return None
    kind = name.removesuffix("Cell").removesuffix("Recurrent").removesuffix("Linear")
    if kind not in _KINDS or type(module) is not getattr(norse, name, None):
        raise ExportError(f"no ai.snnc operator describes it; supported are cells and modules {', '.join(_KINDS)}")
    if getattr(module, "record_states", False):
        raise ExportError("record_states=True gives the states of all steps; export with False")
    chain = _readout(module, kind) if kind in ("LI", "LIBox") else [("", _spiking(module, kind))]

    def step(tracer: Tracer, x: Tensor) -> tuple[Tensor, Any]:
        recurrent = isinstance(module, _RECURRENT)
        if recurrent:
            x = nn.functional.linear(x, module.input_weights)
            before = tracer.feedback("z", x)
            x = x + nn.functional.linear(before, module.recurrent_weights)
        elif isinstance(module, norse.LILinearCell):
            x = nn.functional.linear(x, module.input_weights)
        states: list[Tensor] = []
        if kind == "LI":
            x = x * _number(module.dt * module.p.tau_mem_inv)
        for part, made in chain:
            x, *after = tracer.neuron(made, x, part)
            states.extend(after)
        if recurrent:
            tracer.feed("z", x)
        return x, tuple(states)

    def call(tracer: Tracer, input_tensor: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        if not isinstance(module, _OVER_TIME):
            return step(tracer, input_tensor)
        if input_tensor.shape[0] != 1:
            raise ExportError(
                f"a module gets {input_tensor.shape[0]} steps where the example has one: export the layers behind what "
                "makes or repeats steps"
            )
        result, state = step(tracer, input_tensor.squeeze(0))
        return result.unsqueeze(0), state

    return Found(call, 0 if isinstance(module, _OVER_TIME) else None)


def _keeps_state(module: nn.Module) -> bool:
    """Whether it is called with a state, and does not only hand states on to its members."""
    hands_on = (norse.SequentialState, norse.Lift, norse.RecurrentSequential)
    return not isinstance(module, hands_on) and "state" in inspect.signature(module.forward).parameters


def _number(value: Any) -> Tensor:
    return torch.as_tensor(value).detach().float()


def _zero(value: Tensor) -> bool:
    return not bool((value != 0).any())


def _spiking(module: Any, kind: str) -> Neuron:
    p = module.p
    options: list[str] = []
    parameters: dict[str, Parameter] = {"beta": 1.0, "threshold": _number(p.v_th)}
    start: dict[str, Parameter] = {}
    if kind != "IAF":
        rate, rest = _number(module.dt * p.tau_mem_inv), _number(p.v_leak)
        options.append("gain")
        parameters.update(beta=1 - rate, gain=rate)
        if not _zero(rest):
            options.append("rest")
            parameters["v_rest"] = rest
            start["v"] = rest
    if kind == "LIF":
        options.append("iafter")
        parameters["alpha"] = 1 - _number(module.dt * p.tau_syn_inv)
    method = getattr(getattr(p, "reset_method", None), "__name__", "reset_value")
    if method == "reset_subtract":
        reset = "subtract"
    elif method == "reset_value":
        value = _number(p.v_reset)
        reset = "zero" if _zero(value) else "value"
        if reset == "value":
            parameters["v_reset"] = value
    else:
        raise ExportError(f"its reset_method is '{method}'; supported are reset_value and reset_subtract")
    family = "CUBA" if kind == "LIF" else "LIF"
    return Neuron(membrane(family, reset, "same", "gt", "binary", options), parameters, start)


def _readout(module: Any, kind: str) -> list[tuple[str, Neuron]]:
    """An integrator; one with a synaptic current is two in a row, and takes its gain on the way in."""
    p = module.p
    rate, rest = _number(module.dt * p.tau_mem_inv), _number(p.v_leak)
    options = ["gain"] if kind == "LIBox" else []
    parameters: dict[str, Parameter] = {"beta": 1 - rate}
    if kind == "LIBox":
        parameters["gain"] = rate
    start: dict[str, Parameter] = {}
    if not _zero(rest):
        options.append("rest")
        parameters["v_rest"] = start["v"] = rest
    integrator = Neuron(Operator.parse("_".join(["LI", *options])), parameters, start)
    if kind == "LIBox":
        return [("", integrator)]
    current = Neuron(Operator.parse("LI"), {"beta": 1 - _number(module.dt * p.tau_syn_inv)})
    return [("current", current), ("", integrator)]
