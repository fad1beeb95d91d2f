"""The network and its data: 8x8 digits as spikes, two convolutions, one linear layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import snntorch
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional

STEPS = 8
BETA = 0.875
THRESHOLD = 1.0
HELD_OUT = 360
LAYERS = ("conv1", "conv2", "fc")
#: Weights are int8 times this power of two; the threshold is 64 of them. So every sum of weights is exact in
#: float32, in whatever order it is taken.
SCALE = 2.0**-6


def encode(images: np.ndarray) -> np.ndarray:
    """Spikes [N, T, 1, 8, 8] of images [N, 8, 8] with pixels 0..16.

    A pixel p fires p * T / 16 times, rounded and evenly spread: an integrator with threshold 16 that starts half
    full.
    """
    pixels = images.astype(np.int64)
    level = np.full_like(pixels, 8)
    spikes = np.zeros((len(images), STEPS, 1, 8, 8), np.uint8)
    for step in range(STEPS):
        level += pixels
        fired = level >= 16
        level -= 16 * fired
        spikes[:, step, 0] = fired
    return spikes


def data() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Images and digits to train with, and those held out."""
    digits = load_digits()
    x, x_held, y, y_held = train_test_split(
        digits.images, digits.target, test_size=HELD_OUT, stratify=digits.target, random_state=0
    )
    return (x, y), (x_held, y_held)


class Quantised(nn.Module):
    """A layer whose weights take part as int8 times ``SCALE``; gradients pass through the rounding."""

    def __init__(self, layer: nn.Conv2d | nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def integers(self) -> torch.Tensor:
        return torch.clamp(torch.round(self.layer.weight / SCALE), -127, 127)

    def weight(self) -> torch.Tensor:
        exact = self.layer.weight
        return exact + (self.integers() * SCALE - exact).detach()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return connect(self.layer, x, self.weight())


def connect(layer: nn.Conv2d | nn.Linear, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """What ``layer`` does to ``x``, with other weights."""
    if isinstance(layer, nn.Conv2d):
        return functional.conv2d(x, weight, None, layer.stride, layer.padding)
    return functional.linear(x, weight)


class Network(nn.Module):
    """One step: spikes and the membranes of the three layers in, spikes of the layers and membranes out."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Quantised(nn.Conv2d(1, 8, 3, padding=1, bias=False))
        self.lif1 = snntorch.Leaky(BETA, THRESHOLD, reset_mechanism="subtract")
        self.conv2 = Quantised(nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False))
        self.lif2 = snntorch.Leaky(BETA, THRESHOLD, reset_mechanism="subtract")
        self.fc = Quantised(nn.Linear(256, 10, bias=False))
        self.lif3 = snntorch.Leaky(BETA, THRESHOLD, reset_mechanism="subtract")

    def forward(
        self, x: torch.Tensor, v1: torch.Tensor, v2: torch.Tensor, v3: torch.Tensor
    ) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
        s1, v1 = self.lif1(self.conv1(x), v1)
        s2, v2 = self.lif2(self.conv2(s1), v2)
        s3, v3 = self.lif3(self.fc(s2.flatten(1)), v3)
        return (s1, s2, s3), (v1, v2, v3)

    def states(self, batch: int) -> tuple[torch.Tensor, ...]:
        return tuple(torch.zeros(batch, *shape) for shape in ((8, 8, 8), (16, 4, 4), (10,)))

    def run(self, spikes: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Spikes [T, N, ...] of each layer for input spikes [N, T, 1, 8, 8]."""
        states = self.states(len(spikes))
        steps = []
        for x in spikes.float().unbind(1):
            out, states = self(x, *states)
            steps.append(out)
        return tuple(torch.stack(layer) for layer in zip(*steps))

    def load(self, path: Path) -> None:
        """Takes the int8 weights of ``path``."""
        with np.load(path) as stored, torch.no_grad():
            for name in LAYERS:
                getattr(self, name).layer.weight.copy_(torch.from_numpy(stored[name]).float() * SCALE)
