"""The networks and their samples."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase

import h5py
import numpy as np
import torch

from pilotnet_torch import Network, Neuron

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "examples/digits"
SHARED = ROOT.parent / "shared"
PILOTNET = SHARED / "models/netx/pilotnet_snn.net"
RECORDED = SHARED / "oracles/loihi2/traces/pilotnet_lif.npz"
#: Share of neurons that spike in a step of the quiet cases.
QUIET = 0.01
BATCH = 64
#: A threshold of a ``.net`` file in units of the membrane, and the greatest that is tried.
UNIT = 64
MAX_THRESHOLD = 2000


@dataclass
class Side:
    """A framework: its module here, the model it reads, names of layers as it and as snnc call them."""

    module: str
    model: Path
    layers: dict[str, str]
    #: Whether it runs samples side by side; else one is timed.
    batches: bool = True


@dataclass
class Case:
    name: str
    model: Path
    samples: Path
    sides: list[Side]


def save(path: Path, samples: np.ndarray) -> Path:
    np.save(path, samples.astype(np.int8))
    return path


def quiet_spikes(shape: tuple[int, ...]) -> np.ndarray:
    """Spikes drawn with a fixed seed, of QUIET of all inputs."""
    return np.random.default_rng(0).random(shape) < QUIET


def digits(folder: Path) -> list[Case]:
    """The digits network with its own neurons and with those of sinabs, on held-out digits and on few spikes."""
    natural = save(folder / "digits.npy", np.load(DIGITS / "heldout.npz")["x"][:BATCH])
    quiet = save(folder / "digits_quiet.npy", quiet_spikes(np.load(natural).shape))
    weights = DIGITS / "weights.npz"
    sinabs = folder / "sinabs.onnx"
    export = Path(__file__).with_name("export_sinabs.py")
    subprocess.run([sys.executable, export, weights, sinabs], check=True)
    same = {name: name for name in ("lif1", "lif2", "lif3")}
    own = Side("digits_snntorch", weights, same)
    other = Side("digits_sinabs", weights, {"1": "1", "3": "3", "6": "6"})
    return [
        Case(f"digits, {neurons} neurons, {what}", model, samples, [side])
        for what, samples in (("natural", natural), ("1 % input", quiet))
        for neurons, model, side in (("snnTorch", DIGITS / "digits.onnx", own), ("sinabs", sinabs, other))
    ]


def pilotnet(folder: Path) -> list[Case]:
    """PilotNet on the recorded picture (moved sideways for further samples), and a quiet copy of it."""
    sys.path.insert(0, str(ROOT / "python"))
    from snnc.netx import from_netx

    model = folder / "pilotnet.onnx"
    from_netx(PILOTNET, model, steps=16)
    picture = np.load(RECORDED)["image"].transpose(2, 1, 0)
    moved = np.stack([np.roll(picture, k, axis=2) for k in range(BATCH)])
    samples = save(folder / "pilotnet.npy", np.repeat(moved[:, None], 16, axis=1))
    layers = {name: name for name in [f"conv{k}" for k in range(1, 6)] + [f"dense{k}" for k in (7, 8, 9)]}
    natural = Case(
        "PilotNet, natural",
        model,
        samples,
        [
            Side("pilotnet_torch", model, {"input0": "input0", **layers}),
            Side("pilotnet_lava", PILOTNET, {"conv5": "conv5"}, batches=False),
        ],
    )
    spikes = save(folder / "pilotnet_quiet.npy", quiet_spikes((BATCH, 16, *picture.shape)))
    net, model = folder / "pilotnet_quiet.net", folder / "pilotnet_quiet.onnx"
    quieten(net, model, np.load(spikes)[:2])
    return [
        natural,
        Case(
            "PilotNet, 1 %",
            model,
            spikes,
            [Side("pilotnet_torch", model, layers), Side("pilotnet_lava", net, {"conv5": "conv5"}, batches=False)],
        ),
    ]


def quieten(net: Path, model: Path, samples: np.ndarray) -> None:
    """Copies PilotNet without the neurons of its input layer, so that it takes spikes, and with thresholds, layer by
    layer, at which nearest to QUIET of the neurons spike in a step."""

    from snnc.netx import from_netx

    shutil.copy(PILOTNET, net)
    with h5py.File(net, "r+") as file:
        for key in ("neuron", "weight", "bias"):
            del file["layer/0"][key]
    from_netx(net, model, steps=16)
    network = Network(model, samples.shape[2:], 1)
    steps = list(network.prepare(samples).unbind(1))
    for name, layer in network.layers:
        if not isinstance(layer, Neuron):
            steps = [layer(x) for x in steps]
            continue
        # The last layer never spikes.
        if name != network.layers[-1][0]:
            threshold = quiet_threshold(layer, steps)
            layer.threshold = UNIT * threshold
            with h5py.File(net, "r+") as file:
                file[f"layer/{name.lstrip(ascii_lowercase)}/neuron/vThMant"][...] = threshold
        steps = layer.run(steps)
    from_netx(net, model, steps=16)


def quiet_threshold(layer: Neuron, steps: list[torch.Tensor]) -> int:
    """The threshold at which nearest to QUIET of the neurons spike in a step."""
    lo, hi = 1, MAX_THRESHOLD
    best = (np.inf, lo)
    while lo <= hi:
        threshold = (lo + hi) // 2
        layer.threshold = UNIT * threshold
        share = float(torch.stack(layer.run(steps)).mean())
        best = min(best, (abs(share - QUIET), threshold))
        lo, hi = (threshold + 1, hi) if share > QUIET else (lo, threshold - 1)
    return best[1]


def all_cases(folder: Path) -> list[Case]:
    cases = digits(folder)
    if PILOTNET.exists() and RECORDED.exists():
        return cases + pilotnet(folder)
    print(f"skipped: PilotNet, {PILOTNET} is not there", file=sys.stderr)
    return cases
