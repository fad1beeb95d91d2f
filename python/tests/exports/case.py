"""A network of a training library, how it runs, and how it is exported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

#: Steps that every case runs.
STEPS = 10
#: One step of one sample.
SHAPE = (1, 2, 6, 6)


@dataclass
class Case:
    """One library, one option."""

    name: str
    model: nn.Module
    #: What the model gives in each step, ``[T, 1, ...]``, for inputs ``[T, 1, 2, 6, 6]``.
    run: Callable[[Any, Tensor], Tensor]
    #: The example input, from the same inputs.
    example: Callable[[Tensor], Any] = lambda x: x[0]
    #: Arguments of :func:`snnc.export`; empty where the example has the steps.
    options: dict[str, Any] = field(default_factory=lambda: {"steps": STEPS})
    #: ``"spikes"`` where all values must be equal, ``"values"`` where floats may differ in the last places,
    #: ``"sum"`` where the model gives the sum of the spikes over the steps.
    compare: str = "spikes"
    #: The code with which Loihi 2 refuses it, where it does.
    refused: str | None = None

    #: Factor on the weights that lets every layer spike, and not always.
    weights: float = 2.5

    def prepare(self) -> None:
        """Takes the weights into use."""
        self.model.eval()
        with torch.no_grad():
            for parameter in self.model.parameters():
                if parameter.dim() >= 2:
                    parameter.mul_(self.weights)


def network(first: nn.Module, second: nn.Module, bias: bool = True) -> nn.Sequential:
    """Convolution, neurons, pool, linear layer, neurons."""
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1, bias=bias),
        first,
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(36, 5, bias=bias),
        second,
    )


def stepwise(model: Any, x: Tensor) -> Tensor:
    """The outputs of a model that keeps its states itself."""
    return torch.stack([model(step) for step in x])
