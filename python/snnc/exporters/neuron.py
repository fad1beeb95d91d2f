"""A neuron layer as an ``ai.snnc`` operator with its parameters, and the node that a trace makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ..opset import DOMAIN, VERSION, Operator

Parameter: TypeAlias = Tensor | float


@dataclass(frozen=True)
class Neuron:
    """One operator with the values of its parameters."""

    operator: Operator
    #: By the names of the operator's parameters; each a number or a tensor that broadcasts to the state.
    parameters: Mapping[str, Parameter]
    #: First values of states that do not start at zero, by state input.
    initial: Mapping[str, Parameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if set(self.parameters) != set(self.operator.parameters):
            raise ValueError(f"{self.operator.name} takes {', '.join(self.operator.parameters)}")


def membrane(family: str, reset: str, timing: str, compare: str, output: str, options: Sequence[str] = ()) -> Operator:
    """The operator of family LIF or CUBA with these tokens; options in any order."""
    order = ("iafter", "gain", "rest", "after", "vmin", "max")
    name = "_".join([family, reset, timing, compare, output, *(o for o in order if o in options)])
    return Operator.parse(name)


def constant(value: Parameter) -> Tensor:
    """A parameter as a float32 tensor of its own."""
    tensor = torch.as_tensor(value).detach().to("cpu", torch.float32).clone()
    return tensor.reshape(()) if tensor.numel() == 1 else tensor


class Node(torch.nn.Module):
    """The operator as a module that holds its parameters: ``(x, *states) -> (result, *states)``.

    All tensors have the shape of ``x``, ``[N, C, H, W]`` or ``[N, C]``.
    """

    def __init__(self, neuron: Neuron) -> None:
        super().__init__()
        self.operator = neuron.operator
        for name in neuron.operator.parameters:
            self.register_buffer(name, constant(neuron.parameters[name]))

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """The node in the traced graph."""
        inputs = (x, *states, *(getattr(self, name) for name in self.operator.parameters))
        if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            return _traced(self.operator, inputs)
        outputs = torch.onnx.ops.symbolic_multi_out(
            f"{DOMAIN}::{self.operator.name}",
            inputs,
            dict(self.operator.attributes),
            dtypes=[torch.float32] * len(self.operator.outputs),
            shapes=[x.shape] * len(self.operator.outputs),
            version=VERSION,
        )
        return tuple(outputs)


def _traced(operator: Operator, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The node under the TorchScript exporter, which takes it from the symbolic of a function."""

    class Symbolic(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, ...]:
            return tuple(torch.zeros_like(inputs[0]) for _ in operator.outputs)

        @staticmethod
        def symbolic(g: Any, *inputs: Any) -> Any:
            attributes = {f"{key}_s": value for key, value in operator.attributes.items()}
            made = g.op(f"{DOMAIN}::{operator.name}", *inputs, outputs=len(operator.outputs), **attributes)
            for value in made:
                value.setType(inputs[0].type())
            return made

    outputs: tuple[Tensor, ...] = Symbolic.apply(*inputs)
    return outputs
