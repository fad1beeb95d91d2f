"""Writing ``.net`` files and calculating what lava makes of them; used by the tests of ``snnc.netx``.

The reference follows the equations of lava's fixed-point models in 64-bit integers, without the step that
each connection takes there. It shares no code with the package.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

h5py = pytest.importorskip("h5py")

BINARY = os.environ.get("SNNC_BINARY") or shutil.which("snnc")
needs_binary = pytest.mark.skipif(BINARY is None, reason="skipped: no snnc (set SNNC_BINARY)")

CUBA = {"type": "CUBA", "iDecay": 1024, "vDecay": 410, "vThMant": 40, "refDelay": 1, "gradedSpike": False}
SDNN = {"type": "SDNN", "activation": "relu", "vThMant": 2}


def write(path: Path, layers: Sequence[dict[str, Any]], simulation: dict[str, int] | None = None) -> Path:
    """A file with these layers: values by key, ``neuron`` a dictionary. Types are arrays of one."""
    with h5py.File(path, "w") as file:
        for index, layer in enumerate(layers):
            group = file.create_group(f"layer/{index}")
            for key, value in layer.items():
                if key == "neuron":
                    for name, entry in value.items():
                        group[f"neuron/{name}"] = entry.encode() if isinstance(entry, str) else entry
                elif key == "type":
                    group.create_dataset("type", (1,), "S10", [value.encode()])
                else:
                    group[key] = value
        for key, value in (simulation or {}).items():
            file[f"simulation/{key}"] = value
    return path


def dense(weight: Any, neuron: dict[str, Any] | None = CUBA, **more: Any) -> dict[str, Any]:
    """A dense layer."""
    weight = np.asarray(weight, np.float32)
    layer = {"type": "dense", "shape": [weight.shape[0]], "weight": weight}
    layer |= {"inFeatures": weight.shape[1], "outFeatures": weight.shape[0]}
    return layer | ({} if neuron is None else {"neuron": neuron}) | more


def conv(weight: Any, shape: Sequence[int], neuron: dict[str, Any] | None = CUBA, **more: Any) -> dict[str, Any]:
    """A convolution that gives out ``shape``."""
    weight = np.asarray(weight, np.float32)
    layer = {"type": "conv", "shape": list(shape), "weight": weight, "stride": [1, 1], "padding": [0, 0]}
    layer |= {"dilation": [1, 1], "groups": 1, "kernelSize": list(weight.shape[2:4])}
    layer |= {"outChannels": weight.shape[0]}
    return layer | ({} if neuron is None else {"neuron": neuron}) | more


def run(model: onnx.ModelProto, inputs: np.ndarray, watch: Sequence[str] = ()) -> list[dict[str, np.ndarray]]:
    """Every output and watched value of every step by ONNX Runtime, without the batch axis."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    present = {output.name for output in model.graph.output}
    for name in watch:
        if name not in present:
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    pairs = json.loads(next(p.value for p in model.metadata_props if p.key == "snnc.states"))
    types = {"tensor(float)": np.float32, "tensor(int32)": np.int32}
    inputs_of = {value.name: value for value in session.get_inputs()}
    states = {s: np.zeros(inputs_of[s].shape, types[inputs_of[s].type]) for s, _ in pairs}
    names = [output.name for output in session.get_outputs()]
    steps = []
    for x in inputs:
        feed = {"input": np.asarray(x, np.float32)[None], **states}
        made = dict(zip(names, session.run(names, feed), strict=True))
        states = {source: made[target] for source, target in pairs}
        steps.append({name: value[0] for name, value in made.items()})
    return steps


