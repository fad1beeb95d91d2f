"""Trains the network and writes weights.npz (int8) and heldout.npz (spikes and digits never trained with)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from network import LAYERS, Network, data, encode
from sklearn.model_selection import train_test_split
from torch.nn import functional

HERE = Path(__file__).resolve().parent
EPOCHS = 100
BATCH = 64
RATE = 5e-3
#: Weight of the mean spike rate of the hidden layers in the loss.
SPARSITY = 0.5


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image moved by at most one pixel, half of them not at all."""
    out = images.copy()
    for k in np.flatnonzero(rng.random(len(images)) < 0.5):
        dy, dx = rng.integers(-1, 2, 2)
        padded = np.pad(images[k], 1)
        out[k] = padded[1 + dy : 9 + dy, 1 + dx : 9 + dx]
    return out


def accuracy(net: Network, spikes: np.ndarray, digits: np.ndarray) -> float:
    with torch.no_grad():
        counts = net.run(torch.from_numpy(spikes))[-1].sum(0)
    return float((counts.argmax(1).numpy() == digits).mean())


def save(net: Network, path: Path) -> None:
    weights = {name: getattr(net, name).integers().detach().numpy().astype(np.int8) for name in LAYERS}
    np.savez_compressed(path, **weights)


def main() -> None:
    torch.manual_seed(1)
    torch.set_num_threads(1)
    rng = np.random.default_rng(1)
    (images, digits), (held_images, held_digits) = data()
    np.savez_compressed(HERE / "heldout.npz", x=encode(held_images), y=held_digits.astype(np.int64))
    # The best epoch is chosen on a part of the training images, not on those held out.
    x, x_val, y, y_val = train_test_split(images, digits, test_size=180, stratify=digits, random_state=0)
    val = encode(x_val)
    net = Network()
    optimiser = torch.optim.AdamW(net.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    best = (0.0, 0.0)
    for epoch in range(EPOCHS):
        spikes = torch.from_numpy(encode(shifted(x, rng)))
        total = 0.0
        for batch in torch.randperm(len(x)).split(BATCH):
            first, second, out = net.run(spikes[batch])
            target = torch.from_numpy(y)[batch]
            loss = functional.cross_entropy(out.sum(0), target) + SPARSITY * (first.mean() + second.mean())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(batch)
        schedule.step()
        found = accuracy(net, val, y_val)
        print(f"epoch {epoch:2}  loss {total / len(x):.3f}  validation {found:.4f}", flush=True)
        # Of equals the one with the lower loss.
        if (found, -total) >= best or epoch == 0:
            best = (found, -total)
            save(net, HERE / "weights.npz")


if __name__ == "__main__":
    main()
