"""SpikingJelly: neurons and options, in single and multi step mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import Tensor, nn

from case import Case, network, stepwise

NEURONS: dict[str, Callable[[], nn.Module]] = {
    "if": lambda: neuron.IFNode(),
    "if_soft": lambda: neuron.IFNode(v_reset=None),
    "if_threshold_reset": lambda: neuron.IFNode(v_threshold=0.7, v_reset=-0.2),
    "lif": lambda: neuron.LIFNode(),
    "lif_soft": lambda: neuron.LIFNode(tau=3.0, v_reset=None),
    "lif_no_input_decay": lambda: neuron.LIFNode(decay_input=False),
    "lif_reset_value": lambda: neuron.LIFNode(v_reset=0.2),
    "lif_no_input_decay_reset_value": lambda: neuron.LIFNode(v_reset=0.1, decay_input=False, tau=1.7),
    "plif": lambda: neuron.ParametricLIFNode(),
    "plif_soft": lambda: neuron.ParametricLIFNode(init_tau=3.0, v_reset=None, decay_input=False),
}


READOUTS: dict[str, Callable[[], nn.Module]] = {
    "if": lambda: neuron.NonSpikingIFNode(),
    "lif": lambda: neuron.NonSpikingLIFNode(tau=4.0),
}


def _single(model: nn.Module, x: Tensor) -> Tensor:
    functional.reset_net(model)
    return stepwise(model, x)


def _multi(model: nn.Module, x: Tensor) -> Tensor:
    functional.reset_net(model)
    result: Tensor = model(x)
    return result


def _membranes(model: nn.Module, x: Tensor) -> Tensor:
    functional.reset_net(model)
    return torch.stack(model(x))


def _layers(first: nn.Module, second: nn.Module) -> nn.Module:
    model = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1),
        layer.BatchNorm2d(4),
        first,
        layer.AvgPool2d(2),
        layer.Flatten(),
        layer.Linear(36, 5),
        second,
    )
    functional.set_step_mode(model, "m")
    return model


def cases() -> Iterator[Case]:
    for name, make in NEURONS.items():
        yield Case(f"spikingjelly_{name}", network(make(), make()), _single, weights=6.0)
        layers = _layers(make(), make())
        yield Case(f"spikingjelly_multi_{name}", layers, _multi, lambda x: x, {}, weights=6.0)
    for name, readout in READOUTS.items():
        model = _layers(neuron.LIFNode(), readout())
        yield Case(f"spikingjelly_readout_{name}", model, _membranes, lambda x: x, {}, "values", weights=6.0)
