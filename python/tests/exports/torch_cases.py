"""Plain torch with quantised activations."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.ao.quantization import FakeQuantize, MovingAverageMinMaxObserver

from case import SHAPE, Case, stepwise


class QuantisedReLU(nn.Module):
    """The activation of a network that is converted to spikes afterwards (QCFS)."""

    def __init__(self, levels: int = 4, scale: float = 2.0) -> None:
        super().__init__()
        self.levels = levels
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, x: Tensor) -> Tensor:
        level = torch.floor((x / self.scale).clamp(0, 1) * self.levels + 0.5)
        return level / self.levels * self.scale


class FakeQuantised(nn.Module):
    """Quantisation-aware training of torch."""

    def __init__(self) -> None:
        super().__init__()

        def quantiser() -> FakeQuantize:
            return FakeQuantize(MovingAverageMinMaxObserver, quant_min=0, quant_max=255)

        self.quant0, self.conv1, self.quant1 = quantiser(), nn.Conv2d(2, 4, 3), quantiser()
        self.fc1, self.quant2 = nn.Linear(64, 5), quantiser()

    def forward(self, x: Tensor) -> Tensor:
        y = self.quant1(self.conv1(self.quant0(x)).relu())
        result: Tensor = self.quant2(self.fc1(y.flatten(1)))
        return result


def _fake() -> nn.Module:
    model = FakeQuantised()
    for _ in range(4):
        model(torch.rand(SHAPE))
    for module in model.modules():
        if isinstance(module, FakeQuantize):
            module.disable_observer()
    return model


def cases() -> Iterator[Case]:
    levels = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), QuantisedReLU(), nn.Flatten(), nn.Linear(144, 5), QuantisedReLU()
    )
    yield Case("torch_qcfs", levels, stepwise, options={"steps": 1}, compare="values")
    yield Case("torch_fake_quantize", _fake(), stepwise, options={"steps": 1}, compare="values")
