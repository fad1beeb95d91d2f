"""The digits network with neurons of sinabs, as it is written there: layer by layer, all steps of a layer at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import sinabs.layers as sl
import torch
from sinabs.activation import MembraneSubtract, SingleSpike
from torch import nn

from digits_snntorch import layers

#: exp(-1 / 7.5) is 0.875 to three digits.
TAU = 7.5


def lif(batch: int) -> nn.Module:
    """sinabs' neuron: it decays after the reset, where snnTorch's decays before."""
    return sl.LIFSqueeze(
        tau_mem=TAU, batch_size=batch, norm_input=False, spike_fn=SingleSpike, reset_fn=MembraneSubtract()
    )


def network(weights: Path, batch: int) -> nn.Sequential:
    conv1, conv2, fc = layers(weights)
    return nn.Sequential(conv1, lif(batch), conv2, lif(batch), nn.Flatten(), fc, lif(batch))


class Network:
    def __init__(self, weights: Path, _shape: tuple[int, ...], threads: int) -> None:
        torch.set_num_threads(threads)
        self.weights = weights
        self.made: dict[int, nn.Sequential] = {}

    def prepare(self, samples: np.ndarray) -> torch.Tensor:
        if len(samples) not in self.made:
            self.made[len(samples)] = network(self.weights, len(samples))
        return torch.from_numpy(samples).float()

    @torch.inference_mode()
    def run(self, samples: torch.Tensor, depth: int = 7) -> torch.Tensor:
        """Spikes [N, T, ...] of the first ``depth`` modules."""
        count, steps = samples.shape[:2]
        made = self.made[count]
        for module in made:
            if isinstance(module, sl.StatefulLayer):
                module.reset_states()
        return made[:depth](samples.flatten(0, 1)).unflatten(0, (count, steps))

    def spikes(self, samples: torch.Tensor, name: str) -> np.ndarray:
        return self.run(samples, {"1": 2, "3": 4, "6": 7}[name]).numpy()