def correlate(
    x: np.ndarray,
    weight: np.ndarray,
    *,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> np.ndarray:
    """A cross-correlation in 64-bit integers, tap by tap."""
    out, per_group, rows, columns = weight.shape
    x = np.pad(x, ((0, 0), (padding[0],) * 2, (padding[1],) * 2)).astype(np.int64)
    high = (x.shape[1] - dilation[0] * (rows - 1) - 1) // stride[0] + 1
    wide = (x.shape[2] - dilation[1] * (columns - 1) - 1) // stride[1] + 1
    total = np.zeros((out, high, wide), np.int64)
    for o in range(out):
        first = o // (out // groups) * per_group
        for c in range(per_group):
            for y in range(rows):
                for k in range(columns):
                    top, left = y * dilation[0], k * dilation[1]
                    part = x[first + c, top : top + high * stride[0] : stride[0]]
                    total[o] += int(weight[o, c, y, k]) * part[:, left : left + wide * stride[1] : stride[1]]
    return total


class Cuba:
    """lava's bit-accurate LIF."""

    def __init__(self, neuron: dict[str, Any], bias: Any = 0) -> None:
        self.decay_u, self.decay_v = neuron["iDecay"], neuron["vDecay"]
        self.threshold = neuron["vThMant"] << 6
        self.bias = np.asarray(bias, np.int64) << 6
        self.u: Any = np.int64(0)
        self.v: Any = np.int64(0)

    @staticmethod
    def _decay(state: Any, decay: int) -> Any:
        product = np.int64(state) * (4096 - decay)
        return np.sign(product) * (np.abs(product) >> 12)

    def step(self, total: np.ndarray) -> np.ndarray:
        """Spikes from the sum of the weights of a step."""
        u = self._decay(self.u, self.decay_u) + (np.asarray(total, np.int64) << 6)
        u = np.where(u > 1 << 23, u - (1 << 24), np.where(u <= -(1 << 23), u + (1 << 24), u))
        v = np.clip(self._decay(self.v, self.decay_v) + u + self.bias, 1 - (1 << 23), (1 << 23) - 1)
        spikes = v > self.threshold
        self.u, self.v = u, np.where(spikes, 0, v)
        return spikes.astype(np.int64)


class SigmaDelta:
    """lava's fixed-point sigma-delta unit with spike and state exponents of 6."""

    def __init__(self, neuron: dict[str, Any], bias: Any = 0) -> None:
        self.threshold = neuron["vThMant"] << 12
        self.bias = np.asarray(bias, np.int64) << 12
        self.sigma: Any = np.int64(0)
        self.activation: Any = np.int64(0)
        self.residue: Any = np.int64(0)

    def step(self, total: np.ndarray) -> np.ndarray:
        """Messages from the weighted messages of a step."""
        self.sigma = self.sigma + np.asarray(total, np.int64)
        return self.changes(np.maximum(self.sigma + self.bias, 0))

    def changes(self, activation: np.ndarray) -> np.ndarray:
        """What a delta encoder sends of an activation in units of 2^-12."""
        delta = activation - self.activation + self.residue
        sent = np.where(np.abs(delta) >= self.threshold, delta, 0)
        self.residue, self.activation = delta - sent, activation
        return sent >> 6


Step = Callable[[np.ndarray], np.ndarray]


def calculate(steps: Sequence[Step], inputs: np.ndarray) -> list[np.ndarray]:
    """What the last of a chain of layers gives out in each step."""
    out = []
    for x in inputs:
        for step in steps:
            x = step(np.asarray(x))
        out.append(x)
    return out


def snnc(*arguments: str) -> str:
    """What the program prints; it must not fail."""
    assert BINARY is not None
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def simulate(
    model: onnx.ModelProto | Path, inputs: np.ndarray, folder: Path, layers: Sequence[str], *options: str
) -> dict[str, np.ndarray]:
    """What layers of a model, or of a bundle, give out in each step."""
    path = model if isinstance(model, Path) else folder / "simulated.onnx"
    if not isinstance(model, Path):
        path.write_bytes(model.SerializeToString(deterministic=True))
    np.savez(folder / "in.npz", input=np.ascontiguousarray(inputs, np.float32))
    made = folder / "made.npz"
    record = ["--record", ",".join(layers), "-o", str(made)]
    snnc("simulate", str(path), "--input", str(folder / "in.npz"), *record, *options)
    with np.load(made) as arrays:
        return {name: arrays[name][0] for name in layers}


def same_spikes(model: onnx.ModelProto, inputs: np.ndarray, folder: Path, *options: str) -> None:
    """Every spike of every layer is that of ONNX Runtime."""
    neurons = [node.output[0] for node in model.graph.node if node.domain == "ai.snnc"]
    layers = [name.removesuffix(".s") for name in neurons]
    simulated = simulate(model, inputs, folder, layers, *options)
    made = run(model, inputs, neurons)
    for layer, name in zip(layers, neurons, strict=True):
        want = np.stack([step[name] for step in made])
        np.testing.assert_array_equal(simulated[layer].reshape(want.shape), want, layer)
