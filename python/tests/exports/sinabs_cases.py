"""sinabs: neurons and options, with a time axis and squeezed, a merge, a recurrent layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sinabs
import sinabs.activation as activation
import sinabs.layers as layers
import torch
from torch import Tensor, nn

from case import STEPS, Case, network

Make = Callable[..., nn.Module]


def _neurons() -> dict[str, Make]:
    def iaf(**options: Any) -> Make:
        return lambda form, **k: getattr(layers, f"IAF{form}")(**options, **k)

    def lif(**options: Any) -> Make:
        return lambda form, **k: getattr(layers, f"LIF{form}")(**options, **k)

    single = activation.SingleSpike
    return {
        "iaf": iaf(),
        "iaf_single": iaf(spike_fn=single),
        "iaf_max": iaf(spike_fn=activation.MaxSpike(2), min_v_mem=-0.5),
        "iaf_reset": iaf(spike_fn=single, reset_fn=activation.MembraneReset(), spike_threshold=torch.tensor(0.6)),
        "lif": lif(tau_mem=10.0, spike_threshold=torch.tensor(0.3)),
        "lif_synapse": lif(tau_mem=10.0, tau_syn=4.0, min_v_mem=-1.0, spike_threshold=torch.tensor(0.3)),
        "lif_no_norm": lif(tau_mem=10.0, norm_input=False, train_alphas=True),
    }


class Timed(nn.Module):
    """Layers over batch and time, neurons with a time axis."""

    def __init__(self, make: Make) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.spk1 = make("")
        self.pool = nn.AvgPool2d(2)
        self.fc1 = nn.Linear(36, 5)
        self.spk2 = make("")

    def forward(self, x: Tensor) -> Tensor:
        batch, steps = x.shape[:2]
        y = self.spk1(self.conv1(x.flatten(0, 1)).unflatten(0, (batch, steps))).flatten(0, 1)
        result: Tensor = self.spk2(self.fc1(self.pool(y).flatten(1)).unflatten(0, (batch, steps)))
        return result


class Residual(nn.Module):
    """A skip connection that is merged with the branch beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.spk1 = layers.IAFSqueeze(batch_size=1)
        self.conv2 = nn.Conv2d(4, 4, 1)
        self.spk2 = layers.IAFSqueeze(batch_size=1)
        self.merge = layers.Merge()
        self.conv3 = nn.Conv2d(4, 4, 1)
        self.spk3 = layers.IAFSqueeze(batch_size=1)
        self.pool = layers.SumPool2d(2)
        self.fc1 = nn.Linear(36, 5)
        self.spk4 = layers.IAFSqueeze(batch_size=1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.spk1(self.conv1(x))
        merged = self.merge(first, self.spk2(self.conv2(first)))
        pooled = self.pool(self.spk3(self.conv3(merged))).flatten(1)
        result: Tensor = self.spk4(self.fc1(pooled))
        return result


def _timed(model: nn.Module, x: Tensor) -> Tensor:
    sinabs.reset_states(model)
    result: Tensor = model(x.transpose(0, 1))
    return result.transpose(0, 1)


def _squeezed(model: nn.Module, x: Tensor) -> Tensor:
    sinabs.reset_states(model)
    result: Tensor = model(x.squeeze(1))
    return result.unsqueeze(1)


def cases() -> Iterator[Case]:
    for name, make in _neurons().items():
        weights = 8.0 if name == "lif" else 2.5
        yield Case(f"sinabs_{name}", Timed(make), _timed, lambda x: x.transpose(0, 1), {}, weights=weights)
        squeezed = network(make("Squeeze", batch_size=1), make("Squeeze", num_timesteps=STEPS))
        yield Case(f"sinabs_squeezed_{name}", squeezed, _squeezed, lambda x: x.squeeze(1), {}, weights=weights)
    single = layers.IAFSqueeze(batch_size=1, spike_fn=activation.SingleSpike)
    readout = network(single, layers.ExpLeakSqueeze(tau_mem=10.0, batch_size=1))
    yield Case("sinabs_readout", readout, _squeezed, lambda x: x.squeeze(1), {}, "values")
    yield Case("sinabs_merge", Residual(), _squeezed, lambda x: x.squeeze(1), {})
    recurrent = layers.IAFRecurrent(nn.Linear(5, 5), spike_fn=activation.SingleSpike)

    class Recurrent(Timed):
        def __init__(self) -> None:
            super().__init__(lambda form: layers.IAF(spike_fn=activation.SingleSpike))
            self.spk2 = recurrent

    yield Case("sinabs_recurrent", Recurrent(), _timed, lambda x: x.transpose(0, 1), {})
