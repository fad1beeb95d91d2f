"""Writes networks for Speck with what sinabs makes of them to this folder.

For each case ``<name>.onnx`` is the trained form, exported by ``snnc.export``, and ``<name>.npz`` holds the integers
that sinabs' own code calculates from the same modules, and a run in them:

- ``x``: input spikes, ``[T, C, H, W]``;
- for each layer k in the order of execution ``weight.k`` (out, in, rows, columns), ``bias.k`` where there is one,
  ``limits.k`` (lower limit, threshold), ``spikes.k`` ``[T, ...]`` and ``membrane.k`` after the last step.

Weights are drawn with a fixed seed. It needs torch and sinabs; sinabs asks for the vendor's package ``samna``, which
only drives the board and is replaced by objects that take any name.

    python3 tests/models/speck/generate.py
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import MagicMock

for name in ("samna", "samna.speck2e", "samna.speck2f", "samna.specksim", "samnagui"):
    for part in ("", ".configuration", ".nodes"):
        sys.modules[name + part] = MagicMock()

import numpy as np
import torch
from sinabs import activation, layers
from sinabs.backend.dynapcnn import DynapcnnNetwork
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "python"))

import snnc

STEPS = 12
RATE = 0.3


def iaf(**options: object) -> layers.IAFSqueeze:
    return layers.IAFSqueeze(batch_size=1, **{"min_v_mem": -1.0, **options})


def chain() -> nn.Module:
    """Biases, averages one behind the other, a sum, a linear layer; thresholds of several sizes."""
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        iaf(),
        nn.AvgPool2d(2),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1, bias=False),
        iaf(spike_threshold=0.25, min_v_mem=-0.5),
        layers.SumPool2d(2),
        nn.Flatten(),
        nn.Linear(24, 5),
        iaf(spike_threshold=0.7),
    )


class Residual(nn.Module):
    """A merge behind a stride, a reset to zero with single spikes."""

    def __init__(self) -> None:
        super().__init__()
        single = {"spike_fn": activation.SingleSpike, "reset_fn": activation.MembraneReset()}
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1, stride=2, bias=False)
        self.iaf1 = iaf(spike_threshold=0.5)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.iaf2 = iaf(spike_threshold=0.5, **single)
        self.merge = layers.Merge()
        self.conv3 = nn.Conv2d(4, 3, 2, bias=False)
        self.iaf3 = iaf(spike_threshold=0.2, min_v_mem=-2.0)

    def forward(self, x: Tensor) -> Tensor:
        first = self.iaf1(self.conv1(x))
        return self.iaf3(self.conv3(self.merge(first, self.iaf2(self.conv2(first)))))


class Averages(nn.Module):
    """Averages over windows of 2 and of 4 that meet in front of one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 1, bias=False)
        self.iaf1 = iaf(spike_threshold=0.3)
        self.pool1 = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(3, 3, 1, bias=False)
        self.iaf2 = iaf(spike_threshold=0.2)
        self.pool2 = nn.AvgPool2d(2)
        self.pool3 = nn.AvgPool2d(4)
        self.merge = layers.Merge()
        self.conv3 = nn.Conv2d(3, 4, 2)
        self.iaf3 = iaf(spike_threshold=0.1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.iaf1(self.conv1(x))
        second = self.pool2(self.iaf2(self.conv2(self.pool1(first))))
        return self.iaf3(self.conv3(self.merge(second, self.pool3(first))))


CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, int, int]]] = {
    "chain": (chain, (2, 16, 16)),
    "residual": (Residual, (2, 16, 16)),
    "averages": (Averages, (1, 16, 16)),
}


def integers(network: DynapcnnNetwork, x: Tensor) -> dict[str, np.ndarray]:
    """Parameters of the network's layers and what they do, in the order of execution."""
    arrays: dict[str, np.ndarray] = {}
    order: list[nn.Module] = []
    spikes: dict[nn.Module, list[np.ndarray]] = {}

    def seen(module: nn.Module, _: object, out: Tensor) -> None:
        if module not in spikes:
            order.append(module)
        spikes.setdefault(module, []).append(out.numpy().copy())

    made = [m for m in network.modules() if hasattr(m, "conv_layer")]
    for module in made:
        # The graph was found by running noise through the network.
        module.spk_layer.reset_states()
        module.spk_layer.register_forward_hook(seen)
    with torch.no_grad():
        for step in x:
            network(step[None])
    found = {m.spk_layer: m.conv_layer for m in made}
    for k, neuron in enumerate(order):
        conv = found[neuron]
        arrays[f"weight.{k}"] = conv.weight.numpy().astype(np.int32)
        if conv.bias is not None:
            arrays[f"bias.{k}"] = conv.bias.numpy().astype(np.int32)
        limits = [neuron.min_v_mem.item(), neuron.spike_threshold.item()]
        arrays[f"limits.{k}"] = np.array(limits, np.int32)
        arrays[f"spikes.{k}"] = np.concatenate(spikes[neuron]).astype(np.uint8)
        arrays[f"membrane.{k}"] = neuron.v_mem.numpy().reshape(spikes[neuron][0].shape[1:]).astype(np.int32)
    return arrays


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """The same bytes for the same arrays."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.save(data, np.ascontiguousarray(array))
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), data.getvalue(), zipfile.ZIP_DEFLATED)


def main() -> None:
    folder = Path(__file__).parent
    for seed, (name, (make, shape)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        module = make().eval()
        x = (torch.rand(STEPS, *shape) < RATE).float()
        with tempfile.TemporaryDirectory() as made:
            snnc.export(module, torch.zeros(STEPS, *shape), Path(made) / "model.onnx")
            (folder / f"{name}.onnx").write_bytes((Path(made) / "model.onnx").read_bytes())
        network = DynapcnnNetwork(module, input_shape=shape, batch_size=1, discretize=True)
        network.requires_grad_(False)
        arrays = integers(network, x)
        silent = [k for k, v in arrays.items() if k.startswith("spikes") and not v.any()]
        assert not silent, f"{name}: {silent} do not spike"
        write(folder / f"{name}.npz", {"x": x.numpy().astype(np.uint8), **arrays})


if __name__ == "__main__":
    main()
