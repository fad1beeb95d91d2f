"""Compares the spikes of the network in torch with those that ONNX Runtime gave out (expected.npz)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from network import Network

HERE = Path(__file__).resolve().parent


def main() -> None:
    net = Network()
    net.load(HERE / "weights.npz")
    with np.load(HERE / "heldout.npz") as held, torch.no_grad():
        layers = net.run(torch.from_numpy(held["x"]))
    with np.load(HERE / "expected.npz") as expected:
        for name, spikes in zip(("lif1.s", "lif2.s", "spk"), layers):
            wanted = expected[name]
            found = spikes.transpose(0, 1)[: len(wanted)].numpy()
            different = int((found != wanted).sum())
            print(f"{name:8} {different} of {wanted.size} spikes differ on {len(wanted)} images")
            if different:
                raise SystemExit(1)


if __name__ == "__main__":
    main()
