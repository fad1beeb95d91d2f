"""The digits network in snnTorch, as it is written there: a loop over the steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import snntorch
import torch
from torch import nn


def layers(weights: Path) -> tuple[nn.Conv2d, nn.Conv2d, nn.Linear]:
    """The connections with the weights of ``examples/digits``: int8 in 64ths."""
    made = (
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False),
        nn.Linear(256, 10, bias=False),
    )
    with np.load(weights) as stored, torch.no_grad():
        for layer, name in zip(made, ("conv1", "conv2", "fc")):
            layer.weight.copy_(torch.from_numpy(stored[name]).float() / 64)
    return made


class Network:
    def __init__(self, weights: Path, _shape: tuple[int, ...], threads: int) -> None:
        torch.set_num_threads(threads)
        self.conv1, self.conv2, self.fc = layers(weights)
        self.lif = [snntorch.Leaky(0.875, 1.0, reset_mechanism="subtract") for _ in range(3)]

    def prepare(self, samples: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(samples).float()

    @torch.inference_mode()
    def run(self, samples: torch.Tensor, keep: int = 2) -> torch.Tensor:
        """Spikes [N, T, ...] of a layer."""
        v = [lif.init_leaky() for lif in self.lif]
        kept = []
        for x in samples.unbind(1):
            s1, v[0] = self.lif[0](self.conv1(x), v[0])
            s2, v[1] = self.lif[1](self.conv2(s1), v[1])
            s3, v[2] = self.lif[2](self.fc(s2.flatten(1)), v[2])
            kept.append((s1, s2, s3)[keep])
        return torch.stack(kept, 1)

    def spikes(self, samples: torch.Tensor, name: str) -> np.ndarray:
        return self.run(samples, ("lif1", "lif2", "lif3").index(name)).numpy()
