"""SpikingJelly: IFNode, LIFNode, ParametricLIFNode and their simple forms, in single and multi step mode.

A neuron compares with ``>=`` and resets in the step of the spike: to ``v_reset``, or by the threshold where
``v_reset`` is ``None``. The membrane starts at ``v_reset``.
"""

from __future__ import annotations

from typing import Any

import torch
from spikingjelly.activation_based import neuron as nodes
from spikingjelly.activation_based.base import MemoryModule
from torch import Tensor, nn

from ...errors import ExportError
from ...opset import Operator
from ..neuron import Neuron, membrane
from ..session import Found, Tracer

_IF = ("IFNode", "SimpleIFNode")
_LIF = ("LIFNode", "SimpleLIFNode")
_PARAMETRIC = ("ParametricLIFNode",)
_READOUT = ("NonSpikingIFNode", "NonSpikingLIFNode")


def _bases() -> tuple[type, ...]:
    # A module of its own since version 2.
    base_node = getattr(nodes, "base_node", nodes)
    kinds = ("BaseNode", "SimpleBaseNode", "NonSpikingBaseNode")
    return tuple(getattr(base_node, kind) for kind in kinds if hasattr(base_node, kind))


def neuron(module: nn.Module) -> Found | None:
    """What stands in for the forward of a SpikingJelly neuron."""
    if not isinstance(module, _bases()):
        if isinstance(module, MemoryModule) and not type(module).__name__.startswith("Dropout"):
            raise ExportError("it keeps a state between steps, and no ai.snnc operator describes it")
        return None
    name = type(module).__name__
    if name not in (*_IF, *_LIF, *_PARAMETRIC, *_READOUT) or type(module) is not getattr(nodes, name, None):
        known = ", ".join((*_IF, *_LIF, *_PARAMETRIC, *_READOUT))
        raise ExportError(f"no ai.snnc operator describes it; supported are {known}")
    made = _readout(module) if name in _READOUT else _spiking(module, name)
    readout = name in _READOUT
    multi = readout or getattr(module, "step_mode", "s") == "m"

    def call(tracer: Tracer, x: Tensor, *args: Any) -> Any:
        if not multi:
            return tracer.neuron(made, x)[0]
        if x.shape[0] != 1:
            raise ExportError(
                f"a multi step neuron gets {x.shape[0]} steps where the example has one: the model makes or repeats "
                "steps itself; export the layers behind that, with an input of one step"
            )
        result = tracer.neuron(made, x.squeeze(0))[0]
        if readout:
            # All steps as a list, or what is made of them, which one step is a part of.
            return [result] if getattr(module, "decode", None) is None else result
        return result.unsqueeze(0)

    return Found(call, 0 if multi else None)


def _decay(module: Any, name: str) -> tuple[Tensor | float, Tensor | float | None]:
    """Decay factor of the membrane and gain of the input."""
    if name in _IF or name == "NonSpikingIFNode":
        return 1.0, None
    if name in _PARAMETRIC:
        rate = module.w.detach().sigmoid()
        return 1.0 - rate, rate if module.decay_input else None
    rate = torch.tensor(1.0 / float(module.tau), dtype=torch.float64)
    decays = getattr(module, "decay_input", True)
    return (1.0 - rate).float(), rate.float() if decays else None


def _spiking(module: Any, name: str) -> Neuron:
    beta, gain = _decay(module, name)
    reset = module.v_reset
    kind = "subtract" if reset is None else "zero" if reset == 0 else "value"
    rests = bool(reset) and name not in _IF
    options = [option for option, used in (("gain", gain is not None), ("rest", rests)) if used]
    operator = membrane("LIF", kind, "same", "ge", "binary", options)
    parameters: dict[str, Tensor | float] = {"beta": beta, "threshold": module.v_threshold}
    if gain is not None:
        parameters["gain"] = gain
    if rests:
        parameters["v_rest"] = reset
    if kind == "value":
        parameters["v_reset"] = reset
    return Neuron(operator, parameters, {"v": float(reset)} if reset else {})


def _readout(module: Any) -> Neuron:
    decode = getattr(module, "decode", None)
    if decode not in (None, "mean-mem", "last_mem"):
        raise ExportError(f"decode='{decode}' takes a maximum over the steps; use decode=None, and take it outside")
    beta, gain = _decay(module, type(module).__name__)
    if gain is None:
        return Neuron(Operator.parse("LI"), {"beta": beta})
    return Neuron(Operator.parse("LI_gain"), {"beta": beta, "gain": gain})
