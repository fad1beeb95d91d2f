"""snnTorch: neurons and options, states inside, given by the user, and loops over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import snntorch as snn
import torch
from snntorch.functional.quant import state_quant
from torch import Tensor, nn

from case import STEPS, Case, network, stepwise

Shape = tuple[int, ...]


def _recurrent(shape: Shape) -> dict[str, Any]:
    if len(shape) == 1:
        return {"linear_features": shape[0]}
    return {"conv2d_channels": shape[0], "kernel_size": 3}


def _neurons() -> dict[str, Callable[[Shape], nn.Module]]:
    def leaky(**options: Any) -> Callable[[Shape], nn.Module]:
        return lambda shape: snn.Leaky(0.9, init_hidden=True, **options)

    def per_neuron(shape: Shape) -> nn.Module:
        beta = torch.rand(shape[0], *[1] * (len(shape) - 1))
        return snn.Leaky(beta, threshold=torch.rand(shape) + 0.2, init_hidden=True, learn_beta=True)

    def alpha(shape: Shape) -> nn.Module:
        return snn.Alpha(0.9, 0.7, init_hidden=True, reset_mechanism="none")

    return {
        "leaky": leaky(),
        "leaky_zero": leaky(reset_mechanism="zero"),
        "leaky_none": leaky(reset_mechanism="none"),
        "leaky_refund": leaky(reset_delay=False),
        "leaky_graded": leaky(graded_spikes_factor=0.5),
        "leaky_quantised_state": leaky(state_quant=state_quant(num_bits=8, lower_limit=1.0, upper_limit=0.5)),
        "leaky_per_neuron": per_neuron,
        "synaptic": lambda shape: snn.Synaptic(0.8, 0.9, init_hidden=True),
        "synaptic_zero": lambda shape: snn.Synaptic(0.8, 0.9, init_hidden=True, reset_mechanism="zero"),
        "synaptic_none": lambda shape: snn.Synaptic(0.8, 0.9, init_hidden=True, reset_mechanism="none"),
        "alpha_none": alpha,
        "alpha_none_no_bias": alpha,
        "lapicque": lambda shape: snn.Lapicque(0.8, init_hidden=True),
        "lapicque_rc_zero": lambda shape: snn.Lapicque(R=2, C=3, init_hidden=True, reset_mechanism="zero"),
        "rleaky": lambda shape: snn.RLeaky(0.9, init_hidden=True, **_recurrent(shape)),
        "rleaky_zero": lambda shape: snn.RLeaky(0.9, init_hidden=True, reset_mechanism="zero", **_recurrent(shape)),
        "rleaky_one_to_one": lambda shape: snn.RLeaky(0.9, init_hidden=True, all_to_all=False, V=0.3),
        "rsynaptic_zero": lambda shape: snn.RSynaptic(
            0.7, 0.9, init_hidden=True, all_to_all=False, V=0.3, reset_mechanism="zero"
        ),
    }


class Loop(nn.Module):
    """The usual form of a tutorial: the model loops over time."""

    def __init__(self, static: bool = False, result: str = "stack") -> None:
        super().__init__()
        self.static, self.result = static, result
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.lif1 = snn.Leaky(0.9)
        self.fc1 = nn.Linear(144, 5)
        self.lif2 = snn.Leaky(0.8)

    def forward(self, x: Tensor) -> Any:
        mem1, mem2 = self.lif1.reset_mem(), self.lif2.reset_mem()
        spikes, membranes = [], []
        total: Any = 0
        for step in range(STEPS):
            spk1, mem1 = self.lif1(self.conv1(x if self.static else x[step]), mem1)
            spk2, mem2 = self.lif2(self.fc1(spk1.flatten(1)), mem2)
            spikes.append(spk2)
            membranes.append(mem2)
            total = total + spk2
        return total if self.result == "sum" else (torch.stack(spikes), torch.stack(membranes))


class Explicit(nn.Module):
    """States that the caller keeps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.lif1 = snn.Leaky(0.9)
        self.fc1 = nn.Linear(144, 5)
        self.lif2 = snn.Leaky(0.8)

    def forward(self, x: Tensor, mem1: Tensor, mem2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        spk1, mem1 = self.lif1(self.conv1(x), mem1)
        spk2, mem2 = self.lif2(self.fc1(spk1.flatten(1)), mem2)
        return spk2, mem1, mem2


def _explicit(model: Explicit, x: Tensor) -> Tensor:
    mem1, mem2 = torch.zeros(1, 4, 6, 6), torch.zeros(1, 5)
    out = []
    for step in x:
        spikes, mem1, mem2 = model(step, mem1, mem2)
        out.append(spikes)
    return torch.stack(out)


def cases() -> Iterator[Case]:
    for name, make in _neurons().items():
        weights = 8.0 if name.startswith(("lapicque", "alpha")) else 2.5
        model = network(make((4, 6, 6)), make((5,)), bias=not name.endswith("no_bias"))
        # Its neurons read their input a step late, and a bias cannot be delayed.
        refused = "E0501" if name == "alpha_none" else None
        yield Case(f"snntorch_{name}", model, stepwise, weights=weights, refused=refused)
    yield Case("snntorch_loop", Loop(), lambda m, x: m(x)[0], lambda x: x, {})
    yield Case("snntorch_loop_static", Loop(static=True), lambda m, x: m(x[0])[0], lambda x: x[0], {})
    yield Case("snntorch_loop_sum", Loop(result="sum"), lambda m, x: m(x)[None], lambda x: x, {}, "sum")
    yield Case(
        "snntorch_explicit",
        Explicit(),
        _explicit,
        lambda x: (x[0], torch.zeros(1, 4, 6, 6), torch.zeros(1, 5)),
    )
